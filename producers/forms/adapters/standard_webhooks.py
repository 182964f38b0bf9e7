"""Standard Webhooks (`{"type", "timestamp", "data"}`) -> ParsedSubmission."""

from collections.abc import Mapping, Sequence
from typing import Any

from producers.forms.adapters import generic
from producers.forms.labelled import Part, child, named_source
from producers.forms.reading import shapes
from producers.forms.reading.sheet import Entry, entries
from producers.forms.submission import ParsedSubmission

VENDORS = ("standard_webhooks",)


def parts(payload: Any, headers: Mapping[str, str]) -> list[Part]:
    """One event a request; its id is a header."""
    return [Part(payload, event_id=headers.get("webhook-id"))]


def translate(payload: Any, mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """What stands in `data` is read as of any form, and says where it comes from in `source`."""
    data = child(payload, "data")
    if not data:
        return generic.translate(payload, mapping)
    found = [entry for entry in entries(payload) if entry.field.path not in (("timestamp",), ("data", "source"))]
    source = named_source(data.get("source"))
    stated: dict[str, Any] = {"source": source}
    at = shapes.moment(data.get("submitted_at")) or shapes.moment(payload.get("timestamp"))
    if at is not None:
        stated["submitted_at"] = at
    return generic.understand(found, payload, mapping, stated)
