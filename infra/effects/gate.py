"""Folds ask -> gate -> the worker's list. Each (recipient, reason, cause) passes once, however often it is asked."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from infra.kafka.fold import Effect
from schemas.envelope import derived_id

PLAN: Final = """
insert into effects.effects (id, kind, lead, recipient, reason, cause, payload, due_at)
select id, kind, lead, recipient, reason, cause, payload, coalesce(due_at, now())
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::timestamptz[])
    as asked (id, kind, lead, recipient, reason, cause, payload, due_at)
-- One order for everybody, so that two consumers asking for the same things can't wait for each other.
order by recipient, reason, cause
on conflict do nothing
"""


def effect_id(effect: Effect) -> UUID:
    """The same for the same (recipient, reason, cause), also after a restore: external ids are derived from it."""
    return UUID(derived_id(f"{effect.recipient}|{effect.reason}|{effect.cause}", "effects", 0))


async def plan(connection: asyncpg.Connection, effects: Sequence[Effect]) -> None:
    """Put effects on the list, in the caller's transaction and one statement; those that passed before stay as they are.

    Raises asyncpg.DataError where PostgreSQL can't hold a value (NUL).
    """
    if not effects:
        return
    await connection.execute(
        PLAN,
        [effect_id(effect) for effect in effects],
        [effect.kind for effect in effects],
        [effect.lead for effect in effects],
        [effect.recipient for effect in effects],
        [effect.reason for effect in effects],
        [effect.cause for effect in effects],
        [orjson.dumps(effect.payload).decode() for effect in effects],
        [effect.due_at for effect in effects],
    )
