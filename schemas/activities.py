"""Activity: what people do, and what becomes of mail to them. leads.activities -> `identity` (whose is it?) -> `leads`.

None of it changes who somebody is, so none of it is a submission; most of it is about somebody whom nobody knows yet.
"""

import re
from datetime import datetime
from typing import ClassVar, Final, Literal

from schemas import topics
from schemas.commands import Command
from schemas.events import LeadFact
from schemas.message import Frozen, Message, registry
from schemas.person import Source

ActivityKind = Literal["page_view", "delivered", "bounced", "opened", "clicked", "complained", "unsubscribed", "replied"]

VISITOR_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""An id that the tracking snippet made up for a browser."""


class Activity(Frozen):
    """What happened, as far as it tells no person.

    Attributes:
        id: HMAC of what makes a repeat recognisable: the vendor's event id, or the Message-ID of a reply.
        occurred_at: when, as its sender says.
        source: who told us.
        permanent: of a bounce: whether the address itself is the trouble, for good.
        automatic: of a reply: a program wrote it (an absence, a receipt), so it says nothing of what its owner wants.
        host, path: of the page that was seen or the link that was followed, without query and without what may name a person.
        referrer: host of the page that led there.
        campaign: utm_* and click ids of the page's address.
    """

    id: str
    kind: ActivityKind
    occurred_at: datetime
    source: Source
    permanent: bool | None = None
    automatic: bool = False
    host: str | None = None
    path: str | None = None
    referrer: str | None = None
    campaign: dict[str, str] = {}


class ActivityDetails(Frozen):
    """What of an activity may tell a person. None where unknown.

    Attributes:
        url, referrer: whole, with their queries.
        title: of the page.
        email, name: whom a mail went to, or who replied.
        subject, text: of a reply.
        reason: what the other server said.
    """

    url: str | None = None
    referrer: str | None = None
    title: str | None = None
    email: str | None = None
    name: str | None = None
    subject: str | None = None
    text: str | None = None
    reason: str | None = None


@registry.add
class ActivityReceived(Message):
    """Somebody did something; `identity` finds out who, by the mail that it is about, by `address`, or by `visitor`.

    Attributes:
        address: HMAC of the address that a mail went to, or that a reply came from.
        visitor: HMAC of the id that the tracking snippet gave a browser.
        mail: the effect that sent the mail it is about, as the Message-ID of what we send tells it.
        submission_id: the gateway's answer carried it as X-Submission-Id; None where nobody was answered so.
    """

    TYPE: ClassVar[str] = "activity.received.v1"
    TOPIC: ClassVar[topics.Topic] = topics.ACTIVITIES
    PERSON: ClassVar[type[Frozen] | None] = ActivityDetails

    activity: Activity
    address: str | None = None
    visitor: str | None = None
    mail: str | None = None
    submission_id: str | None = None

    def key(self) -> str:
        """What one visitor does, and what becomes of mail to one address, in one order."""
        return self.visitor or self.address or self.activity.id


@registry.add
class RecordActivity(Command):
    """`identity` found whose activity this is.

    Attributes:
        address: as in ActivityReceived; a suppression can be made again from it.
        message_id: the message that it is about, as the log calls it.
    """

    TYPE: ClassVar[str] = "record_activity.v1"
    PERSON: ClassVar[type[Frozen] | None] = ActivityDetails

    activity: Activity
    address: str | None = None
    message_id: str | None = None


@registry.add
class ActivityRecorded(LeadFact):
    """A lead did something, or something became of mail to it; the lead itself stays as it is. By `leads`.

    Attributes:
        version: as it stands: what a lead does is no edit, and spoils nobody's.
        address, message_id: as in RecordActivity.
    """

    TYPE: ClassVar[str] = "activity.recorded.v1"
    PERSON: ClassVar[type[Frozen] | None] = ActivityDetails

    activity: Activity
    address: str | None = None
    message_id: str | None = None
    actor: str = ""
