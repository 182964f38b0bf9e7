"""The store in memory: one consumer's tables, with row locks, transactions and commits of unknown outcome."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.kafka.ports import (
    Answer,
    Changes,
    DeadLetter,
    Orders,
    OutboxRow,
    Stand,
    StoredDocument,
    StoreUnavailable,
    Taken,
    TopicRemade,
    Watermark,
)
from tests.simulation.steps import pause

if TYPE_CHECKING:
    from tests.simulation.process import Driver
    from tests.simulation.transaction import SimTransaction
    from tests.simulation.world import World

LOCK_WAITS = 5


@dataclass(slots=True)
class Row:
    """One partition's watermark, and who holds its lock."""

    topic_id: str
    epoch: int = 0
    watermark: Watermark = field(default_factory=Watermark)
    holder: "SimTransaction | None" = None


class Tables:
    """What one consumer keeps."""

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name = world, name
        self.rows: dict[int, Row] = {}
        self.states: dict[str, bytes] = {}
        self.timers: dict[tuple[str, str], tuple[int, int]] = {}
        self.outbox: dict[int, tuple[int, OutboxRow]] = {}
        self.documents: dict[tuple[int, str, str], StoredDocument] = {}
        self.answers: dict[tuple[str, str], Answer] = {}
        self.effects: set[tuple[str, str, str]] = set()
        self.dead: list[tuple[int, DeadLetter]] = []
        self.lines: list[tuple[int, int, str]] = []
        self.limbo: list[SimTransaction] = []
        self.waiting: dict[int, int] = {}
        self._ids = itertools.count(1)

    def parts(self, changes: Changes) -> list[OutboxRow]:
        """Outbox rows with ids; small ones, so that one commit makes several for a destination."""
        size = self.world.size.records_per_row
        return [
            OutboxRow(next(self._ids), destination, tuple(records[start : start + size]))
            for destination, records in changes.outbox.items()
            for start in range(0, len(records), size)
        ]

    async def lock(self, number: int) -> Row:
        """The row, locked by nobody. Raises StoreUnavailable after a while, as lock_timeout does."""
        row = self.rows[number]
        for _ in range(LOCK_WAITS):
            if row.holder is not None:
                self._hurry(row.holder)
            if row.holder is None:
                return row
            await pause("lock")
        raise StoreUnavailable("lock timeout")

    def _hurry(self, holder: "SimTransaction") -> None:
        """Sessions that idle are ended (idle_in_transaction_session_timeout), commits under way come to an end."""
        if self.world.chance() < 0.3:
            if holder in self.limbo:
                holder.decide()
            elif not holder.committing:
                holder.die("idle in transaction")

    def heal(self) -> None:
        """Every commit under way comes to an end."""
        for transaction in self.limbo.copy():
            transaction.decide()


class SimStore:
    """One driver's view of a consumer's tables. Implements ports.Store."""

    def __init__(self, world: "World", driver: "Driver") -> None:
        self.world, self.driver = world, driver

    @property
    def tables(self) -> Tables:
        return self.world.tables[self.driver.consumer.name]

    async def _statement(self, name: str) -> None:
        await self.world.point(name)
        if self.world.chance() < self.world.faults.store_away:
            self.world.say(f"{name}: the store is away")
            raise StoreUnavailable(f"{name}: connection refused")

    async def _answer(self, name: str) -> None:
        """After the effect: the answer may be lost."""
        await self.world.point(f"{name} done")
        if self.world.chance() < self.world.faults.store_away:
            self.world.say(f"{name}: the answer is lost")
            raise StoreUnavailable(f"{name}: connection reset")

    async def take(self, partition: int, topic_id: str) -> Taken:
        """See ports.Store."""
        world, tables = self.world, self.tables
        await self._statement("take")
        self._allowed()
        row = tables.rows.setdefault(partition, Row(topic_id))
        row = await tables.lock(partition)
        if row.topic_id != topic_id:
            raise TopicRemade(self.driver.topic, row.topic_id, topic_id)
        row.epoch += 1
        world.say(f"takes: epoch {row.epoch}, position {row.watermark.position}")
        outbox = tuple(row for number, row in tables.outbox.values() if number == partition)
        documents = tuple(document for (number, *_), document in tables.documents.items() if number == partition)
        taken = Taken(row.epoch, row.watermark.copy(), outbox, documents)
        await self._answer("take")
        return taken

    def _allowed(self) -> None:
        fenced = self.driver.fenced_at_ms
        if fenced is not None and self.world.now_ms - fenced < self.world.grace_ms:
            self.world.violate(f"{self.driver.name} was fenced and takes the partition again without being given it")
        self.driver.fenced_at_ms = None

    def transaction(self, stands: Sequence[Stand]) -> "SimTransaction":
        """See ports.Store."""
        return self.world.variants.transaction(self, stands)

    async def forget(self, partition: int, outbox_ids: Sequence[int]) -> None:
        """See ports.Store."""
        await self._statement("forget")
        for id_ in outbox_ids:
            self.tables.outbox.pop(id_, None)
        await self._answer("forget")

    async def next_due(self, partition: int) -> int | None:
        """See ports.Store."""
        await self._statement("next due")
        return min((due for number, due in self.tables.timers.values() if number == partition), default=None)

    async def orders(self, partition: int) -> Orders:
        return Orders()

    async def hold(self, partition: int) -> None:
        raise AssertionError("nothing here lets so many records die")

    async def report_waiting(self, partition: int, offset: int, reason: str | None) -> None:
        """See ports.Store."""
        await self._statement("report waiting")
        self.tables.waiting[partition] = offset
