"""Whose pages may tell us what: the origins that a source allows, remembered for some seconds.

The sources are those of `forms`, whose table is only read here.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson

FRESH_SECONDS: Final = 3.0
STALE_SECONDS_MAX: Final = 60.0
CACHED_MAX: Final = 10_000
LOAD_SECONDS_MAX: Final = 2.0
AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
LOAD: Final = """
select vendor, allowed_origins::text as origins from forms.sources where id = $1 and deleted_at is null and not signed
"""


class SitesUnavailable(Exception):
    """PostgreSQL can't be asked, and this source isn't remembered."""


@dataclass(frozen=True, slots=True)
class Site:
    """A source that pages may write to. No `origins`: any page."""

    id: str
    vendor: str
    origins: frozenset[str] = frozenset()


class Sites:
    """The last sources asked for, at most CACHED_MAX, also those that aren't there."""

    def __init__(self, pool: Any, *, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now = now
        self._known: OrderedDict[str, tuple[float, Site | None]] = OrderedDict()

    async def get(self, source_id: str) -> Site | None:
        """None: there is no such source, or it takes nothing that isn't signed. Raises SitesUnavailable."""
        now = self._now()
        loaded_at, site = self._known.get(source_id, (-STALE_SECONDS_MAX - 1 + now, None))
        if now - loaded_at <= FRESH_SECONDS:
            return site
        try:
            row = await self._pool.fetchrow(LOAD, source_id, timeout=LOAD_SECONDS_MAX)
        except AWAY as away:
            if now - loaded_at <= STALE_SECONDS_MAX:
                return site
            raise SitesUnavailable from away
        site = None if row is None else Site(source_id, row["vendor"], frozenset(orjson.loads(row["origins"] or "[]")))
        self._known[source_id] = (now, site)
        self._known.move_to_end(source_id)
        if len(self._known) > CACHED_MAX:
            self._known.popitem(last=False)
        return site
