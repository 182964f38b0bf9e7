"""Sessions: families of refresh tokens, each good for a single use.

Each use answers with the successor. A token that comes back later is a copy, whoever holds it, so its whole family ends.
Two tabs may refresh at once, and an answer may get lost: for ten seconds a used token is answered with the same successor,
which is derived from it, so that nothing but hashes is stored.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import asyncpg

GRACE_SECONDS: Final = 10
SESSIONS_MAX: Final = 100
"""Of one user; whoever begins one more ends the one that was not used for longest."""
DEVICE_CHARACTERS_MAX: Final = 200
_TOKEN_BYTES = 32
_TOKEN_CHARACTERS_MAX = 128
_EXPIRED_PER_LOGIN_MAX = 100


@dataclass(frozen=True, slots=True)
class Opened:
    """A family and the token that is good now."""

    token: str
    session: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The next token of a family, and whose it is."""

    token: str
    user_id: str
    session: str


@dataclass(frozen=True, slots=True)
class Session:
    """Where somebody is logged in. `device` is what the browser says of itself."""

    id: str
    device: str
    address: str
    begun_at: datetime
    last_used_at: datetime


class AccountChanged(Exception):
    """The password that was proven is the user's no longer, or the user is disabled."""


class Sessions:
    """Families of refresh tokens. `secret` derives successors; it is the same in every process."""

    def __init__(self, pool: asyncpg.Pool, secret: bytes, *, days: int) -> None:
        self._pool = pool
        self._secret = secret
        self._lifetime = timedelta(days=days)

    async def open(self, user_id: str, *, proven: str, device: str = "", address: str = "") -> Opened:
        """Begin a family for whoever proved to know the password of the hash `proven`. Clears away some expired ones.

        Raises AccountChanged: a reset or a disabling that came between has ended all sessions, and this one with them.
        """
        token = _text(secrets.token_bytes(_TOKEN_BYTES))
        family = str(uuid4())
        async with self._pool.acquire() as connection, connection.transaction():
            # Whoever changes the user waits for this family, and ends it.
            standing = await connection.fetchrow(
                "select password_hash, disabled from auth.users where id = $1 for share", user_id
            )
            if standing is None or standing["disabled"] or standing["password_hash"] != proven:
                raise AccountChanged
            await connection.execute(
                "delete from auth.families where id in (select id from auth.families where expires_at < now() limit $1)",
                _EXPIRED_PER_LOGIN_MAX,
            )
            await connection.execute(
                """update auth.families set revoked_at = now(), reason = 'too many sessions' where id in (
                       select id from auth.families where user_id = $1 and revoked_at is null and expires_at > now()
                       order by last_used_at desc, id offset $2)""",
                user_id,
                SESSIONS_MAX - 1,
            )
            await connection.execute(
                """insert into auth.families (id, user_id, expires_at, device, address)
                   values ($1, $2, now() + $3::interval, $4, $5)""",
                family,
                user_id,
                self._lifetime,
                device.replace("\x00", "")[:DEVICE_CHARACTERS_MAX],
                address,
            )
            await connection.execute("insert into auth.refresh_tokens (hash, family) values ($1, $2)", _hash(token), family)
        return Opened(token, family)

    async def refresh(self, token: str, *, address: str = "") -> Refreshed | None:
        """The successor of `token`; None if it is unknown, expired, revoked, or was used before (which revokes)."""
        if len(token) > _TOKEN_CHARACTERS_MAX:
            return None
        # Returned, not raised: the revocation has to be committed.
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                """
                select t.family, f.user_id, t.used_at, t.used_at > now() - $2::interval as fresh
                from auth.refresh_tokens t join auth.families f on f.id = t.family
                where t.hash = $1 and f.revoked_at is null and f.expires_at > now()
                for update of t
                """,
                _hash(token),
                timedelta(seconds=GRACE_SECONDS),
            )
            if row is None:
                return None
            successor = self._successor(token)
            if row["used_at"] is None:
                await connection.execute("update auth.refresh_tokens set used_at = now() where hash = $1", _hash(token))
                await connection.execute(
                    "insert into auth.refresh_tokens (hash, family) values ($1, $2)", _hash(successor), row["family"]
                )
                await connection.execute(
                    "update auth.families set last_used_at = now(), address = $2 where id = $1", row["family"], address
                )
            elif not row["fresh"]:
                await _revoke(connection, "id = $2", "a used token came back", row["family"])
                return None
            return Refreshed(successor, row["user_id"], row["family"])

    async def listed(self, user_id: str) -> list[Session]:
        """Those that can be gone on with, the one used last first."""
        rows = await self._pool.fetch(
            """select id, device, address, created_at, last_used_at from auth.families
               where user_id = $1 and revoked_at is null and expires_at > now() order by last_used_at desc, id limit $2""",
            user_id,
            SESSIONS_MAX,
        )
        return [Session(row["id"], row["device"], row["address"], row["created_at"], row["last_used_at"]) for row in rows]

    async def session_of(self, token: str) -> tuple[str, str] | None:
        """(session, user) of a refresh token that is or was good."""
        row = await self._pool.fetchrow(
            "select f.id, f.user_id from auth.refresh_tokens t join auth.families f on f.id = t.family where t.hash = $1",
            _hash(token),
        )
        return None if row is None else (row["id"], row["user_id"])

    async def end(self, user_id: str, session: str, reason: str) -> list[str]:
        """End one of this user's sessions. Returns those that this ended: it, or none."""
        return await _revoke(self._pool, "user_id = $2 and id = $3", reason, user_id, session)

    async def end_all(
        self, user_id: str, reason: str, *, but: str | None = None, connection: asyncpg.Connection | None = None
    ) -> list[str]:
        """End all of this user's sessions, except `but`. Returns those that this ended."""
        where = "user_id = $2 and expires_at > now() and id is distinct from $3"
        return await _revoke(connection or self._pool, where, reason, user_id, but)

    def _successor(self, token: str) -> str:
        return _text(hmac.digest(self._secret, token.encode(), "sha256"))


async def _revoke(connection: asyncpg.Connection | asyncpg.Pool, where: str, reason: str, *values: str | None) -> list[str]:
    rows = await connection.fetch(
        f"update auth.families set revoked_at = now(), reason = $1 where {where} and revoked_at is null returning id",
        reason,
        *values,
    )
    return [row["id"] for row in rows]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
