"""Looking through dead letters: pages of what fits a filter, and what is open grouped by its cause."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from infra.dead_letters.letters import Letter

PAGE_MAX: Final = 200
CAUSES_MAX: Final = 200
_COLUMNS: Final = ", ".join(f'"{field.name}"' for field in fields(Letter))
FITS: Final = """
($1::text is null or consumer = $1) and ($2::text is null or source_id = $2) and ($3::text is null or kind = $3)
and ($4::text is null or reason = $4) and ($5::timestamptz is null or created_at >= $5)
and ($6::timestamptz is null or created_at < $6) and ($7 or resolved_at is null) and ($8::uuid[] is null or id = any($8))
"""
PAGE: Final = f"""
select {_COLUMNS} from dead_letters.letters where {FITS}
and ($9::timestamptz is null or (created_at, id) < ($9, $10::uuid))
order by created_at desc, id desc limit $11
"""
ONE: Final = f"select {_COLUMNS} from dead_letters.letters where id = $1"
COUNT: Final = f"select count(*) from dead_letters.letters where {FITS}"
CAUSES: Final = f"""
select consumer, kind, reason, count(*) as count, min(created_at) as first_at, max(created_at) as last_at
from dead_letters.letters where {FITS}
group by consumer, kind, reason order by count desc, last_at desc, consumer, kind, reason limit {CAUSES_MAX}
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """None leaves a thing open. `since` is included, `until` is not; `settled` shows those that something was done about, too;
    `ids` are the only ones that are looked at."""

    consumer: str | None = None
    source: str | None = None
    kind: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    settled: bool = False
    ids: tuple[UUID, ...] | None = None

    def values(self) -> Sequence[Any]:
        """In the order of the statements' parameters."""
        return (self.consumer, self.source, self.kind, self.reason, self.since, self.until, self.settled, self.ids)


@dataclass(frozen=True, slots=True)
class Cause:
    """Letters that died of one thing in one consumer."""

    consumer: str
    kind: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


async def page(
    pool: asyncpg.Pool, wanted: Filter, *, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Letter]:
    """Newest first, following `after`."""
    rows = await pool.fetch(PAGE, *wanted.values(), *(after or (None, None)), min(limit, PAGE_MAX))
    return [Letter(**row) for row in rows]


async def count(pool: asyncpg.Pool, wanted: Filter) -> int:
    """How many fit."""
    found: int = await pool.fetchval(COUNT, *wanted.values())
    return found


async def causes(pool: asyncpg.Pool, wanted: Filter) -> list[Cause]:
    """The most frequent first, CAUSES_MAX at most."""
    return [Cause(**row) for row in await pool.fetch(CAUSES, *wanted.values())]


async def one(pool: asyncpg.Pool, letter_id: UUID) -> Letter | None:
    """Without its record."""
    row = await pool.fetchrow(ONE, letter_id)
    return None if row is None else Letter(**row)
