"""lead_list -> GET /v1/leads, /v1/leads/{id}, its messages, and the overview."""

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway.problems import FieldError, Problem, not_found
from infra.gateway.services import Services, Used
from projections import paging, records
from projections.access import ID_CHARACTERS_MAX, LeadPath, Reader, VisibleLead
from projections.lead_list import duplicates, queries, tasks
from projections.lead_list.shapes import Lead, LeadMessage, LeadMessages, LeadPage, Overview

router = APIRouter(prefix="/v1", tags=["leads"])
router.include_router(tasks.router)
router.include_router(duplicates.router)

MESSAGES_MAX: Final = 200
LOOK_SECONDS: Final = 0.01
LOOK_SECONDS_MAX: Final = 0.1
_POSITION = re.compile(r"(\d{1,6})[-.:](\d{1,18})")

Word = Annotated[str | None, Query(max_length=ID_CHARACTERS_MAX)]


@router.get("/leads")
async def list_leads(
    given: Used,
    user: Reader,
    q: Annotated[str | None, Query(max_length=200, description="Beginning of a name, surname, address or company")] = None,
    status: Word = None,
    owner: Annotated[str | None, Query(max_length=ID_CHARACTERS_MAX, description="A person's id, or `none`")] = None,
    source: Annotated[str | None, Query(max_length=200, description="Vendor or source id")] = None,
    grade: Word = None,
    tag: Word = None,
    sort: queries.Sort = "-created_at",
    limit: Annotated[int, Query(ge=1, le=paging.LIMIT_MAX)] = paging.LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=paging.CURSOR_CHARACTERS_MAX)] = None,
) -> LeadPage:
    """Leads as they stand: a rep's own and unassigned ones, everybody's for others."""
    filters = queries.Filters(_clean(q), _clean(status), _clean(owner), _clean(source), _clean(grade), _clean(tag))
    items, following = await queries.page(given.pool, user, filters, sort=sort, limit=limit, after=cursor)
    return LeadPage(items=[Lead.model_construct(**item) for item in items], next=following)


@router.get("/leads/{id}")
async def get_lead(
    response: Response,
    given: Used,
    user: Reader,
    lead: LeadPath,
    as_of: Annotated[datetime | None, Query(description="Recorded time; the lead as it was then")] = None,
    after: Annotated[
        str | None, Query(max_length=32, description="A command's position, `partition-offset`: wait until it is seen here")
    ] = None,
) -> Lead:
    """One lead. The ETag is its version, to be sent back as If-Match.

    Asked for one that was merged into another, it answers with that one, and says so in Content-Location.
    """
    if after is not None:
        await _wait(given, _position(after))
    found = await queries.one(given.pool, lead)
    if found is not None and found["merged_into"] is not None and as_of is None:
        goes_on = await queries.goes_on_as(given.pool, lead)
        found = await queries.one(given.pool, goes_on)
        response.headers["Content-Location"] = f"/v1/leads/{goes_on}"
    if found is None or not user.may_see(found["owner"]):
        raise not_found("lead")
    if as_of is not None:
        found = await _as_of(given, lead, as_of)
    response.headers["ETag"] = f'"{found["version"]}"'
    response.headers["Cache-Control"] = "no-cache"
    return Lead.model_construct(**found)


@router.get("/leads/{id}/messages")
async def lead_messages(given: Used, lead: VisibleLead) -> LeadMessages:
    """Mails that were planned or sent about a lead."""
    rows = await queries.messages(given.pool, lead, MESSAGES_MAX)
    return LeadMessages(
        items=[
            LeadMessage(
                id=row["id"],
                template=row["template"],
                to=row["to"],
                outcome=row["outcome"],
                planned_at=row["planned_at"],
                sent_at=row["decided_at"] if row["outcome"] == "sent" else None,
                detail=row["detail"],
                delivered_at=row["delivered_at"],
                opened_at=row["opened_at"],
                clicked_at=row["clicked_at"],
                bounced_at=row["bounced_at"],
                replied_at=row["replied_at"],
            )
            for row in rows
        ]
    )


@router.get("/overview")
async def overview(given: Used, user: Reader, _reports: Annotated[User, Depends(require(Permission.REPORTS_READ))]) -> Overview:
    """Leads counted that one may see: a rep's own and unassigned ones, everybody's for others."""
    return await queries.overview(given.pool, user)


async def _as_of(given: Services, lead: str, moment: datetime) -> dict[str, Any]:
    """As it was, out of what `history` has. Whoever may see the lead now may see what it was."""
    try:
        until = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise not_found("moment") from None
    then = await records.lead_at(given.pool, given.keyring, lead, until)
    if then is None:
        raise Problem(404, "not-found", "Not found", "There was no such lead at that time.")
    return queries.shaped_lead(then)


def _position(text: str) -> tuple[int, int]:
    found = _POSITION.fullmatch(text)
    if found is None or int(found[1]) > 1_000_000:
        wrong = FieldError("after", "must be a position as an answer gave it: partition-offset")
        raise Problem(422, "invalid", "Invalid request", "The position can't be read.", errors=[wrong])
    return int(found[1]), int(found[2])


async def _wait(given: Services, position: tuple[int, int]) -> None:
    """Until lead_list has seen what a command led to, or the time for it is up: a command may have changed nothing."""
    ends = time.monotonic() + given.settings.gateway.await_seconds
    pause = LOOK_SECONDS
    while not await queries.has_seen(given.pool, *position):
        left = ends - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, LOOK_SECONDS_MAX)


def _clean(text: str | None) -> str | None:
    """Without NUL, which PostgreSQL takes in no text; what is left finds nothing wrong."""
    return None if text is None else text.replace("\x00", "")
