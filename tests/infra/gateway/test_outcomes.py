"""Waiting for what became of a command: by word of Redis, and without."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.gateway import outcomes as module
from infra.settings import Settings
from tests.infra.gateway.running import Running, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


async def test_an_outcome_is_found_by_word_of_redis_and_also_without(here: Running) -> None:
    outcomes, lead = here.services.outcomes, str(uuid.uuid4())
    waiting = [asyncio.create_task(outcomes.wait(f"c{number}", 5)) for number in range(20)]
    await asyncio.sleep(0.3)
    for number in range(20):
        await here.outcome(f"c{number}", lead, version=number)
    found = await asyncio.gather(*waiting)
    assert [one.version for one in found if one is not None and hasattr(one, "version")] == list(range(20))
    await here.outcome("silent", "l", tell=False)
    assert await outcomes.wait("silent", 1) is not None
    assert await outcomes.wait("never", 0.05) is None
    assert await outcomes.of("never") is None


async def test_nonsense_on_the_channel_harms_nobody(here: Running) -> None:
    channel = here.services.settings.redis.prefix + "outcomes"
    await here.services.redis.publish(channel, b"{nonsense")
    await here.services.redis.publish(channel, b'"text"')
    await here.outcome("later", "l", tell=False)
    assert await here.services.outcomes.wait("later", 2) is not None


async def test_waiting_is_bounded(here: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITERS_MAX", 0)
    admin = here.token("admin")
    answer = await here.client.post("/v1/leads", json={"name": "Ada"}, headers=admin)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
