"""Reading a topic from anywhere to anywhere, without a group: whoever reads here disturbs no consumer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from infra.kafka import admin
from infra.kafka.connecting import arguments
from infra.kafka.ports import LogUnavailable, Open, Range, Reader, Record, from_ms, record_of
from infra.settings import Kafka
from schemas.topics import CATALOGUE, Topic

RECORDS_PER_POLL_MAX = 2000
POLL_MS = 200
BROKERS_APART_MS = 60_000
"""How much brokers' clocks may differ, among each other and from the store's."""

Ends = dict[tuple[str, int], int]
"""The next offset to be written, by topic id and partition."""


class KafkaReader:
    """Partitions assigned by hand. Implements ports.Reader."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, numbers: Sequence[int]) -> None:
        self._consumer, self._topic = consumer, topic
        self.numbers = tuple(numbers)

    async def ends(self) -> dict[int, int]:
        """The next offset to be written, by partition."""
        found = await self._consumer.end_offsets([self._tp(number) for number in self.numbers])
        return {tp.partition: offset for tp, offset in found.items()}

    async def beginnings(self) -> dict[int, int]:
        """The first offset still kept, by partition."""
        found = await self._consumer.beginning_offsets([self._tp(number) for number in self.numbers])
        return {tp.partition: offset for tp, offset in found.items()}

    async def at(self, moment: datetime) -> dict[int, int]:
        """The first offset recorded at or after `moment`; the end where there is none."""
        asked = {self._tp(number): round(moment.timestamp() * 1000) for number in self.numbers}
        found = await self._consumer.offsets_for_times(asked)
        ends = await self.ends()
        return {tp.partition: ends[tp.partition] if at is None else at.offset for tp, at in found.items()}

    def seek(self, starts: Mapping[int, int]) -> None:
        """Read on from these offsets."""
        for number, offset in starts.items():
            self._consumer.seek(self._tp(number), offset)

    async def poll(self) -> dict[int, list[Record]]:
        """What is there, by partition; empty after POLL_MS without news."""
        found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_PER_POLL_MAX)
        return {tp.partition: [record_of(raw) for raw in records] for tp, records in found.items()}

    async def read(self, ranges: Mapping[int, Range]) -> AsyncIterator[list[Record]]:
        """Batches in each partition's order until every range with an end is read; without one it goes on for ever."""
        position = {number: range_.start for number, range_ in ranges.items()}
        self.seek(position)
        while any(range_.end is None or position[number] < range_.end for number, range_ in ranges.items()):
            for number, records in (await self.poll()).items():
                if number not in ranges:
                    continue
                end = ranges[number].end
                wanted = [r for r in records if r.offset >= position[number] and (end is None or r.offset < end)]
                if records:
                    position[number] = max(position[number], records[-1].offset + 1)
                if wanted:
                    yield wanted

    def _tp(self, number: int) -> TopicPartition:
        return TopicPartition(self._topic, number)


@asynccontextmanager
async def reader(settings: Kafka, topic: Topic) -> AsyncIterator[KafkaReader]:
    """Raises LogUnavailable if the topic does not exist, KafkaError if Kafka can't be reached."""
    name = settings.prefix + topic.name
    if name not in await admin.topic_ids(settings, [name]):
        raise LogUnavailable(f"the topic {name} does not exist; `leadflow topics apply` makes it")
    consumer = AIOKafkaConsumer(
        **arguments(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_bytes=16 * 1024 * 1024,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        check_crcs=False,
    )
    await consumer.start()
    try:
        numbers = range(topic.partitions(settings.partitions))
        consumer.assign([TopicPartition(name, number) for number in numbers])
        await asyncio.sleep(0)  # aiokafka can't stop a task of its own that has not begun
        yield KafkaReader(consumer, name, numbers)
    finally:
        await consumer.stop()


@asynccontextmanager
async def ends_of(
    settings: Kafka, wanted: Sequence[Topic]
) -> AsyncIterator[tuple[dict[str, str], Callable[[], Awaitable[Ends]]]]:
    """Ids of topics by their whole names, and who says, as often as asked, where they end. Every failure is LogUnavailable."""
    names = {settings.prefix + topic.name: topic for topic in wanted}
    try:
        ids = await admin.topic_ids(settings, list(names))
        consumer = AIOKafkaConsumer(**arguments(settings), enable_auto_commit=False)
        await consumer.start()
    except (TimeoutError, KafkaError, OSError) as away:
        raise LogUnavailable(f"Kafka can't be read: {type(away).__name__}") from away
    places = [TopicPartition(name, number) for name in ids for number in range(names[name].partitions(settings.partitions))]

    async def ends() -> Ends:
        try:
            async with asyncio.timeout(settings.publish_timeout_seconds):
                found = await consumer.end_offsets(places)
        except (TimeoutError, KafkaError, OSError) as away:
            raise LogUnavailable(f"Kafka does not say where topics end: {type(away).__name__}") from away
        return {(ids[tp.topic], tp.partition): offset for tp, offset in found.items()}

    try:
        consumer.assign(places)
        consumer.pause(*places)  # only asked, never read
        await asyncio.sleep(0)  # aiokafka can't stop a task of its own that has not begun
        yield ids, ends
    finally:
        await consumer.stop()


def opener(settings: Kafka) -> Open:
    """Readers whose every failure is LogUnavailable."""

    @asynccontextmanager
    async def opened(topic: str) -> AsyncIterator[Reader]:
        try:
            async with reader(settings, CATALOGUE[topic]) as found:
                yield found
        except (TimeoutError, KafkaError, OSError) as away:
            raise LogUnavailable(f"Kafka can't be read: {type(away).__name__}") from away

    return opened


async def written(open_: Open, topic: Topic, since_ms: int) -> AsyncIterator[Sequence[Record]]:
    """What a topic has from then until now, and a little of before: each partition's batches in its order."""
    async with open_(topic.name) as log:
        starts, ends = await log.at(from_ms(max(0, since_ms - BROKERS_APART_MS))), await log.ends()
        ranges = {number: Range(starts[number], ends[number]) for number in log.numbers if starts[number] < ends[number]}
        async for records in log.read(ranges):
            yield records
