"""GET /v1/submissions/{id}: where a submission is, hop by hop.

Intake writes no row: the id itself proves that it was accepted (infra/gateway/ids.py). From there on each hop left a line.
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway.ids import Known
from infra.gateway.outcomes import Decided, Identified
from infra.gateway.problems import not_found
from infra.gateway.services import Used
from infra.gateway.visibility import check_lead
from schemas.topics import COMMANDS, partition

router = APIRouter(tags=["submissions"])
Status = Literal["received", "processed", "duplicate", "spam", "test", "rejected"]
_IDENTITY_WORDS: Final = {
    "processed": "it belongs to a lead",
    "duplicate": "it repeats an earlier submission",
    "spam": "kept out as spam",
    "test": "a test of its form, kept out",
    "rejected": "can't be handled; it lies with the dead letters",
}


class Hop(BaseModel):
    """One station. `position` is `partition-offset` in the topic that the station reads."""

    name: str
    at: datetime | None
    position: str | None
    verdict: str
    detail: str | None = None


class Whereabouts(BaseModel):
    """A submission's way so far."""

    id: str
    status: Status
    lead_id: str | None = None
    hops: list[Hop]


@router.get("/submissions/{submission_id}")
async def submission(
    submission_id: str, given: Used, user: Annotated[User, Depends(require(Permission.SUBMISSIONS_READ))]
) -> Whereabouts:
    """Where it is: `received` as soon as it was accepted, and what became of it since."""
    known = given.ids.read(submission_id)
    identified = await given.outcomes.of_submission(submission_id)
    if known is None and identified is None:
        raise not_found("submission")
    decided = await given.outcomes.of(submission_id) if identified is not None else None
    if identified is not None and identified.lead is not None:
        await check_lead(given, user, identified.lead, what="submission")
    return whereabouts(submission_id, known, identified, decided, given.settings.kafka.partitions)


def whereabouts(
    submission_id: str, known: Known | None, identified: Identified | None, decided: Decided | None, partitions: int
) -> Whereabouts:
    """Put together what the hops left behind. Pure."""
    ignored = known is not None and known.ignored
    detail = "it asks for nothing (a ping, or an event that is no submission)" if ignored else None
    received_at = None if known is None else known.received_at
    hops = [Hop(name="intake", at=received_at, position=None, verdict="ignored" if ignored else "accepted", detail=detail)]
    if identified is None:
        return Whereabouts(id=submission_id, status="received", hops=hops)
    first = identified.first_submission
    words = _IDENTITY_WORDS.get(identified.status, "")
    hops.append(
        Hop(
            name="identity",
            at=identified.at,
            position=f"{identified.partition}-{identified.offset}",
            verdict=identified.status,
            detail=words if first is None else f"{words}: {first}",
        )
    )
    status: Status = identified.status
    if decided is not None:
        where = None
        if decided.position is not None:
            where = f"{partition(decided.lead, COMMANDS.partitions(partitions))}-{decided.position}"
        hops.append(
            Hop(name="leads", at=decided.decided_at, position=where, verdict=decided.status, detail=decided.detail or None)
        )
    return Whereabouts(id=submission_id, status=status, lead_id=identified.lead, hops=hops)
