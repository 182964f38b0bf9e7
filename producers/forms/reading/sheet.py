"""The fields of one payload, crossed off as they are understood; what is left over are answers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from producers.forms.reading.fields import Field, read
from producers.forms.reading.meaning import Meaning, meaning
from producers.forms.reading.paths import Path
from producers.forms.reading.shapes import plain


@dataclass(slots=True, eq=False)
class Entry:
    """A field and what its names mean; `text` is its value if that is a single text or number."""

    field: Field
    means: Meaning
    text: str | None
    taken: bool = False

    @property
    def keyed(self) -> bool:
        """Whether its name is its key in an object, rather than the label of a row."""
        return bool(self.field.path) and self.field.path[-1] == self.field.key


class Sheet:
    """Entries in the payload's order; each is taken at most once."""

    def __init__(self, payload: Any, without: Sequence[Path]) -> None:
        """`without`: places that a mapping has already read."""
        self._entries: list[Entry] = []
        self._by_role: dict[str, list[Entry]] = {}
        for field in read(payload):
            if without and any(field.path[: len(place)] == place for place in without):
                continue
            entry = _entry(field)
            self._entries.append(entry)
            for role in entry.means.roles:
                self._by_role.setdefault(role, []).append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return (entry for entry in self._entries if not entry.taken)

    def of(self, role: str) -> list[Entry]:
        """Those left that may play a role (see `Meaning.roles`)."""
        return [entry for entry in self._by_role.get(role, ()) if not entry.taken]

    def take(self, *entries: Entry) -> None:
        """Cross off."""
        for entry in entries:
            entry.taken = True


def _entry(field: Field) -> Entry:
    path, value = field.path, field.value
    above = path[-2] if len(path) > 1 and path[-1] == field.key else ""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    around = above if isinstance(above, str) else ""
    return Entry(field, meaning(field.key, field.label, field.type, field.parents, around), plain(value))


def best(candidates: Iterable[tuple[int, Entry]], least: int) -> Entry | None:
    """The first of the highest scored, if it reaches `least`."""
    top, found = least - 1, None
    for score, entry in candidates:
        if score > top:
            top, found = score, entry
    return found
