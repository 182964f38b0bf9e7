"""How far a mailbox was read: the last UID, under the UIDVALIDITY by which it means anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

LISTED_MAX: Final = 100
ADVANCE: Final = """
insert into mailbox.positions (mailbox, uid_validity, uid, told_at) values ($1, $2, $3, now())
on conflict (mailbox) do update set uid_validity = excluded.uid_validity, uid = excluded.uid, told_at = now()
-- Two processes may read at once: what one has told is never told again by going back.
where positions.uid_validity is distinct from excluded.uid_validity or positions.uid < excluded.uid
"""
LOOKED: Final = """
insert into mailbox.positions (mailbox, problem) values ($1, $2)
on conflict (mailbox) do update set looked_at = now(), problem = excluded.problem
"""
LISTED: Final = """
select mailbox as name, uid, told_at, looked_at, problem from mailbox.positions order by looked_at desc, mailbox limit $1
"""


class Position(NamedTuple):
    """Everything up to `uid` was read."""

    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class State:
    """How a mailbox fares."""

    name: str
    uid: int | None
    told_at: datetime | None
    looked_at: datetime
    problem: str | None


class Positions:
    """The table. A mailbox is named by its server, user and folder."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of(self, mailbox: str) -> Position | None:
        """None: it was never read."""
        row = await self._pool.fetchrow("select uid_validity, uid from mailbox.positions where mailbox = $1", mailbox)
        return None if row is None or row["uid"] is None else Position(row["uid_validity"], row["uid"])

    async def advance(self, mailbox: str, position: Position) -> None:
        """Everything up to there was told of."""
        await self._pool.execute(ADVANCE, mailbox, position.uid_validity, position.uid)

    async def looked(self, mailbox: str, problem: str | None) -> None:
        """It was looked into just now, or could not be."""
        await self._pool.execute(LOOKED, mailbox, problem)

    async def listed(self) -> list[State]:
        """The one that was looked into last comes first."""
        rows = await self._pool.fetch(LISTED, LISTED_MAX)
        return [State(**row) for row in rows]
