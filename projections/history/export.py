"""history -> GET /v1/leads/{id}/export: everything that is kept of a person, opened, for whoever has the right to have it.

Made from the facts in the log's order by the fold that keeps the lead, so that it says what the read models say. Pure but for the
endpoint.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from infra.audit.recording import counts
from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway.problems import not_found
from infra.gateway.services import Used
from projections import records
from projections.access import VisibleLead
from projections.history import queries
from projections.history.titles import Names, actor_of, describe
from projections.lead import Lead, fold
from projections.parts import whole
from projections.records import StoredFact
from schemas.events import (
    ConsentConfirmed,
    LeadAbsorbed,
    LeadCaptured,
    LeadNoted,
    LeadReleased,
    MessagePlanned,
    MessageRecorded,
    TaskAdded,
    TaskChanged,
)
from schemas.message import Frozen
from schemas.person import Note, Task

router = APIRouter()
FIELDS: Final = (
    *("id", "version", "status", "score", "grade", "owner", "company", "source_id", "created_at", "updated_at"),
    *("name", "first_name", "last_name", "email", "phone", "phone_e164", "mail_domain", "campaign", "custom", "consent", "tags"),
)


class ConsentGiven(BaseModel):
    """What was answered to one purpose, at one time; `purpose` null: to the form's only question.

    `submission` null: confirmed by mail, with the `wording` that was agreed to.
    """

    purpose: str | None
    given: bool
    at: datetime
    submission: str | None = None
    wording: str | None = None


class Answer(BaseModel):
    """The newest answer to a question."""

    question: str
    value: Any
    at: datetime


class KeptNote(BaseModel):
    """What somebody wrote about the person."""

    id: str
    at: datetime
    actor: str
    text: str | None


class KeptTask(BaseModel):
    """What is, or was, to be done about the person."""

    id: str
    at: datetime
    actor: str
    title: str | None
    due_at: datetime | None
    owner: str | None
    state: str


class KeptMessage(BaseModel):
    """A mail about or to the person."""

    id: str
    template: str | None = None
    to: str | None = None
    reason: str | None = None
    planned_at: datetime | None = None
    outcome: str | None = None
    decided_at: datetime | None = None
    detail: str | None = None


class KeptSubmission(BaseModel):
    """What the person sent: once part of the lead, with `personal`; repeats of it are known by their status alone."""

    id: str
    status: str
    at: datetime
    vendor: str | None = None
    form: str | None = None
    campaign: dict[str, str] = {}
    personal: dict[str, Any] | None = None


class ExportedFact(BaseModel):
    """A line of the timeline; `personal` is what was sealed in it."""

    id: str
    type: str
    at: datetime
    recorded_at: datetime
    title: str
    actor: str
    detail: dict[str, Any]
    personal: dict[str, Any] | None


class Export(BaseModel):
    """Everything that is kept of a person."""

    exported_at: datetime
    lead: dict[str, Any]
    consents: list[ConsentGiven]
    answers: list[Answer]
    notes: list[KeptNote]
    tasks: list[KeptTask]
    messages: list[KeptMessage]
    submissions: list[KeptSubmission]
    timeline: list[ExportedFact]


class Collected:
    """The facts of one lead, put where they belong."""

    def __init__(self, lead: str, partition: int) -> None:
        self._lead = Lead(lead, partition)
        self._consents: list[ConsentGiven] = []
        self._notes: list[KeptNote] = []
        self._tasks: dict[str, KeptTask] = {}
        self._messages: dict[str, KeptMessage] = {}
        self._submissions: dict[str, KeptSubmission] = {}
        self._timeline: list[ExportedFact] = []
        self._absorbed: dict[str, list[StoredFact]] = {}
        self._sort: Mapping[type[Any], Callable[[StoredFact, Any], None]] = {
            LeadCaptured: self._captured,
            ConsentConfirmed: self._confirmed,
            LeadNoted: self._noted,
            TaskAdded: self._task_added,
            TaskChanged: self._task_changed,
            MessagePlanned: self._planned,
            MessageRecorded: self._recorded,
        }

    def add(self, fact: StoredFact, names: Names) -> None:
        """The next fact in the log's order."""
        described = describe(fact.event_type, fact.body, fact.person, names)
        self._timeline.append(
            ExportedFact(
                id=fact.event_id,
                type=fact.event_type,
                at=fact.occurred_at,
                recorded_at=fact.recorded_at,
                title=described.title,
                actor=actor_of(fact.body, fact.source),
                detail=described.detail,
                personal=_opened(fact.person),
            )
        )
        if fact.body is None:
            return
        fold(self._lead, fact.body, fact.person, fact.occurred_at)
        if isinstance(fact.body, LeadAbsorbed):
            self._absorbed.setdefault(fact.body.origin, []).append(
                replace(fact, body=fact.body.fact(), occurred_at=fact.body.occurred_at)
            )
        elif isinstance(fact.body, LeadReleased):
            self._absorbed.pop(fact.body.origin, None)
        self._put(fact)

    def _put(self, fact: StoredFact) -> None:
        sort = self._sort.get(type(fact.body))
        if sort is not None:
            sort(fact, fact.body)

    def filed(self, submission_id: str, status: str, at: datetime) -> None:
        """A submission that identity filed under the lead."""
        self._submissions.setdefault(submission_id, KeptSubmission(id=submission_id, status=status, at=at))

    def export(self, now: datetime) -> Export:
        """All of it, with what is left of leads that were merged into this one."""
        for facts in self._absorbed.values():
            for fact in facts:
                self._put(fact)
        lead = whole(self._lead)
        return Export(
            exported_at=now,
            lead={name: getattr(lead, name) for name in FIELDS} | {"source": lead.vendor},
            consents=self._consents,
            answers=[Answer(question=name, value=value, at=lead.answered_at[name]) for name, value in lead.answers.items()],
            notes=self._notes,
            tasks=list(self._tasks.values()),
            messages=list(self._messages.values()),
            submissions=sorted(self._submissions.values(), key=lambda one: (one.at, one.id)),
            timeline=self._timeline,
        )

    def _captured(self, fact: StoredFact, body: LeadCaptured) -> None:
        at = body.submitted_at or fact.occurred_at
        given: list[tuple[str | None, bool]] = list(body.consents.items())
        if body.consent is not None:
            given.insert(0, (None, body.consent))
        id_ = body.submission_id
        self._consents += [ConsentGiven(purpose=purpose, given=yes, at=at, submission=id_) for purpose, yes in given]
        self._submissions[id_] = KeptSubmission(
            id=id_,
            status="processed",
            at=at,
            vendor=body.source.vendor,
            form=body.source.form_name,
            campaign=body.campaign,
            personal=_opened(fact.person),
        )

    def _confirmed(self, fact: StoredFact, body: ConsentConfirmed) -> None:
        agreement = body.agreement
        purposes: list[str | None] = [None] if agreement.overall else []
        self._consents += [
            ConsentGiven(purpose=purpose, given=True, at=fact.occurred_at, wording=agreement.wording)
            for purpose in (*purposes, *agreement.purposes)
        ]

    def _noted(self, fact: StoredFact, body: LeadNoted) -> None:
        text = fact.person.text if isinstance(fact.person, Note) else None
        self._notes.append(KeptNote(id=body.note_id, at=fact.occurred_at, actor=body.actor, text=text))

    def _task_added(self, fact: StoredFact, body: TaskAdded) -> None:
        title = fact.person.title if isinstance(fact.person, Task) else None
        self._tasks[body.task_id] = KeptTask(
            id=body.task_id,
            at=fact.occurred_at,
            actor=body.actor,
            title=title,
            due_at=body.due_at,
            owner=body.owner,
            state="open",
        )

    def _task_changed(self, _fact: StoredFact, body: TaskChanged) -> None:
        if body.task_id in self._tasks:
            self._tasks[body.task_id].state = body.state

    def _planned(self, fact: StoredFact, body: MessagePlanned) -> None:
        message = self._messages.setdefault(body.message_id, KeptMessage(id=body.message_id))
        message.template, message.to, message.reason, message.planned_at = body.template, body.to, body.reason, fact.occurred_at

    def _recorded(self, fact: StoredFact, body: MessageRecorded) -> None:
        message = self._messages.setdefault(body.message_id, KeptMessage(id=body.message_id))
        message.outcome, message.decided_at, message.detail = body.outcome, fact.occurred_at, body.detail


def _opened(person: Frozen | None) -> dict[str, Any] | None:
    return None if person is None else person.model_dump(mode="json", exclude_defaults=True)


@router.get("/leads/{id}/export", dependencies=[Depends(counts)])
async def export_lead(
    given: Used, _user: Annotated[User, Depends(require(Permission.LEADS_EXPORT))], lead: VisibleLead, response: Response
) -> Export:
    """Everything that is kept of a person, with all that is sealed elsewhere. Who asked for it is written down."""
    names = await queries.names(given.pool)
    collected: Collected | None = None
    async for fact in records.facts(given.pool, given.keyring, lead):
        collected = collected or Collected(lead, fact.partition)
        collected.add(fact, names)
    if collected is None:
        raise not_found("lead")
    for row in await queries.filed(given.pool, lead):
        collected.filed(row["submission_id"], row["status"], row["at"])
    response.headers["Content-Disposition"] = f'attachment; filename="lead-{lead}.json"'
    return collected.export(datetime.now(UTC))
