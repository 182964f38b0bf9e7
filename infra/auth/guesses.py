"""Guessing passwords takes ever longer, and in the end is not let try at all for a while.

Counted per (account, address), per account, and per address: a few free, then a delay that doubles, then a lock. An attempt is
counted before it is made and forgiven if it was right, in one step each, so that a thousand guesses at once are no better than
one after the other. Accounts are counted whether they exist or not. A machine from which somebody logged in lately is not
kept out by what strangers do to the account. Redis keeps the counts; without it nobody is let try.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

REDIS_SECONDS_MAX: Final = 2.0
DELAY_SECONDS_MAX: Final = 30
KNOWN_SECONDS: Final = 30 * 24 * 60 * 60


class Rule(NamedTuple):
    """`free` wrong ones cost nothing, each further one a delay, from `lock` on `lock_seconds`; forgotten after `kept_seconds`.

    `strangers` alone are meant: not who logged in from there lately.
    """

    name: str
    free: int
    lock: int
    lock_seconds: int
    kept_seconds: int
    strangers: bool


RULES: Final = (
    Rule("pair", 5, 15, 900, 900, strangers=False),
    Rule("address", 50, 200, 900, 900, strangers=False),
    Rule("account", 20, 50, 900, 900, strangers=True),
    # What a patient guesser gets in a day, spread over any number of addresses.
    Rule("day", 200, 201, 4 * 3_600, 24 * 3_600, strangers=True),
)

# KEYS: the mark of a known machine, then (count, until) of each rule.
# ARGV of BEGIN: longest delay, then (free, lock, lock seconds, kept seconds, strangers alone) of each rule.
BEGIN: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local known = redis.call('EXISTS', KEYS[1]) == 1
local rules = (#KEYS - 1) / 2
local wait = 0
for i = 0, rules - 1 do
  if not (known and ARGV[6 + 5 * i] == '1') then
    local ends = tonumber(redis.call('GET', KEYS[3 + 2 * i]) or '0')
    wait = math.max(wait, ends - now)
  end
end
if wait > 0 then return math.ceil(wait) end
for i = 0, rules - 1 do
  local free, lock = tonumber(ARGV[2 + 5 * i]), tonumber(ARGV[3 + 5 * i])
  local count = redis.call('INCR', KEYS[2 + 2 * i])
  redis.call('EXPIRE', KEYS[2 + 2 * i], ARGV[5 + 5 * i])
  if count > free then
    local delay = math.min(2 ^ math.min(count - free - 1, 20), tonumber(ARGV[1]))
    if count >= lock then delay = tonumber(ARGV[4 + 5 * i]) end
    -- Rounded down: rounded up, it would tell somebody who asks at once to wait a second more.
    local ends = math.floor((now + delay) * 1000) / 1000
    redis.call('SET', KEYS[3 + 2 * i], string.format('%.3f', ends), 'EX', math.ceil(delay) + 1)
  end
end
return 0
"""
# ARGV of FORGIVE: seconds for which the machine is known (0: it isn't), then the free ones of each rule.
FORGIVE: Final = """
for i = 0, (#KEYS - 1) / 2 - 1 do
  local count = tonumber(redis.call('GET', KEYS[2 + 2 * i]) or '0')
  if count > 0 then count = redis.call('DECR', KEYS[2 + 2 * i]) end
  if (i == 0 and ARGV[1] ~= '0') then redis.call('DEL', KEYS[2]) count = 0 end
  if count <= tonumber(ARGV[2 + i]) then redis.call('DEL', KEYS[3 + 2 * i]) end
end
if ARGV[1] ~= '0' then redis.call('SET', KEYS[1], '1', 'EX', ARGV[1]) end
return 0
"""


class GuessesUnavailable(Exception):
    """Redis can't be asked, so nobody may guess."""


class Guesses:
    """Wrong logins of late. `hashed` keeps addresses, of people and of machines, out of Redis."""

    def __init__(self, redis: Redis, prefix: str, hashed: Callable[[str], str]) -> None:
        self._redis = redis
        self._hashed = hashed
        self._prefix = f"{prefix}guesses:"

    async def begin(self, email: str, address: str) -> int:
        """How many seconds this attempt has to wait; 0 lets it try, and counts it as wrong. Raises GuessesUnavailable."""
        rules = [
            value for rule in RULES for value in (rule.free, rule.lock, rule.lock_seconds, rule.kept_seconds, int(rule.strangers))
        ]
        return int(await self._run(BEGIN, email, address, [DELAY_SECONDS_MAX, *rules]))

    async def right(self, email: str, address: str) -> None:
        """The attempt was right: it and this machine's wrong ones are forgiven. Raises GuessesUnavailable."""
        await self._run(FORGIVE, email, address, [KNOWN_SECONDS, *(rule.free for rule in RULES)])

    async def undecided(self, email: str, address: str) -> None:
        """The attempt was none: it isn't counted. Raises GuessesUnavailable."""
        await self._run(FORGIVE, email, address, [0, *(rule.free for rule in RULES)])

    async def forgive(self, email: str) -> None:
        """The owner has proved to be the owner: nothing keeps the account closed. Raises GuessesUnavailable."""
        names = [f"{self._prefix}{rule.name}:{self._hashed(email)}" for rule in RULES if rule.strangers]
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                await self._redis.delete(*names, *(f"{name}:until" for name in names))
        except (RedisError, OSError) as away:
            raise GuessesUnavailable from away

    async def _run(self, script: str, email: str, address: str, values: Sequence[int]) -> Any:
        keys = self._keys(self._hashed(email), self._hashed(address))
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                return await self._redis.register_script(script)(keys=keys, args=list(values))
        except (RedisError, OSError) as away:
            raise GuessesUnavailable from away

    def _keys(self, account: str, address: str) -> list[str]:
        whose = {"pair": f"{account}:{address}", "address": address, "account": account, "day": account}
        names = [f"{self._prefix}{rule.name}:{whose[rule.name]}" for rule in RULES]
        return [f"{self._prefix}known:{account}:{address}", *(key for name in names for key in (name, f"{name}:until"))]
