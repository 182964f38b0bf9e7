"""Imports and their rows in PostgreSQL, and what is needed to work on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import orjson

from infra.gateway.ids import SubmissionIds
from infra.storage.sealing import SealedFiles
from producers.imports.ports import Lag, Rows

SIZE_MAX: Final = 512 * 1024 * 1024
ROWS_MAX: Final = 1_000_000
ERRORS_KEPT_MAX: Final = 100_000
KEPT_DAYS: Final = 7
"""How long an upload that nobody starts is kept."""
PAUSED_DAYS: Final = 30
UPLOAD_SECONDS: Final = 3_600
"""How long an address to upload to is good."""
LEASE_SECONDS: Final = 60
LISTED_MAX: Final = 200

COLUMNS: Final = """id, name, size, state, problem, quiet, encoding, delimiter, header, mapping, sealed, "offset", rows_read,
    errors, published, accepted, duplicates, rejected, erased, kept_existing, kept_changed,
    sending, created_by, created_at, updated_at"""

SETTLE: Final = """
    with settled as (
        update imports.rows as r set lead = s.lead, verdict = case when s.status <> 'processed' then s.status
            when exists (select from identity.submissions o where o.lead = s.lead and o.submission_id <> s.submission_id
                and (o.at, o."offset", o.submission_id) < (s.at, s."offset", s.submission_id)) then 'existing' else 'new' end
        from identity.submissions s
        where r.import = $1 and r.verdict is null and s.submission_id = r.submission_id
            and (s.status <> 'processed' or exists (select from leads.outcomes o where o.command_id = r.submission_id))
        returning r.verdict
    ), counted as (
        select count(*) filter (where verdict = 'new') as new,
            count(*) filter (where verdict in ('existing', 'duplicate')) as old, count(*) as all_of_them from settled
    ), noted as (
        update imports.imports as i set accepted = accepted + new, duplicates = duplicates + old,
            rejected = rejected + all_of_them - new - old
        from counted where id = $1 and all_of_them > 0
    )
    select published - accepted - duplicates - rejected - all_of_them from imports.imports, counted where id = $1
"""
"""Verdicts and their counts in one statement, which writes nothing where there is no news; gives how many rows are still under
way."""


@dataclass(frozen=True, slots=True)
class Import:
    """A row of imports.imports.

    States: waiting (for its file), ready, running, paused, done, failed, undoing, undone, expired. Rows up to `sending` may have
    been published; up to `rows_read` it is remembered.
    """

    id: str
    name: str
    size: int
    state: str
    problem: str | None
    quiet: bool
    encoding: str | None
    delimiter: str | None
    header: list[str]
    mapping: dict[str, str | None]
    sealed: bool
    offset: int
    rows_read: int
    errors: int
    published: int
    accepted: int
    duplicates: int
    rejected: int
    erased: int
    kept_existing: int
    kept_changed: int
    sending: int
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def upload(self) -> str:
        """Where its file is put, as it comes."""
        return f"imports/{self.id}/upload"

    @property
    def copy(self) -> str:
        """Its sealed copy."""
        return f"imports/{self.id}/rows"


class RowError(NamedTuple):
    """What is wrong with one field of one row; `field` is a target, or `row`."""

    row: int
    field: str
    reason: str


class Step(NamedTuple):
    """What a batch of rows came to."""

    offset: int
    rows_read: int
    submissions: Sequence[tuple[int, str]]
    errors: Sequence[RowError]


class Imports:
    """Everything that is asked of the tables. Raises asyncpg's errors."""

    def __init__(self, pool: asyncpg.Pool, files: SealedFiles, rows: Rows, ids: SubmissionIds, lag: Lag) -> None:
        self.pool, self.files, self.rows, self.ids, self.lag = pool, files, rows, ids, lag

    async def create(self, id_: str, name: str, size: int, user: str) -> Import:
        """Waiting for its file; the same one where the id is known."""
        await self.pool.execute(
            "insert into imports.imports (id, name, size, created_by) values ($1, $2, $3, $4) on conflict do nothing",
            id_,
            name,
            size,
            user,
        )
        found = await self.get(id_)
        assert found is not None  # noqa: S101 - it was made just now, and is deleted by nobody
        return found

    async def get(self, id_: str) -> Import | None:
        """None: there is no such import."""
        return _import(await self.pool.fetchrow(f"select {COLUMNS} from imports.imports where id = $1", id_))

    async def listed(self) -> list[Import]:
        """The newest first."""
        rows = await self.pool.fetch(
            f"select {COLUMNS} from imports.imports order by created_at desc, id desc limit {LISTED_MAX}"
        )
        return [found for row in rows if (found := _import(row)) is not None]

    async def described(
        self, id_: str, encoding: str, delimiter: str, header: Sequence[str], mapping: Mapping[str, str | None]
    ) -> Import | None:
        """The file was looked at. A mapping that somebody made is kept as long as the header is the same."""
        return await self._changed(
            """update imports.imports set state = 'ready', encoding = $2, delimiter = $3,
               mapping = case when header = $4::text[] then mapping else $5::jsonb end, header = $4::text[]
               where id = $1 and state in ('waiting', 'ready')""",
            id_,
            encoding,
            delimiter,
            list(header),
            orjson.dumps(mapping).decode(),
        )

    async def mapped(self, id_: str, mapping: Mapping[str, str | None], *, quiet: bool) -> Import | None:
        """None unless it is ready."""
        sql = "update imports.imports set mapping = $2::jsonb, quiet = $3 where id = $1 and state = 'ready'"
        return await self._changed(sql, id_, orjson.dumps(mapping).decode(), quiet)

    async def move(self, id_: str, before: Sequence[str], state: str, problem: str | None = None) -> Import | None:
        """To another state; None unless it is in one of `before`."""
        sql = "update imports.imports set state = $3, problem = $4 where id = $1 and state = any($2::text[])"
        return await self._changed(sql, id_, list(before), state, problem)

    async def claim(self) -> tuple[Import, UUID] | None:
        """One that is to be worked on and that nobody works on."""
        token = uuid4()
        row = await self.pool.fetchrow(
            f"""update imports.imports set lease = $1, lease_until = now() + make_interval(secs => {LEASE_SECONDS})
                where id = (select id from imports.imports where state in ('running', 'undoing')
                    and (lease_until is null or lease_until < now()) order by updated_at limit 1 for update skip locked)
                returning {COLUMNS}""",
            token,
        )
        found = _import(row)
        return None if found is None else (found, token)

    async def renew(self, id_: str, token: UUID, state: str) -> bool:
        """False: somebody paused it, or took it over."""
        done = await self.pool.execute(
            f"""update imports.imports set lease_until = now() + make_interval(secs => {LEASE_SECONDS}), updated_at = now()
                where id = $1 and lease = $2 and state = $3""",
            id_,
            token,
            state,
        )
        return bool(done == "UPDATE 1")

    async def sends(self, id_: str, token: UUID, until: int) -> bool:
        """Rows up to `until` are about to be published. False: somebody paused it, or took it over."""
        done = await self.pool.execute(
            f"""update imports.imports set sending = greatest(sending, $3), updated_at = now(),
                lease_until = now() + make_interval(secs => {LEASE_SECONDS})
                where id = $1 and lease = $2 and state in ('running', 'undoing')""",
            id_,
            token,
            until,
        )
        return bool(done == "UPDATE 1")

    async def release(self, id_: str, token: UUID) -> None:
        """For whoever comes next."""
        await self.pool.execute(
            "update imports.imports set lease = null, lease_until = null where id = $1 and lease = $2", id_, token
        )

    async def was_sealed(self, id_: str, token: UUID) -> None:
        """Its copy is whole."""
        await self.pool.execute("update imports.imports set sealed = true where id = $1 and lease = $2", id_, token)

    async def advance(self, id_: str, token: UUID, step: Step) -> bool:
        """Remember a batch that Kafka has. False: somebody else has the import, and does the batch again under the same ids."""
        async with self.pool.acquire() as connection, connection.transaction():
            done = await connection.fetchval(
                """update imports.imports set "offset" = $3, rows_read = $4, errors = errors + $5, updated_at = now(),
                   lease_until = now() + make_interval(secs => $6) where id = $1 and lease = $2 returning errors""",
                id_,
                token,
                step.offset,
                step.rows_read,
                len({error.row for error in step.errors}),
                float(LEASE_SECONDS),
            )
            if done is None:
                return False
            await connection.execute(
                """with added as (insert into imports.rows (import, row, submission_id)
                   select $1, row, id from unnest($2::bigint[], $3::text[]) as new (row, id) on conflict do nothing returning 1)
                   update imports.imports set published = published + (select count(*) from added) where id = $1""",
                id_,
                [row for row, _ in step.submissions],
                [submission for _, submission in step.submissions],
            )
            if done <= ERRORS_KEPT_MAX:
                await connection.execute(
                    """insert into imports.errors (import, row, field, reason)
                       select $1, row, field, reason from unnest($2::bigint[], $3::text[], $4::text[]) as new (row, field, reason)
                       on conflict do nothing""",
                    id_,
                    [error.row for error in step.errors],
                    [error.field for error in step.errors],
                    [error.reason for error in step.errors],
                )
        return True

    async def settle(self, id_: str) -> int:
        """Note what became of rows; how many are still under way."""
        return int(await self.pool.fetchval(SETTLE, id_))

    async def row_errors(self, id_: str, after: int, limit: int) -> list[RowError]:
        """In the file's order, from the row after `after`."""
        rows = await self.pool.fetch(
            "select row, field, reason from imports.errors where import = $1 and row > $2 order by row, field limit $3",
            id_,
            after,
            limit,
        )
        return [RowError(row["row"], row["field"], row["reason"]) for row in rows]

    async def abandoned(self, limit: int) -> list[Import]:
        """Those whose file nobody asks for any more; also the ended ones, to whose address something may have come later."""
        rows = await self.pool.fetch(
            f"""select {COLUMNS} from imports.imports where not cleaned and (
                (state in ('waiting', 'ready', 'failed') and updated_at < now() - interval '{KEPT_DAYS} days')
                or (state = 'paused' and updated_at < now() - interval '{PAUSED_DAYS} days')
                or (state in ('done', 'undone') and created_at < now() - make_interval(secs => {2 * UPLOAD_SECONDS})))
                limit $1""",
            limit,
        )
        return [found for row in rows if (found := _import(row)) is not None]

    async def cleaned(self, one: Import) -> None:
        """Its file is gone for good. What had not ended is over now; what it made can still be undone."""
        await self.pool.execute(
            """update imports.imports set cleaned = true,
               state = case when state in ('done', 'undone') then state else 'expired' end where id = $1 and state = $2""",
            one.id,
            one.state,
        )

    async def _changed(self, update: str, *values: Any) -> Import | None:
        touched = update.replace(" where ", ", updated_at = now() where ", 1)
        return _import(await self.pool.fetchrow(f"{touched} returning {COLUMNS}", *values))


def _import(row: Any) -> Import | None:
    if row is None:
        return None
    return Import(**{**dict(row), "mapping": orjson.loads(row["mapping"])})
