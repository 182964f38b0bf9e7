"""lead_search -> GET /v1/search."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel

from infra.gateway.problems import unavailable
from infra.gateway.services import Used
from infra.opensearch.client import SearchUnavailable
from projections.access import Reader
from projections.lead_search import model, queries
from projections.lead_search.documents import shown_name

router = APIRouter(prefix="/v1", tags=["leads"])

LIMIT_MAX: Final = 100


class SearchHit(BaseModel):
    """A lead that was found. `highlights` are HTML: what was found stands in `<em>`, the rest is escaped."""

    id: str
    name: str | None
    email: str | None
    company: str | None
    score: int | None
    grade: str | None
    status: str
    highlights: list[str]


class SearchAnswer(BaseModel):
    """Best first; of `total` at most 10,000 are counted."""

    items: list[SearchHit]
    total: int


@router.get("/search")
async def search(
    given: Used,
    user: Reader,
    q: Annotated[str, Query(max_length=200, description="Beginnings of words of name, address or company")] = "",
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 20,
) -> SearchAnswer:
    """Leads by what people type: a rep's own and unassigned ones, everybody's for others. 503 while OpenSearch is away."""
    text = q.strip()
    if not text:
        return SearchAnswer(items=[], total=0)
    if given.opensearch is None:
        raise unavailable("Search")
    alias = model.index(given.settings.opensearch.prefix).alias
    try:
        hits, total = await queries.search(given.opensearch, alias, text, user, limit)
    except SearchUnavailable:
        raise unavailable("Search") from None
    # The index is a second behind: who was erased or given to somebody else meanwhile is not shown.
    now = await queries.current(given.pool, [hit.lead for hit in hits])
    items = [_hit(hit, now[hit.lead]) for hit in hits if hit.lead in now and user.may_see(now[hit.lead].get("owner"))]
    return SearchAnswer(items=items, total=total - (len(hits) - len(items)))


def _hit(hit: queries.Hit, lead: dict[str, Any]) -> SearchHit:
    return SearchHit(
        id=hit.lead,
        name=shown_name(lead),
        email=lead.get("email"),
        company=lead.get("company"),
        score=lead.get("score"),
        grade=lead.get("grade"),
        status=lead.get("status", "new"),
        highlights=list(hit.highlights),
    )
