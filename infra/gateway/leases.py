"""Limits for a hot route: nobody waits for Redis, because this process has a share of each bucket in hand.

allow(bucket) -> from the share, at once; when the share runs low the next one is fetched beside. What is asked for before the
first share has come is let through and paid from it. While Redis is away everything is let through. A bucket can be overdrawn by
what comes within one round trip to Redis, and what a process has in hand can't be had by another.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from infra.gateway.addresses import UNKNOWN, bucket
from infra.gateway.problems import Problem
from infra.gateway.rates import Bucket, Rate, Rates

KEPT_MAX: Final = 20_000
"""Buckets of which this process has a share; those not asked for longest are let go, and what is left of them."""
SHARES: Final = 20
"""A share is one part in so many of what a bucket holds."""
SHARE_MAX: Final = 1_000
AT_ONCE_MAX: Final = 32
WAIT_SECONDS_MIN: Final = 0.05


@dataclass(slots=True)
class _Share:
    rate: Rate
    left: int = 0
    owed: int = 0
    good_until: float = 0.0
    refused_until: float = 0.0
    asked: bool = False
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = max(1, min(SHARE_MAX, self.rate.limit // SHARES))


class Leases:
    """`async with` runs what fetches shares."""

    def __init__(self, rates: Rates, *, now: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._now = now
        self._shares: OrderedDict[str, _Share] = OrderedDict()
        self._wanted: dict[str, _Share] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Leases":
        self._task = asyncio.create_task(self._repeat())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def allow(self, key: str, rate: Rate) -> bool:
        """Whether one more is let through. Never waits."""
        now = self._now()
        share = self._share(key, rate)
        if share.left and share.good_until < now:
            share.left = 0
        if share.left:
            share.left -= 1
        elif share.refused_until > now:
            return False
        else:
            share.owed += 1
        if share.left <= share.size // 2 and not share.asked and share.refused_until <= now:
            share.asked = True
            self._wanted[key] = share
            self._wake.set()
        return True

    def wait_seconds(self, key: str) -> int:
        """How long a sender that was refused should wait: at least a second."""
        share = self._shares.get(key)
        return 1 if share is None else max(1, math.ceil(share.refused_until - self._now()))

    async def fetch(self) -> None:
        """Fetch the shares that run low, once."""
        batch = [self._wanted.popitem() for _ in range(min(AT_ONCE_MAX, len(self._wanted)))]
        await asyncio.gather(*(self._fetch(key, share) for key, share in batch))

    def _share(self, key: str, rate: Rate) -> _Share:
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = _Share(rate)
            if len(self._shares) > KEPT_MAX:
                self._shares.popitem(last=False)
        else:
            self._shares.move_to_end(key)
        return share

    async def _fetch(self, key: str, share: _Share) -> None:
        owed = share.owed
        taken = await self._rates.take([Bucket(key, share.rate)], owed + share.size)
        share.asked = False
        now = self._now()
        if taken is None:
            share.owed = 0
            return
        share.left += max(0, taken.count - owed)
        share.owed -= owed
        share.good_until = now + share.rate.seconds
        if taken.count < owed + share.size:
            share.refused_until = now + max(taken.wait_seconds, WAIT_SECONDS_MIN)

    async def _repeat(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._wanted:
                await self.fetch()


class IntakeLimits:
    """What one source and one sender may hand in. `check` is for the hot route: it never waits.

    `bucket_of` is what Redis knows an address by.
    """

    def __init__(
        self, leases: Leases, *, source_per_minute: int, address_per_minute: int, bucket_of: Callable[[str], str] = bucket
    ) -> None:
        self._leases = leases
        self._bucket_of = bucket_of
        self._source = Rate("intake-source", source_per_minute)
        self._address = Rate("intake-address", address_per_minute)

    def check(self, source_id: str, address: str = UNKNOWN) -> None:
        """Both. Raises Problem 429 with Retry-After."""
        self.check_address(address)
        self.check_source(source_id)

    def check_address(self, address: str) -> None:
        """Raises Problem 429 with Retry-After."""
        _check(self._leases, self._bucket_of(address), self._address)

    def check_source(self, source_id: str) -> None:
        """Raises Problem 429 with Retry-After."""
        _check(self._leases, source_id, self._source)


class FormLimits:
    """How many hosted forms that aren't at hand one sender may ask for: those that are none, most of all."""

    def __init__(self, leases: Leases, *, unknown_per_minute: int, bucket_of: Callable[[str], str] = bucket) -> None:
        self._leases = leases
        self._bucket_of = bucket_of
        self._unknown = Rate("form-unknown", unknown_per_minute)

    def check(self, address: str) -> None:
        """Raises Problem 429 with Retry-After."""
        _check(self._leases, self._bucket_of(address), self._unknown)


def _check(leases: Leases, key: str, rate: Rate) -> None:
    name = f"{rate.name}:{key}"
    if not leases.allow(name, rate):
        raise too_many(leases.wait_seconds(name))


def too_many(seconds: int) -> Problem:
    """429."""
    detail = f"Try again in {seconds} s."
    return Problem(429, "rate-limited", "Too many requests", detail, headers={"Retry-After": str(seconds)})
