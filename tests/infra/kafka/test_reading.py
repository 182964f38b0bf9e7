"""Reading a topic from anywhere to anywhere, beside whoever consumes it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from aiokafka.errors import KafkaError

from infra.kafka.ports import LogUnavailable, Outgoing, Range, Reader
from infra.kafka.producer import Producer
from infra.kafka.reading import reader
from infra.settings import Settings
from schemas.topics import ACTIVITIES, ROUTING
from tests.infra.kafka.test_producer import nowhere

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def producer(topics: Settings) -> AsyncIterator[Producer]:
    made = Producer(topics.kafka)
    for number in range(3):
        for nth in range(5):
            await made.publish(ACTIVITIES, number, Outgoing(b"k", (), b"%d.%d" % (number, nth)))
    yield made
    await made.stop()


async def values(log: Reader, ranges: Mapping[int, Range]) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    async with asyncio.timeout(20):
        async for batch in log.read(ranges):
            assert len({record.partition for record in batch}) == 1
            found.setdefault(batch[0].partition, []).extend(record.value for record in batch)
    return found


async def test_a_topic_has_a_beginning_and_an_end_in_every_partition(producer: Producer, topics: Settings) -> None:
    async with reader(topics.kafka, ACTIVITIES) as log:
        assert log.numbers == tuple(range(6))
        assert await log.beginnings() == dict.fromkeys(range(6), 0)
        assert await log.ends() == {0: 5, 1: 5, 2: 5, 3: 0, 4: 0, 5: 0}
    async with reader(topics.kafka, ROUTING) as log:
        assert log.numbers == (0,)


async def test_only_what_is_in_the_ranges_is_read(producer: Producer, topics: Settings) -> None:
    async with reader(topics.kafka, ACTIVITIES) as log:
        ranges = {0: Range(1, 3), 1: Range(4, 5), 2: Range(2, 2), 3: Range(0, 0)}
        assert await values(log, ranges) == {0: [b"0.1", b"0.2"], 1: [b"1.4"]}


async def test_the_same_reader_reads_again(producer: Producer, topics: Settings) -> None:
    async with reader(topics.kafka, ACTIVITIES) as log:
        for _ in range(2):
            assert await values(log, {2: Range(3, 5)}) == {2: [b"2.3", b"2.4"]}


async def test_a_partition_without_an_end_is_read_for_ever(producer: Producer, topics: Settings) -> None:
    async with reader(topics.kafka, ACTIVITIES) as log:
        batches = log.read({5: Range(0, None)})
        waiting = asyncio.create_task(anext(batches))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await producer.publish(ACTIVITIES, 5, Outgoing(None, (), b"news"))
        async with asyncio.timeout(10):
            assert [record.value for record in await waiting] == [b"news"]
        await batches.aclose()


async def test_a_moment_is_an_offset_in_every_partition(producer: Producer, topics: Settings) -> None:
    async with reader(topics.kafka, ACTIVITIES) as log:
        assert await log.at(datetime(2020, 1, 1, tzinfo=UTC)) == dict.fromkeys(log.numbers, 0)
        ends = await log.ends()
        await asyncio.sleep(0.05)
        now = datetime.now(UTC)
        await asyncio.sleep(0.05)
        position = await producer.publish(ACTIVITIES, 4, Outgoing(None, (), b"later"))
        found = await log.at(now)
        assert found == ends | {4: position.offset}
        assert await log.at(now + timedelta(days=1)) == await log.ends()


async def test_a_record_without_a_value_has_an_empty_one(topics: Settings) -> None:
    from aiokafka import AIOKafkaProducer

    strange = AIOKafkaProducer(bootstrap_servers=topics.kafka.bootstrap)
    await strange.start()
    await strange.send_and_wait(topics.kafka.prefix + ROUTING.name, None, key=b"k", partition=0)
    await strange.stop()
    async with reader(topics.kafka, ROUTING) as log:
        assert await values(log, {0: Range(0, 1)}) == {0: [b""]}


async def test_a_topic_that_is_not_there_and_a_kafka_that_is_not_there_are_told_apart(topics: Settings) -> None:
    absent = topics.kafka.model_copy(update={"prefix": "no.such."})
    with pytest.raises(LogUnavailable, match=r"no\.such\.leads\.activities does not exist"):
        async with reader(absent, ACTIVITIES):
            pass
    with pytest.raises(KafkaError):
        async with reader(nowhere(), ACTIVITIES):
            pass


async def test_whoever_fails_while_reading_hears_of_that_failure(topics: Settings) -> None:
    with pytest.raises(ZeroDivisionError):
        async with reader(topics.kafka, ACTIVITIES):
            raise ZeroDivisionError
