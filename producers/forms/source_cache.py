"""The cache of intake sources that the hot path reads.

A cached source is used for a few seconds and then refreshed behind the request that notices, so intake never waits for
PostgreSQL, and goes on without it for the sources that it knows. Only what has not been asked for in a long while is waited for.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from weakref import WeakSet

from producers.forms.sources import STORE_AWAY, IntakeSource, Sources

FRESH_SECONDS: Final = 3.0
UNKNOWN_FRESH_SECONDS: Final = 1.0
STALE_SECONDS_MAX: Final = 60.0
CACHED_MAX: Final = 10_000
UNKNOWN_MAX: Final = 1_000
"""Ids that nobody has; they push out each other and no source."""


class SourcesUnavailable(Exception):
    """PostgreSQL can't be asked, and this source isn't cached."""


def forget(source_id: str) -> None:
    """This process has just changed a source: its caches ask the table the next time. Others notice within seconds."""
    for cache in _caches:
        cache.drop(source_id)


@dataclass(slots=True)
class _Cached:
    source: IntakeSource
    stale_at: float


class SourceCache:
    """The last sources used, at most CACHED_MAX. `load` is Sources.load."""

    def __init__(self, sources: Sources, *, now: Callable[[], float] = time.monotonic) -> None:
        self._sources = sources
        self._now = now
        self._cached: OrderedDict[str, _Cached] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._loading: dict[str, asyncio.Task[IntakeSource | None]] = {}
        _caches.add(self)

    def known(self, source_id: str) -> IntakeSource | None:
        """A cached source, without waiting; None if it isn't cached, or isn't one. Starts a refresh when it got old."""
        cached = self._cached.get(source_id)
        if cached is None or cached.stale_at + STALE_SECONDS_MAX <= self._now():
            return None
        if cached.stale_at <= self._now() and source_id not in self._loading:
            self._load(source_id)
        self._cached.move_to_end(source_id)
        return cached.source

    async def get(self, source_id: str) -> IntakeSource | None:
        """None: there is no such source. Raises SourcesUnavailable."""
        cached = self._cached.get(source_id)
        if cached is not None and cached.stale_at + STALE_SECONDS_MAX > self._now():
            return self.known(source_id)
        if self._unknown.get(source_id, 0.0) > self._now():
            return None
        try:
            return await asyncio.shield(self._loading.get(source_id) or self._load(source_id))
        except STORE_AWAY as away:
            if cached is not None:
                return cached.source
            raise SourcesUnavailable from away

    def drop(self, source_id: str) -> None:
        """Ask the table the next time."""
        self._cached.pop(source_id, None)
        self._unknown.pop(source_id, None)

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
            self._keep(source_id, finished.result())

        task.add_done_callback(done)
        return task

    def _keep(self, source_id: str, source: IntakeSource | None) -> None:
        self.drop(source_id)
        if source is None:
            self._unknown[source_id] = self._now() + UNKNOWN_FRESH_SECONDS
            if len(self._unknown) > UNKNOWN_MAX:
                self._unknown.popitem(last=False)
            return
        self._cached[source_id] = _Cached(source, self._now() + FRESH_SECONDS)
        if len(self._cached) > CACHED_MAX:
            self._cached.popitem(last=False)


_caches: WeakSet[SourceCache] = WeakSet()
