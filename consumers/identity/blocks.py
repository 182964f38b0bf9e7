"""Who wished to be left alone, and who has changed their mind: rows of `identity.claims` that nobody owns, and `identity.lifted`.

A lead is erased once, so there is one block of it at most, and one lifting of that. What was lifted stays so, whichever of the
two is heard of first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from consumers.identity.rules import Identifier
from schemas.commands import DeclineCommand, LiftBlock
from schemas.message import LeadId
from schemas.person import Blocked
from schemas.submissions import BlockLiftRequested

NOT_BLOCKED: Final = "nobody is blocked by this"
BESIDE_AN_ADDRESS: Final = "the number was blocked beside an address, and others may share it: give the address"


@dataclass(frozen=True, slots=True)
class Block:
    """What is blocked since `lead` was erased. `at_ms`: when the log was told, where it is learned from there."""

    lead: LeadId
    blocked: Blocked
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Lift:
    """What was blocked since `lead` was erased, and is no more.

    `command_id`: as whoever asked for it is answered; "" where only the log tells of it. `until_ms`: as `Block.at_ms`.
    """

    lead: LeadId
    lifted: Blocked
    command_id: str
    until_ms: int | None = None


class Blocks:
    """One transaction's view of the tables."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def put(self, blocks: Sequence[Block]) -> None:
        """From now on nobody becomes a lead by these, but by those that were lifted."""
        await self._connection.execute(
            """insert into identity.claims (kind, hash, blocked_alone, blocked_by, blocked_ms)
               select distinct on (kind, hash) kind, hash, alone, lead, ms
               from unnest($1::text[], $2::text[], $3::boolean[], $4::text[], $5::bigint[]) as new (kind, hash, alone, lead, ms)
               where not exists (select from identity.lifted as l where l.lead = new.lead)
               order by kind, hash, ms desc
               on conflict (kind, hash) do update set lead = null, blocked_alone = excluded.blocked_alone,
                   blocked_by = excluded.blocked_by, blocked_ms = excluded.blocked_ms""",
            [one.blocked.kind for one in blocks],
            [one.blocked.hash for one in blocks],
            [one.blocked.alone for one in blocks],
            [one.lead for one in blocks],
            [one.at_ms for one in blocks],
        )

    async def take_away(self, lifts: Sequence[Lift]) -> None:
        """These leads' blocks are no more; whoever has an identifier by now keeps it."""
        await self._connection.execute(
            """insert into identity.lifted as l (lead, kind, hash, alone, command_id, until_ms)
               select distinct on (lead, kind, hash) * from unnest(
                   $1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::bigint[]
               ) as new (lead, kind, hash, alone, command_id, until_ms)
               order by lead, kind, hash, command_id desc
               on conflict (lead, kind, hash) do update set command_id = excluded.command_id where l.command_id = ''""",
            [one.lead for one in lifts],
            [one.lifted.kind for one in lifts],
            [one.lifted.hash for one in lifts],
            [one.lifted.alone for one in lifts],
            [one.command_id for one in lifts],
            [one.until_ms for one in lifts],
        )
        leads = sorted({one.lead for one in lifts})
        await self._connection.execute("delete from identity.claims where blocked_by = any($1::text[])", leads)

    async def answered(self, command_id: str) -> bool:
        """Whether it was decided under this id already what becomes of a block."""
        found: bool = await self._connection.fetchval(
            """select exists (select from identity.lifted where command_id = $1)
                   or exists (select from identity.submissions where submission_id = $1)""",
            command_id,
        )
        return found

    async def lift(self, asked: BlockLiftRequested, asked_ms: int) -> LiftBlock | DeclineCommand | None:
        """The command that tells `leads`, with all that its lead was blocked by; None where nobody is blocked by this."""
        found = await self._connection.fetchrow(
            """select blocked_by as lead, blocked_alone as alone from identity.claims
               where kind = $1 and hash = $2 and blocked_by is not null and coalesce(blocked_ms, 0) <= $3""",
            asked.kind,
            asked.identity,
            asked_ms,
        )
        if found is None:
            return None
        lead = LeadId(found["lead"])
        if not found["alone"]:
            return DeclineCommand(lead=lead, command_id=asked.command_id, actor=asked.actor, detail=BESIDE_AN_ADDRESS)
        rows = await self._connection.fetch(
            """select kind, hash, blocked_alone as alone from identity.claims where blocked_by = $1
               order by kind, hash for update""",
            lead,
        )
        lifted = tuple(Blocked(**dict(row)) for row in rows)
        await self.take_away([Lift(lead, one, asked.command_id) for one in lifted])
        return LiftBlock(lead=lead, command_id=asked.command_id, actor=asked.actor, lifted=lifted)

    async def lifted_since(self, since_ms: int) -> "WasBlocked":
        """What the log said was lifted then or later."""
        rows = await self._connection.fetch(
            "select kind, hash, alone, until_ms from identity.lifted where until_ms >= $1", since_ms
        )
        return WasBlocked([(Identifier(row["kind"], row["hash"]), row["alone"], row["until_ms"]) for row in rows])


class WasBlocked:
    """What was blocked for some time: whatever came in meanwhile, and was not let in, is not let in when it is read again."""

    def __init__(self, lifted: Sequence[tuple[Identifier, bool, int]] = ()) -> None:
        self._lifted = lifted

    def at(self, recorded_ms: int) -> Mapping[Identifier, bool]:
        """As rules.Known.blocked, for what was recorded then."""
        return {one: alone for one, alone, until_ms in self._lifted if recorded_ms <= until_ms}
