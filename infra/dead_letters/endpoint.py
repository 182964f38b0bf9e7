"""/v1/rejections: what was accepted and could not be handled: found, opened, repaired, driven again or given up.

What intake refuses with 4xx is not here: whoever sent it was told.
"""

import asyncio
import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, BaseModel, Field, JsonValue, model_validator

from infra.dead_letters import finding, repair_endpoint, store
from infra.dead_letters.access import Mapping, Patch, Reader, Repairing, Writer, may_repair, redriver, utc
from infra.dead_letters.letters import Letter
from infra.dead_letters.opening import opened
from infra.dead_letters.redriving import Change, NotRedrivable, Redriver
from infra.gateway.problems import FieldError, Problem, not_found, unavailable
from infra.gateway.services import Services, Used
from infra.gateway.values import Word, storable
from infra.kafka.ports import LogUnavailable

router = APIRouter(prefix="/v1/rejections", tags=["rejections"])
router.include_router(repair_endpoint.router)  # first: "repairs" is nobody's id

BULK_MAX: Final = 100
BULK_PAUSE_SECONDS: Final = 0.02
"""Between two of a bulk, so that live leads are not delayed."""


class Rejection(BaseModel):
    """Something that could not be handled by `consumer`. `kind` is reject, undecodable, refused or bug.

    `repair` has it in hand, or could not drive it again because of `refused`.
    """

    id: UUID
    consumer: str
    topic: str
    position: str
    event_type: str | None
    source_id: str | None
    lead: str | None
    kind: str
    reason: str
    attempts: int
    created_at: datetime
    settled_at: datetime | None
    resolution: str | None
    repair: UUID | None
    refused: str | None


class RejectionPage(BaseModel):
    """Newest first."""

    items: list[Rejection]
    next: str | None


class Cause(BaseModel):
    """What died of one thing in one consumer."""

    consumer: str
    kind: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


class Causes(BaseModel):
    """The most frequent first."""

    items: list[Cause]


class OpenedRejection(Rejection):
    """With its record. `body` is JSON where it can be read, else text; `raw` is what the sender sent, None where it is gone."""

    headers: dict[str, str]
    body: JsonValue
    raw: str | None
    raw_content_type: str | None


class Repair(BaseModel):
    """How to change a record before it is sent again: a whole `body`, a merge `patch` (RFC 7396), or a `mapping` (target -> path)
    by which what was sent is read anew; without any of them it stays."""

    body: Patch | None = None
    patch: Patch | None = None
    mapping: Mapping | None = None

    @model_validator(mode="after")
    def _one(self) -> "Repair":
        if sum(change is not None for change in (self.body, self.patch, self.mapping)) > 1:
            raise ValueError("send one of body, patch and mapping")
        return self


class Bulk(Repairing):
    """Which to drive again: all that fit, oldest of the newest `limit` first; every one is changed alike."""

    limit: int = Field(default=BULK_MAX, ge=1, le=BULK_MAX)


class Verdict(BaseModel):
    """What became of one."""

    id: UUID
    status: Literal["redriven", "refused", "unavailable"]
    detail: str


class Verdicts(BaseModel):
    """One each; `left` still fit and are open: ask again."""

    items: list[Verdict]
    left: int


class Discard(BaseModel):
    """Why nothing is to come of it."""

    reason: Word = ""


Text = Annotated[str | None, Query(max_length=store.REASON_CHARACTERS_MAX), AfterValidator(storable)]


def _filter(
    consumer: Text = None,
    source: Text = None,
    kind: Text = None,
    reason: Text = None,
    since: datetime | None = None,
    until: datetime | None = None,
    settled: Annotated[bool, Query(description="Those that something was done about, too")] = False,
) -> finding.Filter:
    return finding.Filter(consumer, source, kind, reason, utc(since), utc(until), settled)


Wanted = Annotated[finding.Filter, Depends(_filter)]


@router.get("")
async def list_rejections(
    given: Used,
    _user: Reader,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=finding.PAGE_MAX)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> RejectionPage:
    """What was accepted and failed later: kept 90 days, without what it says."""
    found = await finding.page(given.pool, wanted, after=None if cursor is None else _place(cursor), limit=limit)
    return RejectionPage(items=[_item(letter) for letter in found], next=_cursor(found[-1]) if len(found) == limit else None)


@router.get("/causes")
async def rejection_causes(given: Used, _user: Reader, wanted: Wanted) -> Causes:
    """The same, grouped by cause."""
    found = await finding.causes(given.pool, wanted)
    return Causes(items=[Cause.model_validate(cause, from_attributes=True) for cause in found])


@router.get("/{letter_id}")
async def get_rejection(given: Used, user: Reader, letter_id: UUID) -> OpenedRejection:
    """One, with its record; what the sender sent is opened for whoever may repair it."""
    async with given.pool.acquire() as connection:
        found = await store.show(connection, letter_id, given.keyring)
    if found is None:
        raise not_found("rejection")
    letter, record = found
    shown = await opened(given.keyring, record, whole=may_repair(user))
    return OpenedRejection(**_item(letter).model_dump(), **shown)


@router.post("/redrive")
async def redrive_many(given: Used, _user: Writer, asked: Bulk) -> Verdicts:
    """Drive a group again, one after the other under their original ids, with a verdict each."""
    wanted = asked.filter()
    verdicts: list[Verdict] = []
    for letter in reversed(await finding.page(given.pool, wanted, limit=asked.limit)):
        verdicts.append(await _verdict(redriver(given), letter.id, asked.change()))
        if verdicts[-1].status == "unavailable":
            break
        await asyncio.sleep(BULK_PAUSE_SECONDS)
    return Verdicts(items=verdicts, left=await finding.count(given.pool, wanted))


@router.post("/{letter_id}/redrive")
async def redrive_one(given: Used, _user: Writer, letter_id: UUID, asked: Repair | None = None) -> Rejection:
    """Drive one again, repaired if asked. Under its original id, so that asking twice does it once."""
    repair = asked or Repair()
    value = None if repair.body is None else orjson.dumps(repair.body)
    await _there(given, letter_id)
    try:
        await redriver(given).redrive(letter_id, Change(value, repair.patch, repair.mapping))
    except NotRedrivable as refused:
        field = "mapping" if repair.mapping is not None else "body" if repair.patch is None else "patch"
        wrong = FieldError(field, str(refused))
        raise Problem(422, "not-redrivable", "It can't be driven again like this", str(refused), errors=[wrong]) from refused
    except LogUnavailable as away:
        raise unavailable("The log") from away
    return await _there(given, letter_id)


@router.post("/{letter_id}/discard")
async def discard(given: Used, user: Writer, letter_id: UUID, asked: Discard | None = None) -> Rejection:
    """Nothing is to come of it. It is kept with the reason as long as the others; what was settled before stays so."""
    reason = "" if asked is None else asked.reason
    async with given.pool.acquire() as connection:
        await store.resolve(connection, [letter_id], f"discarded by {user.id}" + (f": {reason}" if reason else ""))
    return await _there(given, letter_id)


async def _verdict(driver: Redriver, letter_id: UUID, change: Change) -> Verdict:
    try:
        return Verdict(id=letter_id, status="redriven", detail=await driver.redrive(letter_id, change))
    except NotRedrivable as refused:
        return Verdict(id=letter_id, status="refused", detail=str(refused))
    except LogUnavailable:
        return Verdict(
            id=letter_id, status="unavailable", detail="The log can't be reached; it and what came after were left alone."
        )


async def _there(given: Services, letter_id: UUID) -> Rejection:
    found = await finding.one(given.pool, letter_id)
    if found is None:
        raise not_found("rejection")
    return _item(found)


def _item(letter: Letter) -> Rejection:
    return Rejection(
        id=letter.id,
        consumer=letter.consumer,
        topic=letter.topic,
        position=f"{letter.partition}-{letter.offset}",
        event_type=letter.event_type,
        source_id=letter.source_id,
        lead=letter.lead,
        kind=letter.kind,
        reason=letter.reason,
        attempts=letter.attempts,
        created_at=letter.created_at,
        settled_at=letter.resolved_at,
        resolution=letter.resolution,
        repair=letter.repair,
        refused=letter.refused,
    )


def _cursor(last: Letter) -> str:
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).rstrip(b"=").decode()


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, _, id_ = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").rpartition(" ")
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(id_)
    except (binascii.Error, ValueError, OverflowError):
        wrong = FieldError("cursor", "not a cursor of this list: start again without it")
        raise Problem(422, "invalid", "Invalid request", "The cursor can't be used.", errors=[wrong]) from None
