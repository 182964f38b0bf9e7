"""Intake sources: the table, and the cache in front of it that the hot path reads.

A cached source is used for a few seconds and then refreshed behind the request that notices, so intake never waits for
PostgreSQL, and goes on without it for the sources that it knows.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson

from infra.crypto.seal import Key
from producers.forms.schemes import SignatureScheme, scheme_of
from producers.forms.translate import Origin

FRESH_SECONDS: Final = 3.0
UNKNOWN_FRESH_SECONDS: Final = 1.0
CACHED_MAX: Final = 10_000
LOAD_SECONDS_MAX: Final = 2.0
LISTED_MAX: Final = 1_000
SECRET_BYTES: Final = 32
STORE_AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class SourcesUnavailable(Exception):
    """PostgreSQL can't be asked, and this source isn't cached."""


@dataclass(frozen=True, slots=True)
class IntakeSource:
    """A source as intake uses it. `scheme` is how its sender signs, whether or not that is checked (`signed`)."""

    id: str
    vendor: str
    signed: bool
    secrets: tuple[bytes, ...]
    scheme: SignatureScheme
    mapping: Mapping[str, str]
    origin: Origin


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as it is listed: without its secret."""

    id: str
    name: str
    vendor: str
    signed: bool
    scheme: dict[str, Any] | None
    mapping: dict[str, str]
    open_answers: list[str]
    quiet: bool
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewSource:
    """What is said of a source when it is made; no secret: one is made up."""

    name: str
    vendor: str
    secret: str | None = None
    signed: bool | None = None
    scheme: SignatureScheme | None = None
    mapping: Mapping[str, str] | None = None
    open_answers: Sequence[str] = ()
    quiet: bool = False


class Sources:
    """The table. `key` seals the secrets."""

    def __init__(self, pool: asyncpg.Pool, key: Key) -> None:
        self._pool = pool
        self._key = key

    async def create(self, new: NewSource, *, created_by: str) -> tuple[SourceRow, str]:
        """The source and its secret, which can't be had again.

        Signatures are required where `signed` says so, or where it says nothing but the sender's secret was given.
        """
        source_id = f"src_{secrets.token_hex(12)}"
        secret = new.secret or secrets.token_urlsafe(SECRET_BYTES)
        signed = new.signed if new.signed is not None else new.secret is not None
        row = await self._pool.fetchrow(
            """
            insert into forms.sources (id, name, vendor, secret, signed, scheme, mapping, open_answers, quiet, created_by)
            values ($1, $2, $3, $4, $5, $6::text::jsonb, $7::text::jsonb, $8::text::jsonb, $9, $10) returning *
            """,
            source_id,
            new.name,
            new.vendor,
            self._key.seal_bytes(secret.encode(), source_id.encode()),
            signed,
            None if new.scheme is None else new.scheme.model_dump_json(),
            orjson.dumps(dict(new.mapping or {})).decode(),
            orjson.dumps(list(new.open_answers)).decode(),
            new.quiet,
            created_by,
        )
        return _row(row), secret

    async def listed(self) -> list[SourceRow]:
        """The newest first."""
        rows = await self._pool.fetch("select * from forms.sources order by created_at desc, id limit $1", LISTED_MAX)
        return [_row(row) for row in rows]

    async def load(self, source_id: str) -> IntakeSource | None:
        """One source with its secret."""
        row = await self._pool.fetchrow("select * from forms.sources where id = $1", source_id, timeout=LOAD_SECONDS_MAX)
        if row is None:
            return None
        listed = _row(row)
        secret = self._key.open_bytes(row["secret"], listed.id.encode())
        scheme = scheme_of(listed.vendor, secret.decode())
        if listed.scheme is not None:
            scheme = SignatureScheme.model_validate(listed.scheme)
        return IntakeSource(
            id=listed.id,
            vendor=listed.vendor,
            signed=listed.signed,
            secrets=(secret,),
            scheme=scheme,
            mapping=listed.mapping,
            origin=Origin(listed.vendor, listed.id, quiet=listed.quiet, open_answers=frozenset(listed.open_answers)),
        )


def _row(row: asyncpg.Record) -> SourceRow:
    return SourceRow(
        id=row["id"],
        name=row["name"],
        vendor=row["vendor"],
        signed=row["signed"],
        scheme=None if row["scheme"] is None else orjson.loads(row["scheme"]),
        mapping=orjson.loads(row["mapping"]),
        open_answers=orjson.loads(row["open_answers"]),
        quiet=row["quiet"],
        created_by=row["created_by"],
        created_at=row["created_at"],
    )


@dataclass(slots=True)
class _Cached:
    source: IntakeSource | None
    stale_at: float


class SourceCache:
    """The last sources used, at most CACHED_MAX. `load` is Sources.load."""

    def __init__(self, sources: Sources, *, now: Callable[[], float] = time.monotonic) -> None:
        self._sources = sources
        self._now = now
        self._cached: OrderedDict[str, _Cached] = OrderedDict()
        self._loading: dict[str, asyncio.Task[IntakeSource | None]] = {}

    def known(self, source_id: str) -> IntakeSource | None:
        """A cached source, without waiting; None if it isn't cached, or isn't one. Starts a refresh when it got old."""
        cached = self._cached.get(source_id)
        if cached is None or cached.source is None:
            return None
        if cached.stale_at <= self._now() and source_id not in self._loading:
            self._load(source_id)
        return cached.source

    async def get(self, source_id: str) -> IntakeSource | None:
        """None: there is no such source. Raises SourcesUnavailable."""
        cached = self._cached.get(source_id)
        if cached is not None and (cached.source is not None or cached.stale_at > self._now()):
            return self.known(source_id)
        try:
            return await asyncio.shield(self._loading.get(source_id) or self._load(source_id))
        except STORE_AWAY as away:
            raise SourcesUnavailable from away

    def drop(self, source_id: str) -> None:
        """Ask the table the next time."""
        self._cached.pop(source_id, None)

    async def close(self) -> None:
        """Stop refreshing."""
        tasks = list(self._loading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _load(self, source_id: str) -> asyncio.Task[IntakeSource | None]:
        task = asyncio.create_task(self._sources.load(source_id))
        self._loading[source_id] = task

        def done(finished: asyncio.Task[IntakeSource | None]) -> None:
            self._loading.pop(source_id, None)
            if finished.cancelled():
                return
            if finished.exception() is not None:
                # Go on with what is known, and don't ask again with every request.
                if (known := self._cached.get(source_id)) is not None:
                    known.stale_at = self._now() + UNKNOWN_FRESH_SECONDS
                return
            source = finished.result()
            fresh = FRESH_SECONDS if source is not None else UNKNOWN_FRESH_SECONDS
            self._cached[source_id] = _Cached(source, self._now() + fresh)
            self._cached.move_to_end(source_id)
            while len(self._cached) > CACHED_MAX:
                self._cached.popitem(last=False)

        task.add_done_callback(done)
        return task
