"""SendGrid's event webhook -> ParsedSubmissions of what became of messages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from producers.forms.labelled import Part, text
from producers.forms.reading import shapes
from producers.forms.reading.sheet import Entry
from producers.forms.submission import Happening, ParsedSubmission

VENDORS = ("sendgrid",)
_EVENTS: Final = {
    "processed": "accepted",
    "delivered": "delivered",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "dropped": "dropped",
    "deferred": "deferred",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": "resubscribed",
}
_SUPPRESS: Final = ("bounced", "complained", "unsubscribed")


def parts(payload: Any, _headers: Mapping[str, str]) -> list[Part]:
    """Each event of a batch."""
    return [Part(event) for event in (payload if isinstance(payload, list) else [payload])]


def translate(payload: Any, _mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """Custom arguments, such as `lead_id`, stand among SendGrid's own keys. A blocked message says nothing of the address."""
    event_id, event = text(payload, "sg_event_id"), _EVENTS.get(text(payload, "event") or "")
    if event is None:
        return ParsedSubmission(kind="ignored", vendor_event_id=event_id)
    at, message_id = shapes.moment(payload.get("timestamp")), text(payload, "smtp-id") or text(payload, "sg_message_id")
    happened = Happening(
        event=event,
        recipient=text(payload, "email"),
        message_id=None if message_id is None else message_id.strip("<>"),
        lead_id=text(payload, "lead_id"),
        occurred_at=at,
        url=text(payload, "url"),
        reason=text(payload, "reason") or text(payload, "response"),
        suppress=event in _SUPPRESS and text(payload, "type") != "blocked",
    )
    return ParsedSubmission(kind="communication_event", vendor_event_id=event_id, submitted_at=at, happened=happened)
