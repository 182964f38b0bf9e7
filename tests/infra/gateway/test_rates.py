"""The buckets, in a real Redis."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from infra.gateway.leases import SHARES, IntakeLimits, Leases
from infra.gateway.problems import Problem
from infra.gateway.rates import AWAY_SECONDS, Bucket, Rate, Rates
from infra.redis.client import open_client
from infra.settings import Settings
from tests.infra.gateway.offline import NoStore

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
SLOW = Rate("slow", 10, 3_600)


@pytest_asyncio.fixture(loop_scope="session")
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = open_client(settings.redis.url, name="test")
    yield client
    await client.aclose()


@pytest.fixture
def rates(redis: Redis, settings: Settings, request: pytest.FixtureRequest) -> Rates:
    return Rates(redis, f"{settings.redis.prefix}{request.node.name}:")


async def test_a_bucket_lets_its_limit_through_at_once_and_then_no_more(rates: Rates) -> None:
    bucket = Bucket("a", SLOW)
    found = [await rates.take([bucket]) for _ in range(12)]
    assert [taken.count for taken in found if taken] == [1] * 10 + [0] * 2
    assert [taken.levels[0].remaining for taken in found if taken] == [*range(9, -1, -1), 0, 0]
    last = found[-1]
    assert last is not None
    assert 350 < last.wait_seconds <= 360, "one every six minutes"
    assert found[0] is not None
    assert found[0].wait_seconds == 0


async def test_parallel_requests_get_no_more_than_the_limit(rates: Rates) -> None:
    found = await asyncio.gather(*(rates.take([Bucket("a", SLOW)]) for _ in range(40)))
    assert sum(taken.count for taken in found if taken) == 10


async def test_it_refills_evenly(rates: Rates) -> None:
    bucket = Bucket("a", Rate("fast", 20, 1))
    first = await rates.take([bucket], 50)
    assert first is not None
    assert first.count == 20
    await asyncio.sleep(0.25)
    second = await rates.take([bucket], 50)
    assert second is not None
    assert 4 <= second.count <= 12, "a quarter of it, or a little more on a busy machine"


async def test_what_several_buckets_must_allow_is_taken_from_all_or_none(rates: Rates) -> None:
    tight, wide = Bucket("t", Rate("tight", 2, 3_600)), Bucket("w", SLOW)
    found = [await rates.take([tight, wide]) for _ in range(5)]
    assert [taken.count for taken in found if taken] == [1, 1, 0, 0, 0]
    last = await rates.take([wide])
    assert last is not None
    assert last.levels[0].remaining == 7
    assert [taken.tightest.rate.name for taken in found if taken] == ["tight"] * 5


async def test_a_full_bucket_is_forgotten(rates: Rates, redis: Redis, settings: Settings) -> None:
    await rates.take([Bucket("a", Rate("fast", 100, 1))])
    await asyncio.sleep(0.1)
    assert [key async for key in redis.scan_iter(f"{settings.redis.prefix}test_a_full_bucket*")] == []


async def test_without_redis_nothing_is_limited_and_it_is_left_alone_for_a_moment() -> None:
    now = 0.0

    class Away(NoStore):
        asked = 0

        def register_script(self, _: str) -> None:
            self.asked += 1
            raise ConnectionRefusedError

    away = Away()
    rates = Rates(away, "p:", now=lambda: now)  # type: ignore[arg-type]
    for _ in range(5):
        assert await rates.take([Bucket("a", SLOW)]) is None
    assert away.asked == 1
    now = AWAY_SECONDS + 0.1
    await rates.take([Bucket("a", SLOW)])
    assert away.asked == 2


async def settled(leases: Leases) -> None:
    while leases._wanted:
        await leases.fetch()


async def test_a_lease_lets_through_what_the_bucket_has_and_never_waits(rates: Rates) -> None:
    leases, rate = Leases(rates), Rate("hot", 200, 3_600)
    passed = 0
    for _ in range(600):
        passed += leases.allow("a", rate)
        await settled(leases)
    assert passed == 200
    assert leases.wait_seconds("a") >= 1


async def test_two_processes_share_a_bucket(rates: Rates) -> None:
    both, rate = (Leases(rates), Leases(rates)), Rate("hot", 400, 3_600)
    passed = 0
    for number in range(1_000):
        leases = both[number % 2]
        passed += leases.allow("a", rate)
        await settled(leases)
    assert 400 - 2 * 400 // SHARES <= passed <= 400


async def test_what_comes_before_the_first_share_is_let_through_and_paid_from_it(rates: Rates) -> None:
    leases, rate = Leases(rates), Rate("hot", 100, 3_600)
    assert all(leases.allow("a", rate) for _ in range(60))
    await settled(leases)
    passed = 60
    for _ in range(200):
        passed += leases.allow("a", rate)
        await settled(leases)
    assert passed == 100


async def test_one_sender_takes_nothing_from_another(rates: Rates) -> None:
    leases, rate = Leases(rates), Rate("hot", 20, 3_600)
    for _ in range(50):
        leases.allow("greedy", rate)
        await settled(leases)
    assert not leases.allow("greedy", rate)
    assert leases.allow("modest", rate)


async def test_a_refused_sender_is_let_through_when_the_bucket_has_refilled(rates: Rates) -> None:
    leases, rate = Leases(rates), Rate("hot", 10, 1)
    for _ in range(30):
        leases.allow("a", rate)
        await settled(leases)
    assert not leases.allow("a", rate)
    await asyncio.sleep(0.35)
    assert leases.allow("a", rate)


async def test_running_it_fetches_beside(rates: Rates) -> None:
    async with Leases(rates) as leases:
        rate = Rate("hot", 50, 3_600)
        for _ in range(50):
            leases.allow("a", rate)
        async with asyncio.timeout(5):
            while leases.allow("a", rate):
                await asyncio.sleep(0.001)


async def test_without_redis_intake_is_open() -> None:
    leases = Leases(Rates(NoStore(), "p:"))  # type: ignore[arg-type]
    for _ in range(500):
        assert leases.allow("a", Rate("hot", 10, 3_600))
        await settled(leases)


async def test_intake_is_limited_by_source_and_by_sender(rates: Rates) -> None:
    leases = Leases(rates)
    limits = IntakeLimits(leases, source_per_minute=30, address_per_minute=20)

    async def passed(source: str, address: str, times: int) -> int:
        count = 0
        for _ in range(times):
            with suppress(Problem):
                limits.check(source, address)
                count += 1
            await settled(leases)
        return count

    assert math.isclose(await passed("s1", "198.51.100.1", 60), 20, abs_tol=1)
    assert math.isclose(await passed("s1", "198.51.100.2", 60), 10, abs_tol=1), "what the source has left"
    assert await passed("s2", "198.51.100.3", 10) == 10
    with pytest.raises(Problem) as refused:
        limits.check("s1", "198.51.100.1")
    assert refused.value.status == 429
    assert int(refused.value.headers["Retry-After"]) >= 1
