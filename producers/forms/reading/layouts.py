"""What was found out about a form's body, remembered: forms send the same text each time, but for the values filled in.

A layout is a body cut at the texts and numbers that are only ever values. Another body with the same pieces in between has the
same keys, labels, types and nesting, so its fields are the same but for those values, and nothing else is to be read again.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any, Final, NamedTuple

from producers.forms.reading.cutting import OPENING, Cut, Numeral, Slot, cut_at_values
from producers.forms.reading.fields import Field
from producers.forms.reading.numerals import number_of
from producers.forms.reading.sheet import Entry, entry_of
from producers.forms.reading.shortcuts import Shortcut, Sorting
from producers.forms.submission import ParsedSubmission

LAYOUTS_MAX: Final = 512
ALIKE_MAX: Final = 8
KIND_CHARACTERS_MAX: Final = 1_024
ALL_CUTS_MAX: Final = 12_000
"""Of all layouts together; what is remembered of one grows with its cuts."""
SHORTCUTS_MAX: Final = 8
# Learning costs as much as reading. Where it has been tried often enough, senders that never repeat themselves pay this rarely.
LEARNED_WHEN_FULL: Final = 16
PAUSE_MAX: Final = 1_024
"""So many bodies that no shortcut fits, at most, before another is made."""
_BYTES_MAX = 16_384

_NOT_STRUCTURE = bytes(set(range(256)) - set(b'{}[]"'))
_HOLDING = (Slot, Numeral, list)

Translate = Callable[[Any, Mapping[str, str], Sequence[Entry]], ParsedSubmission]
"""An adapter's."""


class Layout:
    """One body, cut."""

    __slots__ = ("_beside", "_cuts", "_known", "_match", "_missed", "_pause", "_pieces", "_shortcuts", "_sorting")

    def __init__(self, cut: Cut) -> None:
        self._pieces, self._cuts, self._known, self._beside = cut
        self._match: Callable[[str], re.Match[str] | None] | None = None
        self._sorting = Sorting(
            [(field, means, *_slots(field.value)) for field, means in self._known], [*chain(*_slots(cut.beside))]
        )
        self._shortcuts: list[Shortcut] = []
        self._missed, self._pause = 0, 1

    @property
    def size(self) -> int:
        """How much room it takes, more or less."""
        return 1 + len(self._cuts)

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
                if shortcut is self._shortcuts[0]:
                    self._pause = 1
                return shortcut
        self._learn(filled, translate)
        return None

    def read_anew(self, filled: Sequence[str], translate: Translate) -> ParsedSubmission:
        """What `translate`, which is always the same, makes of it."""
        return translate(self.beside(filled), {}, self.entries(filled))

    def _learn(self, filled: Sequence[str], translate: Translate) -> None:
        self._missed += 1
        if self._missed < self._pause:
            return
        # Twice as long each time, unless the last one was of use.
        self._missed, self._pause = 0, min(2 * self._pause, PAUSE_MAX)
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
    if node.__class__ is Slot:
        return filled[node.number]
    if node.__class__ is Numeral:
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
        if one.__class__ is Slot:
            texts.append(one.number)
        elif one.__class__ is Numeral:
            numerals.append(one.number)
        elif one.__class__ is dict or one.__class__ is list:
            left += one.values() if one.__class__ is dict else one
    return texts, numerals


class Layouts:
    """The last layouts. `kind` is whatever else than the body decides how it is read; a long one is not remembered."""

    def __init__(self, count_max: int = LAYOUTS_MAX) -> None:
        self._count_max = count_max
        self._count = self._size = self._missed = 0
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
        if len(body) > _BYTES_MAX or len(kind) > KIND_CHARACTERS_MAX or text[:1] not in OPENING:
            return
        place = (kind, body.translate(None, _NOT_STRUCTURE))
        alike = self._alike.get(place, [])
        if self._count >= self._count_max or len(alike) >= ALIKE_MAX:
            self._missed += 1
            if self._missed % LEARNED_WHEN_FULL:
                return
        cut = cut_at_values(text, payload, readable, beside)
        if cut is None:
            return
        layout = Layout(cut)
        self._forget(alike[ALIKE_MAX - 1 :])
        alike[ALIKE_MAX - 1 :] = []
        alike.insert(0, layout)
        self._alike[place] = alike
        self._alike.move_to_end(place)
        self._count += 1
        self._size += layout.size
        while self._count > self._count_max or self._size > ALL_CUTS_MAX:
            self._forget(self._alike.popitem(last=False)[1])

    def _forget(self, layouts: Sequence[Layout]) -> None:
        self._count -= len(layouts)
        self._size -= sum(layout.size for layout in layouts)
