"""How far a mailbox was read: the last UID, under the UIDVALIDITY by which it means anything."""

from typing import Final, NamedTuple

import asyncpg

ADVANCE: Final = """
insert into mailbox.positions (mailbox, uid_validity, uid) values ($1, $2, $3)
on conflict (mailbox) do update set uid_validity = excluded.uid_validity, uid = excluded.uid, updated_at = now()
-- Two processes may read at once: what one has told is never told again by going back.
where positions.uid_validity <> excluded.uid_validity or positions.uid < excluded.uid
"""


class Position(NamedTuple):
    """Everything up to `uid` was read."""

    uid_validity: int
    uid: int


class Positions:
    """The table. A mailbox is named by its server, user and folder."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of(self, mailbox: str) -> Position | None:
        """None: it was never read."""
        row = await self._pool.fetchrow("select uid_validity, uid from mailbox.positions where mailbox = $1", mailbox)
        return None if row is None else Position(row["uid_validity"], row["uid"])

    async def advance(self, mailbox: str, position: Position) -> None:
        """Everything up to there was told of."""
        await self._pool.execute(ADVANCE, mailbox, position.uid_validity, position.uid)
