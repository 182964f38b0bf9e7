"""The snippet and what it sends, through the whole gateway over a real PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from infra.settings import Settings
from schemas.activities import ActivityReceived
from tests.infra.gateway.running import Running, read, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
SHOP = "https://shop.example"
VIEWS = {"visitor": "visitor-0123456789", "views": [{"id": "view-0123456789abcdef", "url": f"{SHOP}/a?mail=ada"}]}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


async def make(here: Running, **asked: Any) -> str:
    asked = {"name": "Shop", "vendor": "generic", "allowed_origins": [SHOP], **asked}
    answer = await here.client.post("/v1/sources", json=asked, headers=here.token("manager"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_the_snippet_is_for_everybodys_page_and_may_be_kept(here: Running) -> None:
    answer = await here.client.get("/t.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=" in answer.headers["cache-control"]
    assert "leadflow" in answer.text


async def test_what_a_named_page_saw_is_published(here: Running) -> None:
    source = await make(here)
    here.publisher.records.clear()
    answer = await here.client.post(f"/v1/track/{source}", json=VIEWS, headers={"Origin": SHOP})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, SHOP), answer.text
    found = read(here.publisher.records[-1].record)
    assert isinstance(found, ActivityReceived)
    assert (found.activity.source.source_id, found.activity.host, found.activity.path) == (source, "shop.example", "/a")


async def test_a_source_that_is_signed_or_deleted_takes_nothing_from_pages(here: Running) -> None:
    signed = await make(here, signed=True)
    gone = await make(here)
    await here.client.delete(f"/v1/sources/{gone}", headers=here.token("manager"))
    for source in (signed, gone):
        assert (await here.client.post(f"/v1/track/{source}", json=VIEWS, headers={"Origin": SHOP})).status_code == 404


async def test_another_page_is_refused_by_name(here: Running) -> None:
    source = await make(here)
    answer = await here.client.post(f"/v1/track/{source}", json=VIEWS, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "access-control-allow-origin" not in answer.headers
