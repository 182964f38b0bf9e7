"""history -> a lead's timeline, its score's receipt, and the way that a submission took, hop by hop."""

import pkgutil
from typing import Annotated, Any, Final

import asyncpg
from fastapi import APIRouter, Depends, Query

import projections
from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway.problems import not_found
from infra.gateway.services import Services, Used
from infra.gateway.visibility import may_follow
from projections import paging, records
from projections.access import LeadPath, VisibleLead
from projections.history import erasure, export, queries
from projections.history.shapes import Position, ScoreLine, ScorePoint, ScoreReceipt, TimelineItem, TimelinePage, Trace
from projections.history.titles import Names, actor_of, describe
from projections.history.trace import Followed, Later, received, trace
from schemas import topics
from schemas.events import LeadAssigned, LeadCaptured, LeadScored, TaskAdded

router = APIRouter(prefix="/v1", tags=["history"])
router.include_router(erasure.router)
router.include_router(export.router)

OFFSET_MAX: Final = 2**63 - 1
SCORES_MAX: Final = 200
LATER_MAX: Final = 500

Submitter = Annotated[User, Depends(require(Permission.SUBMISSIONS_READ))]


@router.get("/leads/{id}/timeline")
async def lead_timeline(
    given: Used,
    lead: VisibleLead,
    limit: Annotated[int, Query(ge=1, le=paging.LIMIT_MAX)] = paging.LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=paging.CURSOR_CHARACTERS_MAX)] = None,
) -> TimelinePage:
    """Everything that was said of a lead, newest first."""
    before = OFFSET_MAX if cursor is None else paging.place(cursor, "timeline", int)[0]
    found = await records.newest(given.pool, given.keyring, lead, before=before, limit=limit + 1)
    shown = found[:limit]
    names = await queries.names(given.pool) if any(isinstance(fact.body, LeadAssigned | TaskAdded) for fact in shown) else {}
    following = paging.cursor("timeline", shown[-1].offset) if len(found) > limit else None
    return TimelinePage(items=[_item(fact, names) for fact in shown], next=following)


@router.get("/leads/{id}/score")
async def lead_score(given: Used, lead: VisibleLead) -> ScoreReceipt:
    """Why the score is what it is, and how it came about."""
    found = await records.newest(given.pool, given.keyring, lead, before=OFFSET_MAX, limit=SCORES_MAX, types=[LeadScored.TYPE])
    scores = [(fact, fact.body) for fact in found if isinstance(fact.body, LeadScored)]
    points = [
        ScorePoint(at=fact.recorded_at, score=scored.score, before=scored.before, grade=scored.grade) for fact, scored in scores
    ]
    if not scores:
        return ScoreReceipt(score=None, grade=None, rules_version=None, receipt=[], history=points)
    last = scores[0][1]
    lines = [ScoreLine(rule=line.rule, label=line.label, points=line.points, times=line.times) for line in last.receipt]
    return ScoreReceipt(score=last.score, grade=last.grade, rules_version=last.rules_version, receipt=lines, history=points)


@router.get("/leads/{id}/trace")
async def lead_trace(given: Used, lead: VisibleLead) -> Trace:
    """The way of the submission that made the lead."""
    async for fact in records.facts(given.pool, given.keyring, lead):
        if isinstance(fact.body, LeadCaptured):
            return await _traced(given, fact.body.submission_id)
    raise not_found("lead")


@router.get("/submissions/{id}")
async def submission(given: Used, user: Submitter, id_: LeadPath) -> Trace:
    """Where a submission is: `received` as soon as it was accepted, then what every hop made of it.

    Who sent it and doesn't see all leads is told the rest once its lead is one that they may see.
    """
    found = await _traced(given, id_)
    told = await may_follow(given, user, id_, found.lead_id, what="submission")
    return found if told else received(found)


async def _traced(given: Services, id_: str) -> Trace:
    known = given.ids.read(id_)
    identified = await given.outcomes.of_submission(id_)
    if known is None and identified is None:
        raise not_found("submission")
    decided, partition = None, None
    followed = Followed(None)
    if identified is not None and identified.status in ("processed", "activity") and identified.lead is not None:
        partition = topics.partition(identified.lead, given.settings.kafka.partitions)
        decided = await given.outcomes.of(id_)
        captured = identified.status == "processed"
        if captured and decided is not None and decided.status == "done" and decided.position is not None:
            followed = await _followed(given.pool, identified.lead, decided.position)
    return trace(id_, known, identified, decided, partition, followed)


async def _followed(pool: asyncpg.Pool, lead: str, command_offset: int) -> Followed:
    captured = await queries.capture(pool, lead, command_offset)
    if captured is None:
        return Followed(None)
    later = await queries.after(pool, lead, captured.offset, LATER_MAX)
    buried = await queries.buried(pool, topics.EVENTS.name, captured.partition, captured.offset, lead)
    return Followed(
        captured,
        await queries.readers(pool, captured.partition),
        [_later(row) for row in later],
        {consumer.replace(".", "_"): reason for consumer, reason in buried.items()},
        frozenset(module.name for module in pkgutil.iter_modules(projections.__path__) if module.ispkg),
    )


def _later(row: Any) -> Later:
    body = records.body_of(row)
    writer = (row["origin"] or "").partition("@")[0].rpartition(".")[0].replace(".", "_")
    return Later(row["event_type"], row["offset"], row["cause_offset"], writer, actor_of(body, ""), row["recorded_at"])


def _item(fact: records.StoredFact, names: Names) -> TimelineItem:
    described = describe(fact.event_type, fact.body, fact.person, names)
    return TimelineItem(
        id=fact.event_id,
        type=fact.event_type,
        at=fact.occurred_at,
        recorded_at=fact.recorded_at,
        position=Position(partition=fact.partition, offset=fact.offset),
        title=described.title,
        actor=actor_of(fact.body, fact.source),
        detail=described.detail,
        text=described.text,
    )
