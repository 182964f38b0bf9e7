"""The store in memory: one consumer's tables, with row locks, transactions and commits of unknown outcome, as PostgreSQL has them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from infra.kafka.ports import (
    Answer,
    Changes,
    DeadLetter,
    Fenced,
    OutboxRow,
    Refused,
    StoredDocument,
    StoredTimer,
    StoreUnavailable,
    Taken,
    TopicRemade,
    Watermark,
)
from tests.simulation.folds import REFUSED
from tests.simulation.steps import pause

if TYPE_CHECKING:
    from tests.simulation.process import Driver
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

    def transaction(self, partition: int, epoch: int, position: int) -> "SimTransaction":
        """See ports.Store."""
        return self.world.variants.transaction(self, partition, epoch, position)

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

    async def report_waiting(self, partition: int, offset: int, reason: str | None) -> None:
        """See ports.Store."""
        await self._statement("report waiting")
        self.tables.waiting[partition] = offset


class SimTransaction:
    """One transaction: read committed, writes kept until the commit. Implements ports.Transaction."""

    def __init__(self, store: SimStore, partition: int, epoch: int, position: int) -> None:
        self.store, self.world, self.tables = store, store.world, store.tables
        self.partition, self.epoch, self.position = partition, epoch, position
        self.connection: Any = self
        self.watermark: Watermark | None = None
        self.changes: Changes | None = None
        self.outbox: list[OutboxRow] = []
        self.forgotten: list[int] = []
        self.lines: list[tuple[int, int, str]] = []
        self.dead = self.committing = False

    async def __aenter__(self) -> "SimTransaction":
        await self._statement("begin")
        return self

    async def _statement(self, name: str) -> None:
        world = self.world
        await world.point(name)
        if self.dead:
            raise StoreUnavailable("the session was ended")
        if world.chance() < world.faults.store_away * 0.5:
            world.say(f"{name}: the store is away")
            self.die("connection lost")
            raise StoreUnavailable(f"{name}: connection lost")

    async def advance(self, watermark: Watermark) -> None:
        """See ports.Transaction."""
        await self._statement("advance")
        row = await self.tables.lock(self.partition)
        if self.dead:
            raise StoreUnavailable("the session was ended")
        if not self.same(row):
            self.world.say(f"fenced: epoch {self.epoch} of {row.epoch}, position {self.position} of {row.watermark.position}")
            self.store.driver.fenced_at_ms = self.world.now_ms
            raise Fenced(f"epoch {self.epoch} is over")
        row.holder, self.watermark = self, watermark.copy()
        await self.world.point("advanced")

    def same(self, row: Row) -> bool:
        """Compare and set."""
        return row.epoch == self.epoch and row.watermark.position == self.position

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See ports.Transaction."""
        await self._statement("load")
        if any("\x00" in key for key in keys):
            raise Refused("invalid byte sequence: 0x00")
        states = self.tables.states
        return {key: states[key] for key in keys if key in states}

    async def due(self, until_ms: int, limit: int) -> list[StoredTimer]:
        """See ports.Transaction."""
        await self._statement("due")
        found = [
            StoredTimer(due, key, name)
            for (key, name), (number, due) in self.tables.timers.items()
            if number == self.partition and due <= until_ms
        ]
        return sorted(found, key=lambda timer: (timer.due_ms, timer.key, timer.name))[:limit]

    async def answered(self, ids: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """See ports.Transaction."""
        await self._statement("answered")
        return {pair for pair in ids if pair in self.tables.answers}

    async def write(self, changes: Changes) -> list[OutboxRow]:
        """See ports.Transaction."""
        await self._statement("write")
        bodies = [body for body in changes.states.values() if body is not None]
        bodies += [record.value for records in changes.outbox.values() for record in records]
        if any(REFUSED in body for body in bodies):
            raise Refused("out of range")
        self.changes, self.outbox = changes, self.tables.parts(changes)
        await self.world.point("written")
        return list(self.outbox)

    async def forget(self, outbox_ids: Sequence[int]) -> None:
        """See ports.Transaction."""
        await self._statement("forget")
        self.forgotten.extend(outbox_ids)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            self.die("rolled back")
            return
        world, faults = self.world, self.world.faults
        if self.dead:
            raise StoreUnavailable("the session was ended")
        self.committing = True
        try:
            await pause("commit")
        except GeneratorExit:
            self.tables.limbo.append(self)
            raise
        r = world.chance()
        if r < faults.commit_lost:
            self.die("commit lost")
            raise StoreUnavailable("commit: connection lost")
        if (r := r - faults.commit_lost) < faults.commit_late:
            self.tables.limbo.append(self)
            raise StoreUnavailable("commit: timeout")
        self.apply()
        if r - faults.commit_late < faults.commit_unknown:
            world.say("commit applied, and the answer is lost")
            raise StoreUnavailable("commit: connection reset")
        await world.point("committed")

    # --- how it ends ---

    def die(self, why: str) -> None:
        """Nothing of it is kept."""
        self.dead, self.committing = True, False
        row = self.tables.rows.get(self.partition)
        if row is not None and row.holder is self:
            row.holder = None
            self.world.say(f"{self.store.driver.name}: transaction at {self.position} ends: {why}")

    def decide(self) -> None:
        """A commit that was under way when its owner lost sight of it."""
        self.tables.limbo.remove(self)
        if self.world.chance() < 0.5:
            self.apply()
        else:
            self.die("commit lost after all")

    def apply(self) -> None:
        """All of it, at once."""
        tables, changes, number, row = self.tables, self.changes, self.partition, self.tables.rows[self.partition]
        if row.holder is not self or changes is None or self.watermark is None:
            self.world.violate(f"{self.tables.name}/{number} commits without its lock, or nothing")
            return
        if row.epoch != self.epoch:
            self.world.violate(f"{self.tables.name}/{number} commits under epoch {self.epoch}, and {row.epoch} has begun")
        if self.watermark.position <= row.watermark.position:
            self.world.violate(f"{self.tables.name}/{number} goes back to {self.watermark.position}")
        self.world.say(f"{self.store.driver.name}: commits {self.position}..{self.watermark.position - 1}")
        row.holder, self.committing = None, False
        row.watermark = self.watermark
        self.keep(changes)

    def keep(self, changes: Changes) -> None:
        """What was decided."""
        tables, number = self.tables, self.partition
        for key, body in changes.states.items():
            if body is None:
                tables.states.pop(key, None)
            else:
                tables.states[key] = body
        for pair, due in changes.timers.items():
            if due is None:
                tables.timers.pop(pair, None)
            else:
                tables.timers[pair] = (number, due)
        for id_ in self.forgotten:
            tables.outbox.pop(id_, None)
        tables.outbox.update((row.id, (number, row)) for row in self.outbox)
        tables.documents.update(((number, d.kind, d.name), d) for d in changes.documents)
        for answer in changes.answers:
            tables.answers.setdefault((answer.command_id, answer.lead), answer)
        for effect in changes.effects:
            tables.effects.add((effect.recipient, effect.reason, effect.cause))
        tables.dead.extend((number, letter) for letter in changes.dead_letters)
        tables.lines.extend(self.lines)
