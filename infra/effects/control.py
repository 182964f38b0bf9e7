"""What people and `leadflow` do with the list: the big switch, suppressions, effects that nobody knows the end of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg

from infra.effects.statements import SENDING_PAUSED

SENT: Final = """
select id::text as id, lead, coalesce(payload ->> 'message_id', id::text) as message_id, payload ->> 'to' as "to"
from effects.effects where id = any($1::text[]::uuid[])
"""
SWITCH: Final = """
insert into effects.switches (name, "on", actor) values ($1, $2, $3)
on conflict (name) do update set "on" = excluded."on", actor = excluded.actor, at = now()
"""
IS_ON: Final = 'select exists (select from effects.switches where name = $1 and "on")'
SUPPRESS: Final = """
insert into effects.suppressions (recipient, reason)
select recipient, $2 from unnest($1::text[]) as asked (recipient) order by recipient
on conflict (recipient) do nothing
"""
ALLOW: Final = "delete from effects.suppressions where recipient = any($1::text[])"
COUNTS: Final = """
select kind, state, count(*) from effects.effects
where state = 'planned' or state in ('claimed', 'handing_over') or state = 'unknown'
group by kind, state
"""
"""Worded as the partial indices are, so that its cost doesn't grow with what is done."""
UNKNOWN: Final = """
select id, kind, lead, reason, message_id, detail, updated_at from effects.effects
where state = 'unknown' order by updated_at limit $1
"""
DECIDE: Final = """
update effects.effects
set state = case when $2 = 'again' then 'planned' else $2 end, detail = 'decided by ' || $3, claim = null, attempts = 0,
    due_at = now(), updated_at = now()
where id = $1 and state = 'unknown'
returning true
"""

CANCEL: Final = """
update effects.effects set state = 'suppressed', detail = 'the lead was erased', updated_at = now()
where lead = $1 and state = 'planned'
"""
FORGET_DETAILS: Final = """
update effects.effects set detail = '' where lead = $1 and state in ('done', 'failed', 'unknown') and detail <> ''
"""
"""What another server said may name the address."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """An effect that was being handed over when its worker died; a person has to say."""

    id: UUID
    kind: str
    lead: str
    reason: str
    message_id: str | None
    detail: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail on the list: about which lead, what the log calls it, and who it goes to (`lead`, `owner`)."""

    id: str
    lead: str
    message_id: str
    to: str | None


async def sent(connection: asyncpg.Connection, effects: Sequence[str]) -> list[Sent]:
    """Those of these effects (UUID texts) that are on the list."""
    return [Sent(**row) for row in await connection.fetch(SENT, list(effects))]


async def pause_sending(connection: asyncpg.Connection, *, on: bool, actor: str) -> None:
    """Throw the big switch: while it is on, nothing is handed over."""
    await connection.execute(SWITCH, SENDING_PAUSED, on, actor)


async def sending_paused(connection: asyncpg.Connection) -> bool:
    """How the big switch stands."""
    return bool(await connection.fetchval(IS_ON, SENDING_PAUSED))


async def suppress(connection: asyncpg.Connection, recipients: Sequence[str], reason: str) -> None:
    """Never act on these recipients (HMACs) again; for reasons such as `unsubscribed`, `bounced`."""
    await connection.execute(SUPPRESS, list(recipients), reason)


async def allow(connection: asyncpg.Connection, recipients: Sequence[str]) -> None:
    """Take suppressions back; what was suppressed meanwhile stays so."""
    await connection.execute(ALLOW, list(recipients))


async def counts(connection: asyncpg.Connection) -> dict[tuple[str, str], int]:
    """Effects that are not settled, and those of unknown end, by (kind, state), for metrics."""
    return {(row["kind"], row["state"]): row["count"] for row in await connection.fetch(COUNTS)}


async def unknown(connection: asyncpg.Connection, limit: int = 100) -> list[Unknown]:
    """Effects of unknown end, oldest first."""
    return [Unknown(**row) for row in await connection.fetch(UNKNOWN, limit)]


async def decide(connection: asyncpg.Connection, effect: UUID, end: Literal["done", "failed", "again"], actor: str) -> bool:
    """A person has found out: it arrived, it did not, or it shall be tried again. False if it was not unknown (any more)."""
    return bool(await connection.fetchval(DECIDE, effect, end, actor))


async def cancel(connection: asyncpg.Connection, lead: str) -> int:
    """Nothing that is still planned for a lead is to happen; returns how many that were. In the transaction that erases it.

    What a worker has claimed already it gives up itself, since it asks once more before it hands over.
    """
    await connection.execute(FORGET_DETAILS, lead)
    status = await connection.execute(CANCEL, lead)
    return int(status.rpartition(" ")[2])
