from collections.abc import AsyncIterator

import pytest_asyncio

from infra.settings import Settings
from tests.infra.gateway.running import Running, demo_users, running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    """A gateway with one user of each role."""
    async with running(settings) as found:
        found.user_ids.update({user.role: user.id for user in await demo_users(found.services)})
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def fresh(here: Running) -> Running:
    """The same, with nothing remembered of earlier guesses, sessions and cookies."""
    prefix = here.services.settings.redis.prefix
    keys = [key async for key in here.services.redis.scan_iter(f"{prefix}*", count=1_000)]
    if keys:
        await here.services.redis.delete(*keys)
    await here.services.pool.execute("delete from auth.families")
    here.client.cookies.clear()
    return here
