"""Appending to a real Kafka: in order, in bounded time and memory."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from confluent_kafka import KafkaError

from infra.kafka import singles
from infra.kafka.ports import Destination, LogUnavailable, Outgoing, Range
from infra.kafka.producer import Producer
from infra.kafka.publisher import Position
from infra.kafka.reading import reader
from infra.settings import Kafka, Settings
from schemas import topics as catalogue

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

TOPIC = catalogue.ACTIVITIES


def record(text: bytes, key: bytes | None = None) -> Outgoing:
    return Outgoing(key, (("ce_id", b"1"),), text)


def nowhere(**more: float) -> Kafka:
    """Settings of a Kafka that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Kafka(bootstrap=f"127.0.0.1:{port}", publish_timeout_seconds=1.0, **more)


@pytest_asyncio.fixture(loop_scope="session")
async def producer(topics: Settings) -> AsyncIterator[Producer]:
    made = Producer(topics.kafka)
    yield made
    await made.stop()


async def kept(settings: Settings, partition: int, since: int = 0) -> list[bytes]:
    async with reader(settings.kafka, TOPIC) as log:
        end = (await log.ends())[partition]
        return [one.value async for batch in log.read({partition: Range(since, end)}) for one in batch]


async def test_each_record_is_acknowledged_with_its_place_and_keeps_its_order(producer: Producer, topics: Settings) -> None:
    sent = [(number % 3, b"%d" % number) for number in range(600)]
    positions = await asyncio.gather(*(producer.publish(TOPIC, partition, record(text)) for partition, text in sent))
    for number in range(3):
        mine = [(position, text) for position, (partition, text) in zip(positions, sent, strict=True) if partition == number]
        assert [position for position, _ in mine] == [Position(number, offset) for offset in range(200)]
        assert await kept(topics, number) == [text for _, text in mine]
    assert producer.pending_bytes == 0


async def test_many_records_are_acknowledged_together_each_with_its_place(producer: Producer, topics: Settings) -> None:
    async with reader(topics.kafka, TOPIC) as log:
        ends = await log.ends()
    sent = [(number % 3, b"many %d" % number) for number in range(300)]

    positions = await producer.publish_all(TOPIC, [(partition, record(text)) for partition, text in sent])

    assert positions == [Position(number % 3, ends[number % 3] + number // 3) for number in range(300)]
    for number in range(3):
        assert await kept(topics, number, ends[number]) == [text for partition, text in sent if partition == number]
    assert producer.pending_bytes == 0


async def test_many_records_of_which_one_is_not_acknowledged_are_refused_in_bounded_time() -> None:
    away = Producer(nowhere())
    async with asyncio.timeout(5):
        with pytest.raises(LogUnavailable):
            await away.publish_all(TOPIC, [(number % 3, record(b"x")) for number in range(30)])
    assert away.pending_bytes == 0
    small = Producer(nowhere(), pending_bytes_max=1024)
    async with asyncio.timeout(5):
        with pytest.raises(LogUnavailable):
            await small.publish_all(TOPIC, [(number % 3, record(b"x" * 300)) for number in range(30)])
    assert small.pending_bytes == 0
    await away.stop()
    await small.stop()


async def test_many_of_which_nobody_waits_any_more_are_told_to_nobody(producer: Producer, topics: Settings) -> None:
    async with reader(topics.kafka, TOPIC) as log:
        since = (await log.ends())[0]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0):
            await producer.publish_all(TOPIC, [(0, record(b"gave up")) for _ in range(3)])
    await producer.publish(TOPIC, 0, record(b"waited"))
    assert (await kept(topics, 0, since))[-1] == b"waited"
    assert producer.pending_bytes == 0
    assert await producer.publish_all(TOPIC, []) == []


async def test_whoever_waits_in_its_own_way_is_told_once(producer: Producer) -> None:
    class Told:
        def __init__(self) -> None:
            self.told: list[object] = []

        def done(self) -> bool:
            return False

        def set_result(self, position: Position) -> None:
            self.told.append(position)

        def set_exception(self, away: LogUnavailable) -> None:
            self.told.append(away)

    stored, refused = Told(), Told()
    producer.send(TOPIC, 1, record(b"x"), stored)
    await producer.publish(TOPIC, 1, record(b"y"))
    assert [type(told) for told in stored.told] == [Position]
    away = Producer(nowhere())
    away.send(TOPIC, 1, record(b"x"), refused)
    with pytest.raises(LogUnavailable):
        await away.publish(TOPIC, 1, record(b"y"))
    assert [type(told) for told in refused.told] == [LogUnavailable]
    await away.stop()


async def test_records_go_with_their_key_and_headers_at_the_brokers_time(producer: Producer, topics: Settings) -> None:
    before = time.time() * 1000
    position = await producer.publish(TOPIC, 3, Outgoing(b"key", (("ce_id", b"1"), ("traceparent", "é".encode())), b"{}"))
    async with reader(topics.kafka, TOPIC) as log:
        (batch,) = [batch async for batch in log.read({3: Range(position.offset, position.offset + 1)})]
    (found,) = batch
    assert (found.key, list(found.headers), found.value) == (b"key", [("ce_id", b"1"), ("traceparent", "é".encode())], b"{}")
    assert before - 5000 < found.recorded_ms < before + 60_000
    assert str(position) == f"3-{position.offset}"


async def test_an_outbox_row_is_appended_to_several_destinations(producer: Producer, topics: Settings) -> None:
    batches = [(Destination(TOPIC.name, number), [record(b"a%d" % number), record(b"b%d" % number)]) for number in (4, 5)]
    await producer.append(batches)
    assert [await kept(topics, number) for number in (4, 5)] == [[b"a4", b"b4"], [b"a5", b"b5"]]


async def test_more_than_one_batch_can_hold_and_a_record_larger_than_a_batch_keep_their_order(
    producer: Producer, topics: Settings
) -> None:
    texts = [b"first", *(os.urandom(600_000) for _ in range(4)), os.urandom(3 * 1024 * 1024), b"last"]
    async with reader(topics.kafka, TOPIC) as log:
        since = (await log.ends())[5]
    await producer.append([(Destination(TOPIC.name, 5), [record(text) for text in texts])])
    assert await kept(topics, 5, since) == texts


async def test_without_kafka_a_record_is_refused_in_bounded_time_and_takes_no_memory() -> None:
    producer = Producer(nowhere())
    started = time.monotonic()
    refused = await asyncio.gather(
        *(producer.publish(TOPIC, number % 2, record(b"x" * 1000)) for number in range(50)), return_exceptions=True
    )
    assert time.monotonic() - started < 15
    assert all(isinstance(each, LogUnavailable) for each in refused)
    assert producer.pending_bytes == 0
    with pytest.raises(LogUnavailable):
        await producer.append([(Destination(TOPIC.name, 0), [record(b"x")])])
    await producer.stop()


async def test_what_does_not_fit_into_memory_is_refused_at_once(topics: Settings) -> None:
    producer = Producer(topics.kafka, pending_bytes_max=10_000)
    first = asyncio.create_task(producer.publish(TOPIC, 0, record(b"x" * 8000)))
    await asyncio.sleep(0)
    with pytest.raises(LogUnavailable, match="bytes wait for Kafka already"):
        await producer.publish(TOPIC, 1, record(b"x" * 8000))
    await first
    assert isinstance(await producer.publish(TOPIC, 1, record(b"x" * 8000)), Position)
    await producer.stop()


async def test_after_a_failure_one_record_tries_and_all_others_are_refused_at_once(
    topics: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(singles, "TROUBLED_SECONDS", 0.2)
    made = Producer(nowhere().model_copy(update={"prefix": topics.kafka.prefix}))
    with pytest.raises(LogUnavailable):
        await made.publish(TOPIC, 0, record(b"1"))
    began = time.monotonic()
    with pytest.raises(LogUnavailable, match="tried again"):
        await made.publish(TOPIC, 0, record(b"2"))
    await asyncio.sleep(0.2)
    made._singles._settings = topics.kafka
    made._singles._close()
    trying = asyncio.create_task(made.publish(TOPIC, 0, record(b"3")))
    await asyncio.sleep(0)
    with pytest.raises(LogUnavailable, match="tried again"):
        await made.publish(TOPIC, 0, record(b"4"))
    assert time.monotonic() - began < 0.5, "neither waited"
    await trying
    await asyncio.gather(*(made.publish(TOPIC, 0, record(b"6")) for _ in range(20)))
    await made.stop()


@pytest.mark.parametrize("in_flight", [False, True])
async def test_stopping_answers_whoever_waits(in_flight: bool) -> None:
    producer = Producer(nowhere())
    waiting = [asyncio.create_task(producer.publish(TOPIC, 0, record(b"x"))) for _ in range(3)]
    await asyncio.sleep(0.05 if in_flight else 0)
    async with asyncio.timeout(10):
        await producer.stop()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(answer, LogUnavailable) for answer in answers)
    assert producer.pending_bytes == 0


async def test_a_topic_that_does_not_exist_is_an_outage_and_the_next_record_goes_through(topics: Settings) -> None:
    hasty = Producer(topics.kafka.model_copy(update={"publish_timeout_seconds": 2.0}))
    with pytest.raises(LogUnavailable):
        await hasty.append([(Destination("no.such.topic", 0), [record(b"x")])])
    assert isinstance(await hasty.publish(TOPIC, 0, record(b"y")), Position)
    await hasty.stop()


async def test_whoever_gave_up_waiting_is_told_nothing(producer: Producer) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0):
            await producer.publish(TOPIC, 2, record(b"gave up"))
    await producer.publish(TOPIC, 2, record(b"waited"))
    assert producer.pending_bytes == 0


async def test_a_client_that_can_go_on_no_more_is_replaced(producer: Producer) -> None:
    first = await producer.publish(TOPIC, 4, record(b"1"))
    singles_ = producer._singles
    client = singles_._client
    assert client is not None
    waiting = asyncio.create_task(producer.publish(TOPIC, 4, record(b"2")))
    await asyncio.sleep(0)
    singles_._heard(KafkaError(KafkaError._FATAL, "sequence lost", True))
    with pytest.raises(LogUnavailable, match="replaced"):
        await producer.publish(TOPIC, 5, record(b"2"))
    with pytest.raises(LogUnavailable):
        await waiting
    await asyncio.sleep(singles.TROUBLED_SECONDS)
    assert (await producer.publish(TOPIC, 4, record(b"3"))).offset > first.offset
    assert singles_._client is not client
    assert producer.pending_bytes == 0


async def test_a_record_that_is_too_large_for_any_topic_is_refused_and_disturbs_no_other(producer: Producer) -> None:
    with pytest.raises(LogUnavailable, match="does not take it"):
        await producer.publish(TOPIC, 0, record(b"x" * (singles.REQUEST_BYTES_MAX + 1)))
    assert producer.pending_bytes == 0
    assert isinstance(await producer.publish(TOPIC, 0, record(os.urandom(3 * 1024 * 1024))), Position)


async def test_who_connects_beforehand_publishes_over_that_connection(producer: Producer) -> None:
    producer.connect()
    client = producer._singles._client
    assert client is not None
    await producer.publish(TOPIC, 0, record(b"x"))
    producer.connect()
    assert producer._singles._client is client
