"""Consumers on a real Kafka: groups that share partitions, records that nobody should send, topics that are not the same."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from prometheus_client import generate_latest

from infra.kafka.polling import Polling
from infra.kafka.ports import LogUnavailable, Outgoing, TopicRemade
from infra.kafka.producer import Producer
from infra.kafka.subscriber import KafkaLog, SystemClock
from infra.settings import Settings
from infra.wiring import host
from schemas import topics as catalogue
from tests.conftest import settings_for
from tests.infra.kafka.test_producer import nowhere
from tests.submitting import publish, submission

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@asynccontextmanager
async def hosting(settings: Settings, *names: str) -> AsyncIterator[tuple[host.Base, asyncio.Task[None]]]:
    """A process of its own, as far as Kafka and PostgreSQL can tell."""
    stop = asyncio.Event()
    async with host.base(settings, "test") as has:
        task = asyncio.create_task(host.run_steps(has, host.consumer_steps(has, names), stop))
        try:
            yield has, task
        finally:
            stop.set()
            await asyncio.wait([task], timeout=20)


def owned(has: host.Base, consumer: str) -> set[int]:
    """Partitions that this process says it owns."""
    text = generate_latest(has.meters.registry).decode()
    pattern = rf'leadflow_partition_owned{{consumer="{consumer}",partition="(\d+)"}} 1\.0'
    return {int(number) for number in re.findall(pattern, text)}


async def until(what: Callable[[], bool | Awaitable[bool]], why: str, seconds: float = 40) -> None:
    give_up = time.monotonic() + seconds
    while True:
        true = what()
        if not isinstance(true, bool):
            true = await true
        if true:
            return
        assert time.monotonic() < give_up, why
        await asyncio.sleep(0.05)


@pytest_asyncio.fixture(loop_scope="session")
async def own(servers: Any, database: str, topics: Settings) -> AsyncIterator[Settings]:
    """The module's settings, with identity's tables empty."""
    yield settings_for(servers, database, topics.kafka.prefix)


async def test_partitions_move_to_who_joins_and_back_and_each_submission_is_decided_once(own: Settings) -> None:
    async with hosting(own, "identity") as (first, _):
        await until(lambda: owned(first, "identity") == set(range(6)), "the first has all")
        sent = []

        async def traffic() -> None:
            for number in range(120):
                made = await submission(first.keyring, f"p{number % 40}@moving.example")
                sent.append(made[0].submission_id)
                await publish(first.producer, 6, made)
                await asyncio.sleep(0.02)

        going = asyncio.create_task(traffic())
        async with hosting(own, "identity") as (second, _):
            await until(lambda: bool(owned(second, "identity")), "the second has some")
            await until(lambda: not owned(first, "identity") & owned(second, "identity"), "no partition is owned twice")
            await until(lambda: bool(owned(first, "identity")), "the first has kept some")
        await going
        await until(lambda: owned(first, "identity") == set(range(6)), "the first has all again")

        async def all_filed() -> bool:
            count = "select count(*) from identity.submissions where submission_id = any($1)"
            return await first.pool.fetchval(count, sent) == 120

        await until(all_filed, "all are filed")
        assert await first.pool.fetchval("select count(distinct lead) from identity.claims") == 40

        async def all_sent() -> bool:
            return not await first.pool.fetchval("select exists(select 1 from identity.outbox)")

        await until(all_sent, "all commands are sent")
        assert await first.pool.fetchval("select count(*) from dead_letters.letters") == 0


async def test_what_no_producer_of_ours_sends_is_a_dead_letter_and_the_partition_goes_on(own: Settings) -> None:
    topic = own.kafka.prefix + catalogue.SUBMISSIONS.name
    strange = AIOKafkaProducer(bootstrap_servers=own.kafka.bootstrap)
    await strange.start()
    for value, headers in (
        (None, []),
        (b"\xff", [("ce_type", b"submission.received.v1")]),
        (b"{}", [("ce_type", None)]),
        (b"{}", [("ce_type", b"\xff\xfe")]),
    ):
        await strange.send_and_wait(topic, value, key=b"k", headers=headers, partition=2)
    await strange.stop()
    async with hosting(own, "identity") as (has, _):
        made = await submission(has.keyring, None)
        while catalogue.partition(made[0].key(), 6) != 2:
            made = await submission(has.keyring, None)
        await publish(has.producer, 6, made)

        async def filed() -> bool:
            return await has.pool.fetchval(
                "select exists(select 1 from identity.submissions where submission_id = $1)", made[0].submission_id
            )

        await until(filed, "what comes behind them is decided")
        rows = await has.pool.fetch('select kind, reason from dead_letters.letters where partition = 2 order by "offset"')
        assert {row["kind"] for row in rows} == {"undecodable"}
        assert len(rows) == 3, "and the record of a type that nobody knows is nobody's"


async def test_a_topic_that_was_made_again_ends_the_process_with_a_sentence(own: Settings) -> None:
    async with host.base(own, "test") as has:
        await has.pool.execute("update identity.watermarks set topic_id = 'the one before' where partition = 1")
    try:
        async with hosting(own, "identity") as (has, task):
            with pytest.raises(TopicRemade, match=r"leads\.submissions was deleted and made again"):
                async with asyncio.timeout(30):
                    await task
    finally:
        async with host.base(own, "test") as has:
            await has.pool.execute(
                "update identity.watermarks set topic_id = (select topic_id from identity.watermarks where partition = 0)"
            )


async def test_lag_can_be_seen_from_outside(own: Settings) -> None:
    from aiokafka.admin import AIOKafkaAdminClient

    client = AIOKafkaAdminClient(bootstrap_servers=own.kafka.bootstrap)
    await client.start()
    try:
        async with hosting(own, "identity") as (has, _):

            async def committed() -> bool:
                rows = await has.pool.fetch("select partition, position from identity.watermarks")
                offsets = await client.list_consumer_group_offsets(f"{own.kafka.prefix}identity")
                found = {tp.partition: meta.offset for tp, meta in offsets.items()}
                return bool(rows) and {row["partition"]: row["position"] for row in rows if row["position"]} == {
                    number: offset for number, offset in found.items() if offset
                }

            await until(committed, "the group's offsets follow the watermarks")
    finally:
        await client.close()


async def test_a_topic_that_is_not_there_and_a_kafka_that_is_not_there_are_told_apart(own: Settings) -> None:
    async def nobody() -> None:
        raise AssertionError

    absent = own.kafka.model_copy(update={"prefix": "no.such."})
    with pytest.raises(
        LogUnavailable, match=r"the topic no\.such\.leads\.events does not exist; `leadflow topics apply` makes it"
    ):
        await KafkaLog(absent, "leads.events", Producer(absent), nobody).topic_id()
    with pytest.raises(LogUnavailable, match="Kafka does not say which topic this is"):
        await KafkaLog(nowhere(), "leads.events", Producer(nowhere()), nobody).topic_id()


async def test_a_partition_that_is_not_ours_any_more_can_be_paused_and_sought_without_harm(own: Settings) -> None:
    def gone() -> Any:
        raise ValueError("not started")

    log = KafkaLog(own.kafka, "leads.events", Producer(own.kafka), gone)
    log.pause(0)
    log.resume(0)
    await log.seek(0, 5)
    assert (log.partitions("leads.events"), log.partitions("leads.routing")) == (6, 1)


async def test_the_clock_is_the_machines() -> None:
    assert abs(SystemClock().now_ms() - time.time() * 1000) < 1000


async def test_the_broker_gathers_only_while_records_are_coming(own: Settings) -> None:
    """aiokafka's fetcher is set anew between polls: its fields are private, and have to be where they were."""
    consumer = AIOKafkaConsumer(
        own.kafka.prefix + catalogue.COMMANDS.name, bootstrap_servers=own.kafka.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    polling = Polling(breath_ms=300)
    try:
        while await polling(consumer):
            continue  # what other tests left
        async with host.base(own, "test") as has:
            await has.producer.publish(catalogue.ACTIVITIES, 0, Outgoing(b"first", (), b"{}"))  # connects
            sent = time.monotonic()
            await has.producer.publish(catalogue.COMMANDS, 0, Outgoing(b"a", (), b"{}"))
            assert [record.key for record in await polling(consumer)] == [b"a"]
            assert time.monotonic() - sent < 0.25, "who comes after a pause is not kept waiting"
            for partition in range(3):
                await has.producer.publish(catalogue.COMMANDS, partition, Outgoing(b"b", (), b"{}"))
            assert len(await polling(consumer)) == 3, "what comes right behind is gathered, of all partitions"
    finally:
        await consumer.stop()
