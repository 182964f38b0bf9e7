"""lead_list and what identity suspects -> GET /v1/leads/{id}/duplicates: leads that may be the same person."""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from infra.gateway.services import Used
from projections.access import Reader, VisibleLead

router = APIRouter()

SHOWN_MAX: Final = 20
SUSPECTED: Final = """
    select distinct on (l.id) l.id, coalesce(l.name, nullif(concat_ws(' ', l.first_name, l.last_name), '')) as name, l.email,
        l.phone, l.company, l.owner
    from identity.suggestions s
    cross join lateral (select case when s.lead = $1 then s.other else s.lead end as lead) o
    left join identity.merges m on m.loser = o.lead
    join lead_list.leads l on l.id = coalesce(m.top, o.lead) and l.merged_into is null
    where (s.lead = $1 or s.other = $1) and l.id <> $1 and ($2 or l.owner is null or l.owner = any($3::text[]))
    order by l.id limit $4
"""


class Duplicate(BaseModel):
    """A lead that gave the same telephone number under another address: the same person, or somebody at the same desk."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    company: str | None
    owner: str | None


class Duplicates(BaseModel):
    """At most 20, in the order of their ids."""

    items: list[Duplicate]


@router.get("/leads/{id}/duplicates")
async def lead_duplicates(given: Used, lead: VisibleLead, user: Reader) -> Duplicates:
    """Leads that may be the same person, of those that you may see."""
    rows = await given.pool.fetch(SUSPECTED, lead, user.sees_all, sorted(user.persons), SHOWN_MAX)
    return Duplicates(items=[Duplicate(**row) for row in rows])
