from collections.abc import AsyncIterator

import pytest_asyncio

from tests.infra.opened import Opened, opened


@pytest_asyncio.fixture
async def db(database: str) -> AsyncIterator[Opened]:
    async with opened(database) as ready:
        yield ready
