"""How much somebody may ask for: GCRA (a leaky bucket kept as one moment) in one Redis script, for several buckets at once.

A bucket lets `limit` requests through at once and refills evenly within `seconds`. What several buckets must allow is taken from
all of them or from none. While Redis is away nothing is limited: limits are for fairness; who guards something says so itself.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

ANSWER_SECONDS_MAX: Final = 0.25
AWAY_SECONDS: Final = 1.0
"""How long Redis is not asked after it did not answer."""
log = structlog.get_logger("rates")

# KEYS: buckets. ARGV: how many are wanted at most, then (limit, seconds) of each bucket. A bucket's value is the moment, in
# microseconds, at which it will be full again.
TAKE: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local taken = tonumber(ARGV[1])
local full, step, window = {}, {}, {}
for i, key in ipairs(KEYS) do
  window[i] = tonumber(ARGV[2 * i + 1]) * 1000000
  step[i] = window[i] / tonumber(ARGV[2 * i])
  full[i] = math.max(tonumber(redis.call('GET', key) or '0'), now)
  taken = math.max(0, math.min(taken, math.floor((now + window[i] - full[i]) / step[i] + 0.001)))
end
local answer = {taken}
for i, key in ipairs(KEYS) do
  if taken > 0 then
    full[i] = full[i] + taken * step[i]
    redis.call('SET', key, string.format('%.0f', full[i]), 'PX', math.ceil((full[i] - now) / 1000) + 1)
  end
  answer[#answer + 1] = math.max(0, math.floor((now + window[i] - full[i]) / step[i] + 0.001))
  answer[#answer + 1] = math.max(0, math.ceil((full[i] + step[i] - now - window[i]) / 1000))
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` requests within `seconds`; `name` is what the sender is told."""

    name: str
    limit: int
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class Bucket:
    """Whose requests are counted together, and how many there may be. `key` is free of personal data."""

    key: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Level:
    """How a bucket stands. `wait_seconds` until it lets the next one through; 0 if it does now."""

    rate: Rate
    remaining: int
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Taken:
    """How many were let through, and how each bucket stands then."""

    count: int
    levels: tuple[Level, ...]

    @property
    def wait_seconds(self) -> float:
        """Until all buckets let one through."""
        return max(level.wait_seconds for level in self.levels)

    @property
    def tightest(self) -> Level:
        """The bucket that will refuse first."""
        return min(self.levels, key=lambda level: level.remaining / level.rate.limit)


class Rates:
    """The buckets of one deployment."""

    def __init__(self, redis: Redis, prefix: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._prefix = f"{prefix}rates:"
        self._now = now
        self._away_until = 0.0
        self._script: Any = None

    async def take(self, buckets: Sequence[Bucket], wanted: int = 1) -> Taken | None:
        """Up to `wanted` from every bucket, as many as all of them have. None: nobody counts at the moment."""
        if not buckets or self._now() < self._away_until:
            return None
        keys = [f"{self._prefix}{bucket.rate.name}:{bucket.key}" for bucket in buckets]
        numbers = [number for bucket in buckets for number in (bucket.rate.limit, bucket.rate.seconds)]
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                self._script = self._script or self._redis.register_script(TAKE)
                answer = await self._script(keys=keys, args=[wanted, *numbers])
        except (RedisError, OSError) as away:
            log.warning("nothing is limited", error=type(away).__name__)
            self._away_until = self._now() + AWAY_SECONDS
            return None
        pairs = zip(buckets, answer[1::2], answer[2::2], strict=True)
        levels = tuple(Level(bucket.rate, int(left), int(wait) / 1000) for bucket, left, wait in pairs)
        return Taken(int(answer[0]), levels)
