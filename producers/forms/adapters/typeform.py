"""Typeform's `form_response` webhook -> ParsedSubmission."""

from collections.abc import Mapping, Sequence
from typing import Any

from producers.forms.adapters import generic
from producers.forms.reading import shapes
from producers.forms.reading.sheet import Entry, entries
from producers.forms.submission import ParsedSubmission

VENDORS = ("typeform",)


def translate(payload: Any, mapping: Mapping[str, str], known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """Answers are labelled by the form's own definition, then read like any form's; the rest by Typeform's names.

    Events other than a finished response are ignored.
    """
    response = _object(payload, "form_response")
    if not response or _text(payload, "event_type") not in (None, "form_response"):
        return ParsedSubmission(kind="ignored", vendor_event_id=_text(payload, "event_id"))
    definition = _object(response, "definition")
    stated = {
        "vendor_event_id": _text(payload, "event_id") or _text(response, "token"),
        "form_id": _text(response, "form_id") or _text(definition, "id"),
        "form_name": _text(definition, "title"),
        "submitted_at": shapes.moment(response.get("submitted_at")),
    }
    return generic.understand(entries(readable(payload)) if known is None else known, payload, mapping, stated)


def readable(payload: Any) -> Any:
    """The answers, and what labels them, at the same places as in the payload, so that a mapping's paths hold."""
    response = _object(payload, "form_response")
    return {
        "form_response": {
            "definition": {"fields": _object(response, "definition").get("fields")},
            "hidden": _object(response, "hidden"),
            "answers": response.get("answers"),
        }
    }


def beside(payload: Any) -> Any:
    """What else `translate` reads, at the same places."""
    response = _object(payload, "form_response")
    definition = _part(_object(response, "definition"), "id", "title")
    stated = (
        {"form_response": {**_part(response, "token", "form_id", "submitted_at"), "definition": definition}} if response else {}
    )
    return {**_part(payload, "event_id", "event_type"), **stated}


def _part(node: Any, *keys: str) -> dict[str, Any]:
    return {key: node[key] for key in keys if key in node} if isinstance(node, dict) else {}


def _object(node: Any, key: str) -> dict[str, Any]:
    found = node.get(key) if isinstance(node, dict) else None
    return found if isinstance(found, dict) else {}


def _text(node: Any, key: str) -> str | None:
    return shapes.plain(node.get(key)) if isinstance(node, dict) else None
