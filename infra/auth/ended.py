"""Sessions that were ended, so that their access tokens end with them and not a quarter of an hour later.

PostgreSQL is asked once a second for what was ended lately, anywhere; a request only looks into memory. While PostgreSQL is
away what is known stays known, and a token ends by itself at the latest. Redis has no part in it.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final

import asyncpg
import structlog

from infra.postgres.pool import UNAVAILABLE

EVERY_SECONDS: Final = 1.0
LOOK_BACK_SECONDS: Final = 10.0
"""Of a look that follows another: transactions commit a little after their `now()`."""
LOOK_SECONDS_MAX: Final = 5.0
ENDED_MAX: Final = 100_000
log = structlog.get_logger("sessions")


class EndedSessions:
    """`async with` keeps it up to date; `session in ended` asks it."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        token_seconds: int,
        told: Callable[[Collection[str]], None] = lambda _sessions: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """An entry is kept for `token_seconds`, when the last token of its session is over. `told` hears of each once."""
        self._pool = pool
        self._told = told
        self._kept = token_seconds + LOOK_BACK_SECONDS
        self._now = now
        self._until: dict[str, float] = {}
        self._looked: float | None = None
        self._away = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "EndedSessions":
        await self._try()
        self._task = asyncio.create_task(self._repeat())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def __contains__(self, session: object) -> bool:
        return session in self._until

    def add(self, *sessions: str) -> None:
        """Known here at once, elsewhere a second later."""
        self._learn(sessions, self._now() + self._kept)

    async def look(self) -> None:
        """Ask once. Raises asyncpg's errors."""
        now = self._now()
        recent = self._looked is not None and now - self._looked < LOOK_BACK_SECONDS / 2
        rows = await self._pool.fetch(
            """select id from auth.families where revoked_at > now() - make_interval(secs => $1)
               order by revoked_at desc limit $2""",
            LOOK_BACK_SECONDS if recent else self._kept,
            ENDED_MAX,
            timeout=LOOK_SECONDS_MAX,
        )
        self._looked = now
        self._until = {session: until for session, until in self._until.items() if until > now}
        self._learn([row["id"] for row in rows], now + self._kept)

    def _learn(self, sessions: Collection[str], until: float) -> None:
        new = set(sessions) - self._until.keys()
        self._until.update(dict.fromkeys(new, until))
        if new:
            self._told(new)

    async def _try(self) -> None:
        try:
            await self.look()
        except UNAVAILABLE as away:
            if not self._away:
                log.warning("ended sessions can't be asked for", error=type(away).__name__)
            self._away = True
        else:
            self._away = False

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self._try()
