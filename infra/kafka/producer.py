"""Appending to Kafka: acks=all, idempotent, bounded in time and memory. One Producer a process.

`append` sends prepared batches (the runtime's outbox), compressed, by aiokafka. Single records go by `singles`.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from infra.kafka.connecting import arguments
from infra.kafka.ports import Destination, LogUnavailable, Outgoing
from infra.kafka.publisher import Position, Waiting
from infra.kafka.singles import Singles
from infra.settings import Kafka
from schemas.topics import Topic

BATCH_BYTES = 1024 * 1024
STOP_SECONDS = 3.0


class Producer:
    """See the module. Not thread-safe."""

    def __init__(self, settings: Kafka, *, pending_bytes_max: int = 64 * 1024 * 1024) -> None:
        self._settings = settings
        self._singles = Singles(settings, pending_bytes_max)
        self._client: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    @property
    def pending_bytes(self) -> int:
        """Bytes accepted by publish and not settled yet."""
        return self._singles.pending_bytes

    def connect(self) -> None:
        """Begin to, for single records. Raises BadSettings."""
        self._singles.connect()

    async def stop(self) -> None:
        """Refuse what waits, close."""
        await self._singles.stop()
        await self._discard()

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        """See ports.Log.append."""
        try:
            async with asyncio.timeout(self._settings.publish_timeout_seconds):
                client = await self._connected()
                await asyncio.gather(*(self._send(client, place, records) for place, records in batches))
        except (TimeoutError, KafkaError, OSError) as away:
            await self._discard()
            raise LogUnavailable(f"Kafka did not acknowledge: {type(away).__name__}") from away

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        """See publisher.Publisher."""
        return await self._singles.publish(topic, partition, record)

    async def publish_all(self, topic: Topic, records: Sequence[tuple[int, Outgoing]]) -> list[Position]:
        """See publisher.Publisher."""
        return await self._singles.publish_all(topic, records)

    def send(self, topic: Topic, partition: int, record: Outgoing, waiting: Waiting) -> None:
        """See publisher.Publisher."""
        self._singles.send(topic, partition, record, waiting)

    async def _send(self, client: AIOKafkaProducer, destination: Destination, records: Sequence[Outgoing]) -> None:
        """All records in order; one atomic batch unless they are larger than a batch may be."""
        topic = self._settings.prefix + destination.topic
        builder = client.create_batch()
        for record in records:
            if builder.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers)) is None:
                await (await client.send_batch(builder, topic, partition=destination.partition))
                builder = client.create_batch()
                builder.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
        await (await client.send_batch(builder, topic, partition=destination.partition))

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
