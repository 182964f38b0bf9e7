"""lead_search (PostgreSQL) -> OpenSearch: indexes marked documents whole and clears their marks.

May run in several processes at once: versions in the index never go back, and a mark is cleared only if nothing changed since.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import structlog
from opensearchpy import AsyncOpenSearch

from infra.opensearch import bulk
from infra.opensearch.client import SearchUnavailable, asked
from infra.opensearch.index import IndexDefinition, ensure, switch
from infra.postgres.pool import UNAVAILABLE
from projections.lead_search.documents import TOMBSTONE, document
from projections.lead_search.model import SCHEMA, index

log = structlog.get_logger("lead_search")

ROUND_MAX: Final = 10_000
"""Documents in one round; each of its requests takes REQUEST_MAX."""
REQUEST_MAX: Final = 1_000
REQUESTS_AT_ONCE: Final = 2
IDLE_SECONDS: Final = 0.5
"""Between rounds that took all there was. OpenSearch shows what it has once a second, so many small rounds would help nobody."""
SETTLING_SECONDS: Final = 1.0
"""How long a mark waits for more: a new lead is scored and given an owner in its first second, and documents are sent whole."""
RETRY_SECONDS_MIN: Final = 0.5
RETRY_SECONDS_MAX: Final = 10.0

MARK_ALL_TIMEOUT_SECONDS: Final = 600.0

_AWAY: Final[tuple[type[Exception], ...]] = (SearchUnavailable, *UNAVAILABLE)


async def index_dirty(
    pool: asyncpg.Pool,
    client: AsyncOpenSearch,
    limit: int = ROUND_MAX,
    *,
    name: str,
    schema: str = SCHEMA,
    settling_seconds: float = 0.0,
) -> int:
    """Index up to `limit` marked documents into the write alias `name`, oldest mark first; returns how many were marked.

    Marks younger than `settling_seconds` are left for later.

    Raises SearchUnavailable; then the marks stay.
    """
    rows = await pool.fetch(
        f"""select d.lead, d.version, l.body from (
                select lead, version from {schema}.dirty
                where refused is null and since <= now() - make_interval(secs => $2) order by since limit $1
            ) d join {schema}.leads l on l.lead = d.lead and l.version = d.version""",
        limit,
        settling_seconds,
    )
    if not rows:
        return 0
    gate = asyncio.Semaphore(REQUESTS_AT_ONCE)
    parts = [rows[start : start + REQUEST_MAX] for start in range(0, len(rows), REQUEST_MAX)]
    sent = await asyncio.gather(*(_send(client, name, part, gate) for part in parts))
    refused = {one.id: one.reason for found in sent for one in found}
    await _clear(pool, schema, [row for row in rows if row["lead"] not in refused])
    await _refuse(pool, schema, [(row["lead"], row["version"], refused[row["lead"]]) for row in rows if row["lead"] in refused])
    if any(row["body"] is None for row in rows):
        await _expunge(client, name)
    return len(rows)


async def _send(client: AsyncOpenSearch, name: str, rows: Sequence[Any], gate: asyncio.Semaphore) -> list[bulk.Refused]:
    async with gate:
        documents = [
            bulk.Versioned(row["lead"], row["version"], TOMBSTONE if row["body"] is None else document(row["body"]))
            for row in rows
        ]
        return await bulk.index(client, name, documents)


async def _clear(pool: asyncpg.Pool, schema: str, rows: Sequence[Any]) -> None:
    await pool.execute(
        f"""delete from {schema}.dirty d using unnest($1::text[], $2::bigint[]) as done(lead, version)
            where d.lead = done.lead and d.version = done.version""",
        [row["lead"] for row in rows],
        [row["version"] for row in rows],
    )


async def _refuse(pool: asyncpg.Pool, schema: str, refused: Sequence[tuple[str, int, str]]) -> None:
    if not refused:
        return
    log.warning("documents refused", number=len(refused), reason=refused[0][2])
    await pool.execute(
        f"""update {schema}.dirty d set refused = told.reason
            from unnest($1::text[], $2::bigint[], $3::text[]) as told(lead, version, reason)
            where d.lead = told.lead and d.version = told.version""",
        *(list(column) for column in zip(*refused, strict=True)),
    )


async def _expunge(client: AsyncOpenSearch, name: str) -> None:
    """Have what tombstones replaced taken off the disk, in OpenSearch's own time."""
    async with asked():
        params = {"only_expunge_deletes": "true", "wait_for_completion": "false"}
        await client.indices.forcemerge(index=name, params=params)


async def mark_all(pool: asyncpg.Pool, schema: str = SCHEMA) -> None:
    """Have every document indexed (again), those refused too."""
    await pool.execute(
        f"""insert into {schema}.dirty (lead, version) select lead, version from {schema}.leads
            on conflict (lead) do update set version = excluded.version, refused = null""",
        timeout=MARK_ALL_TIMEOUT_SECONDS,
    )


async def keep_indexed(pool: asyncpg.Pool, client: AsyncOpenSearch, prefix: str, stop: asyncio.Event) -> None:
    """Until `stop`: index what is marked, look again. While a server is away, wait longer each time.

    An index that isn't there (the first one, one of a new version, or the old one was lost) is made and filled with everything;
    people search the one before until it has caught up.
    """
    definition: IndexDefinition = index(prefix)
    ready, caught_up, pause = False, False, RETRY_SECONDS_MIN
    while not stop.is_set():
        wait_seconds = IDLE_SECONDS
        try:
            if not ready:
                if await ensure(client, definition):
                    await mark_all(pool)
                ready, caught_up = True, False
            settling = SETTLING_SECONDS if caught_up else 0.0
            taken = await index_dirty(pool, client, name=definition.write_alias, settling_seconds=settling)
            if taken >= ROUND_MAX:
                wait_seconds = 0.0
            elif not taken and not caught_up:
                await switch(client, definition)
                caught_up = True
            pause = RETRY_SECONDS_MIN
        except _AWAY as away:
            # Nothing is lost: the marks stand in the table.
            log.warning("indexing waits", reason=type(away).__name__, detail=str(away)[:200])
            ready, wait_seconds = False, pause
            pause = min(pause * 2, RETRY_SECONDS_MAX)
        await _pause(stop, wait_seconds)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
