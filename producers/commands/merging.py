"""POST /v1/leads/{id}/merge and /unmerge: two leads that are one person, or are not after all."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from infra.auth.dependencies import CurrentUser
from infra.auth.roles import User
from infra.gateway.problems import FieldError, Problem
from infra.gateway.services import Services, Used
from infra.gateway.visibility import need_lead
from producers.commands import translate
from producers.commands.asking import MAY_WRITE, Answer, IdempotencyKey, Sending
from schemas.message import LeadId

router = APIRouter()


class OtherLead(BaseModel):
    """The lead that is the same person."""

    model_config = ConfigDict(extra="forbid")

    lead_id: Annotated[UUID, Field(description="Id of the lead that ends, or ended, in the one of the address")]


@router.post("/leads/{lead}/merge", dependencies=[MAY_WRITE])
async def merge_lead(
    asked: OtherLead, sender: Sending, given: Used, user: CurrentUser, idempotency_key: IdempotencyKey = None
) -> Answer:
    """Merge another lead into this one, which takes its facts; what was known here stays. `/unmerge` takes it back."""
    other = await _other(given, user, sender.lead, asked)
    return await sender.send(translate.merge(await sender.begin(idempotency_key, None), other))


@router.post("/leads/{lead}/unmerge", dependencies=[MAY_WRITE])
async def unmerge_lead(
    asked: OtherLead, sender: Sending, given: Used, user: CurrentUser, idempotency_key: IdempotencyKey = None
) -> Answer:
    """Make a lead that was merged into this one a lead of its own again, with all that it brought."""
    other = await _other(given, user, sender.lead, asked)
    return await sender.send(translate.unmerge(await sender.begin(idempotency_key, None), other))


async def _other(given: Services, user: User, lead: LeadId, asked: OtherLead) -> LeadId:
    """Raises Problem 422 if it is the same, or there is none that this user may see."""
    other = LeadId(str(asked.lead_id))
    if other == lead:
        raise Problem(
            422, "invalid", "Invalid request", errors=[FieldError("lead_id", "is this lead itself: name the other one")]
        )
    try:
        await need_lead(given, user, other)
    except Problem:
        raise Problem(422, "invalid", "Invalid request", errors=[FieldError("lead_id", "is no lead's id")]) from None
    return other
