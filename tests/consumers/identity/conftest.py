from collections.abc import AsyncIterator

import pytest_asyncio

from tests.consumers.identity.feeding import Identity, feeding
from tests.consumers.identity.telling import Told, telling


@pytest_asyncio.fixture(loop_scope="session")
async def identity(database: str) -> AsyncIterator[Identity]:
    """One partition of identity over empty tables."""
    async with feeding(database) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def told(database: str) -> AsyncIterator[Told]:
    """Its three partitions on a log that keeps what is written."""
    async with telling(database) as found:
        yield found
