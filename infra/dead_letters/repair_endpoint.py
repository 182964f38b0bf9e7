"""/v1/rejections/repairs: many rejections repaired alike: tried on a few, then driven again in the background."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, JsonValue

from infra.dead_letters import repairing, repairs
from infra.dead_letters.access import Reader, Repairing, Writer, redriver
from infra.gateway.problems import Problem, not_found
from infra.gateway.services import Services, Used

router = APIRouter(prefix="/repairs")


class RepairTrial(BaseModel):
    """What would come of one: the `fields` that a mapping finds, else the `body` that would be published; or why neither."""

    id: UUID
    fields: dict[str, JsonValue] | None
    body: JsonValue
    error: str | None


class RepairPreview(BaseModel):
    """The newest few of those that fit; `count` of all would be taken."""

    items: list[RepairTrial]
    count: int


class RepairTry(Repairing):
    """On how many to try it."""

    limit: int = Field(default=3, ge=1, le=repairing.TRIED_MAX)


class RepairItem(BaseModel):
    """A repair and how far it is. `refused` could not be driven again like this, and stand in the list with the reason."""

    id: UUID
    created_by: str
    how: repairs.How
    state: repairs.State
    total: int
    redriven: int
    refused: int
    left: int
    created_at: datetime
    updated_at: datetime


class RepairList(BaseModel):
    """The newest first."""

    items: list[RepairItem]


@router.get("")
async def list_repairs(given: Used, _user: Reader) -> RepairList:
    """The last fifty."""
    return RepairList(items=[_item(repair) for repair in await repairs.newest(given.pool)])


@router.post("/preview")
async def preview_repair(given: Used, _user: Writer, asked: RepairTry) -> RepairPreview:
    """Try a patch or a mapping on a few of those that fit: what would come out, or what is wrong. Nothing is published."""
    wanted = asked.filter()
    tried = await repairing.tried(redriver(given), wanted, asked.change(), asked.limit)
    items = [RepairTrial(id=one.id, fields=one.fields, body=one.body, error=one.error) for one in tried]
    return RepairPreview(items=items, count=await repairs.free(given.pool, wanted))


@router.post("", status_code=202)
async def start_repair(given: Used, user: Writer, asked: Repairing) -> RepairItem:
    """Drive all that fit again in the background, the oldest 10,000 first, each once and under its original id."""
    id_ = await repairs.begin(given.pool, given.keyring, asked.filter(), asked.change(), user.id)
    if id_ is None:
        raise Problem(
            409, "nothing-to-repair", "Nothing to repair", "None is open of these, or they are being driven again already."
        )
    return await _known(given, id_)


@router.get("/{repair_id}")
async def get_repair(given: Used, _user: Reader, repair_id: UUID) -> RepairItem:
    """How far it is."""
    return await _known(given, repair_id)


@router.post("/{repair_id}/cancel")
async def cancel_repair(given: Used, _user: Writer, repair_id: UUID) -> RepairItem:
    """Stop: those that it has not come to stay as they are."""
    await repairs.cancel(given.pool, repair_id)
    return await _known(given, repair_id)


async def _known(given: Services, repair_id: UUID) -> RepairItem:
    found = await repairs.one(given.pool, repair_id)
    if found is None:
        raise not_found("repair")
    return _item(found)


def _item(repair: repairs.Repair) -> RepairItem:
    return RepairItem(
        id=repair.id,
        created_by=repair.actor,
        how=repair.how,
        state=repair.state,
        total=repair.total,
        redriven=repair.redriven,
        refused=repair.refused,
        left=repair.left,
        created_at=repair.created_at,
        updated_at=repair.updated_at,
    )
