"""What leads do, and what comes of mail to them, in the list."""

from datetime import timedelta

import asyncpg
import orjson
import pytest
import pytest_asyncio

from projections.lead_list import model
from projections.lead_list.projector import Projector
from tests.projections.builders import ADA, START, LogOfFacts, activity, ada, captured, planned, recorded, updated

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def connection(database):
    found = await asyncpg.connect(database)
    yield found
    for table in ("leads", "companies", "counters", "erased", *model.LEAD_TABLES):
        await found.execute(f"delete from lead_list.{table}")
    await found.close()


async def write(connection, log, projector=None):
    async with connection.transaction():
        await (projector or Projector()).apply(connection, log.batch())


async def test_a_message_says_what_came_of_it_first(connection):
    log = LogOfFacts()
    log.add(captured(ADA), ada())
    log.add(planned(ADA))
    log.add(recorded(ADA))
    await write(connection, log)
    log.add(activity(ADA, "opened", "message-1", occurred_at=START + timedelta(hours=2)))
    log.add(activity(ADA, "opened", "message-1", occurred_at=START + timedelta(hours=1)))
    await write(connection, log)
    log.add(activity(ADA, "opened", "message-1", occurred_at=START + timedelta(hours=3)))
    log.add(activity(ADA, "clicked", "message-1", occurred_at=START + timedelta(hours=3)))
    log.add(activity(ADA, "clicked"))
    log.add(activity(ADA, "complained", "message-1"))
    await write(connection, log)
    (row,) = await connection.fetch("select * from lead_list.messages")
    assert (row["opened_at"], row["clicked_at"]) == (START + timedelta(hours=1), START + timedelta(hours=3))
    assert (row["delivered_at"], row["bounced_at"], row["replied_at"], row["outcome"]) == (None, None, None, "sent")


async def test_what_a_lead_does_is_news_and_no_change_of_the_lead(connection):
    log, told = LogOfFacts(), []

    async def tell(messages):
        told.extend(orjson.loads(message) for message in messages)

    projector = Projector(announce=tell)
    log.add(captured(ADA), ada())
    await write(connection, log, projector)
    before = await connection.fetch("select * from lead_list.leads")
    log.add(activity(ADA))
    batch = log.batch()
    async with connection.transaction():
        await projector.apply(connection, batch)
    await projector.after_commit(batch)
    assert await connection.fetch("select * from lead_list.leads") == before
    assert [(one["lead"], one["types"]) for one in told] == [(ADA, ["activity.recorded.v1"])]


async def test_a_consent_that_was_taken_back_is_taken_back(connection):
    log = LogOfFacts()
    log.add(captured(ADA, consents={"mail": True, "calls": True}), ada())
    log.add(updated(ADA, ["consents"], consents={"mail": False}))
    await write(connection, log)
    rows = await connection.fetch("select purpose, given from lead_list.consents order by purpose")
    assert [tuple(row) for row in rows] == [("calls", True), ("mail", False)]
