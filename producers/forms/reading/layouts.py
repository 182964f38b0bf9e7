"""What was found out about a form's body, remembered: forms send the same text each time, but for the values filled in.

A layout is a body cut at the texts and numbers that are only ever values. Another body with the same pieces in between has the
same keys, labels, types and nesting, so its fields are the same but for those values, and nothing else is to be read again.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from typing import Any, Final, NamedTuple

import orjson

from producers.forms.reading import rows
from producers.forms.reading.fields import Field, Reader, could_be_pairs
from producers.forms.reading.meaning import Meaning
from producers.forms.reading.numerals import NUMERAL, is_plain_number, number_of
from producers.forms.reading.paths import Path
from producers.forms.reading.sheet import Entry, entry_of, means_of
from producers.forms.reading.shortcuts import Shortcut, Sorting
from producers.forms.submission import ParsedSubmission

LAYOUTS_MAX: Final = 512
ALIKE_MAX: Final = 8
KIND_CHARACTERS_MAX: Final = 1_024
SHORTCUTS_MAX: Final = 8
# Learning costs as much as reading. Where it has been tried often enough, senders that never repeat themselves pay this rarely.
LEARNED_WHEN_FULL: Final = 16
_BYTES_MAX = 16_384
_VALUES_MAX = 2_000

_NOT_STRUCTURE = bytes(set(range(256)) - set(b'{}[]"'))
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*')
_OPENING = ("{", "[")
# What JSON means as it is written, and what can't hold JSON itself.
_TEXT = r'(?![{\[])([^"\\\x00-\x1f]*+)'


class _Slot(NamedTuple):
    """The number of a cut, whose text goes here."""

    number: int


class _Numeral(NamedTuple):
    """The number of a cut, whose text is one that goes here."""

    number: int


_HOLDING = (_Slot, _Numeral, list)

Translate = Callable[[Any, Mapping[str, str], Sequence[Entry]], ParsedSubmission]
"""An adapter's."""


class _Known(NamedTuple):
    """A field whose value is a slot, a list with slots in it, or what it always is."""

    field: Field
    means: Meaning


class Layout:
    """One body, cut into what stays (`pieces`) and what is filled in between (`cuts`, patterns).

    `beside`: what is read beside the readable part, with slots.
    """

    __slots__ = ("_beside", "_cuts", "_known", "_match", "_pieces", "_shortcuts", "_sorting", "_tried")

    def __init__(self, pieces: Sequence[str], cuts: Sequence[str], known: Sequence[_Known], beside: Any) -> None:
        self._pieces = pieces
        self._cuts = cuts
        self._match: Callable[[str], re.Match[str] | None] | None = None
        self._known = known
        self._beside = beside
        self._sorting = Sorting([(field, means, *_slots(field.value)) for field, means in known], [*chain(*_slots(beside))])
        self._shortcuts: list[Shortcut] = []
        self._tried = 0

    def read(self, text: str) -> "Recalled | None":
        """What a body of this layout says, None if it is of another."""
        if self._match is None:
            # Only now: it takes longer than learning did, and few bodies of senders that never repeat themselves come back.
            stays = map(re.escape, self._pieces)
            self._match = re.compile("".join(chain(*zip_longest(stays, self._cuts, fillvalue="")))).fullmatch
        found = self._match(text)
        return None if found is None else Recalled(self, found.groups())

    def entries(self, filled: Sequence[str]) -> list[Entry]:
        """Of the readable part."""
        return [entry_of(_with_value(known.field, filled), known.means) for known in self._known]

    def beside(self, filled: Sequence[str]) -> Any:
        """What is read beside that part."""
        return _filled(self._beside, filled)

    def shortcut(self, filled: Sequence[str], translate: Translate) -> Shortcut | None:
        """That fits these texts; None where there is none yet."""
        asked = self._sorting.asked(filled)
        for shortcut in self._shortcuts:
            if shortcut.fits(asked, filled):
                return shortcut
        self._learn(filled, translate)
        return None

    def read_anew(self, filled: Sequence[str], translate: Translate) -> ParsedSubmission:
        """What `translate`, which is always the same, makes of it."""
        return translate(self.beside(filled), {}, self.entries(filled))

    def _learn(self, filled: Sequence[str], translate: Translate) -> None:
        self._tried += 1
        if self._tried > SHORTCUTS_MAX and self._tried % LEARNED_WHEN_FULL:
            return
        shortcut = self._sorting.shortcut(filled, lambda texts: self.read_anew(texts, translate))
        if shortcut is not None:
            self._shortcuts = [shortcut, *self._shortcuts[: SHORTCUTS_MAX - 1]]


class Recalled(NamedTuple):
    """A body of a known layout, and the texts that are filled in."""

    layout: Layout
    filled: Sequence[str]

    @property
    def entries(self) -> list[Entry]:
        """Of the readable part."""
        return self.layout.entries(self.filled)

    @property
    def beside(self) -> Any:
        """What is read beside that part."""
        return self.layout.beside(self.filled)

    def shortcut(self, translate: Translate) -> Shortcut | None:
        """That fits its texts."""
        return self.layout.shortcut(self.filled, translate)

    def read(self, translate: Translate, shortcut: Shortcut | None) -> ParsedSubmission:
        """What an adapter without a mapping makes of it: the same adapter for the same kind of body."""
        return (shortcut and shortcut.submission(self.filled)) or self.layout.read_anew(self.filled, translate)


def _with_value(field: Field, filled: Sequence[str]) -> Field:
    path, key, label, type_, value, parents = field
    if value.__class__ not in _HOLDING:
        return field
    return Field(path, key, label, type_, _filled(value, filled), parents)


def _filled(node: Any, filled: Sequence[str]) -> Any:
    """The node with texts where its slots are."""
    if node.__class__ is _Slot:
        return filled[node.number]
    if node.__class__ is _Numeral:
        return number_of(filled[node.number])
    if node.__class__ is dict:
        return {key: _filled(value, filled) for key, value in node.items()}
    if node.__class__ is list:
        return [_filled(item, filled) for item in node]
    return node


def _slots(node: Any) -> tuple[list[int], list[int]]:
    """The numbers of the texts in it, and of the numbers."""
    texts: list[int] = []
    numerals: list[int] = []
    left = [node]
    while left:
        one = left.pop()
        if one.__class__ is _Slot:
            texts.append(one.number)
        elif one.__class__ is _Numeral:
            numerals.append(one.number)
        elif one.__class__ is dict or one.__class__ is list:
            left += one.values() if one.__class__ is dict else one
    return texts, numerals


class Layouts:
    """The last layouts. `kind` is whatever else than the body decides how it is read; a long one is not remembered."""

    def __init__(self, count_max: int = LAYOUTS_MAX) -> None:
        self._count_max = count_max
        self._count = self._missed = 0
        # By quotes and brackets, which tell most layouts apart.
        self._alike: OrderedDict[tuple[str, bytes], list[Layout]] = OrderedDict()

    def recall(self, kind: str, body: bytes, text: str) -> Recalled | None:
        """What a body says (`text` is the same decoded), None if none like it was learned."""
        place = (kind, body.translate(None, _NOT_STRUCTURE))
        for layout in self._alike.get(place, ()):
            found = layout.read(text)
            if found is not None:
                self._alike.move_to_end(place)
                return found
        return None

    def learn(self, kind: str, body: bytes, text: str, payload: Any, readable: Any, beside: Any) -> None:
        """Remember a body by what it was read as; `readable` and `beside` are an adapter's."""
        if len(body) > _BYTES_MAX or len(kind) > KIND_CHARACTERS_MAX or text[:1] not in _OPENING:
            return
        place = (kind, body.translate(None, _NOT_STRUCTURE))
        alike = self._alike.get(place, [])
        if self._count >= self._count_max or len(alike) >= ALIKE_MAX:
            self._missed += 1
            if self._missed % LEARNED_WHEN_FULL:
                return
        layout, before = _layout(text, payload, readable, beside), len(alike)
        if layout is None:
            return
        alike[ALIKE_MAX - 1 :] = []
        alike.insert(0, layout)
        self._alike[place] = alike
        self._alike.move_to_end(place)
        self._count = self._count - before + len(alike)
        while self._count > self._count_max:
            _, forgotten = self._alike.popitem(last=False)
            self._count -= len(forgotten)


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


def _layout(text: str, payload: Any, readable: Any, beside: Any) -> Layout | None:
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
    slots: dict[Path, _Slot | _Numeral] = {}
    cut = 0
    for token, (path, value) in zip(tokens, values, strict=True):
        if path is None or (path in read and fixed(path)) or not _can_be_cut(token[0], value):
            continue
        # The quotes of a text stay.
        quote = 1 if isinstance(value, str) else 0
        slots[path] = _Slot(len(cuts)) if quote else _Numeral(len(cuts))
        cuts.append(_TEXT if quote else f"({NUMERAL})")
        pieces.append(text[cut : token.start() + quote])
        cut = token.end() - quote
    pieces.append(text[cut:])
    beside = _slotted((), beside, slots)
    slots = {path: slot for path, slot in slots.items() if path in answers}
    known = [_Known(field._replace(value=_slotted(reader.place(field), field.value, slots)), means_of(field)) for field in fields]
    return Layout(pieces, cuts, known, beside)


def _can_be_cut(token: str, value: str | float) -> bool:
    """Whether another text or number there would be written in the same way."""
    if isinstance(value, str):
        return "\\" not in token and value[:1] not in _OPENING
    return is_plain_number(token) is not None


def _places(place: Path, value: Any, read: Mapping[Path, str | float]) -> list[Path]:
    """Where the texts and numbers of a field's value stand as they are."""
    if isinstance(value, list):
        return [at for nth, item in enumerate(value) if _is(item, read.get(at := (*place, nth)))]
    return [place] if _is(value, read.get(place)) else []


def _is(value: Any, read: str | float | None) -> bool:
    """Whether it stands there as it is: True is no 1."""
    return read is not None and value.__class__ is read.__class__ and value == read


def _slotted(path: Path, node: Any, slots: Mapping[Path, _Slot | _Numeral]) -> Any:
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
