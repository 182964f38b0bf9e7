"""Facts as they stand in the log, made by hand; whoever reads them is handed a batch."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.crypto.codec import seal_person
from infra.crypto.seal import Key
from infra.kafka.ports import Record
from infra.kafka.projection import ProjectedRecord, ProjectionBatch
from schemas.activities import Activity, ActivityRecorded
from schemas.commands import Status, TaskState
from schemas.envelope import Envelope, SequenceNumber
from schemas.events import (
    ConsentConfirmed,
    DocumentPublished,
    LeadAbsorbed,
    LeadAssigned,
    LeadCaptured,
    LeadErased,
    LeadNoted,
    LeadScored,
    LeadStatusChanged,
    LeadTagged,
    LeadUpdated,
    MessagePlanned,
    MessageRecorded,
    ReceiptLine,
    TaskAdded,
    TaskChanged,
)
from schemas.message import Frozen, LeadId, Message, Sealed
from schemas.person import Agreement, Note, Person, Source, Task, Traits

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ADA = LeadId("019a0000-0000-8000-8000-0000000000aa")
BOB = LeadId("019a0000-0000-8000-8000-0000000000bb")
CAT = LeadId("019a0000-0000-8000-8000-0000000000cc")


class LogOfFacts:
    """One partition of the log. Each fact is recorded a minute after the one before; `leads` decided it by the command of the
    same number, and others found it under the fact before.
    """

    def __init__(self, partition: int = 0, topic_id: str = "topic", keys: Mapping[str, Key] | None = None) -> None:
        self.partition = partition
        self.topic_id = topic_id
        self.keys = keys or {}
        self.records: list[ProjectedRecord] = []
        self._taken = 0

    def add(self, body: Message | None, person: Frozen | None = None, *, source: str = "leads", lead: str | None = None) -> int:
        """Append a fact; its offset. `body` None is of a type that nobody knows."""
        offset = len(self.records)
        at = START + timedelta(minutes=offset)
        type_ = "pipe.burst.v9" if body is None else body.TYPE
        if body is not None and body.lead is not None and person is not None and body.lead in self.keys:
            body = body.model_copy(update={"personal": seal_person(self.keys[body.lead], person, body.lead)})
        cause = self.cause_of(source)
        envelope = Envelope(
            id=f"{self.partition:08d}-0000-8000-8000-{offset:012d}",
            type=type_,
            source=source,
            occurred_at=at,
            subject=lead if body is None else body.lead,
            origin=f"{source}.1@{self.topic_id}/{self.partition}",
            sequence=SequenceNumber(cause, 0),
        )
        value = b"{}" if body is None else body.model_dump_json().encode()
        key = None if envelope.subject is None else envelope.subject.encode()
        record = Record(self.partition, offset, round(at.timestamp() * 1000), key, envelope.headers(), value)
        self.records.append(ProjectedRecord(record, envelope, body, person))
        return offset

    def cause_of(self, source: str) -> int:
        """`leads` reads commands (numbered from 100), everybody else the log."""
        return len(self.records) + 100 if source == "leads" else len(self.records) - 1

    def batch(self) -> ProjectionBatch:
        """What was added since the last batch."""
        news = self.records[self._taken :]
        self._taken = len(self.records)
        return ProjectionBatch(list(news))

    def at(self, offset: int) -> datetime:
        """When a fact was recorded."""
        return START + timedelta(minutes=offset)


def captured(lead: LeadId = ADA, *, first: bool = True, version: int = 1, **changes: Any) -> LeadCaptured:
    """A lead came by a form."""
    fields: dict[str, Any] = {
        "lead": lead,
        "version": version,
        "first": first,
        "submission_id": f"submission-{version}",
        "source": Source(vendor="typeform", source_id="site"),
        "traits": Traits(email_hash=f"hash-of-{lead}", mail_domain="acme.example", company="Acme Ltd", answers={"size": 12}),
    }
    return LeadCaptured(**{**fields, **changes})


def ada(**changes: Any) -> Person:
    """A person."""
    fields: dict[str, Any] = {"email": "Ada@Acme.example", "name": "Ada Lovelace", "answers": {"when": "soon"}}
    return Person(**{**fields, **changes})


def scored(lead: LeadId, score: int, before: int = 0, grade: str = "B") -> LeadScored:
    """Points, by one rule."""
    line = ReceiptLine(rule="demo", label="Asked for a demo", points=score)
    return LeadScored(lead=lead, score=score, before=before, grade=grade, receipt=(line,), rules_version=1)


def assigned(lead: LeadId, owner: str | None, version: int = 2, before: str | None = None) -> LeadAssigned:
    """An owner."""
    return LeadAssigned(lead=lead, version=version, before=before, owner=owner, actor="routing", reason="first free")


def status_changed(lead: LeadId, status: Status, version: int = 3, before: Status = "new") -> LeadStatusChanged:
    """Along the pipeline."""
    return LeadStatusChanged(lead=lead, version=version, before=before, status=status, actor="user-1")


def updated(lead: LeadId, fields: Sequence[str], version: int = 4, **changes: Any) -> LeadUpdated:
    """Edited."""
    return LeadUpdated(lead=lead, version=version, fields=tuple(fields), changes=changes, actor="user-1")


def noted(lead: LeadId, note_id: str = "note-1", version: int = 5) -> LeadNoted:
    """A note; its text goes beside it."""
    return LeadNoted(lead=lead, version=version, note_id=note_id, actor="user-1", personal=Sealed("1.lead.x"))


def tagged(lead: LeadId, *added: str, removed: Sequence[str] = (), version: int = 5) -> LeadTagged:
    """Tags put on and taken off."""
    return LeadTagged(lead=lead, version=version, added=added, removed=tuple(removed), actor="user-1")


def task_added(lead: LeadId, task_id: str = "task-1", version: int = 5, **changes: Any) -> TaskAdded:
    """Something to do; its title goes beside it."""
    return TaskAdded(lead=lead, version=version, task_id=task_id, actor="user-1", personal=Sealed("1.lead.x"), **changes)


def task_changed(lead: LeadId, state: TaskState, task_id: str = "task-1", version: int = 6) -> TaskChanged:
    """Done, given up, or open again."""
    return TaskChanged(lead=lead, version=version, task_id=task_id, before="open", state=state, actor="user-1")


def task(title: str = "Show her the customs module") -> Task:
    """A task's title."""
    return Task(title=title)


def note(text: str = "Called, wants a demo") -> Note:
    """A note's text."""
    return Note(text=text)


def planned(lead: LeadId, message_id: str = "message-1") -> MessagePlanned:
    """A mail was asked for."""
    return MessagePlanned(
        lead=lead, message_id=message_id, template="welcome", template_version=1, to="lead", reason="acknowledgement"
    )


def recorded(lead: LeadId, message_id: str = "message-1", outcome: str = "sent", version: int = 6) -> MessageRecorded:
    """What became of it."""
    return MessageRecorded.model_validate(
        {"lead": lead, "version": version, "message_id": message_id, "outcome": outcome, "detail": "250 ok"}
    )


def activity(lead: LeadId, kind: str = "page_view", message_id: str | None = None, **more: Any) -> ActivityRecorded:
    known = {"id": f"activity-{kind}", "kind": kind, "occurred_at": START, "source": Source(vendor="tracking", source_id="site")}
    return ActivityRecorded(lead=lead, version=1, activity=Activity(**{**known, **more}), message_id=message_id)


def confirmed(lead: LeadId, agreement: Agreement, version: int = 8) -> ConsentConfirmed:
    return ConsentConfirmed(lead=lead, version=version, agreement=agreement, actor="source:site")


def erased(lead: LeadId, version: int = 9) -> LeadErased:
    """The person is gone."""
    return LeadErased(lead=lead, version=version, actor="user-1")


def marker(version: int = 1) -> DocumentPublished:
    """New rules."""
    return DocumentPublished(kind="scoring", name="default", version=version, body={}, actor="user-1")


def absorbed(body: Message, *, lead: LeadId = ADA, version: int = 20, at: datetime = START) -> LeadAbsorbed:
    """A fact of another lead, which was merged into `lead`."""
    assert body.lead is not None
    inner = body.model_dump(mode="json", exclude={"lead", "personal"})
    return LeadAbsorbed(
        lead=lead,
        version=version,
        origin=body.lead,
        of=body.lead,
        event_id="absorbed",
        fact_type=body.TYPE,
        occurred_at=at,
        body=inner,
    )
