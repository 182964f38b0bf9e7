from collections.abc import AsyncIterator

import pytest_asyncio

from infra.settings import Settings
from tests.infra.gateway.running import Running, demo_users, running
from tests.producers.commands.asked import done


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    """A gateway over real stores; what is published is answered as done, until a test says otherwise."""
    async with running(settings) as found:
        await demo_users(found.services)
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def quiet(here: Running) -> None:
    """Nothing published yet."""
    here.publisher.records.clear()
    here.publisher.away = False
    here.publisher.decide = done
