"""What history answers, for the API description."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

SubmissionStatus = Literal["received", "processed", "duplicate", "spam", "test", "rejected"]


class Position(BaseModel):
    """A place in a topic."""

    partition: int
    offset: int


class TimelineItem(BaseModel):
    """A fact in words. `at` is outside time, `recorded_at` the log's; `text` is what somebody wrote."""

    id: str
    type: str
    at: datetime
    recorded_at: datetime
    position: Position
    title: str
    actor: str | None
    detail: dict[str, Any]
    text: str | None


class TimelinePage(BaseModel):
    """Newest first; `next` is the cursor of the older ones, null at the end."""

    items: list[TimelineItem]
    next: str | None


class ScoreLine(BaseModel):
    """One reason for points: all `times` together."""

    rule: str
    label: str
    points: int
    times: int


class ScorePoint(BaseModel):
    """The score at one time."""

    at: datetime
    score: int
    before: int
    grade: str


class ScoreReceipt(BaseModel):
    """The lines sum to the score; null where the lead was never scored. `history` is newest first, at most 200."""

    score: int | None
    grade: str | None
    rules_version: int | None
    receipt: list[ScoreLine]
    history: list[ScorePoint]


class Hop(BaseModel):
    """One station on the way.

    `at` is when it left its mark, or of those that only passed by, when what they saw was recorded; null: not yet.
    `position` is `partition-offset` in the topic that the station reads, `verdict` what came of it there.
    """

    name: str
    at: datetime | None
    position: str | None
    verdict: str
    detail: str | None


class Trace(BaseModel):
    """The way of a submission so far."""

    id: str
    status: SubmissionStatus
    lead_id: str | None
    hops: list[Hop]
