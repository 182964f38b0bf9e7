"""Refresh tokens: single use, in families.

Each use answers with the successor. A token that comes back later is a copy, whoever holds it, so its whole family ends.
Two tabs may refresh at once, and an answer may get lost: for ten seconds a used token is answered with the same successor,
which is derived from it, so that nothing but hashes is stored.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import uuid4

import asyncpg

GRACE_SECONDS: Final = 10
_TOKEN_BYTES = 32
_TOKEN_CHARACTERS_MAX = 128
_EXPIRED_PER_LOGIN_MAX = 100


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The next token of a family, and whose it is."""

    token: str
    user_id: str


class Sessions:
    """Families of refresh tokens. `secret` derives successors; it is the same in every process."""

    def __init__(self, pool: asyncpg.Pool, secret: bytes, *, days: int) -> None:
        self._pool = pool
        self._secret = secret
        self._lifetime = timedelta(days=days)

    async def open(self, user_id: str) -> str:
        """Begin a family; returns its first token. Clears away some expired ones."""
        token = _text(secrets.token_bytes(_TOKEN_BYTES))
        family = str(uuid4())
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "delete from auth.families where id in (select id from auth.families where expires_at < now() limit $1)",
                _EXPIRED_PER_LOGIN_MAX,
            )
            await connection.execute(
                "insert into auth.families (id, user_id, expires_at) values ($1, $2, now() + $3::interval)",
                family,
                user_id,
                self._lifetime,
            )
            await connection.execute("insert into auth.refresh_tokens (hash, family) values ($1, $2)", _hash(token), family)
        return token

    async def refresh(self, token: str) -> Refreshed | None:
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
            elif not row["fresh"]:
                await _revoke(connection, row["family"], "a used token came back")
                return None
            return Refreshed(successor, row["user_id"])

    async def close(self, token: str) -> None:
        """End the family of `token`; an unknown token changes nothing."""
        family = await self._pool.fetchval("select family from auth.refresh_tokens where hash = $1", _hash(token))
        if family is not None:
            await _revoke(self._pool, family, "logout")

    def _successor(self, token: str) -> str:
        return _text(hmac.digest(self._secret, token.encode(), "sha256"))


async def _revoke(connection: asyncpg.Connection | asyncpg.Pool, family: str, reason: str) -> None:
    await connection.execute(
        "update auth.families set revoked_at = now(), reason = $2 where id = $1 and revoked_at is null", family, reason
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
