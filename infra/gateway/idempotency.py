"""Idempotency-Key: the same key of the same user is the same command, whoever of two parallel requests comes first.

The command's id is derived from user and key, and what handles a command handles an id once; so this table only has to notice
a key that is used again for something else.
"""

import hashlib
from typing import Final

import asyncpg

from infra.auth.roles import User
from infra.gateway.ids import SubmissionIds
from infra.gateway.problems import FieldError, Problem
from infra.gateway.visibility import remember_sent

KEY_CHARACTERS_MAX: Final = 255
KEPT_DAYS: Final = 30
"""As long as commands are kept in their topic."""
_EXPIRED_PER_REQUEST_MAX = 10


async def claim(pool: asyncpg.Pool, ids: SubmissionIds, user: User, key: str | None, asked: bytes, *, now_ms: int) -> str:
    """The id of what is asked: derived from the key, or a new one without. `asked` is all that the request says.

    Raises Problem 422 for a key that this user has used for something else.
    """
    if key is None:
        minted = ids.mint(now_ms)
        await remember_sent(pool, user, minted)
        return minted
    if not key.strip() or len(key) > KEY_CHARACTERS_MAX:
        wrong = FieldError("Idempotency-Key", f"send 1 to {KEY_CHARACTERS_MAX} characters")
        raise Problem(422, "invalid", "Invalid request", errors=[wrong])
    derived = ids.derived(f"{user.id}|{key}")
    fingerprint = hashlib.sha256(asked).digest()
    await pool.execute(
        """
        with expired as (
            delete from gateway.idempotency where id in (
                select id from gateway.idempotency where created_at < now() - make_interval(days => $3) limit $4
            )
        )
        insert into gateway.idempotency (id, fingerprint) values ($1, $2) on conflict (id) do nothing
        """,
        derived,
        fingerprint,
        KEPT_DAYS,
        _EXPIRED_PER_REQUEST_MAX,
    )
    if await pool.fetchval("select fingerprint from gateway.idempotency where id = $1", derived) != fingerprint:
        detail = "This Idempotency-Key was used for another request: use a new one for each thing that you ask for."
        raise Problem(422, "idempotency-key-reused", "Idempotency-Key used before", detail)
    await remember_sent(pool, user, derived)
    return derived
