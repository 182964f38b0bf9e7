"""POST /v1/blocks/lift: who was erased and blocked, and has changed their mind, may come in again.

Nothing of them is kept that could be looked up, so they say what they were known by; of that the hash alone leaves this place.
"""

import time
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from infra.audit.recording import note
from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway import answers, idempotency
from infra.gateway.appending import append
from infra.gateway.outcomes import Identified
from infra.gateway.problems import Problem
from infra.gateway.services import Used
from infra.gateway.values import Address, Phone, e164
from producers.commands import translate
from producers.commands.asking import Answer, IdempotencyKey
from producers.commands.sending import record_of

router = APIRouter()


class BlockLift(BaseModel):
    """What somebody was known by: their address, or their number where they never gave one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    email: Address | None = None
    phone: Phone | None = None

    @field_validator("phone")
    @classmethod
    def _is_whole(cls, phone: str | None) -> str | None:
        if phone is not None and e164(phone) is None:
            raise ValueError("isn't a number with the code of its country, such as +32 2 555 01 23")
        return phone

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.email is None) == (self.phone is None):
            raise ValueError("give either email or phone")
        return self


@router.post("/blocks/lift")
async def lift_block(
    asked: BlockLift,
    request: Request,
    response: Response,
    given: Used,
    user: Annotated[User, Depends(require(Permission.LEADS_ERASE))],
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Let in again who was erased with `block`. What was erased stays so: `id` is the lead it was, and the next is another.

    404 where nobody is blocked by this; 422 for a number that was blocked beside an address, since others may share it.
    """
    body = b"blocks|" + await request.body()
    id_ = await idempotency.claim(given.pool, given.ids, user, idempotency_key, body, now_ms=int(time.time() * 1000))
    found = await given.outcomes.of(id_) or await given.outcomes.of_submission(id_)
    if found is None:
        wanted = translate.lift(id_, user.id, asked.email, e164(asked.phone), given.keyring.hash)
        await append(given, wanted.TOPIC, wanted.key(), record_of(wanted, request.headers.get("traceparent")))
        found = await answers.awaited(given, id_, submission=True)
    if found is None:
        return answers.pending(id_, response)
    if isinstance(found, Identified):
        raise Problem(404, "not-found", "Not found", found.reason)
    note(request, object=f"leads/{found.lead}")
    return answers.done(given, found, response)
