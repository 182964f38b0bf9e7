"""Whom we have written to, and who is a lead: what tells a reply from a stranger's mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

SENT: Final = """
select id::text as id, recipient, payload ->> 'to' as "to" from effects.effects
where id = any($1::uuid[]) and kind = 'mail' and state in ('handing_over', 'done', 'unknown')
"""
CLAIMED: Final = "select hash from identity.claims where kind = 'email' and hash = any($1::text[]) and lead is not null"


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail of ours: its effect, the HMAC of the address that it went to, and whether that was a lead's or an owner's."""

    id: str
    recipient: str
    to: str | None


class Known:
    """Questions to the tables of the gate and of `identity`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def sent(self, effects: Sequence[str]) -> dict[str, Sent]:
        """Those of these effects that were mails of ours, and left."""
        rows = await self._pool.fetch(SENT, list(effects)) if effects else []
        return {row["id"]: Sent(**row) for row in rows}

    async def leads(self, addresses: Sequence[str]) -> set[str]:
        """Those of these addresses (HMACs) that a lead is known by."""
        rows = await self._pool.fetch(CLAIMED, list(addresses)) if addresses else []
        return {row["hash"] for row in rows}
