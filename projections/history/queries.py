"""What is asked of history, and of the watermarks of whoever reads the log: one statement each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from infra.documents import store as documents
from projections.history.titles import Names

CAPTURE: Final = """
    select partition, "offset", event_id, recorded_at from history.records
    where lead = $1 and event_type = 'lead.captured.v1' and cause_offset = $2 order by "offset" limit 1
"""
AFTER: Final = """
    select "offset", event_type, cause_offset, origin, recorded_at, value from history.records
    where lead = $1 and "offset" > $2 order by "offset" limit $3
"""
READERS: Final = """
    select n.nspname as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relname = 'watermarks' and c.relkind in ('r', 'p') and n.nspname not in ('identity', 'identity_activities', 'leads')
        and right(n.nspname, 5) <> '_next' order by 1
"""
BURIED: Final = """
    select consumer, reason from dead_letters.letters where topic = $1 and partition = $2 and "offset" = $3
    and (lead is null or lead = $4)
"""
FILED: Final = """
    select submission_id, status, at from identity.submissions where lead = $1 order by at, submission_id limit $2
"""
FILED_MAX: Final = 10_000
"""Submissions of one lead: beyond any life of a lead, and still bounded."""
PERSON_KIND: Final = "person"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads the log, and where they are in one partition. `position` None: they never had it."""

    schema: str
    position: int | None
    waiting_offset: int | None = None
    waiting_reason: str | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Captured:
    """The fact that a submission led to."""

    partition: int
    offset: int
    event_id: str
    recorded_at: datetime


async def capture(pool: asyncpg.Pool, lead: str, command_offset: int) -> Captured | None:
    """The capture that `leads` wrote under a command, None as long as history has not seen it."""
    row = await pool.fetchrow(CAPTURE, lead, command_offset)
    return None if row is None else Captured(row["partition"], row["offset"], row["event_id"], row["recorded_at"])


async def after(pool: asyncpg.Pool, lead: str, offset: int, limit: int) -> Sequence[Any]:
    """The lead's records after one."""
    found: Sequence[Any] = await pool.fetch(AFTER, lead, offset, limit)
    return found


async def readers(pool: asyncpg.Pool, partition: int) -> list[Reader]:
    """Everybody who reads the topic that history reads, found by their watermarks, so that no list has to name them: but for
    `identity` and `leads`, which come before it, and rebuilds under way.

    Who has no watermark at all may read any topic; they are here too, as not having started.
    """
    schemas = [row["schema"] for row in await pool.fetch(READERS)]
    if "history" not in schemas:
        return []
    parts = [
        f"select '{schema}' as schema, topic_id, partition, position, waiting_offset, waiting_reason, paused "
        f'from "{schema}".watermarks'
        for schema in schemas
    ]
    rows = await pool.fetch(" union all ".join(parts))
    log = {row["topic_id"] for row in rows if row["schema"] == "history"}
    started = {row["schema"] for row in rows}
    found = {schema: Reader(schema, None) for schema in schemas if schema not in started}
    for row in rows:
        if row["topic_id"] not in log:
            continue
        if row["partition"] == partition:
            found[row["schema"]] = Reader(
                row["schema"], row["position"], row["waiting_offset"], row["waiting_reason"], row["paused"]
            )
        else:
            found.setdefault(row["schema"], Reader(row["schema"], None))
    return [found[schema] for schema in sorted(found)]


async def buried(pool: asyncpg.Pool, topic: str, partition: int, offset: int, lead: str | None) -> dict[str, str]:
    """Consumer -> reason, of those who could not handle a record."""
    rows = await pool.fetch(BURIED, topic, partition, offset, lead)
    return {row["consumer"]: row["reason"] for row in rows}


async def filed(pool: asyncpg.Pool, lead: str) -> Sequence[Any]:
    """What identity filed under a lead, repeats among it."""
    found: Sequence[Any] = await pool.fetch(FILED, lead, FILED_MAX)
    return found


async def names(pool: asyncpg.Pool) -> Names:
    """Of those who can own leads, by id."""
    persons = await documents.latest(pool, PERSON_KIND)
    return {id_: str(person.body.get("name") or id_) for id_, person in persons.items()}
