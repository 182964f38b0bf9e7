"""The store port over a real PostgreSQL: what one consumer keeps of one partition."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio

from infra.kafka.fold import Effect, Outcome
from infra.kafka.pg_statements import OUTBOX_ROW_BYTES_MAX
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import (
    Answer,
    Changes,
    DeadLetter,
    Destination,
    Fenced,
    Outgoing,
    Record,
    Refused,
    Stand,
    StoredDocument,
    StoredTimer,
    StoreUnavailable,
    TopicRemade,
    Transaction,
    Watermark,
)
from infra.postgres.pool import open_pool
from schemas.envelope import SequenceNumber

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

TABLES = ("watermarks", "states", "timers", "outbox", "documents", "outcomes")
HERE, THERE = Destination("leads.events", 0), Destination("leads.events", 1)


class Beside:
    """What else is written in the transaction."""

    def __init__(self) -> None:
        self.planned: list[Effect] = []
        self.buried: list[DeadLetter] = []

    async def plan(self, connection: Any, effects: Sequence[Effect]) -> None:
        assert connection.is_in_transaction()
        self.planned.extend(effects)

    async def bury(self, connection: Any, letters: Sequence[DeadLetter]) -> None:
        assert connection.is_in_transaction()
        self.buried.extend(letters)


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(database, name="test", size=3)
    await opened.execute(f"truncate {', '.join(f'leads.{name}' for name in TABLES)}, history.watermarks, history.records")
    yield opened
    await opened.close()


@pytest.fixture
def beside() -> Beside:
    return Beside()


@pytest.fixture
def store(pool: asyncpg.Pool, beside: Beside) -> PgStore:
    return PgStore(pool, "leads", topic="leads.commands", plan=beside.plan, bury=beside.bury)


@asynccontextmanager
async def taken(store: PgStore, position: int = 5, partition: int = 0) -> AsyncIterator[Transaction]:
    """A transaction by whoever takes the partition now, advancing it."""
    found = await store.take(partition, "topic")
    async with store.transaction([Stand(partition, found.epoch, found.watermark.position)]) as transaction:
        await transaction.advance({partition: Watermark(position, 1000)})
        yield transaction


async def write(store: PgStore, changes: Changes, position: int = 5) -> list[Any]:
    async with taken(store, position) as transaction:
        return (await transaction.write({0: changes})).get(0, [])


def record(text: str) -> Outgoing:
    return Outgoing(b"lead-1", (("ce_id", text.encode()), ("ce_subject", "é".encode())), text.encode())


async def test_a_partition_begins_at_its_beginning(store: PgStore) -> None:
    found = await store.take(3, "topic")
    assert (found.epoch, found.watermark, found.outbox, found.documents) == (1, Watermark(), (), ())


async def test_every_taking_is_a_new_epoch(store: PgStore) -> None:
    assert [(await store.take(0, "topic")).epoch for _ in range(3)] == [1, 2, 3]


async def test_the_watermark_is_kept_with_its_origins(store: PgStore) -> None:
    watermark = Watermark(42, 1_790_000_000_000, {"identity.1@t/0": SequenceNumber(7, 2), "é": SequenceNumber(2**60, 0)})
    async with store.transaction([Stand(0, (await store.take(0, "topic")).epoch, 0)]) as transaction:
        await transaction.advance({0: watermark})
    assert (await store.take(0, "topic")).watermark == watermark


async def test_a_topic_that_was_made_again_is_noticed_and_said(store: PgStore) -> None:
    await store.take(0, "topic-a")
    with pytest.raises(TopicRemade, match=r"leads\.commands was deleted and made again \(id topic-a became topic-b\)"):
        await store.take(0, "topic-b")
    assert (await store.take(0, "topic-a")).epoch == 2


async def test_an_old_owner_is_fenced_and_writes_nothing(store: PgStore, pool: asyncpg.Pool) -> None:
    old = await store.take(0, "topic")
    await store.take(0, "topic")
    with pytest.raises(Fenced):
        async with store.transaction([Stand(0, old.epoch, 0)]) as transaction:
            await transaction.write({0: Changes(states={"lead": b"x"})})
            await transaction.advance({0: Watermark(9)})
    assert await pool.fetchval("select count(*) from leads.states") == 0


async def test_whoever_stands_at_another_position_is_fenced(store: PgStore) -> None:
    epoch = (await store.take(0, "topic")).epoch
    with pytest.raises(Fenced):
        async with store.transaction([Stand(0, epoch, 4)]) as transaction:
            await transaction.advance({0: Watermark(9)})


async def test_taking_waits_for_the_old_owners_commit(store: PgStore) -> None:
    epoch = (await store.take(0, "topic")).epoch
    async with store.transaction([Stand(0, epoch, 0)]) as transaction:
        await transaction.advance({0: Watermark(9)})
        taking = asyncio.create_task(store.take(0, "topic"))
        await asyncio.sleep(0.2)
        assert not taking.done()
    assert (await taking).watermark.position == 9


async def test_taking_from_a_hanging_owner_gives_up_in_bounded_time(store: PgStore) -> None:
    epoch = (await store.take(0, "topic")).epoch
    async with store.transaction([Stand(0, epoch, 0)]) as transaction:
        await transaction.advance({0: Watermark(9)})
        with pytest.raises(StoreUnavailable, match="LockNotAvailable"):
            async with asyncio.timeout(8):
                await store.take(0, "topic")


async def test_states_are_written_replaced_and_deleted(store: PgStore) -> None:
    await write(store, Changes(states={"a": b"1", "b": b"2"}), 1)
    await write(store, Changes(states={"a": b"3", "b": None, "absent": None}), 2)
    async with taken(store) as transaction:
        assert await transaction.load(["a", "b", "c"]) == {"a": b"3"}


async def test_nothing_of_a_failed_batch_stays(store: PgStore, pool: asyncpg.Pool) -> None:
    changes = Changes(
        states={"a": b"1"},
        timers={("a", "t"): 5},
        outbox={HERE: [record("x")]},
        documents=[StoredDocument("k", "n", 1, b"{}")],
        answers=[Answer("c", "a", Outcome("done"), 0)],
    )
    with pytest.raises(ZeroDivisionError):
        async with taken(store) as transaction:
            await transaction.write({0: changes})
            raise ZeroDivisionError
    for table in ("states", "timers", "outbox", "documents", "outcomes"):
        assert await pool.fetchval(f"select count(*) from leads.{table}") == 0, table
    assert (await store.take(0, "topic")).watermark.position == 0


async def test_timers_fire_in_order_and_only_those_due_here(store: PgStore) -> None:
    timers = {("b", "x"): 10, ("a", "y"): 10, ("a", "x"): 10, ("c", "x"): 9, ("d", "x"): 11}
    await write(store, Changes(timers=dict(timers)))
    async with taken(store, partition=1) as transaction:
        await transaction.write({1: Changes(timers={("elsewhere", "x"): 1})})
        assert [timer.key for timer in (await transaction.due({1: 100}, 10))[1]] == ["elsewhere"]
    async with taken(store, 6) as transaction:
        due = (await transaction.due({0: 10, 2: 10}, 10))[0]
        assert due == [StoredTimer(9, "c", "x"), StoredTimer(10, "a", "x"), StoredTimer(10, "a", "y"), StoredTimer(10, "b", "x")]
        assert await transaction.due({0: 10, 1: 0}, 2) == {0: due[:2]}
    assert await store.next_due(0) == 9
    assert await store.next_due(2) is None


async def test_a_timer_set_again_is_moved_and_one_without_a_time_is_gone(store: PgStore) -> None:
    await write(store, Changes(timers={("a", "x"): 10, ("a", "y"): 20, ("b", "x"): 30}), 1)
    await write(store, Changes(timers={("a", "x"): 40, ("a", "y"): None, ("b", "y"): None}), 2)
    async with taken(store) as transaction:
        assert await transaction.due({0: 100}, 10) == {0: [StoredTimer(30, "b", "x"), StoredTimer(40, "a", "x")]}


async def test_an_outcome_is_kept_once_and_found_by_command_and_lead(store: PgStore, pool: asyncpg.Pool) -> None:
    await write(store, Changes(answers=[Answer("c", "a", Outcome("conflict", "why", 7), 3)]), 1)
    await write(store, Changes(answers=[Answer("c", "a", Outcome("done"), 9)]), 2)
    row = await pool.fetchrow("select status, detail, version, position from leads.outcomes")
    assert tuple(row) == ("conflict", "why", 7, 3)
    async with taken(store) as transaction:
        assert await transaction.answered([("c", "a"), ("c", "b"), ("d", "a")]) == {("c", "a")}


async def test_documents_are_kept_by_partition(store: PgStore) -> None:
    await write(store, Changes(documents=[StoredDocument("k", "n", 1, b"1"), StoredDocument("k", "m", 4, b"4")]), 1)
    await write(store, Changes(documents=[StoredDocument("k", "n", 2, b"2")]), 2)
    assert (await store.take(0, "topic")).documents == (StoredDocument("k", "m", 4, b"4"), StoredDocument("k", "n", 2, b"2"))
    assert (await store.take(1, "topic")).documents == ()


async def test_the_outbox_comes_back_in_order_as_it_was_until_it_is_acknowledged(store: PgStore) -> None:
    nameless = Outgoing(None, (), b"{}")
    first = await write(store, Changes(outbox={THERE: [record("1"), nameless], HERE: [record("2")]}), 1)
    second = await write(store, Changes(outbox={THERE: [record("3")]}), 2)
    assert [row.id for row in first + second] == sorted(row.id for row in first + second)
    left = (await store.take(0, "topic")).outbox
    assert list(left) == first + second
    assert [row.destination for row in left] == [THERE, HERE, THERE]
    assert left[0].records == (record("1"), nameless)

    await store.forget(0, [first[0].id])
    async with taken(store) as transaction:
        await transaction.write({0: Changes()}, [first[1].id])
    assert list((await store.take(0, "topic")).outbox) == second
    await store.forget(1, [second[0].id])
    assert list((await store.take(0, "topic")).outbox) == second, "another partition's row is not ours to forget"


async def test_more_than_a_kafka_batch_can_hold_is_several_rows_in_order(store: PgStore) -> None:
    large = [record(str(number) * 400_000) for number in range(5)]
    alone = record("x" * (OUTBOX_ROW_BYTES_MAX + 1))
    rows = await write(store, Changes(outbox={HERE: [*large, alone, record("last")]}))
    assert [len(row.records) for row in rows] == [2, 2, 1, 1, 1]
    assert [one for row in rows for one in row.records] == [*large, alone, record("last")]


async def test_effects_and_dead_letters_go_with_the_same_transaction(store: PgStore, beside: Beside) -> None:
    effect = Effect("mail", "lead", "recipient", "reason", "cause", {})
    letter = DeadLetter(Record(0, 1, 2, None, [], b""), "why", "bug", 3)
    await write(store, Changes(effects=[effect], dead_letters=[letter]), 1)
    await write(store, Changes(), 2)
    assert (beside.planned, beside.buried) == ([effect], [letter])


@pytest.mark.parametrize(
    "changes",
    [
        Changes(states={"nul\0": b"x"}),
        Changes(timers={("a", "x"): 2**63}),
        Changes(answers=[Answer("c", "a", Outcome("done", version=2**63), 0)]),
        Changes(documents=[StoredDocument("k", "n", 2**31, b"")]),
    ],
    ids=["nul", "time", "version", "document"],
)
async def test_what_postgresql_cannot_hold_is_refused_and_not_an_outage(store: PgStore, changes: Changes) -> None:
    with pytest.raises(Refused):
        await write(store, changes)
    assert (await store.take(0, "topic")).watermark.position == 0


async def test_a_key_too_long_for_its_index_is_refused(store: PgStore) -> None:
    import random

    key = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
    with pytest.raises(Refused, match="ProgramLimitExceeded"):
        await write(store, Changes(states={key: b"x"}))


async def test_a_connection_that_is_cut_in_the_middle_is_an_outage_whose_outcome_is_unknown(
    store: PgStore, pool: asyncpg.Pool, database: str
) -> None:
    with pytest.raises(StoreUnavailable, match="PostgreSQL went away"):
        async with taken(store) as transaction:
            pid = await transaction.connection.fetchval("select pg_backend_pid()")
            await pool.execute("select pg_terminate_backend($1)", pid)
            await asyncio.sleep(0.1)
            await transaction.write({0: Changes(states={"a": b"1"})})
    assert (await store.take(0, "topic")).watermark.position == 0


async def test_a_pool_that_is_closed_is_an_outage(pool: asyncpg.Pool, database: str, beside: Beside) -> None:
    closed = await open_pool(database, name="test", size=1)
    await closed.close()
    store = PgStore(closed, "leads", topic="leads.commands", plan=beside.plan, bury=beside.bury)
    for asked in (store.take(0, "topic"), store.next_due(0), store.forget(0, [1]), store.report_waiting(0, 1, "x")):
        with pytest.raises(StoreUnavailable):
            await asked


async def test_a_mistake_of_ours_is_neither(store: PgStore) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with taken(store) as transaction:
            await transaction.connection.execute("select * from leads.nonsense")


async def test_what_a_partition_waits_on_is_shown_until_it_moves(store: PgStore, pool: asyncpg.Pool) -> None:
    shown = "select waiting_offset, waiting_reason, waiting_since is not null from leads.watermarks where partition = 0"
    epoch = (await store.take(0, "topic")).epoch
    await store.report_waiting(0, 17, "no key")
    since = await pool.fetchval("select waiting_since from leads.watermarks")
    await store.report_waiting(0, 17, "still no key")
    assert tuple(await pool.fetchrow(shown)) == (17, "still no key", True)
    assert await pool.fetchval("select waiting_since from leads.watermarks") == since
    async with store.transaction([Stand(0, epoch, 0)]) as transaction:
        await transaction.advance({0: Watermark(18)})
    assert tuple(await pool.fetchrow(shown)) == (None, None, False)
    await store.report_waiting(0, 18, "again")
    await store.take(0, "topic")
    assert tuple(await pool.fetchrow(shown)) == (None, None, False)


async def test_history_gives_a_leads_records_and_markers_before_an_offset_once_it_has_come_so_far(
    store: PgStore, pool: asyncpg.Pool
) -> None:
    at = datetime(2026, 3, 1, 9, 0, 0, 123_000, tzinfo=UTC)
    headers = orjson.dumps([["ce_id", "é"]])
    rows = [
        ("lead", 0, 3, "lead.captured.v1"),
        ("other", 0, 4, "lead.captured.v1"),
        (None, 0, 5, "document.published.v1"),
        ("lead", 0, 6, "lead.scored.v1"),
        ("lead", 0, 8, "lead.erased.v1"),
        ("lead", 1, 1, "lead.captured.v1"),
        (None, 0, 7, "clock.ticked.v1"),
    ]
    await pool.executemany(
        """insert into history.records
               (lead, partition, "offset", event_id, event_type, source, occurred_at, recorded_at, headers, value)
           values ($1, $2, $3, 'id', $4, 'leads', $5, $5, $6, $7)""",
        [(lead, partition, offset, type_, at, headers, str(offset).encode()) for lead, partition, offset, type_ in rows],
    )
    async with taken(store) as transaction:
        assert await transaction.history(0, "lead", 8) is None, "nobody has projected this partition yet"
    insert = "insert into history.watermarks (partition, topic_id, epoch, position, clock_ms) values (0, 't', 1, $1, 0)"
    await pool.execute(insert, 7)
    async with taken(store) as transaction:
        assert await transaction.history(0, "lead", 8) is None, "it has not come so far"
    await pool.execute("update history.watermarks set position = 8")
    async with taken(store) as transaction:
        found = await transaction.history(0, "lead", 8)
    assert found is not None
    assert [one.offset for one in found] == [3, 5, 6]
    assert found[0] == Record(0, 3, round(at.timestamp() * 1000), b"lead", [("ce_id", "é".encode())], b"3")
