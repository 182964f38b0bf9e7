"""leads.commands: what is asked of a lead, by whoever. `leads` accepts or declines, and answers by `command_id`."""

from datetime import datetime
from typing import ClassVar, Literal

from schemas import topics
from schemas.message import Frozen, Json, LeadId, Message, Sealed, registry
from schemas.person import Agreement, Blocked, Identifying, Note, Person, Source, Task, Traits

Status = Literal["new", "contacted", "qualified", "won", "lost"]
TaskState = Literal["open", "done", "cancelled"]


class Command(Message):
    """Asks something of one lead.

    Attributes:
        command_id: UUID text; `leads` does a command once and keeps its outcome under (command_id, lead).
        actor: a user's id, or the consumer that asks.
        expected_version: what the asker saw (If-Match); None accepts any.
    """

    TOPIC: ClassVar[topics.Topic] = topics.COMMANDS

    lead: LeadId
    command_id: str
    actor: str
    expected_version: int | None = None


@registry.add
class CaptureLead(Command):
    """`identity` found whose submission this is. `created` says that the lead is new, `claimed` what is its own from now on.

    Attributes:
        visitor: HMAC of the browser's id, if it is this lead's from now on.
    """

    TYPE: ClassVar[str] = "capture_lead.v1"
    PERSON: ClassVar[type[Frozen] | None] = Person

    created: bool
    submission_id: str
    source: Source
    campaign: dict[str, str] = {}
    consent: bool | None = None
    consents: dict[str, bool] = {}
    traits: Traits
    claimed: tuple[Identifying, ...] = ()
    quiet: bool = False
    submitted_at: datetime | None = None
    visitor: str | None = None
    unconfirmed: Agreement | None = None


@registry.add
class ConfirmConsent(Command):
    """The owner of the address says by a link in a mail that they meant what was ticked: the agreement of this id."""

    TYPE: ClassVar[str] = "confirm_consent.v1"
    agreement: str


class LeadChanges(Frozen):
    """Fields of a lead that can be edited and are not personal; a field that was not set stays as it is."""

    company: str | None = None
    status: Status | None = None


@registry.add
class EditLead(Command):
    """Change fields. Names of personal fields being changed stand in `fields`, their values in `personal`.

    `traits` come with a new address or number, which `identity` has claimed, unless it says in `refused` why it could not.
    """

    TYPE: ClassVar[str] = "edit_lead.v1"
    PERSON: ClassVar[type[Frozen] | None] = Person

    fields: tuple[str, ...]
    changes: dict[str, Json] = {}
    traits: Traits | None = None
    claimed: tuple[Identifying, ...] = ()
    refused: str = ""


@registry.add
class ChangeStatus(Command):
    """Move a lead along the pipeline."""

    TYPE: ClassVar[str] = "change_status.v1"
    status: Status


@registry.add
class NoteLead(Command):
    """Write a note on a lead."""

    TYPE: ClassVar[str] = "note_lead.v1"
    PERSON: ClassVar[type[Frozen] | None] = Note
    note_id: str


@registry.add
class TagLead(Command):
    """Put tags on a lead and take others off. A tag is a word for a kind of lead and tells no person."""

    TYPE: ClassVar[str] = "tag_lead.v1"
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@registry.add
class AddTask(Command):
    """Something is to be done about a lead, by `owner` (None: by whoever comes), until `due_at` (None: some time)."""

    TYPE: ClassVar[str] = "add_task.v1"
    PERSON: ClassVar[type[Frozen] | None] = Task
    task_id: str
    due_at: datetime | None = None
    owner: str | None = None


@registry.add
class ChangeTask(Command):
    """A task is done, is given up, or is open again."""

    TYPE: ClassVar[str] = "change_task.v1"
    task_id: str
    state: TaskState


@registry.add
class AssignLead(Command):
    """Give a lead an owner. `routing` asks with the request it answers; a person asks with none.

    `owner` None with a request says that nobody could take it, and why.
    """

    TYPE: ClassVar[str] = "assign_lead.v1"
    owner: str | None
    request_id: str | None = None
    reason: str = ""
    path: tuple[str, ...] = ()


@registry.add
class RecordMessage(Command):
    """The worker says what became of a message that it was asked to send."""

    TYPE: ClassVar[str] = "record_message.v1"
    message_id: str
    outcome: Literal["sent", "failed", "suppressed", "unknown"]
    detail: str = ""


@registry.add
class EraseLead(Command):
    """`identity` has destroyed the person's claims and keys; the log has to say so.

    Attributes:
        stranger: it never heard of the lead.
        blocked: what nobody is to become a lead by again.
    """

    TYPE: ClassVar[str] = "erase_lead.v1"
    stranger: bool = False
    blocked: tuple[Blocked, ...] = ()


@registry.add
class LiftBlock(Command):
    """`identity` lets in again who was blocked when this lead was erased; the log has to say so. `lifted`: what was blocked."""

    TYPE: ClassVar[str] = "lift_block.v1"
    lifted: tuple[Blocked, ...]


class Travelling(Frozen):
    """A fact of a lead that was merged into another, on its way there.

    Attributes:
        of: the lead it is about, whose key sealed `personal`.
        event_id, fact_type, occurred_at: as the log has it.
        body: the fact's own, without its lead.
    """

    of: LeadId
    event_id: str
    fact_type: str
    occurred_at: datetime
    body: dict[str, Json] = {}
    personal: Sealed | None = None


@registry.add
class MergeLead(Command):
    """`identity` found this lead and `into` to be one person: it goes on there. `asked`: the command of whoever asked."""

    TYPE: ClassVar[str] = "merge_lead.v1"
    into: LeadId
    asked: str


@registry.add
class UnmergeLead(Command):
    """This lead and `out_of`, which it was merged into, are two people after all."""

    TYPE: ClassVar[str] = "unmerge_lead.v1"
    out_of: LeadId
    asked: str


class Estate(Frozen):
    """What a lead leaves to the one that it was merged into, unless that has it already."""

    status: Status = "new"
    owner: str | None = None
    tags: tuple[str, ...] = ()


@registry.add
class AbsorbLead(Command):
    """Facts of `origin`, which was merged into this lead. The first of several parts brings the `estate`. By `leads.merging`."""

    TYPE: ClassVar[str] = "absorb_lead.v1"
    origin: LeadId
    facts: tuple[Travelling, ...] = ()
    estate: Estate | None = None


@registry.add
class ReleaseLead(Command):
    """What came from `origin` goes back there. By `leads.merging`."""

    TYPE: ClassVar[str] = "release_lead.v1"
    origin: LeadId


@registry.add
class DeclineCommand(Command):
    """`identity` can't do what was asked of the lead under `command_id`; whoever asked is to be told why."""

    TYPE: ClassVar[str] = "decline_command.v1"
    detail: str


@registry.add
class PublishDocument(Message):
    """A document's body for one partition of the log. Sent to every partition until all have it."""

    TYPE: ClassVar[str] = "publish_document.v1"
    TOPIC: ClassVar[topics.Topic] = topics.COMMANDS

    kind: str
    name: str
    version: int
    body: dict[str, Json]
    actor: str
    partition: int

    def key(self) -> None:
        """Addressed to a partition, not to a lead."""
