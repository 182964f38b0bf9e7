"""The common way: FastStream services, one message a call, pydantic in, SQLAlchemy upserts out, an event to the next service.

    python -m benchmarks.peers.chain deciders|views|all ACK|ACK_FIRST

`deciders` find whose submission it is, keep the lead and its score; `views` keep the list and the history. ACK_FIRST is
FastStream's default (offsets are committed beforehand, a crash loses messages), ACK is its safe policy. `all` is one handler that
does everything in one transaction and publishes nothing: no services, no events, as fast as this way gets.
"""

import sys
import uuid
from typing import Any

import asyncpg
import uvloop
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers.tables import Answer, Claim, Delivery, History, Lead, ListedLead, Score
from consumers.scoring import rules
from consumers.scoring.documents import ScoringRules
from infra.settings import load
from schemas.facts import submission_facts
from schemas.person import Source, Traits

SUBMISSIONS, CAPTURED, SCORED = "peer.submissions", "peer.captured", "peer.scored"
RULES = ScoringRules()


class Submission(BaseModel):
    delivery: str
    email: str
    name: str | None
    first_name: str | None
    last_name: str | None
    phone: str | None
    answers: dict[str, Any]
    campaign: dict[str, str]
    consent: bool | None
    source: Source
    traits: Traits
    raw: str


class Captured(Submission):
    lead: str
    first: bool


class Scored(BaseModel):
    lead: str
    score: int
    before: int
    grade: str
    receipt: list[dict[str, Any]]


async def capture(session: AsyncSession, submission: Submission) -> Captured | None:
    """Whose is it? A delivery that came before is nothing."""
    new = await session.execute(insert(Delivery).values(delivery=submission.delivery).on_conflict_do_nothing())
    if not new.rowcount:
        return None
    lead = str(uuid.uuid4())
    claimed = await session.execute(insert(Claim).values(email=submission.email.lower(), lead=lead).on_conflict_do_nothing())
    first = bool(claimed.rowcount)
    if not first:
        lead = (await session.execute(select(Claim.lead).where(Claim.email == submission.email.lower()))).scalar_one()
    known = insert(Lead).values(id=lead)
    await session.execute(known.on_conflict_do_update(index_elements=["id"], set_={"version": Lead.version + 1}))
    return Captured(**submission.model_dump(), lead=lead, first=first)


async def score(session: AsyncSession, body: Captured) -> Scored | None:
    """Our own rules, over counts kept in a row."""
    known = (await session.execute(select(Score).where(Score.lead == body.lead))).scalar_one_or_none()
    times = 1 + (known.submissions if known else 0)
    facts = submission_facts(body.source, body.traits, body.campaign, body.consent, {})
    facts |= {"event": "submission", "first": body.first, "quiet": False, "submissions": times}
    counts = rules.counted(known.counts if known else {}, facts, RULES)
    receipt = rules.add_up(counts, RULES)
    before = known.score if known else 0
    row = {"lead": body.lead, "submissions": times, "counts": counts, "score": receipt.score}
    await session.execute(insert(Score).values(**row).on_conflict_do_update(index_elements=["lead"], set_=row))
    return Scored(
        lead=body.lead,
        score=receipt.score,
        before=before,
        grade=RULES.grade_of(receipt.score),
        receipt=[line.model_dump() for line in receipt.lines],
    )


async def show_capture(session: AsyncSession, body: Captured) -> None:
    """The list's row, its answers, and a line of history."""
    row = {name: getattr(body, name) for name in ("name", "first_name", "last_name", "email", "phone", "campaign", "consent")}
    row |= {"company": body.traits.company, "vendor": body.source.vendor}
    listed = insert(ListedLead).values(id=body.lead, **row)
    await session.execute(listed.on_conflict_do_update(index_elements=["id"], set_=row | {"version": ListedLead.version + 1}))
    if body.answers:
        answers = insert(Answer)
        keep = answers.on_conflict_do_update(index_elements=["lead", "question"], set_={"value": answers.excluded.value})
        rows = [{"lead": body.lead, "question": question, "value": value} for question, value in body.answers.items()]
        await session.execute(keep, rows)
    session.add(History(lead=body.lead, event_type="lead.captured", body=body.model_dump(mode="json")))


async def show_score(session: AsyncSession, body: Scored) -> None:
    """The same for a score."""
    listed = insert(ListedLead).values(id=body.lead, score=body.score, grade=body.grade)
    keep = listed.on_conflict_do_update(index_elements=["id"], set_={"score": body.score, "grade": body.grade})
    await session.execute(keep)
    session.add(History(lead=body.lead, event_type="lead.scored", body=body.model_dump(mode="json")))


async def main(role: str, policy: str) -> None:
    """Serve until SIGTERM."""
    settings = load()
    prefix = settings.kafka.prefix

    async def connect() -> Any:
        return await asyncpg.connect(settings.postgres.url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    sessions = async_sessionmaker(engine)
    broker = KafkaBroker(settings.kafka.bootstrap, logger=None)
    app = FastStream(broker, logger=None)

    def reads(topic: str, group: str) -> Any:
        return broker.subscriber(
            prefix + topic, group_id=f"{prefix}{group}", auto_offset_reset="earliest", ack_policy=AckPolicy[policy]
        )

    if role == "deciders":

        @reads(SUBMISSIONS, "leads")
        async def on_submission(body: Submission) -> None:
            async with sessions.begin() as session:
                captured = await capture(session, body)
            if captured is not None:
                await broker.publish(captured, prefix + CAPTURED, key=captured.lead.encode())

        @reads(CAPTURED, "scoring")
        async def on_captured(body: Captured) -> None:
            async with sessions.begin() as session:
                scored = await score(session, body)
            if scored is not None:
                await broker.publish(scored, prefix + SCORED, key=scored.lead.encode())

    elif role == "views":

        @reads(CAPTURED, "views")
        async def show_captured(body: Captured) -> None:
            async with sessions.begin() as session:
                await show_capture(session, body)

        @reads(SCORED, "views-scored")
        async def show_scored(body: Scored) -> None:
            async with sessions.begin() as session:
                await show_score(session, body)

    else:

        @reads(SUBMISSIONS, "all")
        async def everything(body: Submission) -> None:
            async with sessions.begin() as session:
                captured = await capture(session, body)
                if captured is None:
                    return
                scored = await score(session, captured)
                await show_capture(session, captured)
                if scored is not None:
                    await show_score(session, scored)

    await app.run()
    await engine.dispose()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
