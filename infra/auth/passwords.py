"""Argon2id in a few threads: a burst of logins may make logins slow, never the rest of the gateway."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

THREADS: Final = 2
WAITING_MAX: Final = 32
CHARACTERS_MAX: Final = 1_024
CHARACTERS_MIN: Final = 10
"""Of a password that is chosen now; who has a shorter one may go on with it."""
ResultT = TypeVar("ResultT")


class TooBusy(Exception):
    """More passwords are waiting to be checked than we let wait."""


class Passwords:
    """Hashes and checks passwords. `hasher` decides the cost (argon2-cffi's default is RFC 9106's low-memory profile)."""

    def __init__(self, hasher: PasswordHasher | None = None, *, threads: int = THREADS, waiting_max: int = WAITING_MAX) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting_max = waiting_max + threads
        self._waiting = 0
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """Raises TooBusy."""
        return await self._run(self._hash, password)

    async def check(self, known: str | None, password: str) -> bool:
        """Whether `password` made the hash `known`. Without one it takes just as long, and is False. Raises TooBusy."""
        if len(password) > CHARACTERS_MAX:
            return False
        return await self._run(self._check, known, password)

    def outdated(self, known: str) -> bool:
        """Whether a hash was made with another cost than today's."""
        return self._hasher.check_needs_rehash(known)

    def close(self) -> None:
        """Take no more work."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def _check(self, known: str | None, password: str) -> bool:
        try:
            self._hasher.verify(known or self._nobody, password)
        except VerificationError:
            return False
        except InvalidHashError:  # somebody who has no password yet: that takes as long as any
            return self._check(None, password)
        return known is not None

    async def _run(self, work: Callable[..., ResultT], *arguments: str | None) -> ResultT:
        if self._waiting >= self._waiting_max:
            raise TooBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1
