"""Tally's `FORM_RESPONSE` webhook -> ParsedSubmission."""

from collections.abc import Mapping, Sequence
from typing import Any

from producers.forms.adapters import generic
from producers.forms.labelled import Part, answered, child, rows, text
from producers.forms.reading import names, shapes
from producers.forms.reading.sheet import Entry
from producers.forms.submission import ParsedSubmission

VENDORS = ("tally",)
_ONE_OF = ("MULTIPLE_CHOICE", "DROPDOWN")
_FILES = ("FILE_UPLOAD", "SIGNATURE")
_MARKS_MAX = 16
"""How many underscores of an option's key are tried; its id has four hyphens and none of them."""


def parts(payload: Any, _headers: Mapping[str, str]) -> list[Part]:
    """One response a request."""
    return [Part(payload)]


def translate(payload: Any, mapping: Mapping[str, str], _known: Sequence[Entry] | None = None) -> ParsedSubmission:
    """Options are sent by id and told in words; the rows that repeat each option of a checkbox are no answers of their own."""
    data = child(payload, "data")
    event_id = text(payload, "eventId") or text(data, "responseId") or text(data, "submissionId")
    if not data or text(payload, "eventType") not in (None, "FORM_RESPONSE"):
        return ParsedSubmission(kind="ignored", vendor_event_id=event_id)
    stated = {
        "vendor_event_id": event_id,
        "form_id": text(data, "formId"),
        "form_name": text(data, "formName"),
        "submitted_at": shapes.moment(data.get("createdAt")) or shapes.moment(payload.get("createdAt")),
    }
    return generic.understand(_entries(data), payload, mapping, stated)


def _entries(data: dict[str, Any]) -> list[Entry]:
    fields = [(at, row, text(row, "key") or "") for at, row in rows(data, "fields")]
    keys = {key for _, _, key in fields}
    ticks: dict[str, list[bool]] = {}
    for _, row, key in fields:
        group = _group(key, row.get("value"), keys)
        if group:
            ticks.setdefault(group, []).append(row["value"])
    found = []
    for at, row, key in fields:
        if _group(key, row.get("value"), keys):
            continue
        label = text(row, "label") or ""
        value = _value(row, ticks.get(key, []))
        told = [said for _, option in rows(row, "options") if (said := text(option, "text"))]
        if len(told) == 1 and ticks.get(key) and _consents(told[0]) and not _consents(label):
            # A box under no heading: what is ticked is the sentence beside it.
            label, value = told[0], any(ticks[key])
        found.append(answered(("data", "fields", at, "value"), key, value, label=label, type_=text(row, "type") or ""))
    return found


def _group(key: str, value: Any, keys: set[str]) -> str | None:
    """The checkbox whose option this row repeats: `question_x_<option's id>` beside `question_x`."""
    if not isinstance(value, bool):
        return None
    group = key
    for _ in range(_MARKS_MAX):
        group, mark, _option = group.rpartition("_")
        if not mark:
            return None
        if group in keys:
            return group
    return None


def _consents(label: str) -> bool:
    return names.consent_purpose(label) is not None


def _value(row: dict[str, Any], ticks: list[bool]) -> Any:
    value, kind = row.get("value"), text(row, "type")
    if kind in _FILES and isinstance(value, list):
        return [text(file, "url") or text(file, "name") for file in value if isinstance(file, dict)]
    if kind == "MATRIX" and isinstance(value, dict):
        return _matrix(row, value)
    options = _words(row, "options")
    if isinstance(value, list):
        chosen = [options.get(str(item), item) for item in value]
        return chosen[0] if kind in _ONE_OF and len(chosen) == 1 else chosen
    if value is None and ticks:
        return []  # asked, and none was ticked
    return options.get(value, value) if isinstance(value, str) else value


def _matrix(row: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    lines, columns = _words(row, "rows"), _words(row, "columns")
    told = {}
    for line, chosen in value.items():
        picked = [columns.get(str(item), item) for item in (chosen if isinstance(chosen, list) else [chosen])]
        told[lines.get(line, line)] = picked[0] if len(picked) == 1 else picked
    return told


def _words(row: dict[str, Any], key: str) -> dict[str, str]:
    pairs = ((text(option, "id"), text(option, "text")) for _, option in rows(row, key))
    return {id_: told for id_, told in pairs if id_ and told}
