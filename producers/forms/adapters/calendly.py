"""Calendly's invitee and routing form webhooks -> ParsedSubmission."""

from collections.abc import Mapping, Sequence
from typing import Any

from producers.forms.adapters import generic
from producers.forms.labelled import Part, answered, child, rows, text
from producers.forms.reading import shapes
from producers.forms.reading.sheet import Entry
from producers.forms.submission import Kind, Meeting, ParsedSubmission

VENDORS = ("calendly",)
_PERSON = ("email", "name", "first_name", "last_name")
_EVENTS: Mapping[str, Kind] = {
    "invitee.created": "lead",
    "invitee.canceled": "lead_update",
    "routing_form_submission.created": "lead",
}


def parts(payload: Any, _headers: Mapping[str, str]) -> list[Part]:
    """One event a request."""
    return [Part(payload)]


def translate(payload: Any, mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """Who booked, what they answered, and the meeting. A meeting that is moved or called off is news of somebody known."""
    event, body = text(payload, "event") or "", child(payload, "payload")
    uri = text(body, "uri")
    event_id = f"{event}:{uri}" if uri else None
    kind = _EVENTS.get(event)
    if kind is None or not body:
        return ParsedSubmission(kind="ignored", vendor_event_id=event_id)
    cancellation = child(body, "cancellation")
    if event == "invitee.created" and text(body, "old_invitee"):
        kind = "lead_update"
    stated = {
        "kind": kind,
        "vendor_event_id": event_id,
        "form_id": text(body, "routing_form") or text(child(body, "scheduled_event"), "event_type"),
        "form_name": None,
        "meeting": _meeting(child(body, "scheduled_event"), text(body, "status"), cancellation),
        "submitted_at": shapes.moment(cancellation.get("created_at"))
        or shapes.moment(body.get("updated_at" if event == "invitee.canceled" else "created_at"))
        or shapes.moment(payload.get("created_at")),
    }
    return generic.understand(_entries(body), payload, mapping, stated)


def _entries(body: dict[str, Any]) -> list[Entry]:
    found = [answered(("payload", key), key, body[key]) for key in _PERSON if body.get(key)]
    for at, row in rows(body, "questions_and_answers"):
        question = text(row, "question") or ""
        found.append(answered(("payload", "questions_and_answers", at, "answer"), question, row.get("answer")))
    if body.get("text_reminder_number") and not any(entry.means.identity == "phone" for entry in found):
        path = ("payload", "text_reminder_number")
        found.append(answered(path, path[-1], body["text_reminder_number"], label="Phone number"))
    for key, value in child(body, "tracking").items():
        if value:
            found.append(answered(("payload", "tracking", key), key, value))
    return found


def _meeting(event: dict[str, Any], status: str | None, cancellation: dict[str, Any]) -> Meeting | None:
    if not event:
        return None
    return Meeting(
        name=text(event, "name"),
        starts_at=shapes.moment(event.get("start_time")),
        ends_at=shapes.moment(event.get("end_time")),
        status=status or text(event, "status"),
        reason=text(cancellation, "reason"),
    )
