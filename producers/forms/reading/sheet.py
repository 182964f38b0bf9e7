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

    def __init__(self, found: Sequence[Entry], without: Sequence[Path]) -> None:
        """`without`: places that a mapping has already read."""
        if without:
            found = [entry for entry in found if not any(entry.field.path[: len(place)] == place for place in without)]
        self._entries = found
        self._by_role: dict[str, list[Entry]] = {}
        for entry in found:
            for role in entry.means.roles:
                self._by_role.setdefault(role, []).append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter([entry for entry in self._entries if not entry.taken])

    @property
    def everything(self) -> Sequence[Entry]:
        """Also what is taken."""
        return self._entries

    def of(self, role: str) -> list[Entry]:
        """Those left that may play a role (see `Meaning.roles`)."""
        return [entry for entry in self._by_role.get(role, ()) if not entry.taken]

    def take(self, *entries: Entry) -> None:
        """Cross off."""
        for entry in entries:
            entry.taken = True


def entries(payload: Any) -> list[Entry]:
    """The fields of a payload."""
    return [entry_of(field, means_of(field)) for field in read(payload)]


def entry_of(field: Field, means: Meaning) -> Entry:
    """`means` is `means_of` the field, which its value has no part in."""
    value = field.value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return Entry(field, means, plain(value))


def means_of(field: Field) -> Meaning:
    """What the names of a field and around it tell."""
    path = field.path
    above = path[-2] if len(path) > 1 and path[-1] == field.key else ""
    around = above if isinstance(above, str) else ""
    return meaning(field.key, field.label, field.type, field.parents, around)


def best(candidates: Iterable[tuple[int, Entry]], least: int) -> Entry | None:
    """The first of the highest scored, if it reaches `least`."""
    top, found = least - 1, None
    for score, entry in candidates:
        if score > top:
            top, found = score, entry
    return found
