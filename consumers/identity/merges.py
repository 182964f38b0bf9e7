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
        row = await self._connection.fetchrow("select survivor, top from identity.merges where loser = $1", asked.loser)
        if row is None or row["survivor"] != asked.lead:
            return _declined(asked, "that lead was not merged into this one")
        if row["top"] != asked.lead:
            return _declined(asked, f"this lead is part of the lead {row['top']}: take that merge back first")
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
