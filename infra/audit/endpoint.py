"""GET /v1/audit: who did what. For administrators."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from infra.audit import store
from infra.audit.store import Filters, Outcome
from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway.services import Used

router = APIRouter(prefix="/v1", tags=["audit"])
LIMIT_MAX: Final = 500
LIMIT_DEFAULT: Final = 100

Word = Annotated[str | None, Query(max_length=200)]


class AuditItem(BaseModel):
    """One entry."""

    id: str
    at: datetime
    actor: str = Field(description="A user's id, `key:<id>`, `cli`, `system`, or `nobody`")
    action: str = Field(description="The name of the operation that was asked for")
    object: str = Field(description="What it was about, such as `leads/<id>`")
    outcome: Outcome
    status: int | None
    detail: str
    request_id: str
    address: str | None = Field(description="Of the machine; null once it is forgotten")


class AuditPage(BaseModel):
    """The newest first."""

    items: list[AuditItem]
    next: str | None


@router.get("/audit")
async def audit(
    given: Used,
    _user: Annotated[User, Depends(require(Permission.AUDIT_READ))],
    actor: Word = None,
    action: Word = None,
    object_: Annotated[str | None, Query(alias="object", max_length=200)] = None,
    outcome: Outcome | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
) -> AuditPage:
    """Who did what, from where, and what came of it."""
    filters = Filters(actor, action, object_, outcome, _moment(since), _moment(until))
    before = None if cursor is None else int(cursor)
    found = await store.page(given.pool, filters, before=before, limit=limit + 1)
    shown = found[:limit]
    return AuditPage(items=[_item(one) for one in shown], next=str(shown[-1].id) if len(found) > limit else None)


def _moment(given: datetime | None) -> datetime | None:
    return given if given is None or given.tzinfo is not None else given.replace(tzinfo=UTC)


def _item(one: store.Written) -> AuditItem:
    return AuditItem(
        id=str(one.id),
        at=one.at,
        actor=one.actor,
        action=one.action,
        object=one.object,
        outcome=one.outcome,
        status=one.status,
        detail=one.detail,
        request_id=one.request_id,
        address=one.address,
    )
