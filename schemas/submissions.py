"""leads.submissions: whatever can change who someone is. Written by producers, read by `identity`."""

from datetime import datetime
from typing import ClassVar

from schemas import topics
from schemas.message import Frozen, Json, LeadId, Message, registry
from schemas.person import Agreement, Identifying, Person, Source, SubmissionKind, SubmittedPerson, Traits


@registry.add
class SubmissionReceived(Message):
    """A form was sent, or a lead was created or imported.

    Attributes:
        submission_id: UUID text; the gateway's answer carries it as X-Submission-Id.
        delivery: HMAC of what makes a repeat of this delivery recognisable: the vendor's id, else the content.
        identity: the identifier's HMAC (address, else number, else the delivery's), the record's key.
        traits.email_hash, traits.phone_hash: the identifiers to claim.
        consent: explicit yes or no; None where the form did not ask.
        quiet: scored and listed, but nobody is written to or disturbed.
        actor: who created it through the API; None for forms.
        unconfirmed: what was ticked, but counts only once the address's owner has confirmed it; not in consent and consents.
    """

    TYPE: ClassVar[str] = "submission.received.v1"
    TOPIC: ClassVar[topics.Topic] = topics.SUBMISSIONS
    PERSON: ClassVar[type[Frozen] | None] = SubmittedPerson

    submission_id: str
    delivery: str
    identity: str
    kind: SubmissionKind = "lead"
    source: Source
    campaign: dict[str, str] = {}
    consent: bool | None = None
    consents: dict[str, bool] = {}
    traits: Traits
    quiet: bool = False
    submitted_at: datetime | None = None
    actor: str | None = None
    visitor: str | None = None
    unconfirmed: Agreement | None = None

    def key(self) -> str:
        """Repeats of one person, in one order."""
        return self.identity


@registry.add
class ErasureRequested(Message):
    """Someone has the right to be forgotten, and asked. Goes through `identity`, which owns claims and keys.

    Attributes:
        block: nor do they want to become a lead again.
        only_source: nothing is erased where something came in from another source: what one brought is taken back.
    """

    TYPE: ClassVar[str] = "erasure.requested.v1"
    TOPIC: ClassVar[topics.Topic] = topics.SUBMISSIONS

    lead: LeadId
    command_id: str
    actor: str
    reason: str = ""
    block: bool = False
    only_source: str | None = None


@registry.add
class BlockLiftRequested(Message):
    """Somebody who was forgotten and blocked has changed their mind. `identity` knows whose block it was.

    Attributes:
        identity: HMAC of what they give, the record's key; `kind` says what that is.
    """

    TYPE: ClassVar[str] = "block.lift_requested.v1"
    TOPIC: ClassVar[topics.Topic] = topics.SUBMISSIONS

    kind: Identifying
    identity: str
    command_id: str
    actor: str

    def key(self) -> str:
        """As what the same person sends."""
        return self.identity


@registry.add
class MergeRequested(Message):
    """Somebody saw that two leads are one person: `loser` is to go on as `lead`. `identity` decides, in the order of requests."""

    TYPE: ClassVar[str] = "merge.requested.v1"
    TOPIC: ClassVar[topics.Topic] = topics.SUBMISSIONS

    lead: LeadId
    loser: LeadId
    command_id: str
    actor: str


@registry.add
class UnmergeRequested(Message):
    """They are two people after all: `loser`, which was merged into `lead`, is to be one of its own again."""

    TYPE: ClassVar[str] = "unmerge.requested.v1"
    TOPIC: ClassVar[topics.Topic] = topics.SUBMISSIONS

    lead: LeadId
    loser: LeadId
    command_id: str
    actor: str


@registry.add
class ContactEdited(Message):
    """Somebody gave a known lead another address or number: that can change who it is, so `identity` sees it first.

    Attributes:
        personal: sealed with the lead's own key, passed on to `leads` as it is.
        fields, changes: as in EditLead.
        traits: what follows from the new address and number alone; None fields were not given.
    """

    TYPE: ClassVar[str] = "contact.edited.v1"
    TOPIC: ClassVar[topics.Topic] = topics.SUBMISSIONS
    PERSON: ClassVar[type[Frozen] | None] = Person

    lead: LeadId
    command_id: str
    actor: str
    expected_version: int | None = None
    fields: tuple[str, ...]
    changes: dict[str, Json] = {}
    traits: Traits
