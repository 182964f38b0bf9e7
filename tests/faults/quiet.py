"""When is it over? When every reader has come to the end of its topic, nothing waits to be sent, and no effect is under way."""

import asyncio
import contextlib
import time

import asyncpg

from infra.kafka.reading import reader
from infra.postgres.pool import UNAVAILABLE
from infra.settings import Settings
from infra.wiring import discovery
from schemas import topics

QUIET_TIMES = 3
QUIET_EVERY_SECONDS = 1.0


def readers() -> dict[str, str]:
    """PostgreSQL schema -> topic, of everything that has a position."""
    found = {fold.name.replace(".", "_"): fold.reads.name for fold in discovery.folds()}
    found |= {step.name.replace(".", "_"): step.reads.name for make in discovery.step_makers().values() for step in make(None)}
    return found | dict.fromkeys(discovery.projection_makers(), topics.EVENTS.name)


async def behind(pool: asyncpg.Pool, settings: Settings) -> dict[str, int]:
    """What is still to be done, by name; empty when it is quiet."""
    ends: dict[str, dict[int, int]] = {}
    for name in sorted(set(readers().values())):
        async with reader(settings.kafka, topics.CATALOGUE[name]) as log:
            ends[name] = await log.ends()
    left: dict[str, int] = {}
    for schema, topic in readers().items():
        rows = await pool.fetch(f"select partition, position from {schema}.watermarks")
        positions = {row["partition"]: row["position"] for row in rows}
        left[schema] = sum(max(0, end - positions.get(number, 0)) for number, end in ends[topic].items())
        left[f"{schema} outbox"] = await pool.fetchval(f"select count(*) from {schema}.outbox")
    left["effects"] = await pool.fetchval(
        """select count(*) from effects.effects where state in ('planned', 'claimed', 'handing_over')
           or reported is distinct from state"""
    )
    left["to index"] = await pool.fetchval("select count(*) from lead_search.dirty")
    return {name: count for name, count in left.items() if count}


async def until_quiet(pool: asyncpg.Pool, settings: Settings, seconds_max: float) -> float:
    """Wait; how long it took. Fails with what is left."""
    started = time.monotonic()
    quiet, left = 0, {"everything": 1}
    while quiet < QUIET_TIMES:
        assert time.monotonic() - started < seconds_max, f"not quiet after {seconds_max:.0f} s; left: {left}"
        left = await behind(pool, settings)
        quiet = 0 if left else quiet + 1
        await asyncio.sleep(QUIET_EVERY_SECONDS)
    return time.monotonic() - started


class Pulse:
    """Looks at the read model all the time: how long did it ever stand still while submissions came in?"""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.postgres.url
        self.longest_seconds = 0.0
        self.rows = 0

    async def run(self) -> None:
        """Until cancelled. A database that is away is a standstill too."""
        last, moved_at = -1, time.monotonic()
        while True:
            await asyncio.sleep(0.5)
            with contextlib.suppress(asyncpg.PostgresError, *UNAVAILABLE):
                connection = await asyncpg.connect(self._url, timeout=3, command_timeout=3)
                try:
                    self.rows = await connection.fetchval("select coalesce(sum(position), 0)::bigint from lead_list.watermarks")
                finally:
                    connection.terminate()
                if self.rows != last:
                    last, moved_at = self.rows, time.monotonic()
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - moved_at)
