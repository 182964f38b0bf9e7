"""Webflow's `form_submission` webhook, in both shapes of its API -> ParsedSubmission."""

from collections.abc import Mapping, Sequence
from typing import Any

from producers.forms.adapters import generic
from producers.forms.labelled import Part, child, text
from producers.forms.reading import shapes
from producers.forms.reading.sheet import Entry, entries
from producers.forms.submission import ParsedSubmission

VENDORS = ("webflow",)


def parts(payload: Any, _headers: Mapping[str, str]) -> list[Part]:
    """One submission a request."""
    return [Part(payload)]


def translate(payload: Any, mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """The second version wraps the form in `payload`, the first sends it bare (`name, site, data, d, _id`)."""
    wrapped = isinstance(payload, dict) and isinstance(payload.get("payload"), dict)
    form = child(payload, "payload") if wrapped else child({"form": payload}, "form")
    event_id = text(form, "id") or text(form, "_id")
    data = child(form, "data")
    if text(payload, "triggerType") not in (None, "form_submission") or not data:
        return ParsedSubmission(kind="ignored", vendor_event_id=event_id)
    stated = {
        "vendor_event_id": event_id,
        "form_id": text(form, "formId"),
        "form_name": text(form, "name") or text(form, "formName"),
        "submitted_at": shapes.moment(form.get("submittedAt")) or shapes.moment(form.get("d")),
    }
    answers = {"payload": {"data": data}} if wrapped else {"data": data}
    return generic.understand(entries(answers), payload, mapping, stated)
