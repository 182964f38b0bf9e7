"""Teams of before there was one state of all: they are taken over, and give leads on."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from consumers.routing.state import Pools
from infra.postgres import database as databases
from infra.postgres import migrate
from tests.consumers.routing.playing import Playing, request
from tests.house.files import ROOT
from tests.infra.postgres.test_database import renamed

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

FOLDER = Path("consumers/routing/migrations")
SALES = (
    b'{"shares":[{"person":"ann","weight":1,"away":null,"level":2520,"given":1,"turn":1},'
    b'{"person":"bob","weight":1,"away":null,"level":0,"given":0,"turn":0}],"waiting":[]}'
)
POOLS = b'{"shares":[],"waiting":[{"lead":"lead-1","request_id":"request-1","path":["team pools"]}]}'


@pytest_asyncio.fixture
async def empty(database: str) -> AsyncIterator[str]:
    url = renamed(database, f"routing_test_{os.getpid()}")
    await databases.drop(url)
    await databases.ensure(url)
    yield url
    await databases.drop(url)


def bring(tree: Path, name: str) -> None:
    (tree / FOLDER).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / FOLDER / name, tree / FOLDER / name)


async def states(url: str) -> dict[str, bytes]:
    connection = await asyncpg.connect(url)
    try:
        return {row["key"]: row["body"] for row in await connection.fetch("select key, body from routing_pools.states")}
    finally:
        await connection.close()


async def test_teams_that_were_states_of_their_own_become_one(empty: str, tmp_path: Path) -> None:
    bring(tmp_path, "0001_initial.py")
    await migrate.upgrade(empty, tmp_path)
    connection = await asyncpg.connect(empty)
    await connection.executemany(
        "insert into routing_pools.states (key, partition, body) values ($1, 0, $2)", [("sales", SALES), ("pools", POOLS)]
    )
    await connection.close()

    bring(tmp_path, "0002_one_state.py")
    assert await migrate.upgrade(empty, tmp_path) == ["routing_0002"]
    found = await states(empty)
    assert list(found) == ["pools"]
    playing = Playing()
    playing.state = Pools.model_validate_json(found["pools"])
    assert [waiting.lead for waiting in playing.pool("pools").waiting] == ["lead-1"]
    playing.feed(request(1), request(2))
    assert sorted(playing.owners, key=str) == ["ann", "bob"]

    assert await migrate.rollback(empty, tmp_path) == ["routing_0002"]
    assert set(await states(empty)) == {"sales", "pools"}


async def test_where_there_was_no_team_there_is_no_state(empty: str, tmp_path: Path) -> None:
    for name in ("0001_initial.py", "0002_one_state.py"):
        bring(tmp_path, name)
    await migrate.upgrade(empty, tmp_path)
    assert await states(empty) == {}
