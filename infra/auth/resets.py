"""Tokens that let somebody set a password: 32 random bytes in a mail, their hash in a table, good once and for a while."""

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import Final

import asyncpg

RESET_LIFETIME: Final = timedelta(minutes=30)
INVITATION_LIFETIME: Final = timedelta(hours=72)
PER_HOUR_MAX: Final = 5
"""Mails to one account, however often somebody asks."""
PAUSE: Final = timedelta(seconds=60)
TOKEN_CHARACTERS_MAX: Final = 128
_FORGOTTEN_AFTER: Final = timedelta(days=7)
_FORGOTTEN_PER_REQUEST_MAX: Final = 100


async def make(pool: asyncpg.Pool, user_id: str, lifetime: timedelta) -> str | None:
    """A token for this user; None if the last one was made a moment ago, or too many were made lately."""
    token = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    async with pool.acquire() as connection, connection.transaction():
        # One after the other, so that parallel requests count each other.
        await connection.execute("select from auth.users where id = $1 for update", user_id)
        await connection.execute(
            """delete from auth.resets where hash in (
                   select hash from auth.resets where expires_at < now() - $1::interval limit $2)""",
            _FORGOTTEN_AFTER,
            _FORGOTTEN_PER_REQUEST_MAX,
        )
        lately = await connection.fetchrow(
            """select count(*) as number, max(made_at) > now() - $2::interval as just_now
               from auth.resets where user_id = $1 and made_at > now() - interval '1 hour'""",
            user_id,
            PAUSE,
        )
        if lately["number"] >= PER_HOUR_MAX or lately["just_now"]:
            return None
        await connection.execute(
            "insert into auth.resets (hash, user_id, expires_at) values ($1, $2, now() + $3::interval)",
            _hash(token),
            user_id,
            lifetime,
        )
    return token


async def is_good(pool: asyncpg.Pool, token: str) -> bool:
    """Whether `use` would take it now: asked before a password is hashed, which is expensive."""
    found = await pool.fetchval(
        "select true from auth.resets where hash = $1 and used_at is null and expires_at > now()", _hash(token)
    )
    return bool(found)


async def use(connection: asyncpg.Connection, token: str) -> str | None:
    """Use a token up, and with it all others of its user; whose it is, None if it isn't good (any more)."""
    user_id = await connection.fetchval(
        """update auth.resets set used_at = now()
           where hash = $1 and used_at is null and expires_at > now() returning user_id""",
        _hash(token),
    )
    if user_id is None:
        return None
    await end_all(connection, user_id)
    return str(user_id)


async def end_all(connection: asyncpg.Connection, user_id: str) -> None:
    """No link of this user's is good any more."""
    await connection.execute("update auth.resets set used_at = now() where user_id = $1 and used_at is null", user_id)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
