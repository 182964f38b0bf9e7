"""Identity over a database that forgot: what stands in the log is learned, never decided again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from consumers.identity.consumer import IdentityStep
from infra.crypto.keyring import Keyring
from infra.dead_letters import store as dead_letters
from infra.effects import gate
from infra.kafka.partition import Partition, Status
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import LogUnavailable, Outgoing, Record
from infra.postgres.pool import open_pool
from schemas import commands, events
from schemas.envelope import Envelope
from schemas.message import Message, registry
from schemas.topics import COMMANDS, EVENTS, SUBMISSIONS
from tests.consumers.identity.feeding import TABLES, erasure
from tests.infra.kafka.logs import START_MS, HandClock, MemoryLog, work
from tests.submitting import submission

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

FORGOTTEN = (
    "identity.claims, identity.merges, identity.suggestions, identity.deliveries, identity.submissions, identity.watermarks, "
    "identity.outbox"
)


class Told:
    """Identity's three partitions on a log that keeps what is written, so that a look back finds it."""

    def __init__(self, pool: asyncpg.Pool, keyring: Keyring) -> None:
        self.pool, self.keyring, self.log = pool, keyring, MemoryLog()
        self.partitions: list[Partition] = []
        self.sent: dict[str, Any] = {}
        self._kept = 0

    async def start(self, *, together: bool = False) -> None:
        """A new process takes all partitions, one by one or at once."""
        bury = partial(dead_letters.add, consumer="identity", topic="leads.submissions", keyring=self.keyring)
        store = PgStore(self.pool, "identity", topic="leads.submissions", plan=gate.plan, bury=bury)
        step = IdentityStep(self.keyring)
        self.partitions = [Partition(number, step, self.log, store, HandClock()) for number in range(3)]
        if together:
            await asyncio.gather(*(partition.assigned() for partition in self.partitions))
            return
        for partition in self.partitions:
            await partition.assigned()

    async def forget(self, tables: str = FORGOTTEN) -> None:
        """The database is new, but for the keys; a new process takes the partitions."""
        await self.pool.execute(f"truncate {tables}")
        await self.start()

    def came(self, number: int, *outgoing: Outgoing) -> None:
        """Submissions arrive in a partition."""
        kept = self.log.kept.setdefault(SUBMISSIONS.name, [])
        at = sum(record.partition == number for record in kept)
        kept.extend(_record(one, number, at + nth, len(kept) + nth) for nth, one in enumerate(outgoing))

    async def read(self, *numbers: int) -> list[Any]:
        """Partitions decide, one after the other, all that they have not; the commands that came of it, which the log keeps."""
        for number in numbers:
            kept = self.log.kept.get(SUBMISSIONS.name, [])
            await work(self.partitions[number], [record for record in kept if record.partition == number])
        return self.keep()

    def keep(self) -> list[Any]:
        """What was sent lands in the log of commands."""
        kept = self.log.kept.setdefault(COMMANDS.name, [])
        news = self.log.appended[self._kept :]
        self._kept = len(self.log.appended)
        for destination, outgoing in news:
            kept.append(_record(outgoing, destination.partition, sum(r.partition == destination.partition for r in kept), 100))
        return [_body(outgoing) for _, outgoing in news]

    async def claims(self) -> set[tuple[str, str, str | None]]:
        """Whose everything is."""
        return {
            tuple(row) for row in await self.pool.fetch("select kind, hash, lead from identity.claims where lead is not null")
        }


def _record(outgoing: Outgoing, number: int, offset: int, seconds: int) -> Record:
    return Record(number, offset, START_MS + seconds * 1000, outgoing.key, list(outgoing.headers), outgoing.value)


def _body(outgoing: Outgoing) -> Any:
    cls = registry.get(Envelope.read(outgoing.headers).type)
    assert cls is not None
    return cls.model_validate_json(outgoing.value)


@pytest_asyncio.fixture(loop_scope="session")
async def told(database: str) -> AsyncIterator[Told]:
    pool, keys = await open_pool(database, name="test", size=4), await open_pool(database, name="test-keys", size=2)
    await pool.execute(f"truncate {TABLES}")
    keyring = Keyring(keys, bytes(32))
    await keyring.dead_letter_key()
    made = Told(pool, keyring)
    await made.start()
    yield made
    await pool.close()
    await keys.close()


async def sent(told: Told, email: str | None, phone: str | None = None, delivery: str | None = None) -> Outgoing:
    more = {} if delivery is None else {"delivery": delivery}
    return (await submission(told.keyring, email, phone=phone, **more))[1]


async def a_number_and_then_an_address(told: Told) -> Any:
    """A number alone in partition 2, then an address with that number in partition 0: one person, decided in that order."""
    told.came(2, await sent(told, None, "+321"))
    (first,) = await told.read(2)
    told.came(0, await sent(told, "ada@x.example", "+321"))
    (second,) = await told.read(0)
    assert (first.lead, first.claimed, second.claimed) == (second.lead, ("phone",), ("email",))
    return first


async def test_over_an_empty_database_nothing_is_decided_again(told: Told) -> None:
    first = await a_number_and_then_an_address(told)
    before = await told.claims()
    await told.forget()
    assert await told.claims() == before, "before anything is read"
    assert await told.read(0, 1, 2) == [], "in the other order"
    assert await told.claims() == before
    assert [partition.position for partition in told.partitions] == [1, 0, 1]
    told.came(1, await sent(told, "ada@x.example"))
    (again,) = await told.read(1)
    assert (again.lead, again.created) == (first.lead, False)


async def test_what_was_never_published_is_decided_by_what_was(told: Told) -> None:
    first = await a_number_and_then_an_address(told)
    told.came(0, await sent(told, None, "+321"))
    told.log.away = True
    assert await told.read(0) == []
    told.log.away = False
    await told.forget()
    (late,) = await told.read(0, 2)
    assert (late.lead, late.created) == (first.lead, False)


async def test_a_repeat_is_still_a_repeat(told: Told) -> None:
    told.came(0, await sent(told, "ada@x.example", delivery="d"), await sent(told, "ada@x.example", delivery="d"))
    (first,) = await told.read(0)
    await told.forget()
    assert await told.read(0) == []
    rows = await told.pool.fetch("select status, lead from identity.submissions order by status")
    assert [tuple(row) for row in rows] == [("duplicate", first.lead), ("processed", first.lead)]


async def test_a_backup_of_some_time_ago_learns_what_came_since(told: Told) -> None:
    told.came(0, await sent(told, "old@x.example"))
    (old,) = await told.read(0)
    backup = {name: await told.pool.fetch(f"select * from {name}") for name in FORGOTTEN.split(", ")}
    first = await a_number_and_then_an_address(told)
    before = await told.claims()
    await told.pool.execute(f"truncate {FORGOTTEN}")
    for name, rows in backup.items():
        schema, _, table = name.partition(".")
        if rows:
            async with told.pool.acquire() as connection:
                await connection.copy_records_to_table(
                    table, schema_name=schema, columns=list(rows[0].keys()), records=map(tuple, rows)
                )
    await told.start()
    assert await told.claims() == before
    assert {lead for *_, lead in before} == {old.lead, first.lead}
    assert [command.lead for command in told.keep()] == [old.lead], "sent again from the backup's outbox, as after any crash"
    assert await told.read(0, 1, 2) == []


async def test_an_erased_address_stays_with_whoever_had_it_next(told: Told) -> None:
    told.came(0, await sent(told, "ada@x.example"))
    (gone,) = await told.read(0)
    told.came(2, erasure(gone.lead))
    await told.read(2)
    told.came(0, await sent(told, "ada@x.example"))
    (next_,) = await told.read(0)
    before = await told.claims()
    assert {lead for *_, lead in before} == {next_.lead} != {gone.lead}
    await told.forget()
    assert await told.claims() == before
    # The same where the ledger is of an earlier day than the erasure.
    await told.forget(f"{FORGOTTEN}, crypto.erasures")
    assert await told.claims() == before


async def test_who_is_blocked_stays_so_over_an_empty_database(told: Told) -> None:
    told.came(0, await sent(told, "ada@x.example", "+321"))
    (gone,) = await told.read(0)
    told.came(2, erasure(gone.lead, block=True))
    await told.read(2)

    async def blocked() -> list[tuple[str, bool]]:
        sql = "select kind, blocked_alone from identity.claims where blocked_alone is not null and lead is null order by kind"
        return [tuple(row) for row in await told.pool.fetch(sql)]

    assert await blocked() == [("email", True), ("phone", False)]
    for lost in (FORGOTTEN, f"{FORGOTTEN}, crypto.erasures"):
        await told.forget(lost)
        assert await blocked() == [("email", True), ("phone", False)]
        assert await told.claims() == set()
        told.came(0, await sent(told, "ada@x.example"))
        assert await told.read(0) == []


async def test_whoever_has_an_address_after_two_were_erased_keeps_it(told: Told) -> None:
    gone = []
    for _ in range(2):
        told.came(0, await sent(told, "ada@x.example"))
        (captured,) = await told.read(0)
        gone.append(captured.lead)
        told.came(2, erasure(captured.lead))
        await told.read(2)
    told.came(0, await sent(told, "ada@x.example"))
    (last,) = await told.read(0)
    before = await told.claims()
    commands_ = told.log.kept[COMMANDS.name]
    for order in (list(commands_), list(reversed(commands_))):
        # Leads stand in partitions of their own, which are read in any order.
        told.log.kept[COMMANDS.name] = [record._replace(partition=0, offset=nth) for nth, record in enumerate(order)]
        for forgotten in (FORGOTTEN, f"{FORGOTTEN}, crypto.erasures"):
            await told.forget(forgotten)
            assert await told.claims() == before
    assert {lead for *_, lead in before} == {last.lead}
    assert last.lead not in gone


async def test_a_look_that_failed_serves_nobody(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await a_number_and_then_an_address(told)
    before, looks = await told.claims(), 0
    reader = told.log.reader

    def failing_twice(topic: str) -> Any:
        nonlocal looks
        looks += 1
        if looks <= 2:
            raise LogUnavailable("Kafka is away")
        return reader(topic)

    monkeypatch.setattr(told.log, "reader", failing_twice)
    await told.pool.execute(f"truncate {FORGOTTEN}")
    await told.start(together=True)
    taken = [partition.status for partition in told.partitions]
    assert sorted(status.name for status in taken) == ["OWNED", "UNTAKEN", "UNTAKEN"]
    assert await told.claims() == before
    assert first.lead in {lead for *_, lead in before}


async def test_an_edit_of_an_address_is_remembered(told: Told) -> None:
    told.came(0, await sent(told, "ada@x.example"))
    (first,) = await told.read(0)
    hash_ = told.keyring.hash("email", "ada@new.example")
    changed = commands.EditLead(
        lead=first.lead, command_id="c", actor="ann", fields=("email",), traits={"email_hash": hash_}, claimed=("email",)
    )
    write(told, COMMANDS.name, changed, "identity", "identity.1@topic/0", "9.0")
    await told.forget()
    assert ("email", hash_, first.lead) in await told.claims()


def write(told: Told, topic: str, body: Message, source: str, origin: str | None = None, sequence: str = "0.0") -> None:
    """A record that somebody wrote."""
    headers = Envelope("id", body.TYPE, source, datetime.now(UTC), subject=body.lead).headers()
    if origin is not None:
        headers = (*headers, ("ce_origin", origin.encode()), ("ce_sequence", sequence.encode()))
    kept = told.log.kept.setdefault(topic, [])
    at = sum(record.partition == 0 for record in kept)
    kept.append(_record(Outgoing(None, headers, body.model_dump_json().encode()), 0, at, 200))


async def test_where_submissions_are_gone_the_log_of_facts_tells(told: Told) -> None:
    told.came(0, await sent(told, "ada@x.example", "+321"), await sent(told, "bob@x.example"))
    ada, bob = await told.read(0)
    before = await told.claims()
    for nth, command in enumerate((ada, bob)):
        shared = command.model_dump(include=set(events.LeadCaptured.model_fields) & set(type(command).model_fields))
        write(told, EVENTS.name, events.LeadCaptured(**shared, version=nth, first=True), "leads", "leads.1@topic/0", f"{nth}.0")
    told.log.kept[COMMANDS.name] = []
    submissions: Sequence[Record] = told.log.kept[SUBMISSIONS.name]
    told.log.kept[SUBMISSIONS.name] = [submissions[1]._replace(offset=5)]
    await told.forget()
    assert await told.claims() == before
    write(told, EVENTS.name, events.LeadErased(lead=bob.lead, version=2, actor="admin"), "leads", "leads.1@topic/0", "2.0")
    await told.forget()
    assert {lead for *_, lead in await told.claims()} == {ada.lead}


async def test_what_others_wrote_and_what_cant_be_read_is_passed_over(told: Told) -> None:
    told.came(0, await sent(told, "ada@x.example"))
    (first,) = await told.read(0)
    before = await told.claims()
    kept = told.log.kept[COMMANDS.name]
    kept.append(kept[0]._replace(offset=1, value=b"{"))
    write(told, COMMANDS.name, first.model_copy(update={"lead": "other", "claimed": ("email",)}), "gateway")
    await told.forget()
    assert await told.claims() == before


async def test_a_log_that_is_away_makes_the_partition_wait(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_topic: str) -> Any:
        raise LogUnavailable("Kafka is away")

    monkeypatch.setattr(told.log, "reader", away)
    await told.start()
    assert {partition.status for partition in told.partitions} == {Status.UNTAKEN}
    assert told.partitions[0].waiting_reason == "Kafka is away"
