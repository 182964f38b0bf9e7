"""A body cut at the texts and numbers that are only ever values, and its fields with slots where they go."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from producers.forms.reading import rows
from producers.forms.reading.fields import Field, Reader, could_be_pairs
from producers.forms.reading.meaning import Meaning
from producers.forms.reading.numerals import NUMERAL, is_plain_number
from producers.forms.reading.paths import Path
from producers.forms.reading.sheet import means_of

CUTS_MAX: Final = 300
OPENING: Final = ("{", "[")
_VALUES_MAX = 2_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*')
# What JSON means as it is written, and what can't hold JSON itself.
_TEXT = r'(?![{\[])([^"\\\x00-\x1f]*+)'


class Slot(NamedTuple):
    """The number of a cut, whose text goes here."""

    number: int


class Numeral(NamedTuple):
    """The number of a cut, whose text is one that goes here."""

    number: int


class Known(NamedTuple):
    """A field whose value is a slot, a list with slots in it, or what it always is."""

    field: Field
    means: Meaning


class Cut(NamedTuple):
    """What stays (`pieces`), patterns of what is filled in between (`cuts`), and what is read, with slots."""

    pieces: Sequence[str]
    cuts: Sequence[str]
    known: Sequence[Known]
    beside: Any


class _Watching(Reader):
    """Reads, and notes which texts decide what others mean, and which are passed over."""

    def __init__(self) -> None:
        super().__init__()
        self.deciding: set[Path] = set()
        self.unread: set[Path] = set()
        self._moved: dict[Path, Path] = {}

    def place(self, field: Field) -> Path:
        """Where the field's value itself stands."""
        return self._moved.get(field.path, field.path)

    def row(self, node: dict[str, Any], path: Path, key: str, parents: tuple[str, ...]) -> bool:
        """Types, labels and names decide, and so do values that may stand for an option; of a choice only its words are read."""
        columns = rows.columns(node)
        self.deciding.update((*path, name) for name in columns.types)
        value_key = rows.answer_key(node, columns, rows.first_text(node, columns.types))
        if not value_key:
            return super().row(node, path, key, parents)
        where = (*path, value_key)
        names = (*columns.labels, *columns.names, *columns.about)
        self.deciding.update((*path, name) for name in names if name != value_key)
        if rows.has_options(node):
            self.deciding.add(where)
        taken = super().row(node, path, key, parents)
        words = rows.chosen_key(node[value_key]) if taken and value_key.lower() not in rows.BOXING else ""
        if words:
            self.unread.add(where)
            self._moved[where] = (*where, words)
        return taken

    def items(self, node: list[Any], path: Path, key: str, parents: tuple[str, ...], label: str, type_: str) -> None:
        """Whether a list is one of pairs is told by their values."""
        if could_be_pairs(node):
            self.deciding.add(path)
        super().items(node, path, key, parents, label, type_)


def cut_at_values(text: str, payload: Any, readable: Any, beside: Any) -> Cut | None:
    """None where the text can't be told from its payload: no JSON, or a key twice, or too many values."""
    tokens = list(_TOKEN.finditer(text))
    values = list(islice(_values(payload, ()), _VALUES_MAX))
    if len(tokens) != len(values):
        return None
    try:
        written = orjson.loads(f"[{','.join([token[0] for token in tokens])}]")
        if orjson.loads(text) != payload or written != [value for _, value in values]:
            return None
    except orjson.JSONDecodeError:
        return None
    reader = _Watching()
    reader.value(readable, (), "", ())
    fields = reader.labelled()
    read = {path: value for path, value in _values(readable, ()) if path is not None}
    answers = {place for field in fields for place in _places(reader.place(field), field.value, read)}

    def fixed(path: Path) -> bool:
        above = [path[:size] for size in range(len(path) + 1)]
        if not reader.deciding.isdisjoint(above):
            return True
        return path not in answers and reader.unread.isdisjoint(above)

    pieces: list[str] = []
    cuts: list[str] = []
    slots: dict[Path, Slot | Numeral] = {}
    cut = 0
    for token, (path, value) in zip(tokens, values, strict=True):
        if path is None or (path in read and fixed(path)) or not _can_be_cut(token[0], value):
            continue
        # The quotes of a text stay.
        quote = 1 if isinstance(value, str) else 0
        slots[path] = Slot(len(cuts)) if quote else Numeral(len(cuts))
        cuts.append(_TEXT if quote else f"({NUMERAL})")
        pieces.append(text[cut : token.start() + quote])
        cut = token.end() - quote
    if len(cuts) > CUTS_MAX:
        return None
    pieces.append(text[cut:])
    beside = _slotted((), beside, slots)
    slots = {path: slot for path, slot in slots.items() if path in answers}
    known = [Known(field._replace(value=_slotted(reader.place(field), field.value, slots)), means_of(field)) for field in fields]
    return Cut(pieces, cuts, known, beside)


def _can_be_cut(token: str, value: str | float) -> bool:
    """Whether another text or number there would be written in the same way."""
    if isinstance(value, str):
        return "\\" not in token and value[:1] not in OPENING
    return is_plain_number(token) is not None


def _places(place: Path, value: Any, read: Mapping[Path, str | float]) -> list[Path]:
    """Where the texts and numbers of a field's value stand as they are."""
    if isinstance(value, list):
        return [at for nth, item in enumerate(value) if _is(item, read.get(at := (*place, nth)))]
    return [place] if _is(value, read.get(place)) else []


def _is(value: Any, read: str | float | None) -> bool:
    """Whether it stands there as it is: True is no 1."""
    return read is not None and value.__class__ is read.__class__ and value == read


def _slotted(path: Path, node: Any, slots: Mapping[Path, Slot | Numeral]) -> Any:
    """The node, which stands at `path`, with slots where there are any."""
    if isinstance(node, dict):
        return {key: _slotted((*path, key), value, slots) for key, value in node.items()}
    if isinstance(node, list):
        return [_slotted((*path, nth), item, slots) for nth, item in enumerate(node)]
    return slots.get(path, node)


def _values(node: Any, path: Path) -> Iterator[tuple[Path | None, str | float]]:
    """All texts and numbers in the order of the text; keys have no path."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield None, key
            yield from _values(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _values(value, (*path, index))
    elif isinstance(node, str | int | float) and not isinstance(node, bool):
        yield path, node
