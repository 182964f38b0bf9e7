"""The keys, wrapped by the master key in PostgreSQL; creating, finding and destroying them.

What is read inside a transaction is never cached: it may be rolled back, and data sealed with a key that was never stored
is lost. So callers on a hot path ask for lead keys without a connection, before their transaction begins.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, get_args

import asyncpg
import orjson

from infra.crypto import statements
from infra.crypto.mac import Mac
from infra.crypto.recent import Recent
from infra.crypto.seal import KEY_BYTES, Key, WrongKey, key_id
from infra.crypto.wrapping import PEPPER, SECRETS, Masters
from schemas.message import Sealed

LEAD_KEYS_CACHED_MAX: Final = 20_000
"""Each takes 3 KB, for the most part OpenSSL's."""
INTAKE_KEYS_CACHED_MAX: Final = 64
ACQUIRE_TIMEOUT_SECONDS: Final = 5.0
LEAD_KEY_ID: Final = "lead"
DEAD_LETTER_KEY_ID: Final = "dead-letter"
FILES_KEY_ID: Final = "files"
_INTAKE_ID: Final = re.compile(r"intake-(\d{4}-\d{2}-\d{2})", re.ASCII)

HashKind = Literal["email", "phone", "delivery", "visitor", "activity"]
_HASH_KINDS: Final = frozenset(get_args(HashKind))


class MissingKey(Exception):
    """Leads without a key and without an entry in the erasure ledger: a backup is incomplete, or keys were lost. Stop."""

    def __init__(self, leads: Sequence[str]) -> None:
        super().__init__(f"{len(leads)} leads have neither a key nor an entry in the erasure ledger, such as {leads[0]}")
        self.leads = tuple(leads)


class ErasedLead(Exception):
    """Leads in the erasure ledger get no new key."""

    def __init__(self, leads: Sequence[str]) -> None:
        super().__init__(f"{len(leads)} leads were erased and get no key again, such as {leads[0]}")
        self.leads = tuple(leads)


class DestroyedKey(Exception):
    """The intake key of this day was destroyed when its retention had passed."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An entry of the ledger, without the reason, which people wrote.

    Attributes:
        destroyed: how many of what went with the key.
        intake_keys: days whose submissions could still be read then -> when their key was destroyed, None: not yet.
    """

    actor: str
    erased_at: datetime
    had_key: bool
    destroyed: Mapping[str, int]
    intake_keys: Mapping[date, datetime | None]


def normal_email(value: str) -> str:
    """The form of an address that is hashed and compared."""
    return value.strip().lower()


class NotStored(ValueError):
    """Which of two master keys a secret comes from can't be known."""

    def __init__(self, purpose: str) -> None:
        super().__init__(
            f"the secret for {purpose} is not stored yet, and was derived from one of two master keys: start once with the "
            "present LEADFLOW_CRYPTO__MASTER_KEY and without LEADFLOW_CRYPTO__PREVIOUS_MASTER_KEY, then begin to rotate"
        )


_ABSENT: Final = Key("absent", bytes(KEY_BYTES))
"""Marks a cache miss, since None in the cache means erased."""


class Keyring:
    """All keys of one deployment. One per process; safe for concurrent tasks."""

    def __init__(self, pool: asyncpg.Pool, master: bytes, previous: bytes | None = None) -> None:
        """Master keys have 32 bytes; `previous` is known beside while one replaces the other. Raises ValueError otherwise."""
        self._pool = pool
        self._masters = Masters(master, previous)
        self._secrets = {purpose: self._masters.derived(purpose) for purpose in SECRETS}
        self._hash = Mac(self._secrets[PEPPER])
        self._leads: Recent[Key | None] = Recent(LEAD_KEYS_CACHED_MAX)
        self._others: Recent[Key | None] = Recent(INTAKE_KEYS_CACHED_MAX)

    async def open(self) -> None:
        """Read what outlives master keys, and store what is not stored yet as it was derived so far. Once, before anything else.

        Raises WrongKey if the database belongs to another master key, and NotStored.
        """
        async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection:
            for purpose in sorted(SECRETS):
                name = f"secret/{purpose}"
                wrapped = await connection.fetchval(statements.NAMED, name)
                if wrapped is None:
                    if not self._masters.alone:
                        raise NotStored(purpose)
                    fresh = self._masters.wrap(self._secrets[purpose], name)
                    await connection.execute(statements.CREATE_NAMED, name, fresh)
                    wrapped = await connection.fetchval(statements.NAMED, name)
                self._secrets[purpose] = self._masters.unwrap(wrapped, name)
        self._hash = Mac(self._secrets[PEPPER])

    def secret(self, purpose: str) -> bytes:
        """32 bytes for one of SECRETS, the same under every master key of this deployment."""
        return self._secrets[purpose]

    def hash(self, kind: HashKind, value: str) -> str:
        """HMAC-SHA256, hex: equal values give equal hashes within one kind, and nobody without the master can guess.

        `email` is normalised here; `phone` is to come as E.164.
        """
        if kind not in _HASH_KINDS:
            raise ValueError(f"{kind!r} is not a kind of hash: {sorted(_HASH_KINDS)}")
        if kind == "email":
            value = normal_email(value)
        return self._hash.digest(f"{kind}\0{value}".encode()).hex()

    async def intake(self, day: date) -> Key:
        """The key of one day at intake, created by whoever asks first. Raises DestroyedKey."""
        id_ = f"intake-{day.isoformat()}"
        cached = self._others.get(id_, _ABSENT)
        if cached is _ABSENT:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection:
                await connection.execute(statements.CREATE_INTAKE, day, self._new(id_))
                wrapped = await connection.fetchval(statements.INTAKE, day)
            cached = None if wrapped is None else self._unwrap(id_, wrapped, id_)
            self._others.put(id_, cached)
        if cached is None:
            raise DestroyedKey(id_)
        return cached

    async def intake_of(self, sealed: Sealed) -> Key | None:
        """The intake key that sealed this text, None once destroyed. Raises WrongKey if none did, MissingKey if it is lost."""
        id_ = key_id(sealed)
        cached = self._others.get(id_, _ABSENT)
        if cached is not _ABSENT:
            return cached
        named = _INTAKE_ID.fullmatch(id_)
        if named is None:
            raise WrongKey(f"sealed with {id_!r}, not with an intake key")
        try:
            day = date.fromisoformat(named[1])
        except ValueError as impossible:
            raise WrongKey(f"{id_!r} names no day") from impossible
        async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection:
            row = await connection.fetchrow(statements.INTAKE, day)
        if row is None:
            raise MissingKey([id_])
        key = None if row["wrapped"] is None else self._unwrap(id_, row["wrapped"], id_)
        self._others.put(id_, key)
        return key

    async def destroy_intake(self, connection: asyncpg.Connection, before: date) -> list[date]:
        """Destroy the intake keys of days before `before`; returns the days. For when retention has passed."""
        rows = await connection.fetch(statements.DESTROY_INTAKE, before)
        for row in rows:
            self._others.drop(f"intake-{row['day'].isoformat()}")
        return sorted(row["day"] for row in rows)

    async def create_lead_keys(self, connection: asyncpg.Connection, leads: Sequence[str]) -> dict[str, Key | None]:
        """Keys in the caller's transaction (READ COMMITTED), made for leads that have none; None for those in the ledger.

        Two statements for any number. Another transaction creating or erasing one of these leads is waited for. Raises ErasedLead
        where one was erased just now: try again.
        """
        wanted = sorted(set(leads))  # one order for everybody, so that two transactions can't wait for each other
        fresh = {lead: os.urandom(KEY_BYTES) for lead in wanted}
        wrapped = [self._masters.wrap(fresh[lead], lead) for lead in wanted]
        created = {row["lead"] for row in await connection.fetch(statements.CREATE_LEADS, wanted, wrapped)}
        found: dict[str, Key | None] = {lead: Key(LEAD_KEY_ID, fresh[lead]) for lead in created}
        erased = []
        for row in await connection.fetch(statements.LEADS_AND_LEDGER, [lead for lead in wanted if lead not in created], wanted):
            if row["wrapped"] is not None:
                found[row["lead"]] = self._unwrap(LEAD_KEY_ID, row["wrapped"], row["lead"])
                continue
            found[row["lead"]] = None
            if row["lead"] in created:
                erased.append(row["lead"])
        if erased:
            raise ErasedLead(erased)
        return found

    async def lead_keys(self, leads: Sequence[str], connection: asyncpg.Connection | None = None) -> dict[str, Key | None]:
        """Keys by lead, None where erased; one query for all that are not cached.

        `connection` is for keys that its own transaction may have made: what it reads is not cached while in a transaction.
        Without one, call it before taking a connection of the same pool. Raises MissingKey.
        """
        found: dict[str, Key | None] = {}
        unknown = []
        for lead in leads:
            key = self._leads.get(lead, _ABSENT)
            if key is _ABSENT:
                unknown.append(lead)
            else:
                found[lead] = key
        if not unknown:
            return found
        if connection is None:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as own:
                rows = await own.fetch(statements.LEADS_AND_LEDGER, unknown, unknown)
            settled = True
        else:
            rows = await connection.fetch(statements.LEADS_AND_LEDGER, unknown, unknown)
            settled = not connection.is_in_transaction()
        read: dict[str, Key | None] = {}
        for row in rows:  # the ledger's rows come last, and win
            read[row["lead"]] = None if row["wrapped"] is None else self._unwrap(LEAD_KEY_ID, row["wrapped"], row["lead"])
        missing = [lead for lead in unknown if lead not in read]
        if missing:
            raise MissingKey(missing)
        if settled:
            for lead, key in read.items():
                self._leads.put(lead, key)
        found.update(read)
        return found

    async def erased(self, connection: asyncpg.Connection, leads: Sequence[str]) -> set[str]:
        """Which of these stand in the erasure ledger now: never from the cache."""
        return {row["lead"] for row in await connection.fetch(statements.ERASED, list(leads))}

    async def known(self, connection: asyncpg.Connection, lead: str) -> bool:
        """Whether the lead has a key, or had one."""
        return bool(await connection.fetchval(statements.KNOWN, lead))

    async def destroy(
        self, connection: asyncpg.Connection, lead: str, *, actor: str, reason: str, done: Mapping[str, int] | None = None
    ) -> None:
        """Delete the lead's key (if it has one) and write the ledger, in the caller's transaction. Twice is once.

        `done` counts what else the caller destroyed, for the certificate.

        A transaction that is creating the key is waited for. Other processes' caches are their own to `forget`.
        """
        # An empty key claims the lead, so that nobody makes one between our look and our delete.
        await connection.execute(statements.CREATE_LEADS, [lead], [b""])
        destroyed = await connection.fetchval(statements.DELETE_LEAD, lead)
        open_days = [row["day"] for row in await connection.fetch(statements.OPEN_INTAKE)]
        certificate = {
            "lead_key": "destroyed" if destroyed else "absent",
            "intake_keys_still_to_be_destroyed": [day.isoformat() for day in open_days],
            "destroyed": dict(done or {}),
        }
        await connection.execute(statements.ENTER_LEDGER, lead, actor, reason, orjson.dumps(certificate).decode())
        self.forget(lead)

    async def erasure(self, connection: asyncpg.Connection, lead: str) -> Erasure | None:
        """What the ledger says of a lead, and how its intake keys stand now; None if it was not erased."""
        row = await connection.fetchrow(statements.LEDGER, lead)
        if row is None:
            return None
        written = orjson.loads(row["certificate"])
        days = [date.fromisoformat(day) for day in written["intake_keys_still_to_be_destroyed"]]
        keys = await connection.fetch(statements.INTAKE_DAYS, days)
        return Erasure(
            actor=row["actor"],
            erased_at=row["erased_at"],
            had_key=written["lead_key"] == "destroyed",
            destroyed=written.get("destroyed", {}),
            intake_keys={key["day"]: key["destroyed_at"] for key in keys},
        )

    def forget(self, lead: str) -> None:
        """Drop a lead's key from the cache: call it after the commit that destroyed it, and on reading `lead.erased`."""
        self._leads.drop(lead)

    async def dead_letter_key(self) -> Key:
        """The key of dead letters, created once. Ask for it at start, so that no transaction waits for a second connection."""
        return await self._named(DEAD_LETTER_KEY_ID)

    async def files_key(self) -> Key:
        """The key of files that belong to no lead, created once."""
        return await self._named(FILES_KEY_ID)

    async def _named(self, name: str) -> Key:
        cached = self._others.get(name, _ABSENT)
        if cached is None or cached is _ABSENT:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection:
                await connection.execute(statements.CREATE_NAMED, name, self._new(name))
                wrapped = await connection.fetchval(statements.NAMED, name)
            cached = self._unwrap(name, wrapped, name)
            self._others.put(name, cached)
        return cached

    def _new(self, owner: str) -> bytes:
        return self._masters.wrap(os.urandom(KEY_BYTES), owner)

    def _unwrap(self, id_: str, wrapped: bytes, owner: str) -> Key:
        return Key(id_, self._masters.unwrap(wrapped, owner))
