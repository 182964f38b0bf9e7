"""From the texts of a body straight to its submission: where marks that were put in their place came out.

Reading asks little of a text: whether it is blank, an address, a number, a word ... So a body is read once more with a mark of
the same sort for each of its texts, and the submission that comes of it says where later texts belong. A text whose very words
may decide something (a consent, a flag, an event's type) is its own sort; what is of no sort takes the long way.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from operator import eq, itemgetter
from typing import Any, Final, NamedTuple

from producers.forms.reading import machinery, shapes
from producers.forms.reading.fields import Field, question_of
from producers.forms.reading.meaning import Meaning
from producers.forms.reading.numerals import NUMERAL, number_of
from producers.forms.reading.paths import Path
from producers.forms.reading.people import is_name_of_field, is_part_of_field, may_name_the_form, sort_of_name
from producers.forms.submission import ParsedSubmission

# No text has a quote in it.
_ITSELF: Final = ""
_BLANK: Final = r"\Z"
_PHONE: Final = r'(?=(?:[^0-9"]*[0-9]){8,15}[^0-9"]*(?:"|\Z))\+[1-9][0-9 ./-]{6,24}[0-9]'
# Without its country, which nothing else tells.
_NATIONAL: Final = r'(?!00)(?=(?:[^0-9"]*[0-9]){5,15}[^0-9"]*(?:"|\Z))[(0-9][0-9 ()./-]{3,24}[0-9]'
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,40}[a-zA-Z0-9])?"
_ADDRESS: Final = rf'(?=[^"]{{3,64}}(?:"|\Z))[a-zA-Z0-9_+-]+(?:\.[a-zA-Z0-9_+-]+)*@(?:{_LABEL}\.)+[a-zA-Z]{{2,20}}'
# Python's patterns take for letters what it doesn't itself: ² and ①.
_NO_LETTERS = "".join(letter for letter in map(chr, range(0x10000)) if letter.isalnum() and not letter.isalpha())
_WORDS: Final = rf'(?!https?://)(?![{_NO_LETTERS}\U00010000-\U0010ffff])[^\W_](?:[^@="]{{0,198}}[^@="\s])?'
_SAID: Final = r'[^@=+(\s"][^@="]*'
_TOLD: Final = r'[^@=+(\s"](?:[^@="]{0,198}[^@="\s])?'
_DAY = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"
_ZONE = r"[+-](?:0[0-9]|1[0-3]):[0-5][0-9]"
_INSTANT: Final = rf"20[0-9]{{2}}-(?:{_DAY})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?(?:Z|{_ZONE})"
# With a digit, so that it is no word, with a letter, so that it is no time, and not what a form on a page may be called.
_CODE: Final = r'(?=[^0-9"]*[0-9])(?=[^a-zA-Z"]*[a-zA-Z])(?![^"]*[fF][oO][rR][mM])[a-zA-Z0-9_-]{8,64}'
_DIGITS: Final = r"[0-9]{4,20}"
# From 2001 to 2096, since the epoch.
_SECONDS: Final = r"[1-3][0-9]{9}"
_MILLISECONDS: Final = r"[1-3][0-9]{12}"

ASKED_MAX: Final = 200
_EXACT_CHARACTERS_MAX: Final = 100
_APART_MAX: Final = 16
_BEGIN: Final = datetime(2002, 1, 1, tzinfo=UTC)
_DIGITS_OF_MARK: Final = 70_000_000_000_000
_VERBATIM: Final = frozenset(("email", "phone", "first_name", "last_name", "name", "company", "campaign", "form"))
"""Roles that take a text as it is, whatever it says."""
_PARTS: Final = frozenset(("first_name", "last_name"))
_AS_TOLD: Final = frozenset(("campaign", "form"))
"""Those that do so even if it is no word."""
_MACHINERY: Final = frozenset(("event_id", "time")) | _VERBATIM

Make = Callable[[Sequence[str]], Any]
_fits = lru_cache(maxsize=64)(lambda pattern: re.compile(pattern).fullmatch)


class _Asked(NamedTuple):
    """A text that reading looks at: its number, and the sorts that it may be of; else it is `exact`, or of none.

    `named`: what it would be the name of counts too.
    """

    number: int
    sorts: tuple[str, ...]
    exact: bool
    named: bool

    def sort(self, text: str) -> str | None:
        """A pattern that exactly the texts of the same sort fit, "" for this text alone, None for no sort."""
        sort = next((sort for sort in self.sorts if _fits(sort)(text)), None)
        return _ITSELF if sort is None and self.exact and len(text) <= _EXACT_CHARACTERS_MAX else sort


class Sorting:
    """What reading asks of the texts of one layout."""

    def __init__(self, values: Sequence[tuple[Field, Meaning, Sequence[int], Sequence[int]]], beside: Sequence[int]) -> None:
        """`values`: fields with the numbers of their texts and numerals; `beside`: those that an adapter reads in its own way."""
        paths = [field.path for field, *_ in values]
        local = not any(means.place for _, means, *_ in values)
        self._asked = [_asked(number, field, means, local) for field, means, texts, _ in values for number in texts]
        self._asked += [
            _asked_numeral(number, field, means, local) for field, means, _, numerals in values for number in numerals
        ]
        self._asked += [_Asked(number, (_INSTANT, _CODE), exact=True, named=False) for number in beside]
        self._pick = _picker([asked.number for asked in self._asked])
        self._named = {
            number: tell for field, means, texts, _ in values if (tell := _tells(field, means, paths)) for number in texts
        }
        self._addresses = sum("@" in str(field.value) for field, *_ in values)
        possible = len(self._asked) <= ASKED_MAX and _possible([(field, means) for field, means, *_ in values])
        self._apart = _apart(values) if possible else None
        self._possible = self._apart is not None

    def asked(self, texts: Sequence[str]) -> Sequence[str]:
        """The texts that are looked at."""
        return self._pick(texts)

    def shortcut(self, texts: Sequence[str], read: Callable[[Sequence[str]], ParsedSubmission]) -> "Shortcut | None":
        """For texts of the same sorts as these. None where one is of no sort, or they are to be compared."""
        if not self._possible:
            return None
        sorts = [asked.sort(texts[asked.number]) for asked in self._asked]
        addresses = self._addresses + sum("@" in texts[asked.number] for asked in self._asked)
        if None in sorts or addresses > 1 or not _are_apart(texts, self._apart or ()):
            return None
        marked, marks = list(texts), dict[str, int]()
        for asked, sort in zip(self._asked, sorts, strict=True):
            mark = _mark(asked, sort or "", texts[asked.number])
            if mark is not None:
                marked[asked.number], marks[mark] = mark, asked.number
        pattern = re.compile(f"({'|'.join(map(re.escape, marks)) or '(?!)'})")
        if pattern.search('"'.join(texts)):
            return None
        of_sort = [
            _fits(sort) if sort else partial(eq, texts[asked.number]) for asked, sort in zip(self._asked, sorts, strict=True)
        ]
        named = [(number, tell, tell(texts[number])) for number, tell in self._named.items()]
        fits = Fits(of_sort, named, self._apart or ())
        made = Shortcut(fits, read(marked), marks, pattern, len(texts))
        return made if made.submission(texts) == read(texts) else Shortcut(fits, None, {}, pattern, len(texts))


class Fits(NamedTuple):
    """Whether texts are of certain sorts."""

    of_sort: Sequence[Callable[[str], object]]
    named: Sequence[tuple[int, Callable[[str], object], object]]
    apart: Sequence[tuple[int, int]]

    def __call__(self, asked: Sequence[str], texts: Sequence[str]) -> bool:
        """`asked` are those of `texts` that are looked at."""
        # Not one pattern for all of them, which would take as long to compile as reading some hundred bodies.
        for is_of_sort, text in zip(self.of_sort, asked, strict=True):
            if not is_of_sort(text):
                return False
        for number, tell, told in self.named:
            if tell(texts[number]) != told:
                return False
        return not self.apart or _are_apart(texts, self.apart)


class Shortcut:
    """What is made of texts of certain sorts: nothing where `marked` is None.

    Attributes:
        fits: whether texts are of those sorts.
        marked: the submission with marks for texts.
        marks: which of the texts each stands for.
        count: how many texts there are.
        at: the text that tells when it was submitted.
        event_id: what makes the sender's own id of texts.
        stencils: what others worked out from it, and keep as long as it is kept; `missed`: how often there was no room.
    """

    def __init__(
        self, fits: Fits, marked: ParsedSubmission | None, marks: Mapping[str, int], pattern: re.Pattern[str], count: int
    ) -> None:
        self.fits = fits
        self.marked = marked
        self.marks = marks
        self.count = count
        self.stencils: dict[Hashable, Any] = {}
        self.missed = 0
        self._pattern = pattern
        instants = {at: number for mark, number in marks.items() if (at := shapes.moment(mark)) is not None}
        phone = None if marked is None or marked.phone is None else marks.get(marked.phone)
        self.at = None if marked is None or marked.submitted_at is None else instants.get(marked.submitted_at)
        makers: dict[str, Make] = {}
        for name, value in marked or ():
            if name == "phone_e164" and phone is not None:
                makers[name] = _e164(phone)
            elif name == "submitted_at" and self.at is not None:
                makers[name] = _moment(self.at)
            elif (make := self.maker(value)) is not None:
                makers[name] = make
        self._make = list(makers.items())
        self.event_id: Make = makers.get("vendor_event_id", _always(None if marked is None else marked.vendor_event_id))

    def maker(self, value: Any) -> Make | None:
        """What makes the value, which has marks in it, of texts; None where it is the same with all."""
        return _maker(value, self.marks, self._pattern)

    def submission(self, texts: Sequence[str]) -> ParsedSubmission | None:
        """The texts at their places."""
        if self.marked is None:
            return None
        return self.marked.model_copy(update={name: make(texts) for name, make in self._make})


def _picker(numbers: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """The texts of these numbers."""
    return itemgetter(*numbers) if len(numbers) > 1 else lambda texts: [texts[number] for number in numbers]


def _asked(number: int, field: Field, means: Meaning, local: bool) -> _Asked:
    """`local`: nothing tells what country a phone number is of, but itself."""
    named = "name" in means.roles
    outermost = len(field.path) == 1 and means.folded_key in machinery.OUTERMOST | machinery.OUTERMOST_PERHAPS
    if outermost or is_part_of_field(field.key) or not _MACHINERY.issuperset(means.roles):
        return _Asked(number, (), exact=True, named=named)
    if not _VERBATIM.issuperset(means.roles):
        if means.phone_score:
            return _Asked(number, (_INSTANT,), exact=True, named=named)
        times = (_SECONDS, _MILLISECONDS) if "time" in means.roles else ()
        digits = (_DIGITS,) if means.roles == ("event_id",) else ()
        return _Asked(number, (_INSTANT, *times, _CODE, *digits), exact=True, named=named)
    phone = (_PHONE, _NATIONAL) if means.phone_score and local else (_PHONE,)
    return _Asked(number, (_BLANK, *phone, _ADDRESS, _free(means)), exact=False, named=named)


def _tells(field: Field, means: Meaning, paths: Sequence[Path]) -> Callable[[str], object] | None:
    """What the text of a name tells, besides what it is called."""
    if "name" not in means.roles:
        return None
    return sort_of_name if may_name_the_form(field.path, paths) else is_name_of_field


def _free(means: Meaning) -> str:
    if means.phone_score or means.sends or not _AS_TOLD.issuperset(means.roles):
        return _WORDS
    return _TOLD if means.roles else _SAID


def _asked_numeral(number: int, field: Field, means: Meaning, local: bool) -> _Asked:
    """A number is nobody's name or address: what it is called decides all else, unless that is a phone or a time."""
    asked = _asked(number, field, means, local)
    if not asked.sorts or "time" in means.roles:
        sorts: tuple[str, ...] = (_SECONDS, _MILLISECONDS) if _SECONDS in asked.sorts else ()
    elif means.phone_score:
        sorts = (_NATIONAL,) if _NATIONAL in asked.sorts else ()
    else:
        sorts = (NUMERAL,)
    return asked._replace(sorts=sorts, named=False)


def _mark(asked: _Asked, sort: str, text: str) -> str | None:
    """Another text of the same sort, and like no other; None where there is none."""
    number = asked.number
    if sort == _PHONE:
        return f"+49{number:010}"
    if sort == _ADDRESS:
        return f"mark{number:06}@marks.example"
    if sort == _INSTANT:
        return _instant(number).isoformat().replace("+00:00", "Z")
    if sort in (_SECONDS, _MILLISECONDS):
        seconds = int(_instant(number).timestamp())
        return str(seconds if sort == _SECONDS else seconds * 1000)
    if sort in (_DIGITS, _NATIONAL, NUMERAL):
        return str(_DIGITS_OF_MARK + number)
    if sort not in (_CODE, _WORDS, _TOLD, _SAID):
        return None
    return f"Mark M{number:06}" if asked.named and sort_of_name(text) == "person" else f"mark{number:06}"


def _apart(values: Sequence[tuple[Field, Meaning, Sequence[int], Sequence[int]]]) -> list[tuple[int, int]] | None:
    """Names with each first and last one, of which none may be in the other; None where that can't be told."""
    whole = [texts for _, means, texts, _ in values if "name" in means.roles]
    parts = [texts for _, means, texts, _ in values if _PARTS & set(means.roles)]
    if not (whole and parts):
        return []
    if any(len(texts) != 1 for texts in (*whole, *parts)) or len(whole) * len(parts) > _APART_MAX:
        return None
    return [(name, part) for (name,) in whole for (part,) in parts]


def _are_apart(texts: Sequence[str], apart: Sequence[tuple[int, int]]) -> bool:
    return all(texts[part].casefold() not in texts[name].casefold() for name, part in apart)


def _possible(fields: Sequence[tuple[Field, Meaning]]) -> bool:
    """Not where values are put together with one another, or under one name."""
    questions = [question_of(field) for field, _ in fields]
    return not any(means.place == "area" for _, means in fields) and len(set(questions)) == len(questions)


def _instant(number: int) -> datetime:
    return _BEGIN + timedelta(seconds=number)


def _moment(number: int) -> Make:
    def make(texts: Sequence[str]) -> datetime | None:
        text = texts[number]
        return datetime.fromisoformat(text) if text[-1:] == "Z" else shapes.moment(text)

    return make


def _e164(number: int) -> Make:
    return lambda texts: shapes.e164(texts[number], None)


def _maker(value: Any, marks: Mapping[str, int], pattern: re.Pattern[str]) -> Make | None:
    """None for what is the same with other texts."""
    if isinstance(value, str):
        number = marks.get(value)
        return itemgetter(number) if number is not None else _joined(pattern.split(value), marks)
    if isinstance(value, int) and not isinstance(value, bool):
        number = marks.get(str(value))
        return None if number is None else lambda texts: number_of(texts[number])
    if isinstance(value, dict):
        found = {key: make for key, item in value.items() if (make := _maker(item, marks, pattern)) is not None}
        return (lambda texts: value | {key: make(texts) for key, make in found.items()}) if found else None
    if isinstance(value, list):
        items = [_maker(item, marks, pattern) or _always(item) for item in value]
        return lambda texts: [make(texts) for make in items]
    return None


def _always(value: Any) -> Make:
    return lambda _texts: value


def _joined(parts: Sequence[str], marks: Mapping[str, int]) -> Make | None:
    if len(parts) == 1:
        return None
    pieces = [marks.get(part, part) for part in parts]
    return lambda texts: "".join([texts[piece] if isinstance(piece, int) else piece for piece in pieces])
