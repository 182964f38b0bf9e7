"""Who goes on as whom: `identity.merges`, and what is decided by it.

A merged lead keeps its claims, and what they find is the lead at the top of its chain; so taking a merge back is deleting a row.
Merges, their undoing and erasures happen one at a time (`lock`): each must see what the last one left.
"""

from collections.abc import Sequence
from typing import Any, Final

from infra.crypto.keyring import Keyring
from schemas import commands
from schemas.envelope import derived_id
from schemas.message import LeadId, Message
from schemas.submissions import MergeRequested, UnmergeRequested

FAMILY_MAX: Final = 100
"""Leads that may be one: more is a mistake in somebody's script."""
_LOCK: Final = 0x4C46_4D45_5247
_BELOW: Final = """
    with recursive below(lead) as (
        select $1::text collate "C" union select m.loser from below b join identity.merges m on m.survivor = b.lead
    ) select lead from below
"""
_ABOVE: Final = """
    with recursive above(loser, survivor, depth) as (
        select loser, survivor, 1 from identity.merges where loser = $1
        union all select m.loser, m.survivor, a.depth + 1 from above a
            join identity.merges m on m.loser = a.survivor where a.depth < $2
    ) select loser, survivor from above order by depth
"""
"""From a lead up to the one that it goes on as, merge by merge."""


class Merges:
    """One transaction's view of the table."""

    def __init__(self, connection: Any, keyring: Keyring) -> None:
        self._connection = connection
        self._keyring = keyring

    async def lock(self) -> None:
        """Wait for whoever is merging, unmerging or erasing; before any claim is locked, or two would wait crosswise."""
        await self._connection.execute("select pg_advisory_xact_lock($1)", _LOCK)

    async def tops(self, leads: Sequence[str]) -> dict[str, LeadId]:
        """Those of `leads` that go on as others, and as whom."""
        rows = await self._connection.fetch("select loser, top from identity.merges where loser = any($1::text[])", list(leads))
        return {row["loser"]: LeadId(row["top"]) for row in rows}

    async def family(self, lead: LeadId) -> list[LeadId]:
        """Everybody who is the same person as `lead`, the one at the top first."""
        top = (await self.tops([lead])).get(lead, lead)
        rows = await self._connection.fetch("select loser from identity.merges where top = $1 order by loser", top)
        return [top, *(LeadId(row["loser"]) for row in rows)]

    async def dissolve(self, family: Sequence[str]) -> None:
        """They were erased, all of them."""
        await self._connection.execute("delete from identity.merges where loser = any($1::text[])", list(family))

    async def merge(self, asked: MergeRequested) -> Message:
        """The command that tells `leads`, or that tells whoever asked why not."""
        refusal = await self._refusal(asked)
        if refusal is not None:
            return _declined(asked, refusal)
        await self.join(asked.loser, asked.lead)
        await self._connection.execute(
            "delete from identity.suggestions where (lead, other) in (($1, $2), ($2, $1))", asked.lead, asked.loser
        )
        return commands.MergeLead(
            lead=asked.loser,
            command_id=derived_id(asked.command_id, "identity", 0),
            actor=asked.actor,
            into=asked.lead,
            asked=asked.command_id,
        )

    async def unmerge(self, asked: UnmergeRequested) -> Message:
        """As `merge`."""
        refusal = await self._bound(asked)
        if refusal is not None:
            return _declined(asked, refusal)
        await self.part(asked.loser)
        return commands.UnmergeLead(
            lead=asked.loser,
            command_id=derived_id(asked.command_id, "identity", 0),
            actor=asked.actor,
            out_of=asked.lead,
            asked=asked.command_id,
        )

    async def join(self, loser: str, survivor: str) -> None:
        """From now on `loser`, and whoever goes on as it, go on as `survivor`."""
        await self._connection.execute(
            """insert into identity.merges (loser, survivor, top)
               values ($1, $2, coalesce((select top from identity.merges where loser = $2), $2))
               on conflict (loser) do update set survivor = excluded.survivor, top = excluded.top""",
            loser,
            survivor,
        )
        await self._connection.execute(
            "update identity.merges set top = (select top from identity.merges where loser = $1) where top = $1", loser
        )

    async def part(self, loser: str) -> None:
        """`loser` is one of its own again, with whoever went on as it."""
        await self._connection.execute("delete from identity.merges where loser = $1", loser)
        await self._connection.execute(f"update identity.merges set top = $1 where loser in ({_BELOW}) and loser <> $1", loser)

    async def _bound(self, asked: UnmergeRequested) -> str | None:
        """Why the merge can't be taken back, and which one is to be taken back first: the last of its chain, at the top."""
        rows = await self._connection.fetch(_ABOVE, asked.loser, FAMILY_MAX)
        if not rows:
            return "that lead is part of no other"
        came_by, top = rows[-1]["loser"], rows[-1]["survivor"]
        if asked.lead not in {row["survivor"] for row in rows}:
            return f"that lead is part of the lead {top}, not of this one"
        if top == asked.lead == rows[0]["survivor"]:
            return None
        if top == asked.lead:
            return f"that lead came with the lead {came_by}: first unmerge the lead {came_by} from this one"
        return f"this lead is part of the lead {top}: first unmerge the lead {came_by} from the lead {top}"

    async def _refusal(self, asked: MergeRequested) -> str | None:
        if asked.lead == asked.loser:
            return "a lead can't be merged into itself"
        tops = await self.tops([asked.lead, asked.loser])
        if asked.lead in tops:
            return f"this lead was merged into the lead {tops[asked.lead]}: merge into that one"
        if asked.loser in tops:
            return f"the other lead was merged into the lead {tops[asked.loser]}: merge that one"
        gone = await self._keyring.erased(self._connection, [asked.lead, asked.loser])
        if gone:
            return "this lead was erased" if asked.lead in gone else "the other lead was erased"
        for lead, which in ((asked.lead, "this lead"), (asked.loser, "the other lead")):
            if not await self._keyring.known(self._connection, lead):
                return f"{which} does not exist"
        if len(await self.family(asked.lead)) + len(await self.family(asked.loser)) > FAMILY_MAX:
            return f"{FAMILY_MAX} leads at most can be one"
        return None


def _declined(asked: MergeRequested | UnmergeRequested, detail: str) -> commands.DeclineCommand:
    return commands.DeclineCommand(lead=asked.lead, command_id=asked.command_id, actor=asked.actor, detail=detail)
