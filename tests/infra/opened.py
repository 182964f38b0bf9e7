"""What the tests of PostgreSQL's adapters begin with: a pool, a keyring and empty tables."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from infra.crypto.keyring import Keyring
from infra.postgres.pool import open_pool

TABLES = (
    "crypto.intake_keys",
    "crypto.lead_keys",
    "crypto.named_keys",
    "crypto.erasures",
    "effects.effects",
    "effects.suppressions",
    "effects.switches",
    "dead_letters.letters",
)


@dataclass(frozen=True)
class Opened:
    pool: asyncpg.Pool
    master: bytes
    keyring: Keyring

    def another_process(self) -> Keyring:
        """A keyring with a cache of its own."""
        return Keyring(self.pool, self.master)


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[Opened]:
    pool = await open_pool(database, name="test", size=6)
    try:
        await pool.execute(f"truncate {', '.join(TABLES)}")
        master = os.urandom(32)
        yield Opened(pool, master, Keyring(pool, master))
    finally:
        await pool.close()
