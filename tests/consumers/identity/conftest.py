from collections.abc import AsyncIterator

import pytest_asyncio

from tests.consumers.identity.feeding import Identity, feeding


@pytest_asyncio.fixture(loop_scope="session")
async def identity(database: str) -> AsyncIterator[Identity]:
    """One partition of identity over empty tables."""
    async with feeding(database) as found:
        yield found
