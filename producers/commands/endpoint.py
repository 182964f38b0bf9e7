"""PATCH /v1/leads/{id}, its notes, tags, owner, status and erasure; and what became of a command.

Each answers 200/201 once `leads` has decided, 202 with a status address if that takes more than two seconds.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, field_validator

from infra.auth.dependencies import forbidden, require
from infra.auth.roles import Permission, User
from infra.gateway import answers
from infra.gateway.problems import Problem, not_found
from infra.gateway.services import Used
from infra.gateway.values import Address, Custom, Phone, Prose, Word, e164
from infra.gateway.visibility import as_told, may_follow, may_give
from producers.commands import blocks, bulk, merging, tasks, translate
from producers.commands.asking import MAY_WRITE, Answer, IdempotencyKey, IfMatch, Sending, TagChange, check_owner
from schemas.commands import Status

router = APIRouter(prefix="/v1", tags=["leads"], responses={202: {"model": answers.Pending}})

router.include_router(tasks.router)
router.include_router(bulk.router)
router.include_router(merging.router)
router.include_router(blocks.router)


class LeadPatch(BaseModel):
    """Fields to change; null removes a value, a field that isn't sent stays. Custom fields are changed one by one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    email: Address | None = None
    name: Word | None = None
    first_name: Word | None = None
    last_name: Word | None = None
    phone: Phone | None = None
    company: Word | None = None
    custom: Custom = {}
    status: Status | None = None

    @field_validator("status")
    @classmethod
    def _is_one(cls, status: Status | None) -> Status:
        if status is None:
            raise ValueError("a lead always has a status")
        return status


class NewNote(BaseModel):
    """A note's text."""

    model_config = ConfigDict(extra="forbid")

    text: Prose


class NewOwner(BaseModel):
    """A person's id, or null for nobody."""

    model_config = ConfigDict(extra="forbid")

    owner: Word | None


class NewStatus(BaseModel):
    """A step of the pipeline."""

    model_config = ConfigDict(extra="forbid")

    status: Status


class Erasure(BaseModel):
    """Why someone is to be forgotten, and whether what they send later is to be rejected (`block`)."""

    model_config = ConfigDict(extra="forbid")

    reason: Word = ""
    block: bool = False


@router.patch("/leads/{lead}", dependencies=[MAY_WRITE])
async def edit_lead(
    asked: LeadPatch, sender: Sending, if_match: IfMatch = None, idempotency_key: IdempotencyKey = None
) -> Answer:
    """Change fields of a lead; with If-Match only if it is still as you read it (else 412)."""
    fields: dict[str, Any] = asked.model_dump(exclude_unset=True)
    if not fields:
        raise Problem(422, "invalid", "Invalid request", "Send at least one field to change.")
    if "phone" in fields:
        fields["phone_e164"] = e164(fields["phone"])
    asker = await sender.begin(idempotency_key, if_match)
    if "status" not in fields:
        return await sender.edit(asker, fields)
    status = fields.pop("status")
    if fields:
        answer = await sender.edit(asker, fields)
        if isinstance(answer, answers.Pending):
            return answer
        # Two commands, one request: the second is about what the first made.
        asker = asker._replace(command_id=sender.second_id(asker.command_id), expected_version=answer.version)
    return await sender.send(translate.change_status(asker, status))


@router.post("/leads/{lead}/notes", status_code=201, dependencies=[MAY_WRITE])
async def note_lead(asked: NewNote, sender: Sending, idempotency_key: IdempotencyKey = None) -> Answer:
    """Write a note on a lead."""
    return await sender.send(*translate.note(await sender.begin(idempotency_key, None), asked.text))


@router.post("/leads/{lead}/assign")
async def assign_lead(
    asked: NewOwner,
    sender: Sending,
    given: Used,
    user: Annotated[User, Depends(require(Permission.LEADS_TAKE))],
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Give a lead to a person, or to nobody. A rep may take an unassigned lead and give up an own one."""
    await check_owner(given, user, asked.owner, "owner")
    asker = await sender.begin(idempotency_key, if_match)
    if not await may_give(given, user, sender.lead):
        raise forbidden("You may take a lead of nobody's and give up an own one; this one is somebody else's.")
    return await sender.send(translate.assign(asker, asked.owner))


@router.post("/leads/{lead}/status", dependencies=[MAY_WRITE])
async def change_status(
    asked: NewStatus, sender: Sending, if_match: IfMatch = None, idempotency_key: IdempotencyKey = None
) -> Answer:
    """Move a lead along the pipeline."""
    return await sender.send(translate.change_status(await sender.begin(idempotency_key, if_match), asked.status))


@router.post("/leads/{lead}/tags", dependencies=[MAY_WRITE])
async def tag_lead(asked: TagChange, sender: Sending, if_match: IfMatch = None, idempotency_key: IdempotencyKey = None) -> Answer:
    """Put tags on a lead and take others off; what it has, or has not, already is done."""
    return await sender.send(translate.tag(await sender.begin(idempotency_key, if_match), asked.add, asked.remove))


@router.post("/leads/{lead}/erase", dependencies=[Depends(require(Permission.LEADS_ERASE))])
async def erase_lead(asked: Erasure, sender: Sending, idempotency_key: IdempotencyKey = None) -> Answer:
    """Forget the person, everywhere and for good; `/erasure` says how far that has come."""
    return await sender.send(translate.erase(await sender.begin(idempotency_key, None), asked.reason, block=asked.block))


class CommandState(BaseModel):
    """What became of a command: pending, done, declined, conflict, missing, erased or moved, or `identity`'s word."""

    command_id: str
    status: str
    detail: str | None = None
    lead: str | None = None
    version: int | None = None
    position: str | None = None


@router.get("/commands/{command_id}", tags=["commands"])
async def command(
    command_id: str, given: Used, user: Annotated[User, Depends(require(Permission.SUBMISSIONS_READ))]
) -> CommandState:
    """What became of a command that was answered with 202."""
    if given.ids.read(command_id) is None:
        raise not_found("command")
    decided = await given.outcomes.of(command_id)
    if decided is not None:
        if not await may_follow(given, user, command_id, decided.lead, what="command"):
            return CommandState(command_id=command_id, status="pending")
        told = await as_told(given, user, decided)
        return CommandState(
            command_id=command_id,
            status=decided.status,
            detail=told.detail or None,
            lead=decided.lead,
            version=decided.version,
            position=answers.position_of(given, decided),
        )
    filed = await given.outcomes.of_submission(command_id)
    told_all = await may_follow(given, user, command_id, None if filed is None else filed.lead, what="command")
    if told_all and filed is not None and filed.status != "processed":
        return CommandState(command_id=command_id, status=filed.status, detail=filed.reason, lead=filed.lead)
    return CommandState(command_id=command_id, status="pending")
