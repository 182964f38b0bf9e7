"""Consumers on the real Kafka: FastStream batch subscribers that hand raw records to the runtime.

FastStream brings the lifespan, middlewares and AsyncAPI; the runtime brings order, transactions and recovery. Records go
through undecoded (a pass-through parser, because a header that is no UTF-8 must cost one record, not a batch), acknowledgement is
manual, and committed offsets are a hint for lag monitors.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage as RawMessage

from infra.kafka import admin
from infra.kafka.partition import Partition, Status
from infra.kafka.polling import FETCH_WAIT_MS, RECORDS_PER_POLL_MAX, Polling
from infra.kafka.ports import Destination, LogUnavailable, Outgoing, Reader, Record, Store, record_of
from infra.kafka.producer import Producer
from infra.kafka.reading import opener
from infra.kafka.rounds import decide
from infra.kafka.sending import send
from infra.kafka.step import Step
from infra.observability.metrics import Meters
from infra.settings import Kafka
from schemas.topics import CATALOGUE

IDLE_SECONDS = 0.2
UNSEEN_SECONDS_MAX = 1.0
COMMIT_SECONDS = 2.0


class SystemClock:
    """Implements ports.Clock."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


class KafkaLog:
    """The log as one consumer sees it. Implements ports.Log."""

    def __init__(self, settings: Kafka, topic: str, producer: Producer, consumer: Callable[[], AIOKafkaConsumer]) -> None:
        self._settings, self._topic = settings, settings.prefix + topic
        self._producer, self._consumer = producer, consumer
        self._open = opener(settings)

    async def topic_id(self) -> str:
        """Asked each time a partition is taken: seldom, and never from a cache that outlives the topic."""
        try:
            async with asyncio.timeout(self._settings.publish_timeout_seconds):
                ids = await admin.topic_ids(self._settings, [self._topic])
        except (TimeoutError, KafkaError, OSError) as away:
            raise LogUnavailable(f"Kafka does not say which topic this is: {type(away).__name__}") from away
        if self._topic not in ids:
            raise LogUnavailable(f"the topic {self._topic} does not exist; `leadflow topics apply` makes it")
        return ids[self._topic]

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        """See ports.Log."""
        await self._producer.append(batches)

    async def seek(self, partition: int, offset: int) -> None:
        """A partition that was just taken away can't be sought, and need not be."""
        with contextlib.suppress(KafkaError, ValueError, AssertionError):
            self._consumer().seek(TopicPartition(self._topic, partition), offset)

    def pause(self, partition: int) -> None:
        """See ports.Log."""
        with contextlib.suppress(KafkaError, ValueError, AssertionError):
            self._consumer().pause(TopicPartition(self._topic, partition))

    def resume(self, partition: int) -> None:
        """See ports.Log."""
        with contextlib.suppress(KafkaError, ValueError, AssertionError):
            self._consumer().resume(TopicPartition(self._topic, partition))

    def partitions(self, topic: str) -> int:
        """See ports.Log."""
        return CATALOGUE[topic].partitions(self._settings.partitions)

    def reader(self, topic: str) -> AbstractAsyncContextManager[Reader]:
        """See ports.Log."""
        return self._open(topic)


class Subscriber(ConsumerRebalanceListener):
    """All partitions of one consumer in this process. `fatal` fails when the process has to end."""

    def __init__(
        self, broker: KafkaBroker, settings: Kafka, step: Step, store: Store, producer: Producer, meters: Meters
    ) -> None:
        self.name = step.name
        self._settings, self._step, self._store, self._meters = settings, step, store, meters
        self._topic = settings.prefix + step.reads.name
        self._log = KafkaLog(settings, step.reads.name, producer, self._consumer)
        self._clock = SystemClock()
        self._partitions: dict[int, Partition] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._task: asyncio.Task[None] | None = None
        self._committed_at = 0.0
        self._seen_at: dict[int, float] = {}
        self.fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._subscriber = broker.subscriber(
            self._topic,
            group_id=settings.prefix + step.name,
            batch=True,
            max_records=RECORDS_PER_POLL_MAX,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=max(500, settings.session_timeout_ms // 4),
            max_poll_interval_ms=300_000,
            fetch_max_bytes=16 * 1024 * 1024,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            parser=_pass_parser,
            decoder=_pass_decoder,
            listener=self,
            title=step.name,
        )
        self._subscriber(self._handle)
        # FastStream sleeps after every empty poll, for as long as the poll: a record would wait, or the loop never rest.
        self._subscriber.get_msg = Polling(step.breath_ms)  # type: ignore[method-assign]

    @property
    def partitions(self) -> dict[int, Partition]:
        """What this process was assigned."""
        return dict(self._partitions)

    def start_idling(self) -> None:
        """Begin to end waits, fire ticks and report; once the broker has started."""
        self._task = asyncio.create_task(self._idle(), name=f"idle-{self.name}")

    async def stop(self) -> None:
        """After the broker has stopped."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let work that is under way finish, then let go."""
        for tp in revoked:
            partition = self._partitions.pop(tp.partition, None)
            if partition is not None:
                async with self._lock(tp.partition):
                    partition.revoked()
                self._meters.gone(self.name, tp.partition)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Take each: fences the old owner, reads the watermark, seeks."""
        await asyncio.gather(*(self._assigned(tp.partition) for tp in sorted(assigned)))

    async def _assigned(self, number: int) -> None:
        partition = self._partitions[number] = Partition(number, self._step, self._log, self._store, self._clock)
        async with self._lock(number):
            await self._guarded(partition.assigned())

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """What the runtime itself can't settle (a re-made topic, a bug in it) ends the process, loudly: see `fatal`."""
        try:
            await work
        except Exception as error:
            if not self.fatal.done():
                self.fatal.set_exception(error)

    def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._subscriber.consumer
        if consumer is None:
            raise ValueError(f"{self.name} is not started")
        return consumer

    def _lock(self, number: int) -> asyncio.Lock:
        return self._locks.setdefault(number, asyncio.Lock())

    async def _handle(self, message: RawMessage) -> None:
        # What is begun while a message is worked keeps it by its context, as long as a timer runs; it is to keep no records.
        polled_raw, message.raw_message = message.raw_message, ()
        batches: dict[int, list[Record]] = {}
        for raw in polled_raw:
            batches.setdefault(raw.partition, []).append(record_of(raw))
        async with contextlib.AsyncExitStack() as held:
            for number in sorted(batches):
                await held.enter_async_context(self._lock(number))
            # Asked now: what was taken away meanwhile is not ours.
            polled = {ours: records for number, records in batches.items() if (ours := self._partitions.get(number)) is not None}
            await self._guarded(self._work(polled))
            for partition in polled:
                # While there is much to do, a partition is hardly ever free; orders and gauges must not wait for the end of it.
                if time.monotonic() - self._seen_at.get(partition.number, 0.0) >= UNSEEN_SECONDS_MAX:
                    await self._look_after(partition)

    async def _work(self, polled: dict[Partition, list[Record]]) -> None:
        started, before = time.perf_counter(), {partition: partition.position for partition in polled}
        await decide(polled, self._failed_together)
        seconds = (time.perf_counter() - started) / max(1, len(polled))
        await send(self._log, polled)
        for partition, position in before.items():
            self._meters.worked(self.name, partition.number, partition.position - position, seconds)

    async def _idle(self) -> None:
        while True:
            await asyncio.sleep(IDLE_SECONDS)
            for number, partition in list(self._partitions.items()):
                lock = self._lock(number)
                if lock.locked():
                    continue
                async with lock:
                    await self._look_after(partition)
            await self._hint()

    async def _look_after(self, partition: Partition) -> None:
        self._seen_at[partition.number] = time.monotonic()
        await self._guarded(partition.idle())
        if self._partitions.get(partition.number) is partition:
            self._meters.stands(self.name, partition.number, partition)

    def _failed_together(self, failure: Exception) -> None:
        self._meters.failed_together(self.name, type(failure).__name__)

    async def _hint(self) -> None:
        """Committed offsets, for whoever watches lag from outside."""
        now = time.monotonic()
        if now - self._committed_at < COMMIT_SECONDS or self._subscriber.consumer is None:
            return
        self._committed_at = now
        offsets = {
            TopicPartition(self._topic, number): partition.position
            for number, partition in self._partitions.items()
            if partition.status is Status.OWNED
        }
        if offsets:
            with contextlib.suppress(KafkaError, asyncio.TimeoutError):
                await self._consumer().commit(offsets)


async def _pass_parser(message: Any) -> RawMessage:
    """Raw records as they are."""
    first = message[0]
    return RawMessage(
        body=b"",
        raw_message=message,
        headers={},
        reply_to="",
        content_type=None,
        message_id=f"{first.topic}-{first.partition}-{first.offset}",
        correlation_id=f"{first.topic}-{first.partition}-{first.offset}",
        consumer=_NO_CONSUMER,
    )


async def _pass_decoder(message: RawMessage) -> RawMessage:
    return message


class _NoConsumer:
    """Acknowledging is not FastStream's business here."""

    async def commit(self) -> None:
        """Nothing."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Nothing."""


_NO_CONSUMER = _NoConsumer()
