"""For adapters that know where a vendor's answers stand: careful access to a payload, and answers put under their questions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from producers.forms.reading import shapes
from producers.forms.reading.fields import Field
from producers.forms.reading.paths import Path
from producers.forms.reading.sheet import Entry, entry_of, means_of

SOURCE_CHARACTERS_MAX: Final = 200


class Part(NamedTuple):
    """What one submission of a request is read from.

    Attributes:
        event_id: the sender's id of it, where that stands outside of the payload.
        once: what a repeat has too, where that isn't the id.
    """

    payload: Any
    event_id: str | None = None
    once: str | None = None


def child(node: Any, *keys: str) -> dict[str, Any]:
    """The object at some keys, {} where there is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def text(node: Any, key: str) -> str | None:
    """A text or number as trimmed text."""
    return shapes.plain(node.get(key)) if isinstance(node, dict) else None


def named_source(value: Any) -> str | None:
    """What a sender calls its source, if it can be a name: it will stand beside many leads, in the clear."""
    told = value.strip() if isinstance(value, str) else ""
    return told if told and len(told) <= SOURCE_CHARACTERS_MAX and "@" not in told and told.isprintable() else None


def rows(node: Any, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a list with their places; whatever else stands between them is passed over."""
    found = node.get(key) if isinstance(node, dict) else None
    return ((at, row) for at, row in enumerate(found if isinstance(found, list) else ()) if isinstance(row, dict))


def answered(path: Path, key: str, value: Any, *, label: str = "", type_: str = "", parents: Sequence[str] = ()) -> Entry:
    """One answer: `label` is the question where `key` is only its name."""
    field = Field(path, key, label, type_, value, tuple(parents))
    return entry_of(field, means_of(field))


def campaign(values: Mapping[str, Any]) -> dict[str, str]:
    """Parameter -> text, without blanks and the zeros by which machines say nothing."""
    told = {name: shapes.plain(value) for name, value in values.items()}
    return {name: value for name, value in told.items() if value and value != "0"}
