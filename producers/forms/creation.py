"""POST /v1/leads -> leads.submissions: a lead made through the API is a submission like any other, and awaited."""

import time
from typing import Annotated, Final

import asyncpg
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway import answers, idempotency
from infra.gateway.outcomes import Decided, Identified
from infra.gateway.problems import Problem, unavailable
from infra.gateway.services import Used
from infra.gateway.values import Address, Custom, Label, Phone, Word, e164
from infra.gateway.visibility import may_hear_of
from infra.kafka.ports import LogUnavailable
from producers.forms.publishing import Raw, SubmissionWriter
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import Origin
from schemas.lead_ids import is_made_by

router = APIRouter(tags=["leads"])
SOURCE: Final = "api"


class LeadRequest(BaseModel):
    """A lead to be made. At least one of email, phone and a name."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    email: Address | None = None
    name: Word | None = None
    first_name: Word | None = None
    last_name: Word | None = None
    phone: Phone | None = None
    company: Word | None = None
    answers: Custom = {}
    custom: Custom = {}
    consent: bool | None = None
    consents: Annotated[dict[Label, bool], Field(max_length=100)] = {}
    campaign: Annotated[dict[Label, Word], Field(max_length=100)] = {}
    quiet: bool = False

    @model_validator(mode="after")
    def _is_somebody(self) -> "LeadRequest":
        if not (self.email or self.phone or self.name or self.first_name or self.last_name):
            raise ValueError("give at least one of email, phone, name, first_name and last_name")
        return self


@router.post("/leads", status_code=201, responses={202: {"model": answers.Pending | answers.TakenIn}})
async def create_lead(
    asked: LeadRequest,
    request: Request,
    response: Response,
    given: Used,
    user: Annotated[User, Depends(require(Permission.LEADS_WRITE))],
    idempotency_key: Annotated[str | None, Header()] = None,
) -> answers.Done | answers.Pending | answers.TakenIn:
    """Make a lead, or add to the one that has this e-mail address.

    202 if it isn't decided within two seconds. Who doesn't see all leads is answered 202 (`accepted`), whether it made a lead or
    was added to somebody else's, and 201 where it was added to one that they see.
    """
    body = await request.body()
    now = time.time()
    id_ = await idempotency.claim(given.pool, given.ids, user, idempotency_key, b"leads|" + body, now_ms=int(now * 1000))
    writer = SubmissionWriter(given.keyring, given.publisher, given.settings.kafka.partitions)
    try:
        await writer.publish(
            parsed_of(asked),
            Origin(SOURCE, SOURCE, quiet=asked.quiet, actor=user.id),
            Raw(body.decode("utf-8", "replace"), "application/json"),
            submission_id=id_,
            # Two requests without a key are two wishes, however alike.
            delivery=given.keyring.hash("delivery", f"{SOURCE}|{id_}"),
            trace=request.headers.get("traceparent"),
            custom=asked.custom,
        )
    except (LogUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError):
        raise unavailable("The event log") from None
    response.headers["X-Submission-Id"] = id_
    outcome = await answers.awaited(given, id_, submission=True)
    if not user.sees_all and user.may(Permission.LEADS_READ):
        # Looked up in any case, so that the time that it takes tells nothing either.
        lead = outcome.lead if isinstance(outcome, Decided) else ""
        if not await may_hear_of(given, user, lead) or is_made_by(lead, id_):
            return answers.accepted(id_, response)
    if isinstance(outcome, Identified):
        raise Problem(422, "declined", "Declined", f"The submission {id_} was filed as {outcome.status}.")
    if outcome is None:
        return answers.pending(id_, response)
    result = answers.done(given, outcome, response)
    response.headers["Location"] = f"/v1/leads/{outcome.lead}"
    return result


def parsed_of(asked: LeadRequest) -> ParsedSubmission:
    """In the words that every submission comes in."""
    return ParsedSubmission(
        email=asked.email,
        name=asked.name or None,
        first_name=asked.first_name or None,
        last_name=asked.last_name or None,
        phone=asked.phone or None,
        phone_e164=e164(asked.phone),
        company=asked.company or None,
        campaign={name: value for name, value in asked.campaign.items() if value},
        consent=asked.consent,
        consents=asked.consents,
        answers=asked.answers,
    )
