"""Waiting for somebody, on real servers: a lead waits, hours begin or a lead is closed, and it is theirs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import pytest_asyncio

from consumers.routing.consumer import routing_pools
from consumers.routing.hours import WEEKDAYS
from consumers.routing.waiting import count
from infra.documents import store as documents
from infra.kafka.folding import FoldStep
from infra.kafka.ports import Range, Record
from infra.kafka.reading import reader
from infra.settings import Settings
from schemas import topics
from tests.schemas.memory import Consuming
from tests.whole import Whole, whole

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

OWNER = "select owner from lead_list.leads where id = $1"
WAITS = "select exists(select from lead_list.leads where id = $1 and owner is null)"
NOBODY = """select exists(select from history.records
    where lead = $1 and event_type = 'lead.assigned.v1' and convert_from(value, 'UTF8')::jsonb->>'owner' is null)"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(settings: Settings) -> AsyncIterator[Whole]:
    async with whole(settings) as started:
        yield started


async def publish(app: Whole, kind: str, name: str, body: dict[str, Any]) -> None:
    has = app.system.has
    await documents.publish(has.pool, kind, name, body, actor="test", partitions=has.settings.kafka.partitions)
    await documents.send_pending(has.pool, has.producer)


async def team_of_one(app: Whole, person: str, body: dict[str, Any]) -> None:
    """The only one that leads are given to from here on."""
    await publish(app, "person", person, body)
    await publish(app, "team", "sales", {"members": [{"person": person}]})

    async def known() -> bool:
        found = await app.system.has.pool.fetchval("select body from routing_pools.states")
        return found is not None and [share["person"] for share in orjson.loads(found)["teams"]["sales"]["shares"]] == [person]

    await app.system.until(known, f"{person} is the team")


async def submitted(app: Whole, email: str) -> str:
    return await app.system.lead_of(await app.system.submit(email))


async def assigned(app: Whole, lead: str) -> list[dict[str, Any]]:
    rows = await app.system.has.pool.fetch(
        "select value from history.records where lead = $1 and event_type = 'lead.assigned.v1' order by \"offset\"", lead
    )
    return [orjson.loads(row["value"]) for row in rows]


async def test_a_lead_waits_until_somebodys_hours_begin(app: Whole) -> None:
    begins = (datetime.now(UTC) + timedelta(seconds=70)).replace(second=0, microsecond=0)
    if begins - datetime.now(UTC) < timedelta(seconds=15):
        begins += timedelta(minutes=1)
    hours = {WEEKDAYS[begins.weekday()]: [f"{begins:%H:%M}-24:00"]}
    await team_of_one(app, "dee", {"name": "Dee", "email": "dee@seller.example", "hours": hours})
    lead = await submitted(app, "early@engines.example")
    await app.system.until_value(True, NOBODY, lead)
    assert await app.system.has.pool.fetchval(WAITS, lead)
    (nobody,) = await assigned(app, lead)
    assert f"dee skipped: off hours until {begins:%H:%M} UTC" in nobody["path"]

    await asyncio.sleep(max(0.0, (begins - datetime.now(UTC)).total_seconds()))
    await app.system.until_value("dee", OWNER, lead)
    assert datetime.now(UTC) >= begins
    _, given = await assigned(app, lead)
    assert given["path"][1:] == ["waited until somebody was there", "dee: the only one there (0 leads before)"]


async def test_a_lead_waits_until_another_one_is_closed(app: Whole) -> None:
    await team_of_one(app, "eli", {"name": "Eli", "email": "eli@seller.example", "capacity": {"open_max": 1}})
    first = await submitted(app, "first@engines.example")
    await app.system.until_value("eli", OWNER, first)
    second = await submitted(app, "second@engines.example")
    await app.system.until_value(True, NOBODY, second)
    (nobody,) = await assigned(app, second)
    assert "eli skipped: 1 of 1 open" in nobody["path"]
    assert await count(app.system.has.pool) == {"sales": 1}

    answer = await app.call("POST", f"/leads/{first}/status", {"status": "won"})
    assert answer.status_code == 200, answer.text
    await app.system.until_value("eli", OWNER, second)
    assert await count(app.system.has.pool) == {"sales": 0}


async def test_read_again_the_same_records_come_to_the_same_pools(app: Whole) -> None:
    """After the tests above: every tick, request and change of load, folded anew in memory."""
    await app.system.settled()
    records: list[Record] = []
    async with reader(app.system.has.settings.kafka, topics.ROUTING) as log:
        async for batch in log.read({0: Range(0, (await log.ends())[0])}):
            records.extend(batch)
    again = Consuming(FoldStep(routing_pools), records_per_commit=3)
    await again.feed(records)
    rows = await app.system.has.pool.fetch("select key, body from routing_pools.states")
    assert again.store.states == {row["key"]: row["body"] for row in rows}
    timers = await app.system.has.pool.fetch("select key, name, due_ms from routing_pools.timers")
    assert again.store.timers == {(row["key"], row["name"]): row["due_ms"] for row in timers}
    assert any(("ce_type", b"routing.clock_ticked.v1") in record.headers for record in records)
