"""How many leads wait: read from the state that is committed."""

import asyncio
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from consumers.routing import jobs
from consumers.routing.pools import KEY
from consumers.routing.state import Pool, Pools, Waiting
from consumers.routing.waiting import GAUGE, count, keep_counted
from infra.postgres.pool import open_pool
from infra.settings import Settings
from schemas.message import to_json

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def pool(settings: Settings) -> Any:
    found = await open_pool(settings.postgres.url, name="test", size=1)
    yield found
    await found.execute("delete from routing_pools.states")
    await found.close()


async def waits(pool: asyncpg.Pool, **teams: int) -> None:
    """As routing.pools would keep it."""
    queues = {team: tuple(Waiting(lead=f"{n}", request_id=f"r{n}") for n in range(leads)) for team, leads in teams.items()}
    state = Pools(teams={team: Pool(waiting=queue) for team, queue in queues.items()})
    await pool.execute(
        "insert into routing_pools.states (key, partition, body) values ($1, 0, $2) on conflict (key) do update set body = $2",
        KEY,
        to_json(state),
    )


async def test_before_there_is_a_team_nothing_waits(pool: asyncpg.Pool) -> None:
    assert await count(pool) == {}
    await waits(pool)
    assert await count(pool) == {}


async def test_every_team_is_counted_by_itself(pool: asyncpg.Pool) -> None:
    await waits(pool, sales=3, support=1, idle=0)
    assert await count(pool) == {"idle": 0, "sales": 3, "support": 1}


async def told(team: str, leads: int) -> None:
    async with asyncio.timeout(5):
        while GAUGE.labels(team)._value.get() != leads:
            await asyncio.sleep(0.01)


async def test_the_metric_follows_what_waits_and_outlasts_a_database_that_is_away(pool: asyncpg.Pool) -> None:
    class Flaky:
        """Every other question finds nobody."""

        asked = 0

        async def fetch(self, *asked: Any) -> Any:
            self.asked += 1
            if self.asked % 2:
                raise ConnectionRefusedError
            return await pool.fetch(*asked)

    stop, flaky = asyncio.Event(), Flaky()
    await waits(pool, north=2)
    counting = asyncio.create_task(keep_counted(flaky, stop, look_seconds=0.01))  # type: ignore[arg-type]
    await told("north", 2)
    await waits(pool, north=0)
    await told("north", 0)
    assert flaky.asked >= 4
    stop.set()
    async with asyncio.timeout(5):
        await counting


async def test_whoever_hosts_routing_counts(pool: asyncpg.Pool) -> None:
    class Host:
        pass

    host, stop = Host(), asyncio.Event()
    host.pool = pool  # type: ignore[attr-defined]
    await waits(pool, west=4)
    (job,) = jobs.jobs(host)  # type: ignore[arg-type]
    counting = asyncio.create_task(job(stop))
    await told("west", 4)
    stop.set()
    async with asyncio.timeout(5):
        await counting
