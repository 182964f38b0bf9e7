"""The whole way of activity on real servers: leads.activities -> identity.activities -> leads -> scoring and read models."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from infra.activities.publishing import ActivityWriter, NewActivity
from infra.settings import Settings
from schemas.activities import ActivityDetails
from schemas.person import Source
from tests.needing import needs
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
SITE = Source(vendor="tracking", source_id="site")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(settings: Settings) -> AsyncIterator[System]:
    async with running(settings) as started:
        yield started


async def publish(system: System, *activities: NewActivity) -> None:
    has = system.has
    await ActivityWriter(has.keyring, has.producer, has.settings.kafka.partitions).publish(activities)


def view(visitor: str, path: str) -> NewActivity:
    url = f"https://shop.example{path}?mail=secret"
    at = datetime.now(UTC)
    return NewActivity(f"{visitor}{path}", "page_view", at, SITE, visitor=visitor, url=url, person=ActivityDetails(title=path))


def news(kind: Any, email: str, **more: Any) -> NewActivity:
    return NewActivity(f"{kind}{email}", kind, datetime.now(UTC), SITE, email=email, **more)


async def recorded(system: System, lead: str) -> list[str]:
    rows = await system.has.pool.fetch(
        """select event_type from history.records where lead = $1 and event_type in ('lead.captured.v1', 'activity.recorded.v1')
           order by "offset" """,
        lead,
    )
    return [row["event_type"] for row in rows]


@needs("scoring")
async def test_what_somebody_saw_before_and_after_the_form_stands_in_their_history_and_counts(system: System) -> None:
    visitor = "visitor-of-the-whole-way"
    await publish(system, view(visitor, "/a"), view(visitor, "/pricing"))
    await system.settled()
    assert await system.has.pool.fetchval("select count(*) from identity.held_activities") == 2
    lead = await system.lead_of(await system.submit("seen@engines.example", visitor=visitor))
    await publish(system, view(visitor, "/b"), view(visitor, "/a"))
    await system.settled()
    assert await recorded(system, lead) == ["lead.captured.v1", *["activity.recorded.v1"] * 3]
    assert await system.has.pool.fetchval("select count(*) from identity.held_activities") == 0
    scored = await system.has.pool.fetchval("select body from scoring.states where key = $1", lead)
    assert b"pricing_page" in scored
    version = "select version from lead_list.leads where id = $1"
    before = await system.has.pool.fetchval(version, lead)
    await publish(system, view(visitor, "/c"))
    await system.settled()
    assert len(await recorded(system, lead)) == 5
    assert await system.has.pool.fetchval(version, lead) == before, "what a lead does is no edit"


@needs("communication")
async def test_a_mail_says_what_came_of_it_and_who_unsubscribes_gets_no_more(system: System) -> None:
    lead = await system.lead_of(await system.submit("reader@engines.example"))
    await system.until_value(1, "select count(*) from lead_list.messages where lead = $1 and template = 'acknowledgement'", lead)
    planned = "select id from effects.effects where lead = $1 and reason = 'acknowledgement'"
    effect = await system.has.pool.fetchval(planned, lead)
    ours = f"<{effect}@mail.example>"
    await publish(
        system,
        news("delivered", "reader@engines.example", message=ours),
        news("opened", "reader@engines.example", message=ours),
        news("unsubscribed", "Reader@Engines.example"),
    )
    await system.settled()
    row = await system.has.pool.fetchrow(
        "select * from lead_list.messages where lead = $1 and template = 'acknowledgement'", lead
    )
    assert row["delivered_at"] is not None
    assert row["opened_at"] is not None
    assert row["clicked_at"] is None
    given = await system.has.pool.fetchval("select given from lead_list.consents where lead = $1 and purpose = 'mail'", lead)
    assert given is False
    recipient = system.has.keyring.hash("email", "reader@engines.example")
    suppressed = "select reason from effects.suppressions where recipient = $1"
    assert await system.has.pool.fetchval(suppressed, recipient) == "unsubscribed"
