"""The tables of `identity`: who has which identifier, which deliveries came before, what became of submissions.

All of one batch in a few statements, identifiers always in sorted order, so that two partitions that meet on a person wait for
each other instead of deadlocking.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from consumers.identity.rules import Identifier, Known
from infra.postgres.together import Statement, together
from schemas.message import LeadId


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery seen before: whose submission it was, and its lead (None for spam and tests)."""

    submission_id: str
    lead: LeadId | None


@dataclass(frozen=True, slots=True)
class Filed:
    """One line of `identity.submissions`: what became of a submission here, and for a rejected one why."""

    submission_id: str
    status: str
    lead: LeadId | None
    first_submission: str | None
    source_id: str
    partition: int
    offset: int
    reason: str | None = None


@dataclass(slots=True)
class Decided:
    """What a batch decided, to be kept.

    Attributes:
        claimed: identifiers that were free, and are locked, and the leads that they are given to.
        suggestions: leads that may be one person, for somebody to look at.
        filed: what became of submissions, by their ids.
        deliveries: those that came.
    """

    claimed: dict[Identifier, LeadId] = field(default_factory=dict)
    suggestions: list[tuple[LeadId, LeadId]] = field(default_factory=list)
    filed: dict[str, Filed] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)


class Claims:
    """One transaction's view of the tables."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def deliveries(self, keys: Sequence[str]) -> dict[str, Delivery]:
        """Those seen before. Waits for nobody: a delivery is filed in the partition of its person."""
        rows = await self.connection.fetch(
            "select delivery, submission_id, lead from identity.deliveries where delivery = any($1::text[])", list(keys)
        )
        return {row["delivery"]: Delivery(row["submission_id"], row["lead"]) for row in rows}

    async def asked_before(self, command_id: str, lead: LeadId) -> bool:
        """Whether the very same merge, or taking back of one, was asked for already: whoever got no answer repeats it.

        What it asks for is so by then, or soon. Declined, it would be answered before the command that takes the facts along
        under the same id, which would then be taken for a repeat, and the facts left behind.
        """
        delivery = f"command|{command_id}"
        if await self.deliveries([delivery]):
            return True
        await self.keep(Decided(deliveries={delivery: Delivery(command_id, lead)}))
        return False

    async def lock(self, identifiers: Sequence[Identifier]) -> Known:
        """Make sure that each identifier has a row, lock all of them, and say whose they are (free ones are absent) or
        that they are blocked."""
        ordered = sorted(set(identifiers))
        kinds, hashes = [i.kind for i in ordered], [i.hash for i in ordered]
        # An update that changes nothing locks the row, and waits for whoever has it.
        rows = await self.connection.fetch(
            """insert into identity.claims as c (kind, hash) select kind, hash
               from unnest($1::text[], $2::text[]) as new(kind, hash) order by kind, hash
               on conflict (kind, hash) do update set claimed_at = c.claimed_at
               returning c.kind, c.hash, c.lead, c.blocked_alone""",
            kinds,
            hashes,
        )
        owners = {Identifier(row["kind"], row["hash"]): LeadId(row["lead"]) for row in rows if row["lead"] is not None}
        blocked = {Identifier(row["kind"], row["hash"]): row["blocked_alone"] for row in rows if row["blocked_alone"] is not None}
        if not owners:
            return Known({}, set(), blocked)
        # A merged lead's claims lead to the one it goes on as, and its address is that one's too.
        known = await self.connection.fetch(
            """select o.lead, coalesce(m.top, o.lead) as top, exists (
                   select from identity.claims c where c.kind = 'email' and (c.lead = coalesce(m.top, o.lead)
                       or c.lead in (select f.loser from identity.merges f where f.top = coalesce(m.top, o.lead)))
               ) as with_email
               from unnest($1::text[]) as o(lead) left join identity.merges m on m.loser = o.lead""",
            sorted(set(owners.values())),
        )
        tops = {row["lead"]: LeadId(row["top"]) for row in known}
        with_email = {LeadId(row["top"]) for row in known if row["with_email"]}
        return Known({one: tops[lead] for one, lead in owners.items()}, with_email, blocked)

    async def let_go(self, identifiers: Sequence[Identifier]) -> None:
        """Rows that were only locked: whoever waits for one finds none, and makes it."""
        ordered = sorted(set(identifiers))
        await self.connection.execute(
            """delete from identity.claims c using unnest($1::text[], $2::text[]) as locked (kind, hash)
               where c.kind = locked.kind and c.hash = locked.hash and c.lead is null and c.blocked_alone is null""",
            [one.kind for one in ordered],
            [one.hash for one in ordered],
        )

    async def by_address(self, hashes: Sequence[str]) -> dict[str, LeadId]:
        """Whose these addresses are. Waits for nobody."""
        rows = await self.connection.fetch(
            """select c.hash, coalesce(m.top, c.lead) as lead
               from identity.claims c left join identity.merges m on m.loser = c.lead
               where c.kind = 'email' and c.hash = any($1::text[]) and c.lead is not null""",
            list(hashes),
        )
        return {row["hash"]: LeadId(row["lead"]) for row in rows}

    async def learn(self, claimed: dict[Identifier, LeadId]) -> dict[Identifier, LeadId]:
        """Claim what the log says was claimed; what another lead holds or is blocked stays so, and comes back."""
        if not claimed:
            return {}
        rows = await self.connection.fetch(
            """insert into identity.claims as c (kind, hash, lead)
               select kind, hash, lead from unnest($1::text[], $2::text[], $3::text[]) as new(kind, hash, lead)
               order by kind, hash
               on conflict (kind, hash) do update
                   set lead = case when c.blocked_alone is null then coalesce(c.lead, excluded.lead) end
               returning c.kind, c.hash, c.lead""",
            [identifier.kind for identifier in claimed],
            [identifier.hash for identifier in claimed],
            list(claimed.values()),
        )
        holders = {Identifier(row["kind"], row["hash"]): row["lead"] for row in rows}
        return {identifier: lead for identifier, lead in claimed.items() if holders[identifier] != lead}

    async def stands(self) -> dict[int, tuple[int, int]]:
        """(position, recorded time in ms) of every partition that was ever taken."""
        rows = await self.connection.fetch("select partition, position, clock_ms from identity.watermarks")
        return {row["partition"]: (row["position"], row["clock_ms"]) for row in rows}

    async def leads_of(self, submission_ids: Sequence[str]) -> dict[str, LeadId]:
        """Those that became part of a lead already."""
        rows = await self.connection.fetch(
            "select submission_id, lead from identity.submissions where submission_id = any($1::text[]) and status = 'processed'",
            list(submission_ids),
        )
        return {row["submission_id"]: LeadId(row["lead"]) for row in rows}

    async def others(self, lead: str, source_id: str) -> bool:
        """Whether another source brought something to a lead. Its identifiers are locked first: who has them ends before."""
        await self.connection.fetch("select from identity.claims where lead = $1 order by kind, hash for update", lead)
        found: bool = await self.connection.fetchval(
            "select exists(select from identity.submissions where lead = $1 and source_id <> $2)", lead, source_id
        )
        return found

    async def release(self, lead: str) -> list[Identifier]:
        """The person is forgotten: the same address is a new lead from now on. Returns what was claimed."""
        rows = await self.connection.fetch("delete from identity.claims where lead = $1 returning kind, hash", lead)
        await self.connection.execute("delete from identity.suggestions where lead = $1 or other = $1", lead)
        return [Identifier(row["kind"], row["hash"]) for row in rows]

    async def keep(self, decided: Decided) -> None:
        """All of it, in one round trip."""
        statements: list[Statement] = []
        claimed, lines, deliveries = decided.claimed, list(decided.filed.values()), decided.deliveries
        if claimed:
            give = """update identity.claims c set lead = new.lead, claimed_at = now()
                   from unnest($1::text[], $2::text[], $3::text[]) as new(kind, hash, lead)
                   where c.kind = new.kind and c.hash = new.hash"""
            given = ([i.kind for i in claimed], [i.hash for i in claimed], list(claimed.values()))
            statements.append((give, given))
        if decided.suggestions:
            suggest = """insert into identity.suggestions (lead, other) select * from unnest($1::text[], $2::text[])
                   on conflict do nothing"""
            pairs = decided.suggestions
            statements.append((suggest, ([lead for lead, _ in pairs], [other for _, other in pairs])))
        if lines:
            insert = """insert into identity.submissions as submissions
                       (submission_id, status, lead, first_submission, source_id, partition, "offset", reason)
                   select * from unnest(
                       $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bigint[], $8::text[])
                   on conflict (submission_id) do update
                       set status = excluded.status, lead = excluded.lead, reason = excluded.reason
                       where submissions.status = 'rejected' and excluded.status = 'processed'"""
            columns = (
                [line.submission_id for line in lines],
                [line.status for line in lines],
                [line.lead for line in lines],
                [line.first_submission for line in lines],
                [line.source_id for line in lines],
                [line.partition for line in lines],
                [line.offset for line in lines],
                [line.reason for line in lines],
            )
            statements.append((insert, columns))
        if deliveries:
            insert = """insert into identity.deliveries (delivery, submission_id, lead)
                   select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing"""
            seen = list(deliveries.values())
            statements.append((insert, (list(deliveries), [one.submission_id for one in seen], [one.lead for one in seen])))
        if statements:
            sql, arguments = together(statements)
            await self.connection.execute(sql, *arguments)
