"""Who works with whom, from the published `team` documents, remembered for a moment."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from infra.documents.store import Version, latest
from infra.postgres.pool import UNAVAILABLE

KIND: Final = "team"
KEPT_SECONDS: Final = 10.0

Mates = Mapping[str, frozenset[str]]


class Teams:
    """Asked at every request of somebody who sees the leads of a team."""

    def __init__(self, pool: asyncpg.Pool, *, now: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now = now
        self._mates: Mates = {}
        self._looked: float | None = None

    async def mates(self, person: str) -> frozenset[str]:
        """Everybody in a team with this person. While PostgreSQL is away, as it was last known."""
        now = self._now()
        if self._looked is None or now - self._looked > KEPT_SECONDS:
            self._looked = now
            try:
                self._mates = mates_of(await latest(self._pool, KIND))
            except UNAVAILABLE:
                self._looked = None
        return self._mates.get(person, frozenset())


def mates_of(teams: Mapping[str, Version]) -> Mates:
    """By person."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for team in teams.values():
        members = {str(member.get("person")) for member in team.body.get("members") or ()}
        for person in members:
            found[person] |= members
    return {person: frozenset(mates) for person, mates in found.items()}
