"""Operators' orders over a real store: pause, resume, skip; and a partition that holds itself when too much is dying."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from consumers.leads.consumer import leads
from infra.kafka.fold import Decision, Event, Fold, Reject, RetryLater
from infra.kafka.folding import FoldStep
from infra.kafka.partition import Limits, Partition, Status
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import DeadLetter, Outgoing, Record
from infra.postgres.pool import open_pool
from schemas.commands import NoteLead
from schemas.envelope import Envelope
from schemas.message import Sealed
from tests.consumers.making import LEAD, START
from tests.infra.kafka.logs import HandClock, MemoryLog, recorded, work

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


def decide(state: Any, event: Event[NoteLead], _: Any) -> Decision[Any]:
    """As the note says."""
    if event.body.note_id == "wait":
        raise RetryLater("not yet", 60)
    if event.body.note_id == "reject":
        raise Reject("never")
    return Decision(state.model_copy(update={"exists": True, "version": event.offset}))


FOLD = Fold("leads", reads=leads.reads, state=leads.state, handlers={NoteLead: decide})


class Consumer:
    """One partition, driven by hand."""

    def __init__(self, pool: asyncpg.Pool, **limits: int) -> None:
        self.pool, self.letters = pool, list[DeadLetter]()
        self.log, self.clock = MemoryLog(), HandClock()
        store = PgStore(pool, "leads", topic="leads.commands", plan=self._nothing, bury=self._bury, orders_seconds=0)
        self.partition = Partition(0, FoldStep(FOLD), self.log, store, self.clock, Limits(**limits))

    async def _nothing(self, _connection: Any, _effects: Any) -> None:
        raise AssertionError

    async def _bury(self, _connection: Any, letters: Sequence[DeadLetter]) -> None:
        self.letters.extend(letters)

    async def order(self, change: str) -> None:
        """As `leadflow partitions` would, and the time it may take."""
        await self.pool.execute(f"update leads.watermarks set {change}")
        self.clock.ms += 3000
        await self.partition.idle()

    async def shown(self) -> str | None:
        return await self.pool.fetchval("select waiting_reason from leads.watermarks")


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(database, name="test", size=3)
    await opened.execute("truncate leads.watermarks, leads.states, leads.outbox")
    yield opened
    await opened.close()


def notes(*ids: str, first: int = 0) -> list[Record]:
    made = []
    for nth, id_ in enumerate(ids):
        asked = NoteLead(lead=LEAD, command_id=f"c{first + nth}", actor="ann", note_id=id_, personal=Sealed("1.lead.x"))
        envelope = Envelope(asked.command_id, asked.TYPE, "gateway", START, subject=LEAD)
        record = Outgoing(LEAD.encode(), envelope.headers(), asked.model_dump_json().encode())
        made.append(recorded(record, first + nth))
    return made


async def test_a_paused_partition_decides_nothing_until_it_is_resumed_where_it_stood(pool: asyncpg.Pool) -> None:
    consumer = Consumer(pool)
    await consumer.partition.assigned()
    await work(consumer.partition, notes("a"))
    await consumer.order("paused = true")
    await work(consumer.partition, notes("b", first=1))
    assert (consumer.partition.position, consumer.log.paused) == (1, {0})
    await consumer.order("paused = false")
    assert consumer.log.sought[-1] == (0, 1)
    assert consumer.log.paused == set()
    await work(consumer.partition, notes("b", first=1))
    assert consumer.partition.position == 2


async def test_a_pause_survives_a_restart_and_the_new_process_decides_nothing(pool: asyncpg.Pool) -> None:
    first = Consumer(pool)
    await first.partition.assigned()
    await first.order("paused = true")
    second = Consumer(pool)
    await second.partition.assigned()
    await work(second.partition, notes("a"))
    assert second.partition.position == 0
    await second.order("paused = false")
    await work(second.partition, notes("a"))
    assert second.partition.position == 1


async def test_a_record_that_is_waited_on_dies_by_order_and_the_next_is_decided(pool: asyncpg.Pool) -> None:
    consumer = Consumer(pool)
    await consumer.partition.assigned()
    batch = notes("a", "wait", "b")
    await work(consumer.partition, batch)
    assert (consumer.partition.position, await consumer.shown()) == (1, "not yet")
    await consumer.order("skip_offset = 1")
    await work(consumer.partition, batch[1:])
    assert consumer.partition.position == 3
    (letter,) = consumer.letters
    assert (letter.record.offset, letter.kind, letter.reason) == (1, "skipped", "skipped by an operator: not yet")
    assert await consumer.shown() is None


async def test_an_order_to_skip_spares_a_record_that_can_be_decided(pool: asyncpg.Pool) -> None:
    consumer = Consumer(pool)
    await consumer.partition.assigned()
    await consumer.order("skip_offset = 1")
    await work(consumer.partition, notes("a", "b", "c"))
    assert (consumer.partition.position, consumer.letters) == (3, [])


async def test_a_partition_where_too_much_dies_holds_itself_and_says_so_until_somebody_has_looked(pool: asyncpg.Pool) -> None:
    consumer = Consumer(pool, deaths_max=3, records_per_commit_max=1)
    await consumer.partition.assigned()
    batch = notes(*["reject"] * 6)
    await work(consumer.partition, batch)
    assert (consumer.partition.position, consumer.partition.status, len(consumer.letters)) == (3, Status.HELD, 3)
    assert "3 of the last 3 records died" in str(await consumer.shown())
    await consumer.order("updated_at = now()")
    await work(consumer.partition, batch)
    assert consumer.partition.position == 3
    await consumer.order("paused = false")
    await work(consumer.partition, notes("a", first=3))
    assert (consumer.partition.position, consumer.partition.status) == (4, Status.OWNED)
