"""The tables of activity: which came before, and that of visitors whom nobody knows yet, sealed as it came.

What is held is bounded: the newest of each visitor, for some days (see infra/wiring/retention).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.activities import ActivityReceived
from schemas.message import LeadId, from_json, to_json

HELD_MAX: Final = 200
"""Of one visitor."""


@dataclass(frozen=True, slots=True)
class First:
    """An activity seen before: who was answered with what for it, and whose it was."""

    submission_id: str | None
    lead: LeadId | None


class Activities:
    """One transaction's view of the tables."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def stands(self) -> dict[int, tuple[int, int]]:
        """(position, recorded time in ms) of every partition of activity that was ever taken."""
        rows = await self._connection.fetch("select partition, position, clock_ms from identity_activities.watermarks")
        return {row["partition"]: (row["position"], row["clock_ms"]) for row in rows}

    async def first(self, found: Sequence[ActivityReceived]) -> set[str]:
        """Those ids that are news, which they are no longer. Another transaction with one of them is waited for."""
        wanted = {one.activity.id: one.submission_id for one in reversed(found)}
        ids = sorted(wanted)
        rows = await self._connection.fetch(
            """insert into identity.activities (activity_id, submission_id)
               select * from unnest($1::text[], $2::text[]) on conflict do nothing returning activity_id""",
            ids,
            [wanted[id_] for id_ in ids],
        )
        return {row["activity_id"] for row in rows}

    async def seen(self, ids: Sequence[str]) -> dict[str, First]:
        """What is known of those that came before."""
        rows = await self._connection.fetch(
            "select activity_id, submission_id, lead from identity.activities where activity_id = any($1::text[])", list(ids)
        )
        return {row["activity_id"]: First(row["submission_id"], row["lead"]) for row in rows}

    async def told(self, leads: dict[str, LeadId]) -> None:
        """These activities were told to `leads`, whoever did it: they are news no more, and not held."""
        if not leads:
            return
        ids = sorted(leads)
        await self._connection.execute(
            """insert into identity.activities (activity_id, lead) select * from unnest($1::text[], $2::text[])
               on conflict (activity_id) do update set lead = excluded.lead""",
            ids,
            [leads[id_] for id_ in ids],
        )
        await self._connection.execute("delete from identity.held_activities where activity_id = any($1::text[])", ids)

    async def unsee(self, ids: Sequence[str]) -> None:
        """They could not be handled: when they are tried again, they are no repeats."""
        if ids:
            await self._connection.execute("delete from identity.activities where activity_id = any($1::text[])", list(ids))

    async def hold(self, found: Sequence[tuple[ActivityReceived, int]]) -> None:
        """Activities with their offsets, of visitors who are nobody's and whose claims are locked."""
        if not found:
            return
        await self._connection.execute(
            """insert into identity.held_activities (activity_id, visitor, "offset", body)
               select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) on conflict do nothing""",
            [one.activity.id for one, _ in found],
            [one.visitor for one, _ in found],
            [offset for _, offset in found],
            [to_json(one) for one, _ in found],
        )
        await self._connection.execute(
            """delete from identity.held_activities where activity_id in (
                   select activity_id from (
                       select activity_id, row_number() over (partition by visitor order by "offset" desc) as nth
                       from identity.held_activities where visitor = any($1::text[])) as ranked
                   where nth > $2)""",
            sorted({one.visitor for one, _ in found if one.visitor is not None}),
            HELD_MAX,
        )

    async def held(self, visitors: Sequence[str]) -> dict[str, list[ActivityReceived]]:
        """What is held of visitors, in its order."""
        if not visitors:
            return {}
        rows = await self._connection.fetch(
            """select visitor, body from identity.held_activities where visitor = any($1::text[]) order by visitor, "offset" """,
            list(visitors),
        )
        found: dict[str, list[ActivityReceived]] = {}
        for row in rows:
            found.setdefault(row["visitor"], []).append(from_json(ActivityReceived, row["body"]))
        return found

    async def forget(self, visitors: Sequence[str]) -> int:
        """Nothing is held of these any more; returns how much was."""
        status: str = await self._connection.execute(
            "delete from identity.held_activities where visitor = any($1::text[])", list(visitors)
        )
        return int(status.rpartition(" ")[2])
