"""Whether an array is of people, each of whom came for themselves. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from producers.forms.reading import rows, shapes
from producers.forms.reading.paths import find
from producers.forms.reading.sheet import entries

_TELLING: Final = 2


def are_people(payload: Any, mapping: Mapping[str, str]) -> bool:
    """Whether an array's first two are somebody each, so that none of them becomes another's answer.

    Not so the rows of one form, nor where the mapping's paths begin at the array. A list within an object is none: those whom
    it names may be somebody's guests, colleagues or references.
    """
    if not isinstance(payload, list) or len(payload) < _TELLING or any(find(payload, path) for path in mapping.values()):
        return False
    return all(isinstance(one, dict) and _is_somebody(one) for one in payload[:_TELLING])


def _is_somebody(event: dict[str, Any]) -> bool:
    columns = rows.columns(event)
    if rows.answer_key(event, columns, rows.first_text(event, columns.types)) or rows.wrapped(event, columns):
        return False
    told = [(entry.means.identity, entry.text) for entry in entries(event) if entry.text]
    return any((what == "email" and shapes.email(text)) or (what == "phone" and shapes.phone(text)) for what, text in told)
