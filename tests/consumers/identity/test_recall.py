"""Identity over a database that forgot: what stands in the log is learned, never decided again."""

from collections.abc import Sequence
from typing import Any

import pytest

from infra.kafka.partition import Status
from infra.kafka.ports import LogUnavailable, Record
from schemas import commands, events
from schemas.topics import COMMANDS, EVENTS, SUBMISSIONS
from tests.consumers.identity.feeding import erasure
from tests.consumers.identity.telling import FORGOTTEN, Told, sent, write

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


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
