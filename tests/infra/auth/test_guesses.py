"""What a guesser gets, alone and with a thousand friends."""

import asyncio
import dataclasses
import math
import time
from collections.abc import Awaitable, Iterable
from typing import Any

import pytest

from infra.auth.guesses import KNOWN_SECONDS, RULES, Guesses, GuessesUnavailable
from infra.auth.passwords import Passwords
from tests.infra.auth.logins import log_in
from tests.infra.gateway import offline
from tests.infra.gateway.running import CHEAP, PASSWORD, Running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
FREE = {rule.name: rule.free for rule in RULES}


def guesses(here: Running) -> Guesses:
    return here.services.guesses


async def keys(here: Running, pattern: str) -> list[bytes]:
    prefix = here.services.settings.redis.prefix
    return [key async for key in here.services.redis.scan_iter(f"{prefix}guesses:{pattern}", count=1_000)]


async def forget(here: Running, *patterns: str) -> None:
    for pattern in patterns:
        for key in await keys(here, pattern):
            await here.services.redis.delete(key)


async def later(here: Running, *kinds: str) -> None:
    """As if the delays of these kinds were over."""
    await forget(here, *(f"{kind}:*:until" for kind in kinds))


async def at_once(asked: Iterable[Awaitable[int]]) -> list[int]:
    """In parallel, as far as there are connections."""
    room = asyncio.Semaphore(50)

    async def one(asking: Awaitable[int]) -> int:
        async with room:
            return await asking

    return await asyncio.gather(*(one(asking) for asking in asked))


async def test_parallel_guesses_get_no_more_than_those_one_after_the_other(fresh: Running) -> None:
    began = time.monotonic()
    waits = await at_once(guesses(fresh).begin("a@x.example", "198.51.100.1") for _ in range(500))
    # On a slow machine delays of 1, 2, 4, ... s end meanwhile, and each lets one more try.
    over = int(math.log2(time.monotonic() - began + 1))
    assert FREE["pair"] + 1 <= waits.count(0) <= FREE["pair"] + 1 + over
    assert max(waits) <= 2**over


async def test_a_thousand_addresses_share_what_an_account_allows(fresh: Running) -> None:
    waits = await at_once(guesses(fresh).begin("a@x.example", f"198.51.100.{n}") for n in range(250))
    assert waits.count(0) == FREE["account"] + 1


async def test_one_address_that_tries_many_accounts_is_slowed_down(fresh: Running) -> None:
    waits = await at_once(guesses(fresh).begin(f"{n}@x.example", "198.51.100.1") for n in range(250))
    assert waits.count(0) == FREE["address"] + 1


async def test_the_delay_doubles_up_to_half_a_minute_and_ends_in_a_lock(fresh: Running) -> None:
    delays: list[int | None] = []
    for _ in range(15):
        assert await guesses(fresh).begin("a@x.example", "198.51.100.1") == 0
        left = [await fresh.services.redis.ttl(key) for key in await keys(fresh, "pair:*:until")]
        delays.append(left[0] - 1 if left else None)
        await later(fresh, "pair")
    assert delays == [None] * 5 + [1, 2, 4, 8, 16, 30, 30, 30, 30, 900]


async def test_what_was_counted_is_forgiven_where_it_was_right(fresh: Running) -> None:
    for _ in range(60):
        assert await guesses(fresh).begin("a@x.example", "198.51.100.1") == 0
        await guesses(fresh).right("a@x.example", "198.51.100.1")
    for name in ("pair", "account", "address", "day"):
        counts = [await fresh.services.redis.get(key) for key in await keys(fresh, f"{name}:*")]
        assert {int(count) for count in counts} <= {0}


async def test_strangers_lock_nobody_out_of_the_machine_where_they_logged_in(fresh: Running) -> None:
    assert await guesses(fresh).begin("a@x.example", "203.0.113.1") == 0
    await guesses(fresh).right("a@x.example", "203.0.113.1")
    for n in range(120):
        await guesses(fresh).begin("a@x.example", f"198.51.100.{n}")
        await later(fresh, "account")
    for n in range(3):
        await guesses(fresh).begin("a@x.example", f"198.51.100.{n + 150}")
    assert await guesses(fresh).begin("a@x.example", "198.51.100.200") == 900, "a stranger is locked out"
    assert await guesses(fresh).begin("a@x.example", "203.0.113.1") == 0
    ttl = await fresh.services.redis.ttl((await keys(fresh, "known:*"))[0])
    assert 0 < ttl <= KNOWN_SECONDS
    await guesses(fresh).forgive("a@x.example")
    assert await guesses(fresh).begin("a@x.example", "198.51.100.201") == 0


async def test_what_is_undecided_makes_no_machine_known(fresh: Running) -> None:
    for _ in range(20):
        assert await guesses(fresh).begin("a@x.example", "203.0.113.1") == 0
        await guesses(fresh).undecided("a@x.example", "203.0.113.1")
    assert await keys(fresh, "known:*") == []


async def test_a_patient_guesser_has_a_daily_share(fresh: Running) -> None:
    found = []
    for n in range(FREE["day"] + 1):
        found.append(await guesses(fresh).begin("a@x.example", f"198.51.{n // 250}.{n % 250}"))
        await later(fresh, "account", "pair")
        await forget(fresh, "account:*")
    assert set(found) == {0}
    assert await guesses(fresh).begin("a@x.example", "192.0.2.1") == 4 * 3600


async def test_no_address_stands_in_redis(fresh: Running) -> None:
    await log_in(fresh, "somebody@x.example")
    assert not [key for key in await keys(fresh, "*") if b"somebody" in key or b"127.0.0.1" in key]
    assert await keys(fresh, "*")


async def test_accounts_that_exist_and_those_that_do_not_are_treated_alike(fresh: Running) -> None:
    class Counting(Passwords):
        known: list[bool] = []

        async def check(self, known: str | None, password: str) -> bool:
            self.known.append(known is not None)
            return await super().check(known, password)

    counting = Counting(CHEAP)
    fresh.gateway.api.state.services = dataclasses.replace(fresh.services, passwords=counting)
    try:
        answers: list[Any] = []
        for email in ("rep@example.com", "nobody@example.com"):
            asked = [await log_in(fresh, email, "guess") for _ in range(7)]
            answers.append([(one.status_code, one.json(), one.headers.keys()) for one in asked])
            await later(fresh, "pair", "address")
    finally:
        fresh.gateway.api.state.services = fresh.services
    assert answers[0] == answers[1]
    assert counting.known == [True] * 6 + [False] * 6, "a password is hashed either way"


async def test_without_redis_nobody_may_guess(fresh: Running) -> None:
    away = Guesses(offline.NoStore(), "p:", str)  # type: ignore[arg-type]
    for asked in (away.begin("a", "b"), away.right("a", "b"), away.undecided("a", "b"), away.forgive("a")):
        with pytest.raises(GuessesUnavailable):
            await asked
    fresh.gateway.api.state.services = dataclasses.replace(fresh.services, guesses=away)
    try:
        answer = await log_in(fresh, password=PASSWORD)
    finally:
        fresh.gateway.api.state.services = fresh.services
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
