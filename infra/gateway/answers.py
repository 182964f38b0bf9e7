"""What a request that asks something of a lead is answered with, once it is decided, or when it takes too long."""

from typing import Literal

from fastapi import Response
from pydantic import BaseModel, Field

from infra.gateway.outcomes import Decided, Identified, TooManyWaiting
from infra.gateway.problems import Problem
from infra.gateway.services import Services
from infra.kafka.publisher import Position
from schemas.topics import COMMANDS, partition

COMMAND_URL = "/v1/commands/"
SUBMISSION_URL = "/v1/submissions/"
ANOTHER_LEAD = "another lead"
"""What a lead is called that isn't the asker's business (visibility.as_told)."""


class Done(BaseModel):
    """It is so. Send `position` back as `?after=` to read what you wrote; `version` is the lead's (its ETag)."""

    id: str
    version: int | None
    position: str | None


class Pending(BaseModel):
    """Not decided yet; `status_url` (also in Location) says when it is."""

    command_id: str
    status: str = Field(default="pending")
    status_url: str


class TakenIn(BaseModel):
    """It was taken, and `status_url` (also in Location) says which lead it came to, once that is one that you may see."""

    submission_id: str
    status: Literal["accepted"] = "accepted"
    status_url: str


async def awaited(given: Services, command_id: str, *, submission: bool = False) -> Decided | Identified | None:
    """Wait for the outcome as long as the settings say. Raises Problem 503 if too many wait already."""
    try:
        return await given.outcomes.wait(command_id, given.settings.gateway.await_seconds, submission=submission)
    except TooManyWaiting:
        raise Problem(503, "busy", "Too many requests are waiting", headers={"Retry-After": "2"}) from None


def done(given: Services, decided: Decided, response: Response) -> Done:
    """The answer to a decided command; sets the ETag. Raises Problem 404, 409, 410, 412 or 422."""
    refuse(decided)
    if decided.version is not None:
        response.headers["ETag"] = f'"{decided.version}"'
    return Done(id=decided.lead, version=decided.version, position=position_of(given, decided))


def accepted(submission_id: str, response: Response) -> TakenIn:
    """202 for who may not hear what became of a submission: the same whatever did."""
    url = SUBMISSION_URL + submission_id
    response.status_code = 202
    response.headers["Location"] = url
    return TakenIn(submission_id=submission_id, status_url=url)


def position_of(given: Services, decided: Decided) -> str | None:
    """The command's own position, which read models report back once they have seen what it caused."""
    if decided.position is None:
        return None
    return str(Position(partition(decided.lead, COMMANDS.partitions(given.settings.kafka.partitions)), decided.position))


def refuse(decided: Decided) -> None:
    """Raises Problem unless the outcome is `done`."""
    detail = decided.detail or None
    headers = {} if decided.version is None else {"ETag": f'"{decided.version}"'}
    if decided.status == "missing":
        raise Problem(404, "not-found", "Not found", detail)
    if decided.status == "erased":
        raise Problem(410, "erased", "Erased", detail)
    if decided.status == "moved":
        says = f"The lead was merged into the lead {decided.detail}: ask that one."
        raise Problem(
            409, "merged", "Merged into another lead", says, headers={"Content-Location": f"/v1/leads/{decided.detail}"}
        )
    if decided.status == "conflict":
        raise Problem(412, "version-conflict", "The lead has changed", detail, headers=headers)
    if decided.status == "declined":
        raise Problem(422, "declined", "Declined", detail, headers=headers)


def pending(command_id: str, response: Response) -> Pending:
    """202 with the address that knows more."""
    url = COMMAND_URL + command_id
    response.status_code = 202
    response.headers["Location"] = url
    response.headers["Retry-After"] = "1"
    return Pending(command_id=command_id, status_url=url)
