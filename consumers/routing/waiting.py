"""How many leads wait for somebody to be there, for operators: as routing.pools has committed it, whichever process runs that."""

import asyncio
import contextlib
from typing import Final

import asyncpg
from prometheus_client import Gauge

from consumers.routing.pools import KEY
from infra.postgres.pool import UNAVAILABLE

LOOK_SECONDS: Final = 10.0
GAUGE: Final = Gauge("leadflow_routing_waiting", "Leads that wait until somebody of their team is there and has room", ("team",))
# One row, which holds all teams: its size, not the number of leads, is what a look costs.
COUNT: Final = """
    select team.key as team, coalesce(jsonb_array_length(team.value -> 'waiting'), 0) as waiting
    from routing_pools.states, jsonb_each(convert_from(body, 'UTF8')::jsonb -> 'teams') team
    where states.key = $1 order by team.key
"""


async def count(pool: asyncpg.Pool) -> dict[str, int]:
    """By team; those of which nothing waits, too."""
    return {row["team"]: row["waiting"] for row in await pool.fetch(COUNT, KEY)}


async def keep_counted(pool: asyncpg.Pool, stop: asyncio.Event, *, look_seconds: float = LOOK_SECONDS) -> None:
    """Tell the metric, until `stop`; while PostgreSQL can't tell, it says what was last known: a number ends no process."""
    while not stop.is_set():
        with contextlib.suppress(*UNAVAILABLE, asyncpg.PostgresError):
            for team, leads in (await count(pool)).items():
                GAUGE.labels(team).set(leads)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(look_seconds):
                await stop.wait()
