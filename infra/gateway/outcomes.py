"""Waiting for what became of a command.

`leads` writes the outcome in its own transaction; Redis only says that it is worth looking now. One poller serves every waiting
request with one query a round, so a hundred waiters cost what one does.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import asyncpg
import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

CHANNEL: Final = "outcomes"
FIRST_LOOK_SECONDS: Final = 0.01
LOOK_SECONDS_MAX: Final = 0.25
LISTEN_RETRY_SECONDS: Final = 1.0
WAITERS_MAX: Final = 10_000

Status = Literal["done", "declined", "conflict", "missing", "erased", "moved"]


@dataclass(frozen=True, slots=True)
class Decided:
    """A row of leads.outcomes. `position` is the command's offset in its partition."""

    command_id: str
    lead: str
    status: Status
    detail: str
    version: int | None
    position: int | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Identified:
    """A row of identity.submissions. `partition` and `offset` are where the submission stands; `reason`: why it was rejected."""

    submission_id: str
    status: Literal["processed", "duplicate", "spam", "test", "rejected", "reference", "event", "activity", "stranger", "missing"]
    lead: str | None
    first_submission: str | None
    partition: int
    offset: int
    at: datetime
    reason: str | None = None


class TooManyWaiting(Exception):
    """More requests are waiting for outcomes than we let wait."""


@dataclass(slots=True, eq=False)
class _Waiter:
    id: str
    submission: bool
    found: "asyncio.Future[Decided | Identified]"
    next_look: float
    pause: float = field(default=FIRST_LOOK_SECONDS)


class Outcomes:
    """`async with` runs its listener and its poller."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis, prefix: str) -> None:
        self._pool = pool
        self._redis = redis
        self._channel = prefix + CHANNEL
        self._waiters: set[_Waiter] = set()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Outcomes":
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._poll())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def of(self, command_id: str) -> Decided | None:
        """The outcome if it is there."""
        return next(iter(await self._decided([command_id])), None)

    async def of_submission(self, submission_id: str) -> Identified | None:
        """What `identity` made of a submission, if it did."""
        return next(iter(await self._identified([submission_id])), None)

    async def wait(self, command_id: str, seconds: float, *, submission: bool = False) -> Decided | Identified | None:
        """The outcome, within `seconds`, else None. `submission`: what ends it may also be `identity`'s verdict.

        Raises TooManyWaiting.
        """
        if len(self._waiters) >= WAITERS_MAX:
            raise TooManyWaiting
        found: asyncio.Future[Decided | Identified] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(command_id, submission, found, time.monotonic() + FIRST_LOOK_SECONDS)
        self._waiters.add(waiter)
        self._changed.set()
        try:
            async with asyncio.timeout(seconds):
                return await found
        except TimeoutError:
            return None
        finally:
            self._waiters.discard(waiter)

    def wake(self, command_ids: Iterable[str]) -> None:
        """These are worth looking at now."""
        woken = set(command_ids)
        for waiter in self._waiters:
            if waiter.id in woken:
                waiter.next_look = 0.0
                self._changed.set()

    async def _poll(self) -> None:
        while True:
            self._changed.clear()
            now = time.monotonic()
            due = [waiter for waiter in self._waiters if waiter.next_look <= now]
            if due:
                with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError):
                    await self._look(due)
                for waiter in due:
                    waiter.pause = min(waiter.pause * 2, LOOK_SECONDS_MAX)
                    waiter.next_look = time.monotonic() + waiter.pause
                continue
            first = min((waiter.next_look for waiter in self._waiters), default=None)
            with suppress(TimeoutError):
                async with asyncio.timeout(None if first is None else max(0.0, first - now)):
                    await self._changed.wait()

    async def _look(self, due: Sequence[_Waiter]) -> None:
        answers: dict[str, Decided | Identified] = {}
        submissions = [waiter.id for waiter in due if waiter.submission]
        if submissions:
            # `processed` is not the end: the lead's own outcome is on its way.
            found = await self._identified(submissions)
            answers = {one.submission_id: one for one in found if one.status != "processed"}
        answers.update({one.command_id: one for one in await self._decided([waiter.id for waiter in due])})
        for waiter in due:
            answer = answers.get(waiter.id)
            if answer is not None and not waiter.found.done():
                waiter.found.set_result(answer)
                self._waiters.discard(waiter)

    async def _decided(self, ids: Sequence[str]) -> list[Decided]:
        rows = await self._pool.fetch(
            "select distinct on (command_id) command_id, lead, status, detail, version, position, decided_at"
            " from leads.outcomes where command_id = any($1::text[]) order by command_id, decided_at desc",
            ids,
        )
        return [Decided(**dict(row)) for row in rows]

    async def _identified(self, ids: Sequence[str]) -> list[Identified]:
        rows = await self._pool.fetch(
            'select submission_id, status, lead, first_submission, partition, "offset", at, reason from identity.submissions'
            " where submission_id = any($1::text[])",
            ids,
        )
        return [Identified(**dict(row)) for row in rows]

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(self._channel)
                    async for message in pubsub.listen():
                        ids = orjson.loads(message["data"])
                        if isinstance(ids, list):
                            self.wake(str(one) for one in ids)
            except (RedisError, OSError, orjson.JSONDecodeError):
                # Without Redis the poller still finds every outcome, a little later.
                await asyncio.sleep(LISTEN_RETRY_SECONDS)
