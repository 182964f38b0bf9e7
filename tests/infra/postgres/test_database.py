import asyncio
import os
from urllib.parse import urlsplit

import pytest

from infra.postgres import database as databases
from infra.postgres.pool import open_pool

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


def renamed(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


async def test_a_database_is_created_once_whoever_asks(database: str) -> None:
    url = renamed(database, f'it%20s_"a"_{os.getpid()}')
    created = await asyncio.gather(databases.ensure(url), databases.ensure(url), databases.ensure(url))
    assert sum(created) == 1
    async with await open_pool(url, name="a") as pool:
        assert await pool.fetchval("select 1") == 1
    await databases.drop(url)
    await databases.drop(url)
    assert await databases.ensure(url)
    await databases.drop(url)


async def test_a_url_without_a_database_is_refused(database: str) -> None:
    with pytest.raises(ValueError, match="names no database"):
        await databases.ensure(renamed(database, ""))
