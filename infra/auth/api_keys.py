"""API keys: `lf_` and 32 random bytes. Only a hash is stored, which needs no salt, since the key is no guessable word."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import asyncpg

from infra.auth.roles import PERMISSIONS, Permission, Role, User

PREFIX: Final = "lf_"
ACTOR_PREFIX: Final = "key:"
_KEY_CHARACTERS_MAX = 128
LISTED_MAX: Final = 500
NOTED_EVERY: Final = timedelta(minutes=1)
"""How exact the last use is."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is listed."""

    id: str
    name: str
    role: Role
    created_by: str
    scopes: tuple[Permission, ...] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


_LISTED: Final = "id, name, role, created_by, scopes, created_at, expires_at, last_used_at, revoked_at"


async def create(
    pool: asyncpg.Pool,
    *,
    name: str,
    role: Role,
    created_by: str,
    scopes: Sequence[Permission] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is not to be had again."""
    text = PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    row = await pool.fetchrow(
        f"""
        insert into auth.api_keys (id, hash, name, role, created_by, scopes, expires_at) values ($1, $2, $3, $4, $5, $6, $7)
        returning {_LISTED}
        """,
        str(uuid4()),
        _hash(text),
        name,
        role,
        created_by,
        scopes,
        expires_at,
    )
    return _key(row), text


async def listed(pool: asyncpg.Pool) -> list[ApiKey]:
    """The newest first."""
    rows = await pool.fetch(
        f"select {_LISTED} from auth.api_keys order by created_at desc, id limit $1",
        LISTED_MAX,
    )
    return [_key(row) for row in rows]


async def one(pool: asyncpg.Pool, key_id: str) -> ApiKey | None:
    """As in the list."""
    row = await pool.fetchrow(f"select {_LISTED} from auth.api_keys where id = $1", key_id)
    return None if row is None else _key(row)


async def revoke(pool: asyncpg.Pool, key_id: str) -> bool:
    """False if there is no such key, or it is revoked already."""
    done = await pool.fetchval(
        "update auth.api_keys set revoked_at = now() where id = $1 and revoked_at is null returning true", key_id
    )
    return bool(done)


_USED: Final = "k.id, k.name, k.role, k.scopes, k.expires_at, k.created_by"


async def user_of(pool: asyncpg.Pool, text: str) -> User | None:
    """Who a key speaks for. It ends when the user who made it is disabled, and never may more than they may now."""
    if len(text) > _KEY_CHARACTERS_MAX:
        return None
    row = await pool.fetchrow(
        f"""select {_USED}, coalesce(k.last_used_at < now() - $2::interval, true) as unnoted, u.role as maker
            from auth.api_keys k left join auth.users u on u.id = k.created_by
            where k.hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
                and u.disabled is not true""",
        _hash(text),
        NOTED_EVERY,
    )
    if row is None:
        return None
    if row["unnoted"]:
        await pool.execute("update auth.api_keys set last_used_at = now() where id = $1", row["id"])
    scopes = None if row["scopes"] is None else frozenset(_known(row["scopes"]))
    if row["maker"] is not None and not PERMISSIONS[row["role"]] <= PERMISSIONS[row["maker"]]:
        # Whoever made it was an admin then.
        scopes = PERMISSIONS[row["maker"]] & (PERMISSIONS[row["role"]] if scopes is None else scopes)
    id_, maker, until = f"{ACTOR_PREFIX}{row['id']}", row["created_by"], row["expires_at"]
    return User(id_, "", row["name"], row["role"], scopes=scopes, maker=maker, expires_at=until)


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(**{**dict(row), "scopes": None if row["scopes"] is None else tuple(_known(row["scopes"]))})


def _known(scopes: Sequence[str]) -> list[Permission]:
    """Without permissions that there are no more."""
    return [permission for permission in Permission if permission.value in scopes]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
