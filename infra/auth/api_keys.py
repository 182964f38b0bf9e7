"""API keys: `lf_` and 32 random bytes. Only a hash is stored, which needs no salt, since the key is no guessable word."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

import asyncpg

from infra.auth.roles import Role, User

PREFIX: Final = "lf_"
ACTOR_PREFIX: Final = "key:"
_KEY_CHARACTERS_MAX = 128
LISTED_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is listed."""

    id: str
    name: str
    role: Role
    created_by: str
    created_at: datetime
    revoked_at: datetime | None


async def create(pool: asyncpg.Pool, *, name: str, role: Role, created_by: str) -> tuple[ApiKey, str]:
    """A new key and its text, which is not to be had again."""
    text = PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    row = await pool.fetchrow(
        """
        insert into auth.api_keys (id, hash, name, role, created_by) values ($1, $2, $3, $4, $5)
        returning id, name, role, created_by, created_at, revoked_at
        """,
        str(uuid4()),
        _hash(text),
        name,
        role,
        created_by,
    )
    return ApiKey(**dict(row)), text


async def listed(pool: asyncpg.Pool) -> list[ApiKey]:
    """The newest first."""
    rows = await pool.fetch(
        "select id, name, role, created_by, created_at, revoked_at from auth.api_keys order by created_at desc, id limit $1",
        LISTED_MAX,
    )
    return [ApiKey(**dict(row)) for row in rows]


async def revoke(pool: asyncpg.Pool, key_id: str) -> bool:
    """False if there is no such key, or it is revoked already."""
    done = await pool.fetchval(
        "update auth.api_keys set revoked_at = now() where id = $1 and revoked_at is null returning true", key_id
    )
    return bool(done)


async def user_of(pool: asyncpg.Pool, text: str) -> User | None:
    """Who a key speaks for."""
    if len(text) > _KEY_CHARACTERS_MAX:
        return None
    row = await pool.fetchrow("select id, name, role from auth.api_keys where hash = $1 and revoked_at is null", _hash(text))
    return None if row is None else User(f"{ACTOR_PREFIX}{row['id']}", "", row["name"], row["role"])


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
