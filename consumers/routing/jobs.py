"""The background work of routing, for whoever hosts it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import asyncpg

from consumers.routing.waiting import keep_counted


class Host(Protocol):
    """What a job needs of its process."""

    @property
    def pool(self) -> asyncpg.Pool:
        """Connections."""


def jobs(has: Host) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """One job: tell how many leads wait."""

    async def count_waiting(stop: asyncio.Event) -> None:
        await keep_counted(has.pool, stop)

    return [count_waiting]
