"""forms.fetches: what a submission only named, and is still to be asked for. Intake writes it, `leadflow work` works it off.

A fetch is waiting, done, failed, or merged: another one of the same object is waiting already, and tells both. Whoever takes one
leases it; a worker that dies leaves it to the next. Each attempt that fails waits twice as long as the one before; after
ATTEMPTS_MAX it is left, and told.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from producers.forms.bundles import Read
from producers.forms.sources import LOAD_SECONDS_MAX, IntakeSource

ATTEMPTS_MAX: Final = 12
"""The last one about two days after the first."""
PAUSE_SECONDS: Final = 30.0
PAUSE_SECONDS_MAX: Final = 6 * 60 * 60.0
LEASE_SECONDS: Final = 120.0
TAKEN_MAX: Final = 20
LISTED_MAX: Final = 100
KEPT_DAYS: Final = 30
FORGOTTEN_MAX: Final = 10_000
_NEWS: Final = ("contact.propertyChange", "object.propertyChange")


@dataclass(frozen=True, slots=True)
class Fetch:
    """One of them. `submission_id` is the submission that named it, `fetched_as` the one that it became."""

    id: str
    source_id: str
    delivery: str
    object_id: str
    kind: str
    submission_id: str
    state: str
    attempts: int
    due_at: datetime
    error: str | None
    fetched_as: str | None
    created_at: datetime


_COLUMNS: Final = ", ".join(Fetch.__dataclass_fields__)
_INSERT: Final = """
    insert into forms.fetches (id, source_id, delivery, object_id, kind, submission_id)
    select id, $1, delivery, object_id, kind, submission_id
    from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as new(id, delivery, object_id, kind, submission_id)
    order by delivery
    on conflict (source_id, delivery) do nothing
"""
# Somebody new outweighs news of them.
_MERGE: Final = """
    update forms.fetches set state = 'merged' from (
        select id, row_number() over (partition by object_id order by (kind = 'lead') desc, created_at, id) as nth
        from forms.fetches where source_id = $1 and object_id = any($2::text[]) and state = 'waiting' and leased_until is null
    ) as waiting where fetches.id = waiting.id and waiting.nth > 1
"""


class Fetches:
    """The table."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def ask(self, source: IntakeSource, wanted: Sequence[Read]) -> None:
        """Note what is to be fetched, each delivery once. Raises asyncpg's errors and OSError."""
        named = [(one, one.parsed.reference) for one in wanted if one.parsed.reference is not None]
        objects = [reference.object_id for _, reference in named]
        async with self._pool.acquire(timeout=LOAD_SECONDS_MAX) as connection, connection.transaction():
            await connection.execute(
                _INSERT,
                source.id,
                [f"fetch_{secrets.token_hex(12)}" for _ in named],
                [one.delivery for one, _ in named],
                objects,
                ["lead_update" if reference.type in _NEWS else "lead" for _, reference in named],
                [one.submission_id for one, _ in named],
                timeout=LOAD_SECONDS_MAX,
            )
            await connection.execute(_MERGE, source.id, objects, timeout=LOAD_SECONDS_MAX)

    async def take(self) -> list[Fetch]:
        """Some that are due, leased to the caller, the longest waiting first."""
        rows = await self._pool.fetch(
            f"""
            update forms.fetches set leased_until = now() + make_interval(secs => $1), attempts = attempts + 1
            where id in (
                select id from forms.fetches
                where state = 'waiting' and due_at <= now() and (leased_until is null or leased_until < now())
                order by due_at limit $2 for update skip locked
            ) returning {_COLUMNS}
            """,
            LEASE_SECONDS,
            TAKEN_MAX,
        )
        return [Fetch(**dict(row)) for row in rows]

    async def done(self, fetch: Fetch, submission_id: str) -> None:
        """It became a submission."""
        await self._pool.execute(
            "update forms.fetches set state = 'done', fetched_as = $2, error = null, leased_until = null where id = $1",
            fetch.id,
            submission_id,
        )

    async def failed(self, fetch: Fetch, error: str, *, again: bool, after_seconds: float | None = None) -> None:
        """It did not work; try `again`, unless that was the last time. `after_seconds`: as the other side asked."""
        pause = min(PAUSE_SECONDS_MAX, max(PAUSE_SECONDS * 2 ** (fetch.attempts - 1), after_seconds or 0.0))
        await self._pool.execute(
            """update forms.fetches set state = case when $3 then 'waiting' else 'failed' end, error = $2, leased_until = null,
                   due_at = now() + make_interval(secs => $4) where id = $1""",
            fetch.id,
            error,
            again and fetch.attempts < ATTEMPTS_MAX,
            pause,
        )

    async def release(self, fetch: Fetch) -> None:
        """Nothing was wrong with it: it is due as before, and this attempt does not count."""
        await self._pool.execute("update forms.fetches set attempts = attempts - 1, leased_until = null where id = $1", fetch.id)

    async def revive(self, source_id: str) -> int:
        """The source has new credentials: whatever did not work is due again. Returns how many."""
        done: str = await self._pool.execute(
            """update forms.fetches set state = 'waiting', attempts = 0, due_at = now()
               where source_id = $1 and (state = 'failed' or (state = 'waiting' and attempts > 0))""",
            source_id,
        )
        return int(done.rpartition(" ")[2])

    async def listed(self, source_id: str) -> list[Fetch]:
        """The newest of a source."""
        rows = await self._pool.fetch(
            f"select {_COLUMNS} from forms.fetches where source_id = $1 order by created_at desc, id limit $2",
            source_id,
            LISTED_MAX,
        )
        return [Fetch(**dict(row)) for row in rows]

    async def forget(self) -> int:
        """Those that ended long ago, in a bounded bite. Returns how many."""
        done: str = await self._pool.execute(
            """delete from forms.fetches where id in (
                   select id from forms.fetches where state <> 'waiting' and created_at < now() - make_interval(days => $1)
                   limit $2)""",
            KEPT_DAYS,
            FORGOTTEN_MAX,
        )
        return int(done.rpartition(" ")[2])
