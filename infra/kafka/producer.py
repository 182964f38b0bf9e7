"""Appending to Kafka: acks=all, idempotent, bounded in time and memory. One Producer a process.

`append` sends prepared batches (the runtime's outbox), compressed. `publish` sends single records (gateway, worker) and batches
them by itself: one batch a partition is in flight, what arrives meanwhile goes with the next. Those are few at a time and sealed
for the most part, so that compressing takes the gateway longer than it takes to write the records.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

from infra.kafka.connecting import arguments
from infra.kafka.ports import Destination, LogUnavailable, Outgoing
from infra.kafka.publisher import Position, Waiting
from infra.settings import Kafka
from schemas.topics import Topic

BATCH_BYTES = 1024 * 1024
BATCH_RECORDS_MAX = 2000
STOP_SECONDS = 3.0
BUSY_SECONDS = 0.02
GATHER_SECONDS = 0.004
"""At some hundred records a second each would be a request of its own, and a request costs as much as ten records in one."""
TROUBLED_SECONDS = 1.0
"""After a failure, how soon a record is tried again. Until one has arrived, all others are refused at once instead of waiting."""


_Published = tuple[Outgoing, Waiting]


@dataclass(slots=True)
class _Lane:
    """Records for one destination. `troubled_until` (the loop's time): its last batch was not acknowledged."""

    flight: list[_Published] = field(default_factory=list)
    waiting: deque[_Published] = field(default_factory=deque)
    task: "asyncio.Task[None] | None" = None
    troubled_until: float | None = None


class _Together:
    """Several that are waited for as one: all their positions, or the first refusal, once the last of them is settled."""

    def __init__(self, count: int) -> None:
        self.positions: list[Position] = [Position(0, 0)] * count
        self.all: asyncio.Future[list[Position]] = asyncio.get_running_loop().create_future()
        self._left = count
        self._away: LogUnavailable | None = None
        self.end(0)

    def end(self, count: int, away: LogUnavailable | None = None) -> None:
        """So many more are settled."""
        self._left -= count
        self._away = self._away or away
        if self._left or self.all.done():
            return
        if self._away is None:
            self.all.set_result(self.positions)
        else:
            self.all.set_exception(self._away)


class _One:
    """One of them."""

    __slots__ = ("_nth", "_together")

    def __init__(self, together: _Together, nth: int) -> None:
        self._together, self._nth = together, nth

    def done(self) -> bool:
        """Whether nobody waits any more."""
        return self._together.all.cancelled()

    def set_result(self, position: Position) -> None:
        """This one's."""
        self._together.positions[self._nth] = position
        self._together.end(1)

    def set_exception(self, away: LogUnavailable) -> None:
        """None has all then."""
        self._together.end(1, away)


class Producer:
    """See the module. Not thread-safe."""

    def __init__(self, settings: Kafka, *, pending_bytes_max: int = 64 * 1024 * 1024) -> None:
        self._settings = settings
        self._pending_bytes_max = pending_bytes_max
        self._pending_bytes = 0
        self._client: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._lanes: dict[Destination, _Lane] = {}
        self._leaving: asyncio.Future[None] | None = None
        self._published_at = 0.0

    @property
    def pending_bytes(self) -> int:
        """Bytes accepted by publish and not acknowledged yet."""
        return self._pending_bytes

    async def start(self) -> None:
        """Connect now rather than with the first record. Raises LogUnavailable."""
        try:
            async with asyncio.timeout(self._settings.publish_timeout_seconds):
                await self._connected()
        except (TimeoutError, KafkaError, OSError) as away:
            raise LogUnavailable(f"Kafka at {self._settings.bootstrap} does not answer: {type(away).__name__}") from away

    async def stop(self) -> None:
        """Fail what waits, close."""
        for lane in self._lanes.values():
            if lane.task is not None:
                lane.task.cancel()
            self._fail(lane, LogUnavailable("this process is stopping"))
        await self._discard()

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        """See ports.Log.append."""
        try:
            async with asyncio.timeout(self._settings.publish_timeout_seconds):
                client = await self._connected()
                await asyncio.gather(*(self._send(client, place, records, client.create_batch) for place, records in batches))
        except (TimeoutError, KafkaError, OSError) as away:
            await self._discard()
            raise LogUnavailable(f"Kafka did not acknowledge: {type(away).__name__}") from away

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        """See publisher.Publisher."""
        future: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self.send(topic, partition, record, future)
        return await future

    async def publish_all(self, topic: Topic, records: Sequence[tuple[int, Outgoing]]) -> list[Position]:
        """See publisher.Publisher."""
        together = _Together(len(records))
        for nth, (partition, record) in enumerate(records):
            try:
                self.send(topic, partition, record, _One(together, nth))
            except LogUnavailable as away:
                together.end(len(records) - nth, away)
                break
        return await together.all

    def send(self, topic: Topic, partition: int, record: Outgoing, waiting: Waiting) -> None:
        """See publisher.Publisher."""
        size = _size(record)
        if self._pending_bytes + size > self._pending_bytes_max:
            raise LogUnavailable(f"{self._pending_bytes} bytes wait for Kafka already")
        destination = Destination(topic.name, partition)
        lane, loop = self._lanes.get(destination), asyncio.get_running_loop()
        if lane is None:
            lane = self._lanes[destination] = _Lane()
        if lane.troubled_until is not None and (lane.task is not None or loop.time() < lane.troubled_until):
            raise LogUnavailable("Kafka did not acknowledge the last record, and is being tried again")
        lane.waiting.append((record, waiting))
        self._pending_bytes += size
        if lane.task is None:
            lane.task = asyncio.create_task(self._drain(destination, lane, self._departure(loop)))

    def _departure(self, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[None] | None":
        """When the next request leaves; None is now. While records keep coming, those of all partitions leave together."""
        now, before, self._published_at = loop.time(), self._published_at, loop.time()
        if self._leaving is None and now - before < BUSY_SECONDS:
            self._leaving = loop.create_future()
            loop.call_later(GATHER_SECONDS, self._leave)
        return self._leaving

    def _leave(self) -> None:
        leaving, self._leaving = self._leaving, None
        if leaving is not None and not leaving.done():
            leaving.set_result(None)

    async def _drain(self, destination: Destination, lane: _Lane, departure: "asyncio.Future[None] | None") -> None:
        """Send what waits, batch after batch, until nothing does."""
        try:
            if departure is not None:
                await asyncio.shield(departure)
            while lane.waiting:
                self._board(lane)
                if not lane.flight:
                    return
                records = [record for record, _ in lane.flight]
                try:
                    async with asyncio.timeout(self._settings.publish_timeout_seconds):
                        base = await self._send(await self._connected(), destination, records, _uncompressed)
                except (TimeoutError, KafkaError, OSError) as away:
                    lane.troubled_until = asyncio.get_running_loop().time() + TROUBLED_SECONDS
                    # What waits behind has waited as long: answer it too, so that nobody's wait grows with the queue.
                    self._fail(lane, LogUnavailable(f"Kafka did not acknowledge: {type(away).__name__}"))
                    await self._discard()
                    return
                lane.troubled_until = None
                for nth, (record, waiting) in enumerate(lane.flight):
                    self._pending_bytes -= _size(record)
                    if not waiting.done():
                        waiting.set_result(Position(destination.partition, base + nth))
                lane.flight.clear()
        finally:
            lane.task = None

    def _board(self, lane: _Lane) -> None:
        """Fill the next batch, without whoever gave up waiting."""
        size = 0
        while lane.waiting and len(lane.flight) < BATCH_RECORDS_MAX and size < BATCH_BYTES // 2:
            record, waiting = lane.waiting.popleft()
            if waiting.done():
                self._pending_bytes -= _size(record)
                continue
            size += len(record.value)
            lane.flight.append((record, waiting))

    def _fail(self, lane: _Lane, error: LogUnavailable) -> None:
        """Answer everybody in flight and waiting."""
        for record, waiting in (*lane.flight, *lane.waiting):
            self._pending_bytes -= _size(record)
            if not waiting.done():
                waiting.set_exception(error)
        lane.flight.clear()
        lane.waiting.clear()

    async def _send(
        self,
        client: AIOKafkaProducer,
        destination: Destination,
        records: Sequence[Outgoing],
        make_batch: Callable[[], BatchBuilder],
    ) -> int:
        """All records in order; one atomic batch unless they are larger than a batch may be. Returns the first offset."""
        topic = self._settings.prefix + destination.topic
        first: int | None = None
        builder = make_batch()
        for record in records:
            if builder.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers)) is None:
                base = await self._flush(client, builder, topic, destination.partition)
                first = base if first is None else first
                builder = make_batch()
                builder.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
        base = await self._flush(client, builder, topic, destination.partition)
        return base if first is None else first

    @staticmethod
    async def _flush(client: AIOKafkaProducer, builder: BatchBuilder, topic: str, partition: int) -> int:
        future = await client.send_batch(builder, topic, partition=partition)
        metadata = await future
        return int(metadata.offset)

    async def _connected(self) -> AIOKafkaProducer:
        if self._client is not None:
            return self._client
        async with self._starting:
            if self._client is None:
                client = AIOKafkaProducer(
                    **arguments(self._settings),
                    acks="all",
                    enable_idempotence=True,
                    compression_type="zstd",
                    max_batch_size=BATCH_BYTES,
                    max_request_size=8 * BATCH_BYTES,
                    request_timeout_ms=round(self._settings.publish_timeout_seconds * 1000),
                    linger_ms=0,
                )
                try:
                    await client.start()
                except BaseException:
                    await _close(client)
                    raise
                self._client = client
        return self._client

    async def _discard(self) -> None:
        """The next send starts afresh: an idempotent producer that lost track of its sequence is of no use."""
        client, self._client = self._client, None
        if client is not None:
            await _close(client)


async def _close(client: AIOKafkaProducer) -> None:
    with contextlib.suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(STOP_SECONDS):
            await client.stop()


def _size(record: Outgoing) -> int:
    """About what it takes in memory."""
    return len(record.value) + 256


def _uncompressed() -> BatchBuilder:
    return BatchBuilder(BATCH_BYTES, DefaultRecordBatch.CODEC_NONE)
