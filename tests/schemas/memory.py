"""The runtime's ports in memory, where nothing ever fails: one consumer, one partition, the very same Partition and FoldStep."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from infra.kafka.fold import Effect
from infra.kafka.partition import Limits, Partition
from infra.kafka.ports import (
    Answer,
    Changes,
    DeadLetter,
    Destination,
    Orders,
    OutboxRow,
    Outgoing,
    Reader,
    Record,
    Stand,
    StoredDocument,
    StoredTimer,
    Taken,
    Watermark,
)
from infra.kafka.step import Step
from schemas.events import DocumentPublished
from schemas.topics import CATALOGUE, PARTITIONS_LAPTOP
from tests.infra.kafka.logs import MemoryReader, work

TOPIC_ID = "wY2bT0mIQ0yVZr5yqk0f9A"


class MemoryLog:
    """Keeps what is appended. Implements ports.Log."""

    def __init__(self) -> None:
        self.sent: dict[Destination, list[Outgoing]] = {}

    async def topic_id(self) -> str:
        return TOPIC_ID

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        for destination, records in batches:
            self.sent.setdefault(destination, []).extend(records)

    async def seek(self, partition: int, offset: int) -> None:
        return None

    def pause(self, partition: int) -> None:
        return None

    def resume(self, partition: int) -> None:
        return None

    def partitions(self, topic: str) -> int:
        return CATALOGUE[topic].partitions(PARTITIONS_LAPTOP)

    @asynccontextmanager
    async def reader(self, topic: str) -> AsyncIterator[Reader]:
        yield MemoryReader([])


class MemoryStore:
    """One consumer's tables. `log` is what `history` answers from. Implements ports.Store."""

    def __init__(self, log: list[Record]) -> None:
        self.log = log
        self.watermark = Watermark()
        self.epoch = 0
        self.states: dict[str, bytes] = {}
        self.timers: dict[tuple[str, str], int] = {}
        self.documents: dict[tuple[str, str], StoredDocument] = {}
        self.answers: dict[tuple[str, str], Answer] = {}
        self.effects: dict[tuple[str, str, str], Effect] = {}
        self.dead: list[DeadLetter] = []
        self.waiting: str | None = None
        self.rows = 0

    async def take(self, partition: int, topic_id: str) -> Taken:
        self.epoch += 1
        return Taken(self.epoch, self.watermark.copy(), (), tuple(self.documents.values()))

    @asynccontextmanager
    async def transaction(self, stands: Sequence[Stand]) -> AsyncIterator["MemoryTransaction"]:
        transaction = MemoryTransaction(self)
        yield transaction
        transaction.commit()

    async def forget(self, partition: int, outbox_ids: Sequence[int]) -> None:
        return None

    async def next_due(self, partition: int) -> int | None:
        return min(self.timers.values(), default=None)

    async def orders(self, partition: int) -> Orders:
        return Orders()

    async def hold(self, partition: int) -> None:
        raise AssertionError("nothing here lets so many records die")

    async def report_waiting(self, partition: int, offset: int, reason: str | None) -> None:
        self.waiting = reason


class MemoryTransaction:
    """Implements ports.Transaction."""

    connection: Any = None

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._watermark = store.watermark
        self._changes = Changes()

    async def advance(self, watermarks: Mapping[int, Watermark]) -> None:
        self._watermark = watermarks[0].copy()

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        return {key: self._store.states[key] for key in keys if key in self._store.states}

    async def due(self, until_ms: Mapping[int, int], limit: int) -> dict[int, list[StoredTimer]]:
        due = [StoredTimer(due_ms, key, name) for (key, name), due_ms in self._store.timers.items() if due_ms <= until_ms[0]]
        return {0: sorted(due, key=lambda timer: (timer.due_ms, timer.key, timer.name))[:limit]}

    async def answered(self, ids: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        return {pair for pair in ids if pair in self._store.answers}

    async def history(self, partition: int, lead: str, before: int) -> list[Record] | None:
        marker = ("ce_type", DocumentPublished.TYPE.encode())
        past = [record for record in self._store.log if record.offset < before]
        return [record for record in past if record.key == lead.encode() or marker in record.headers]

    async def write(self, changes: Mapping[int, Changes], sent: Sequence[int] = ()) -> dict[int, list[OutboxRow]]:
        self._changes = changes[0]
        rows = []
        for destination, records in changes[0].outbox.items():
            self._store.rows += 1
            rows.append(OutboxRow(self._store.rows, destination, tuple(records)))
        return {0: rows}

    def commit(self) -> None:
        store, changes = self._store, self._changes
        store.watermark = self._watermark
        for key, body in changes.states.items():
            if body is None:
                store.states.pop(key, None)
            else:
                store.states[key] = body
        for pair, due_ms in changes.timers.items():
            if due_ms is None:
                store.timers.pop(pair, None)
            else:
                store.timers[pair] = due_ms
        for document in changes.documents:
            store.documents[document.kind, document.name] = document
        for answer in changes.answers:
            store.answers.setdefault((answer.command_id, answer.lead), answer)
        for effect in changes.effects:
            store.effects.setdefault((effect.recipient, effect.reason, effect.cause), effect)
        store.dead.extend(changes.dead_letters)


class Consuming:
    """A step on its own, fed by hand."""

    def __init__(self, step: Step, *, records_per_commit: int = 1000) -> None:
        self.records: list[Record] = []
        self.log, self.store = MemoryLog(), MemoryStore(self.records)
        limits = Limits(records_per_commit_max=records_per_commit)
        self._partition = Partition(0, step, self.log, self.store, StillClock(), limits)

    async def feed(self, records: Sequence[Record]) -> None:
        """Hand over `records`, whose offsets go on where the last ones ended. Raises AssertionError if they are not taken."""
        if self._partition.position == 0:
            await self._partition.assigned()
        self.records.extend(records)
        await work(self._partition, records)
        stuck = self.store.waiting or self._partition.waiting_reason
        assert stuck is None, f"the partition waits: {stuck}"

    def tables(self) -> dict[str, Any]:
        """Everything that it keeps and everything that it wishes for, except how far it has read."""
        store = self.store
        return {
            "states": store.states,
            "timers": store.timers,
            "documents": store.documents,
            "answers": store.answers,
            "effects": store.effects,
        }


class StillClock:
    """Stands still."""

    def now_ms(self) -> int:
        return 0
