"""Mailgun's event webhooks -> ParsedSubmission of what became of a message."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from producers.forms.labelled import Part, child, text
from producers.forms.reading import shapes
from producers.forms.reading.sheet import Entry
from producers.forms.submission import Happening, ParsedSubmission

VENDORS = ("mailgun",)
ACCEPTED = (200, None)
"""Anything else but 406 is tried again."""
_EVENTS: Final = ("accepted", "delivered", "opened", "clicked", "complained", "unsubscribed")
_SUPPRESS: Final = ("complained", "unsubscribed", "bounced")


def parts(payload: Any, _headers: Mapping[str, str]) -> list[Part]:
    """One event a request. Only its token is signed, so a token counts once, whatever stands beside it."""
    token = text(child(payload, "signature"), "token")
    return [Part(payload, once=f"token|{token}" if token else None)]


def translate(payload: Any, _mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """An event of another kind is ignored."""
    data = child(payload, "event-data")
    event_id, event, reason = text(data, "id"), text(data, "event"), None
    delivery = child(data, "delivery-status")
    if event == "failed":
        event = "deferred" if text(data, "severity") == "temporary" else "bounced"
        reason = text(delivery, "message") or text(delivery, "description") or text(data, "reason")
    elif event == "rejected":
        event, reason = "dropped", text(child(data, "reject"), "reason")
    elif event not in _EVENTS:
        return ParsedSubmission(kind="ignored", vendor_event_id=event_id)
    at = shapes.moment(data.get("timestamp"))
    happened = Happening(
        event=event,
        recipient=text(data, "recipient"),
        message_id=text(child(data, "message", "headers"), "message-id"),
        lead_id=text(child(data, "user-variables"), "lead_id"),
        occurred_at=at,
        url=text(data, "url"),
        reason=reason,
        suppress=event in _SUPPRESS,
    )
    return ParsedSubmission(kind="communication_event", vendor_event_id=event_id, submitted_at=at, happened=happened)
