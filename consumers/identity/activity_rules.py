"""Whose activity is it? Pure: who is known goes in, whose it is comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.activities import Activity, ActivityReceived, RecordActivity
from schemas.envelope import derived_id
from schemas.message import LeadId, Sealed

NAME: Final = "identity.activities"


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail that was handed to the gate: whose lead it is about, what the log calls it, and whether the lead got it."""

    lead: LeadId
    message_id: str
    to_lead: bool


@dataclass(frozen=True, slots=True)
class Acquainted:
    """Who is known: mails by their effect, leads by the HMAC of their address, and by that of their browser."""

    mails: Mapping[str, Mailed] = field(default_factory=dict)
    addresses: Mapping[str, LeadId] = field(default_factory=dict)
    visitors: Mapping[str, LeadId] = field(default_factory=dict)


def whose(received: ActivityReceived, known: Acquainted) -> LeadId | None:
    """None: nobody's whom we know. A mail tells best, since people answer from other addresses too; a browser tells least.

    What becomes of a mail to somebody else, such as the lead's owner, is nothing that the lead did.
    """
    mailed = None if received.mail is None else known.mails.get(received.mail)
    if mailed is not None:
        return mailed.lead if mailed.to_lead else None
    by_address = None if received.address is None else known.addresses.get(received.address)
    if by_address is not None:
        return by_address
    return None if received.visitor is None else known.visitors.get(received.visitor)


def suppresses(activity: Activity) -> bool:
    """Whether nothing is to be sent to this address any more."""
    return activity.kind in ("complained", "unsubscribed") or (activity.kind == "bounced" and activity.permanent is True)


def command(received: ActivityReceived, lead: LeadId, personal: Sealed | None, known: Acquainted | None = None) -> RecordActivity:
    """The command to `leads`. Its id is the submission's where somebody was answered with one, so that they can ask."""
    mailed = None if known is None or received.mail is None else known.mails.get(received.mail)
    return RecordActivity(
        lead=lead,
        personal=personal,
        command_id=received.submission_id or derived_id(received.activity.id, NAME, 0),
        actor=f"source:{received.activity.source.source_id}",
        activity=received.activity,
        address=received.address,
        message_id=None if mailed is None else mailed.message_id,
    )
