"""leads.events: the log. Each kind of fact has one writer, named in its docstring."""

from datetime import datetime
from typing import ClassVar, Literal

from schemas import topics
from schemas.commands import Estate, Status, TaskState
from schemas.message import Frozen, Json, LeadId, Message, registry
from schemas.person import Agreement, Blocked, Identifying, Note, Person, Source, Task, Traits


class Fact(Message):
    """Something that is so about one lead.

    Class attributes:
        TRAVELS: where its lead is merged into another, the other is told of it too.
    """

    TOPIC: ClassVar[topics.Topic] = topics.EVENTS
    TRAVELS: ClassVar[bool] = True

    lead: LeadId


class LeadFact(Fact):
    """A fact by `leads`. `version` is the lead's version once it is so: the offset of the command that caused it."""

    version: int


@registry.add
class LeadCaptured(LeadFact):
    """A submission became part of a lead; `first` for the one that made it, `claimed` what tells the lead since. By `leads`.

    Attributes:
        visitor: HMAC of the browser's id, if it is this lead's since.
    """

    TYPE: ClassVar[str] = "lead.captured.v1"
    PERSON: ClassVar[type[Frozen] | None] = Person

    first: bool
    submission_id: str
    source: Source
    campaign: dict[str, str] = {}
    consent: bool | None = None
    consents: dict[str, bool] = {}
    traits: Traits
    claimed: tuple[Identifying, ...] = ()
    quiet: bool = False
    submitted_at: datetime | None = None
    actor: str = ""
    visitor: str | None = None
    unconfirmed: Agreement | None = None


@registry.add
class ConsentConfirmed(LeadFact):
    """What was ticked counts since, because the owner of the address said so. By `leads`."""

    TYPE: ClassVar[str] = "consent.confirmed.v1"
    agreement: Agreement
    actor: str


@registry.add
class LeadUpdated(LeadFact):
    """Fields were edited; values of personal `fields` stand in `personal`, what follows from them in `traits`. By `leads`."""

    TYPE: ClassVar[str] = "lead.updated.v1"
    PERSON: ClassVar[type[Frozen] | None] = Person

    fields: tuple[str, ...]
    changes: dict[str, Json] = {}
    traits: Traits | None = None
    claimed: tuple[Identifying, ...] = ()
    actor: str


@registry.add
class LeadStatusChanged(LeadFact):
    """By `leads`."""

    TYPE: ClassVar[str] = "lead.status_changed.v1"
    before: Status
    status: Status
    actor: str


@registry.add
class LeadAssigned(LeadFact):
    """An owner was set, or nobody could take the lead (owner None, reason says why). By `leads`."""

    TYPE: ClassVar[str] = "lead.assigned.v1"
    TRAVELS: ClassVar[bool] = False
    before: str | None
    owner: str | None
    actor: str
    reason: str = ""
    path: tuple[str, ...] = ()
    request_id: str | None = None
    quiet: bool = False


@registry.add
class LeadNoted(LeadFact):
    """By `leads`."""

    TYPE: ClassVar[str] = "lead.noted.v1"
    PERSON: ClassVar[type[Frozen] | None] = Note
    note_id: str
    actor: str


@registry.add
class LeadTagged(LeadFact):
    """Tags that the lead did not have were `added`, some that it had `removed`. By `leads`."""

    TYPE: ClassVar[str] = "lead.tagged.v1"
    TRAVELS: ClassVar[bool] = False
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    actor: str


@registry.add
class TaskAdded(LeadFact):
    """By `leads`."""

    TYPE: ClassVar[str] = "task.added.v1"
    PERSON: ClassVar[type[Frozen] | None] = Task
    task_id: str
    due_at: datetime | None = None
    owner: str | None = None
    actor: str


@registry.add
class TaskChanged(LeadFact):
    """By `leads`."""

    TYPE: ClassVar[str] = "task.changed.v1"
    task_id: str
    before: TaskState
    state: TaskState
    actor: str


@registry.add
class LeadErased(LeadFact):
    """The person is gone; what stays is this line, and what they want to be `blocked`. By `leads`."""

    TYPE: ClassVar[str] = "lead.erased.v1"
    TRAVELS: ClassVar[bool] = False
    actor: str
    blocked: tuple[Blocked, ...] = ()


@registry.add
class BlockLifted(LeadFact):
    """Who was blocked when this lead was erased may become a lead again, another one: this one stays erased. By `leads`."""

    TYPE: ClassVar[str] = "block.lifted.v1"
    TRAVELS: ClassVar[bool] = False
    actor: str
    lifted: tuple[Blocked, ...]


@registry.add
class LeadMergedInto(LeadFact):
    """From here on the lead is `into`. Said again after each fact that comes too late to have been taken along. By `leads`.

    Attributes:
        asked: the command that asked for it; None where it is said again.
        estate: what it leaves; None where it is said again.
    """

    TYPE: ClassVar[str] = "lead.merged_into.v1"
    TRAVELS: ClassVar[bool] = False
    into: LeadId
    actor: str
    asked: str | None = None
    estate: Estate | None = None


@registry.add
class LeadUnmerged(LeadFact):
    """The lead is one of its own again. By `leads`."""

    TYPE: ClassVar[str] = "lead.unmerged.v1"
    TRAVELS: ClassVar[bool] = False
    out_of: LeadId
    actor: str
    asked: str


@registry.add
class LeadAbsorbed(LeadFact):
    """A fact about another lead of the same person, which `origin` brought when it was merged into this one. By `leads`.

    Attributes:
        origin: the lead that was merged into this one.
        of: the lead that the fact is about, and whose key sealed `personal`: `origin`, or one that was merged into that before.
        event_id, fact_type, occurred_at, body: as the log has it under `of`.
    """

    TYPE: ClassVar[str] = "lead.absorbed.v1"
    origin: LeadId
    of: LeadId
    event_id: str
    fact_type: str
    occurred_at: datetime
    body: dict[str, Json] = {}

    def sealed_by(self) -> tuple[LeadId | None, type[Frozen] | None]:
        """See Message."""
        fact = registry.get(self.fact_type)
        return self.of, None if fact is None else fact.PERSON

    def fact(self) -> "Fact | None":
        """As its own lead has it; None for a type that this code does not know. Raises ValidationError."""
        cls = registry.get(self.fact_type)
        if cls is None or not issubclass(cls, Fact):
            return None
        return cls.model_validate({**self.body, "lead": self.of, "personal": self.personal})


@registry.add
class LeadReleased(LeadFact):
    """What came from `origin` is no longer this lead's. By `leads`."""

    TYPE: ClassVar[str] = "lead.released.v1"
    TRAVELS: ClassVar[bool] = False
    origin: LeadId
    actor: str


@registry.add
class MessageRecorded(LeadFact):
    """What became of a message. By `leads`, from the worker's report."""

    TYPE: ClassVar[str] = "message.recorded.v1"
    message_id: str
    outcome: Literal["sent", "failed", "suppressed", "unknown"]
    detail: str = ""


class ReceiptLine(Frozen):
    """One reason for points.

    Attributes:
        rule: the rule's id in the document.
        label: what people read.
        points: contribution of this rule, all times together, after its cap.
        times: how often it counted.
    """

    rule: str
    label: str
    points: int
    times: int = 1


@registry.add
class LeadScored(Fact):
    """A lead's points changed; the receipt's lines sum to `score`. By `scoring`."""

    TYPE: ClassVar[str] = "lead.scored.v1"
    TRAVELS: ClassVar[bool] = False
    score: int
    before: int
    grade: str
    receipt: tuple[ReceiptLine, ...]
    rules_version: int


@registry.add
class MessagePlanned(Fact):
    """A mail was asked of the gate. By `communication`."""

    TYPE: ClassVar[str] = "message.planned.v1"
    message_id: str
    template: str
    template_version: int
    to: Literal["lead", "owner"]
    reason: str


@registry.add
class DocumentPublished(Message):
    """A marker: from here on, this partition decides by this version. By `leads`."""

    TYPE: ClassVar[str] = "document.published.v1"
    TOPIC: ClassVar[topics.Topic] = topics.EVENTS

    kind: str
    name: str
    version: int
    body: dict[str, Json]
    actor: str


@registry.add
class ClockTicked(Message):
    """Time passed with nothing to say; lets due timers fire. By the owner of a partition, harmless twice."""

    TYPE: ClassVar[str] = "clock.ticked.v1"
    TOPIC: ClassVar[topics.Topic] = topics.EVENTS


@registry.add
class RefoldRequested(Message):
    """One consumer is to fold one lead's facts anew, because the record at `offset` died there. By an operator's redrive."""

    TYPE: ClassVar[str] = "refold.requested.v1"
    TOPIC: ClassVar[topics.Topic] = topics.EVENTS

    lead: LeadId
    consumer: str
    offset: int
