"""The three ports of the runtime: log, store and clock. Kafka, PostgreSQL and the system clock stand behind them in
production (aio.py, pg_store.py); tests/simulation stands behind them in simulation, with the very same runtime.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from infra.kafka.fold import Effect, Outcome
from schemas.envelope import Headers, SequenceNumber


class Record(NamedTuple):
    """One record as the log hands it over. `recorded_ms` is the broker's append time."""

    partition: int
    offset: int
    recorded_ms: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes


def record_of(raw: Any) -> Record:
    """A record of aiokafka's. Kafka allows headers without a value; for everybody behind this line they are not there."""
    headers = [pair for pair in raw.headers if pair[1] is not None]
    return Record(raw.partition, raw.offset, raw.timestamp, raw.key, headers, raw.value or b"")


class Outgoing(NamedTuple):
    """One record to append; its partition was decided by schemas.topics.partition."""

    key: bytes | None
    headers: Headers
    value: bytes


class Destination(NamedTuple):
    """Where outgoing records go."""

    topic: str
    partition: int


class LogUnavailable(Exception):
    """The log did not acknowledge in time; the records may still land."""


class StoreUnavailable(Exception):
    """The store went away, perhaps in the middle of a commit: what it knows must be asked again."""


class Fenced(Exception):
    """The epoch moved: another process owns this partition."""


class Refused(Exception):
    """The store can't hold what was decided (NUL, number out of range, too large): some record of the batch is the culprit."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Records of one commit for one destination: sent in order of `id`, one row in flight a destination."""

    id: int
    destination: Destination
    records: tuple[Outgoing, ...]


@dataclass(slots=True)
class Watermark:
    """How far a consumer is in one partition, and what it must remember to go on the same way.

    Attributes:
        position: the next offset to read.
        clock_ms: recorded time so far; never steps back.
        origins: the last sequence seen from each origin.
    """

    position: int = 0
    clock_ms: int = 0
    origins: dict[str, SequenceNumber] = field(default_factory=dict)

    def copy(self) -> "Watermark":
        """Independent of this one."""
        return Watermark(self.position, self.clock_ms, dict(self.origins))


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A published document as the store keeps it beside the watermark."""

    kind: str
    name: str
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a partition returns: the new epoch fences every earlier owner."""

    epoch: int
    watermark: Watermark
    outbox: tuple[OutboxRow, ...]
    documents: tuple[StoredDocument, ...]


@dataclass(frozen=True, slots=True)
class StoredTimer:
    """A timer waiting in the store."""

    due_ms: int
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be handled, with everything needed to repair and re-drive it."""

    record: Record
    reason: str
    kind: str  # reject | undecodable | refused | bug | skipped
    attempts: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one command, kept in the transaction that decided it."""

    command_id: str
    lead: str
    outcome: Outcome
    position: int


@dataclass(slots=True)
class Changes:
    """What one transaction writes. `states` maps key -> body, None deletes."""

    states: dict[str, bytes | None] = field(default_factory=dict)
    outbox: dict[Destination, list[Outgoing]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    timers: dict[tuple[str, str], int | None] = field(default_factory=dict)
    documents: list[StoredDocument] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


class Stand(NamedTuple):
    """Where a partition's owner believes to stand: what its transactions are compared with."""

    partition: int
    epoch: int
    position: int


class Transaction(Protocol):
    """One transaction of one or several partitions. Everything raises StoreUnavailable, and Refused where data is at fault."""

    connection: Any
    """The store's own connection, for projections and `identity`, which write their own tables."""

    async def advance(self, watermarks: Mapping[int, Watermark]) -> None:
        """Compare and set on epoch and position, of each partition. Raises Fenced if any moved.

        Called first, so that an old owner waits or fails here.
        """

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        """States by key, absent keys left out."""

    async def due(self, until_ms: Mapping[int, int], limit: int) -> dict[int, list[StoredTimer]]:
        """Timers due by then, by partition: the first `limit` of each, in order (due_ms, key, name)."""

    async def answered(self, ids: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which (command_id, lead) have an outcome already."""

    async def history(self, partition: int, lead: str, before: int) -> list[Record] | None:
        """A lead's records and the markers of its partition, before an offset of the log; None while history is not that far."""

    async def write(self, changes: Mapping[int, Changes], sent: Sequence[int] = ()) -> dict[int, list[OutboxRow]]:
        """Store everything, by partition, and delete the outbox rows `sent`; returns the new ones with their ids, in order."""


@dataclass(frozen=True, slots=True)
class Orders:
    """An operator's wishes: not to go on, or to let the record at `skip_offset` die if the partition waits on it."""

    paused: bool = False
    skip_offset: int | None = None


class Store(Protocol):
    """Where one consumer keeps its partitions."""

    async def take(self, partition: int, topic_id: str) -> Taken:
        """epoch + 1 (waits for an old owner's commit), then what is left. Raises TopicRemade, StoreUnavailable."""

    def transaction(self, stands: Sequence[Stand]) -> AbstractAsyncContextManager[Transaction]:
        """Commits when left without an exception. Raises StoreUnavailable when the outcome of the commit is unknown.

        What several partitions write is disjoint: a state's key belongs to one partition.
        """

    async def forget(self, partition: int, outbox_ids: Sequence[int]) -> None:
        """Delete acknowledged outbox rows, outside of any batch."""

    async def next_due(self, partition: int) -> int | None:
        """When the partition's next timer is due, ms."""

    async def report_waiting(self, partition: int, offset: int, reason: str | None) -> None:
        """Make visible what record a partition waits on; None clears it."""

    async def orders(self, partition: int) -> "Orders":
        """What an operator wants of this partition."""

    async def hold(self, partition: int) -> None:
        """Pause it as an operator would: somebody has to look before it goes on."""


class TopicRemade(Exception):
    """The topic {topic} is not the one this database has read from: it was deleted and made again.

    Either restore the topic's data, or start the consumer over on an empty database.
    """

    def __init__(self, topic: str, known: str, found: str) -> None:
        super().__init__(
            f"the topic {topic} was deleted and made again (id {known} became {found}) under a kept database; "
            "restore Kafka's data folder, or empty both with `leadflow reset` and start over"
        )


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition: from `start` up to, not including, `end`; None has no end."""

    start: int
    end: int | None


class Reader(Protocol):
    """One topic from anywhere to anywhere, without a group: whoever reads here disturbs no consumer."""

    numbers: tuple[int, ...]

    async def beginnings(self) -> dict[int, int]:
        """The first offset still kept, by partition."""

    async def ends(self) -> dict[int, int]:
        """The next offset to be written, by partition."""

    async def at(self, moment: datetime) -> dict[int, int]:
        """The first offset recorded at or after `moment`, by partition; the end where there is none."""

    def read(self, ranges: Mapping[int, Range]) -> AsyncIterator[Sequence[Record]]:
        """Batches of one partition each, in its order, until every range with an end is read."""


Open = Callable[[str], AbstractAsyncContextManager[Reader]]
"""A reader of a topic by its name in the catalogue. Everything about it raises LogUnavailable."""


class Log(Protocol):
    """The log, as one consumer sees the one topic that it reads, and every topic that it writes."""

    async def topic_id(self) -> str:
        """Kafka's id of the topic that is read; a re-made topic has another."""

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        """One batch for each destination, no destination twice, all acknowledged by all replicas.

        A batch is atomic unless it is larger than Kafka's may be; its parts then go one after the other. Raises LogUnavailable if
        any was not acknowledged; all of them may still land. The next call uses a new producer.
        """

    async def seek(self, partition: int, offset: int) -> None:
        """The next records of this partition are to start here."""

    def pause(self, partition: int) -> None:
        """No more records of this partition."""

    def resume(self, partition: int) -> None:
        """Records again."""

    def partitions(self, topic: str) -> int:
        """Partition count of a topic."""

    def reader(self, topic: str) -> AbstractAsyncContextManager[Reader]:
        """Any topic, for whoever has to look back. See Open."""


class Clock(Protocol):
    """Real time, for waiting and back-off only: no decision ever sees it."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""


def from_ms(milliseconds: int) -> datetime:
    """Aware UTC datetime."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
