"""Guessing passwords takes ever longer: after a few wrong ones, each login has to wait.

Counted per (address, account) and, more patiently, per account and per address, so that a stranger's guesses don't lock
somebody out at once. Redis keeps the counts; without it nobody is delayed here (Argon2 and its short queue still slow a guesser).
"""

import time
from collections.abc import Callable
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

FORGOTTEN_SECONDS: Final = 900
DELAY_SECONDS_MAX: Final = 30
FREE_PER_PAIR: Final = 5
FREE_PER_ACCOUNT: Final = 20
FREE_PER_ADDRESS: Final = 50


class Guesses:
    """Wrong logins of the last 15 minutes. `hashed(email)` keeps addresses out of Redis."""

    def __init__(self, redis: Redis, prefix: str, hashed: Callable[[str], str], *, now: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._hashed = hashed
        self._prefix = f"{prefix}guesses:"
        self._now = now

    async def wait_seconds(self, email: str, address: str) -> int:
        """How long this login has to wait; 0 lets it try."""
        keys = self._keys(email, address)
        try:
            found = await self._redis.mget([key + ":until" for key in keys])
        except (RedisError, OSError):
            return 0
        latest = max((float(until) for until in found if until is not None), default=0.0)
        return max(0, int(latest - self._now() + 0.999))

    async def wrong(self, email: str, address: str) -> None:
        """Count a wrong password; the delay doubles from one second to half a minute."""
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for key in self._keys(email, address):
                    pipeline.incr(key)
                    pipeline.expire(key, FORGOTTEN_SECONDS)
                counts = (await pipeline.execute())[::2]
                for (key, free), count in zip(self._keys(email, address).items(), counts, strict=True):
                    if count > free:
                        delay = min(2 ** min(count - free - 1, 10), DELAY_SECONDS_MAX)
                        pipeline.set(key + ":until", self._now() + delay, ex=delay + 1)
                await pipeline.execute()
        except (RedisError, OSError):
            return

    async def right(self, email: str, address: str) -> None:
        """Forget the pair's wrong ones."""
        pair = next(iter(self._keys(email, address)))
        try:
            await self._redis.delete(pair, pair + ":until")
        except (RedisError, OSError):
            return

    def _keys(self, email: str, address: str) -> dict[str, int]:
        account = self._hashed(email)
        return {
            f"{self._prefix}pair:{account}:{address}": FREE_PER_PAIR,
            f"{self._prefix}account:{account}": FREE_PER_ACCOUNT,
            f"{self._prefix}address:{address}": FREE_PER_ADDRESS,
        }
