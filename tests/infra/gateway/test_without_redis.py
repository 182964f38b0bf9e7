"""A gateway whose Redis refuses connections, or takes them and says nothing."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.gateway.rates import ANSWER_SECONDS_MAX
from infra.settings import Settings
from tests.infra.auth.logins import hash_of, log_in, refresh
from tests.infra.gateway.running import Running, demo_users, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(params=["refuses", "is silent"], loop_scope="session")
async def here(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async def never(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            continue

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if request.param == "refuses":
        server.close()
    away = settings.redis.model_copy(update={"url": f"redis://127.0.0.1:{port}/0"})
    async with running(settings.model_copy(update={"redis": away})) as found:
        found.user_ids.update({user.role: user.id for user in await demo_users(found.services)})
        yield found
    server.close()


async def test_who_is_logged_in_goes_on_and_nobody_else_gets_in(here: Running) -> None:
    opened = await here.services.sessions.open(here.user_ids["rep"], proven=await hash_of(here, here.user_ids["rep"]))
    begun = time.monotonic()
    for _ in range(20):
        assert (await here.client.get("/v1/auth/me", headers=here.token("rep"))).status_code == 200
    assert time.monotonic() - begun < 20 * ANSWER_SECONDS_MAX, "Redis is waited for once a second, not at every request"
    refreshed = await refresh(here, opened.token)
    assert refreshed.status_code == 200
    headers = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    refused = await log_in(here)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert (await here.client.delete("/v1/auth/sessions", headers=headers)).status_code == 204
    here.client.cookies.clear()


async def test_intake_is_open(here: Running) -> None:
    for _ in range(100):
        here.services.intake_limits.check("src_1", "198.51.100.1")
    await asyncio.sleep(ANSWER_SECONDS_MAX * 1.5)
    for _ in range(100):
        here.services.intake_limits.check("src_1", "198.51.100.1")


async def test_a_session_that_is_ended_is_ended(here: Running) -> None:
    opened = await here.services.sessions.open(here.user_ids["rep"], proven=await hash_of(here, here.user_ids["rep"]))
    refreshed = await refresh(here, opened.token)
    headers = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    here.client.cookies.clear()
    assert (await here.client.delete(f"/v1/auth/sessions/{opened.session}", headers=headers)).status_code == 204
    assert (await here.client.get("/v1/auth/me", headers=headers)).status_code == 401
