"""Versions of documents on their way into every partition, with a publisher that fails and one that runs twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from infra.documents import store
from infra.kafka.ports import LogUnavailable, Outgoing
from infra.kafka.publisher import Position
from infra.postgres.pool import open_pool
from schemas import topics
from schemas.commands import PublishDocument
from schemas.envelope import Envelope
from schemas.topics import Topic

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


class Partitions:
    """The log in memory. Takes `patience` records, then it is away."""

    def __init__(self, patience: int = 1_000) -> None:
        self.patience = patience
        self.records: list[tuple[int, Outgoing]] = []

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        assert topic is topics.COMMANDS
        if self.patience == 0:
            raise LogUnavailable("Kafka is away")
        self.patience -= 1
        self.records.append((partition, record))
        return Position(partition, len(self.records))

    @property
    def seen(self) -> list[tuple[int, str, int]]:
        """(partition, name, version) in order."""
        bodies = [(number, PublishDocument.model_validate_json(record.value)) for number, record in self.records]
        assert all(number == body.partition for number, body in bodies)
        return [(number, body.name, body.version) for number, body in bodies]


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(database, name="test", size=4)
    await opened.execute("truncate documents.versions")
    yield opened
    await opened.close()


async def publish(pool: asyncpg.Pool, body: dict[str, Any], name: str = "sales", partitions: int = 3) -> int:
    return await store.publish(pool, "team", name, body, actor="ann", partitions=partitions)


async def test_versions_are_counted_by_name_and_an_unchanged_body_is_no_new_one(pool: asyncpg.Pool) -> None:
    assert [await publish(pool, body) for body in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2}, {"a": 1, "b": 2})] == [
        1,
        1,
        2,
        3,
    ]
    assert await publish(pool, {"a": 1}, name="other") == 1


async def test_two_who_publish_at_once_get_two_versions(pool: asyncpg.Pool) -> None:
    assert sorted(await asyncio.gather(*(publish(pool, {"by": number}) for number in range(4)))) == [1, 2, 3, 4]


async def test_the_newest_version_of_each_name_is_known(pool: asyncpg.Pool) -> None:
    for body in ({"a": 1}, {"a": 2}):
        await publish(pool, body)
    await publish(pool, {"b": 1}, name="other")
    found = await store.latest(pool, "team")
    assert found == {"sales": store.Version("team", "sales", 2, {"a": 2}), "other": store.Version("team", "other", 1, {"b": 1})}
    assert await store.latest(pool, "person") == {}


async def test_every_partition_is_sent_every_version_in_order(pool: asyncpg.Pool) -> None:
    for body in ({"a": 1}, {"a": 2}):
        await publish(pool, body)
    log = Partitions()
    assert await store.send_pending(pool, log) == 6
    assert log.seen == [(number, "sales", version) for version in (1, 2) for number in range(3)]
    assert await store.send_pending(pool, log) == 0
    body = PublishDocument.model_validate_json(log.records[-1][1].value)
    assert (body.kind, body.body, body.actor) == ("team", {"a": 2}, "ann")


async def test_a_publisher_that_dies_half_way_goes_on_where_it_stopped(pool: asyncpg.Pool) -> None:
    await publish(pool, {"a": 1})
    first, second = Partitions(patience=2), Partitions()
    with pytest.raises(LogUnavailable):
        await store.send_pending(pool, first)
    assert await store.send_pending(pool, second) == 1
    assert sorted(first.seen + second.seen) == [(number, "sales", 1) for number in range(3)]


async def test_a_publisher_that_runs_twice_sends_the_same_ids(pool: asyncpg.Pool) -> None:
    await publish(pool, {"a": 1})
    log = Partitions()
    await asyncio.gather(store.send_pending(pool, log), store.send_pending(pool, log))
    ids: dict[int, set[str]] = {}
    for number, record in log.records:
        ids.setdefault(number, set()).add(Envelope.read(record.headers).id)
    assert set(ids) == {0, 1, 2}
    assert all(len(same) == 1 for same in ids.values())
    assert len(set.union(*ids.values())) == 3, "each partition's marker is a record of its own"
    assert await pool.fetchval("select pending from documents.versions") == []


async def test_what_was_acknowledged_before_its_mark_was_cleared_is_sent_again_not_lost(pool: asyncpg.Pool) -> None:
    class DiesAfterTheAcknowledgement(Partitions):
        async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
            await super().publish(topic, partition, record)
            raise asyncio.CancelledError

    await publish(pool, {"a": 1}, partitions=1)
    log = DiesAfterTheAcknowledgement()
    with pytest.raises(asyncio.CancelledError):
        await store.send_pending(pool, log)
    again = Partitions()
    assert await store.send_pending(pool, again) == 1
    assert again.records == log.records


async def test_the_job_waits_for_a_log_that_is_away_and_stops_when_told(pool: asyncpg.Pool) -> None:
    await publish(pool, {"a": 1})
    log, stop = Partitions(patience=1), asyncio.Event()
    job = asyncio.create_task(store.keep_sending(pool, log, stop))
    async with asyncio.timeout(10):
        while log.patience:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        log.patience = 100
        while len(log.records) < 3:
            await asyncio.sleep(0.02)
        stop.set()
        await job
    assert log.seen == [(number, "sales", 1) for number in range(3)]
