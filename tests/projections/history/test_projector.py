from dataclasses import replace

import asyncpg
import orjson
import pytest
import pytest_asyncio

from projections.history import model
from projections.history.projector import Projector, projection
from tests.projections.builders import ADA, LogOfFacts, ada, captured, marker, scored

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def connection(database):
    found = await asyncpg.connect(database)
    yield found
    await found.execute("truncate history.records")
    await found.close()


async def test_every_record_is_kept_as_it_was_published(connection):
    log = LogOfFacts(2)
    log.add(captured(), ada())
    log.add(marker())
    log.add(scored(ADA, 5), source="scoring")
    log.add(None, lead=ADA)
    async with connection.transaction():
        await projection().apply(connection, log.batch())
    rows = await connection.fetch('select * from history.records order by "offset"')
    assert [(row["lead"], row["event_type"], row["source"]) for row in rows] == [
        (ADA, "lead.captured.v1", "leads"),
        (None, "document.published.v1", "leads"),
        (ADA, "lead.scored.v1", "scoring"),
        (ADA, "pipe.burst.v9", "leads"),
    ]
    for row, item in zip(rows, log.records, strict=True):
        assert row["value"] == item.record.value
        assert [(name, value.encode()) for name, value in orjson.loads(row["headers"])] == list(item.record.headers)
        assert (row["partition"], row["offset"], row["event_id"]) == (2, item.record.offset, item.envelope.id)
        assert (row["origin"], row["cause_offset"]) == (item.envelope.origin, item.envelope.sequence.offset)
        assert row["occurred_at"] == item.envelope.occurred_at
        assert row["recorded_at"] == log.at(item.record.offset)


async def test_the_time_of_a_partition_never_steps_back(connection):
    log = LogOfFacts()
    log.add(captured(), ada())
    log.add(scored(ADA, 1), source="scoring")
    batch = log.batch()
    early = batch.records[1].record._replace(recorded_ms=batch.records[0].record.recorded_ms - 60_000)
    batch.records[1] = replace(batch.records[1], record=early)
    projector = Projector()
    for item in batch.records:
        async with connection.transaction():
            await projector.apply(connection, type(batch)([item]))
    rows = await connection.fetch("select recorded_at from history.records")
    assert [row["recorded_at"] for row in rows] == [log.at(0)] * 2


async def test_it_can_be_built_beside_the_live_one(connection):
    await model.create(connection, "history_next")
    log = LogOfFacts()
    log.add(captured(), ada())
    made = projection(schema="history_next")
    assert (made.name, made.schema, made.opens) == ("history", "history_next", False)
    async with connection.transaction():
        await made.apply(connection, log.batch())
    assert await connection.fetchval("select count(*) from history_next.records") == 1
    assert await connection.fetchval("select count(*) from history.records") == 0
    await connection.execute("drop schema history_next cascade")
