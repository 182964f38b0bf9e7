"""Who filled in the form: e-mail, phone, names, company."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from producers.forms.reading import shapes
from producers.forms.reading.names import compact
from producers.forms.reading.paths import Path
from producers.forms.reading.sheet import Entry, Sheet, best
from producers.forms.reading.vocabulary import word_set

_SURE = 35
_NAME_CHARACTERS_MAX = 200
# Objects whose own name beside them is the form's, not the person's.
_ENVELOPED = word_set("data fields answers payload formdata values response responses submission body formresponse entry inputs")
_FORM_WORDS = re.compile(
    r"form|contact|demo|request|newsletter|sign.?up|subscri|kontakt|anfrage|quote|download|webinar|landing|lead|survey"
    r"|inscription|registr|anmeld|booking|submission|webhook|event|test",
    re.IGNORECASE,
)
_BEGINNING = ("+", "(")
_BY_SHAPE = 40
_SENT_FROM = 80
_WORDS_OF_A_NAME_MAX = 5
_PART_OF_FIELD = re.compile(r"(\d{1,4})\.(\d)", re.ASCII)
_PARTS_OF_A_NAME = frozenset("23468")
# Where a row was not known as one, its `name` is the question's; and nobody is called so.
_NAMES_OF_FIELDS = word_set(
    "name fullname firstname lastname surname vorname nachname email phone phonenumber company companyname"
)
_FACTS_OF_A_COMPANY = word_set("domain hsobjectid")
"""That a CRM tells of a company, and no form of a person."""
_TOLD_ONCE = frozenset(("name", "first_name", "last_name", "phone"))
_SEPARATORS = str.maketrans("", "", " _-")
_NAME_OF_FIELD_CHARACTERS_MAX = 14


@dataclass(frozen=True, slots=True)
class Names:
    """The parts that the form asked for; `name` may be composed of them, they are never split out of it."""

    name: str | None
    first_name: str | None
    last_name: str | None


def take_email(sheet: Sheet) -> tuple[str | None, Path]:
    """The person's address and the object it stands in; repetitions of it are crossed off too."""
    found: list[tuple[int, Entry, str]] = []
    for entry in sheet:
        value, means = entry.field.value, entry.means
        if not ("@" in value if isinstance(value, str) else isinstance(value, list)):
            continue
        kind = means.identity == "email" or means.typed == "email"
        address = _address(value, named=kind)
        if address is not None:
            score = 100 if means.identity == "email" else 90 if kind else 80 if means.says_email else 40
            found.append((score - means.strangeness - 5 * means.repeats, entry, address))
    chosen = best(((score, entry) for score, entry, _ in found), _SURE)
    if chosen is None:
        return None, ()
    address = next(address for _, entry, address in found if entry is chosen)
    same = [entry for _, entry, text in found if text.casefold() == address.casefold() and not entry.means.of_another]
    sheet.take(*same)
    return address, chosen.field.container


def _address(value: Any, *, named: bool) -> str | None:
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, str) and "@" in item:
            address = shapes.email(item, named=named)
            if address is not None:
                return address
    return None


def take_phone(sheet: Sheet, person: Path = ()) -> tuple[str | None, str | None, Path]:
    """The number as sent, in E.164 if its country is beyond doubt, and the object it stands in.

    Not one of somebody listed beside `person`.
    """
    found: list[tuple[int, Entry, str]] = []
    others = _others(sheet, person)
    for entry in sheet:
        means, value = entry.means, entry.field.value
        known = means.phone_score or (_by_shape(value, sends=means.sends) if isinstance(value, str) else 0)
        if not known:
            continue
        number = shapes.phone(value[0] if isinstance(value, list) and value else value)
        if number is None or _is_of(entry, others):
            continue
        # Who sent the notice of a form is not who filled it in, but who sends from a number is who writes.
        less = 0 if means.sends else means.strangeness
        found.append((known - less, entry, number))
    chosen = best(((score, entry) for score, entry, _ in found), _SURE)
    if chosen is None:
        return None, None, ()
    sheet.take(chosen)
    number = _with_area(sheet, chosen, next(number for _, entry, number in found if entry is chosen))
    return number, shapes.e164(number, region(sheet)), chosen.field.container


def _by_shape(text: str, *, sends: bool) -> int:
    """How likely a text is a number whatever it is called; what something is from may also be a name, a price or a time."""
    clear = text[:1] in _BEGINNING and shapes.clear_phone(text.strip())
    return 0 if not clear else _SENT_FROM if sends else _BY_SHAPE


def _with_area(sheet: Sheet, chosen: Entry, number: str) -> str:
    """The area code stands in a box of its own in some forms."""
    for entry in sheet.of("place"):
        if entry.means.place == "area" and entry.field.container == chosen.field.container and entry.text:
            sheet.take(entry)
            return f"{entry.text} {number}"
    return number


def region(sheet: Sheet) -> str | None:
    """The country that the form gives for the number, or for the person."""
    stated = None
    for entry in sheet.of("place"):
        place = entry.means.place
        if place == "dial":
            sheet.take(entry)
            code = shapes.region_of(entry.text or "")
            if code:
                return code
        elif place == "country":
            stated = stated or shapes.region_of(entry.text or "")
    return stated


def take_company(sheet: Sheet, person: Path, *, of_nobody: bool = False) -> str | None:
    """The company's name, rather one that stands with the person; `of_nobody`: also a name beside a company's facts."""
    return _take_text(sheet, "company", person) or (_described_company(sheet) if of_nobody else None)


def _described_company(sheet: Sheet) -> str | None:
    """A company of a CRM has a bare name, like a person, but a domain and the id of a record."""
    facts: dict[Path, set[str]] = {}
    for entry in sheet:
        if entry.means.folded_key in _FACTS_OF_A_COMPANY:
            facts.setdefault(entry.field.container, set()).add(entry.means.folded_key)
    for entry in sheet.of("name") if facts else ():
        told = facts.get(entry.field.container, set())
        if entry.keyed and told == _FACTS_OF_A_COMPANY and _score(entry, ()) > 0:
            sheet.take(entry)
            return entry.text
    return None


def take_names(sheet: Sheet, person: Path, known: Collection[str] = ()) -> Names:
    """First, last and full name but those `known`; `person` is the object with the e-mail, whose names come first."""
    first, last = (None if part in known else _take_text(sheet, part, person) for part in ("first_name", "last_name"))
    # Where both are known, another whole name is somebody else's.
    parts = (first, last) if first and last else ()
    whole = None if "name" in known else _take_text(sheet, "name", person, parts)
    if whole is not None and (first is None) != (last is None):
        part = first or last or ""
        if part.casefold() not in whole.casefold():
            # "Prénom" beside "Nom", "Nome" beside "Cognome": the bare name is the other half.
            return _composed(first or whole, last or whole)
    if whole is None:
        return _composed(first, last) if first or last else _numbered(sheet)
    return Names(whole, first, last)


def is_part_of_field(key: str) -> bool:
    """Whether a key is a field's number with that of a part of it, as `7.3`: then its text tells whether that is a name."""
    return _PART_OF_FIELD.fullmatch(key) is not None


def _numbered(sheet: Sheet) -> Names:
    """Gravity Forms sends fields by number: a first name as `7.3`, a last one as `7.6`; an address has `.1` and `.5` too."""
    boxes: dict[str, dict[str, Entry]] = {}
    for entry in sheet:
        if entry.keyed and (found := _PART_OF_FIELD.fullmatch(entry.field.key)):
            boxes.setdefault(found[1], {})[found[2]] = entry
    for parts in boxes.values():
        named = {part: entry for part, entry in parts.items() if part in ("3", "6") and _score(entry, ()) > 0}
        if named and parts.keys() <= _PARTS_OF_A_NAME:
            sheet.take(*named.values())
            first, last = (None if part not in named else named[part].text for part in ("3", "6"))
            return _composed(first, last)
    return Names(None, None, None)


def _composed(first: str | None, last: str | None) -> Names:
    return Names(" ".join(part for part in (first, last) if part) or None, first, last)


def _take_text(sheet: Sheet, target: str, person: Path = (), holding: Collection[str] = ()) -> str | None:
    """The likeliest, of those that hold some words."""
    others = _others(sheet, person)
    told = [entry for entry in sheet.of(target) if not _is_of(entry, others)]
    if holding:
        told = [entry for entry in told if all(part.casefold() in (entry.text or "").casefold() for part in holding)]
    chosen = best(((_score(entry, person), entry) for entry in told), _SURE)
    if chosen is None:
        return None
    sheet.take(chosen)
    return chosen.text


def _score(entry: Entry, person: Path) -> int:
    """How likely the entry is the person's; 0 if it can't be a name at all."""
    field, text = entry.field, entry.text
    if not isinstance(field.value, str | list) or text is None or len(text) > _NAME_CHARACTERS_MAX:
        return 0
    if "\n" in text or "@" in text or shapes.is_url(text) or not any(map(str.isalpha, text)):
        return 0
    if entry.means.identity == "name" and entry.keyed and is_name_of_field(text):
        return 0
    score, container = 100 + 5 * _shared(field.path, person), field.container
    if container != person or not person:
        score -= entry.means.strangeness * 2
        if entry.keyed and any(isinstance(step, int) for step in container[len(person) :]):
            # One of many things that each have a name.
            score -= 70
    if entry.means.identity == "name" and _names_the_form(entry, person) and not like_a_person(text):
        return 0
    return score


def _shared(path: Path, other: Path) -> int:
    count = 0
    for step, another in zip(path, other, strict=False):
        if step != another:
            break
        count += 1
    return count


def _others(sheet: Sheet, person: Path) -> frozenset[Path]:
    """The elements of lists, beside those that the person stands in, that are another person's.

    They hold an address of their own, or what the person's element has too of a name and a number. Any other element may be the
    next page of the same form; a labelled row is nobody.
    """
    held: dict[Path, set[str]] = {}
    for entry in sheet.everything if any(isinstance(step, int) for step in person) else ():
        if not entry.keyed or not entry.text:
            continue
        path = entry.field.path
        shared = _shared(path, person)
        if shared < min(len(person), len(path)) and isinstance(person[shared], int) and isinstance(path[shared], int):
            held.setdefault(path[: shared + 1], set()).add(_told_of_one(entry))
        for size, step in enumerate(person[:shared], 1):
            if isinstance(step, int):
                held.setdefault(person[:size], set()).add(_told_of_one(entry))
    return frozenset(
        element
        for element, told in held.items()
        if element != person[: len(element)] and ("email" in told or told & _TOLD_ONCE & held.get(person[: len(element)], set()))
    )


def _told_of_one(entry: Entry) -> str:
    """What of a person an entry tells: `email` if it is an address of their own, whatever it is called."""
    means = entry.means
    if "@" in (entry.text or ""):
        theirs = not (means.of_another or means.sends or means.repeats)
        return "email" if theirs and shapes.email(entry.text or "", named=True) else ""
    return means.identity if means.identity not in (None, "email") else ""


def _is_of(entry: Entry, others: frozenset[Path]) -> bool:
    """Whether it stands in one of these elements."""
    path = entry.field.path
    return bool(others) and entry.keyed and any(path[:size] in others for size in range(1, len(path)))


def _names_the_form(entry: Entry, person: Path) -> bool:
    """A bare name outside the envelope that holds the answers."""
    above = entry.field.container
    inside = person[: len(above)] == above and len(person) > len(above)
    step = person[len(above)] if inside else ""
    return isinstance(step, str) and compact(step) in _ENVELOPED and entry.keyed


def may_name_the_form(path: Path, others: Iterable[Path]) -> bool:
    """Whether a name at `path` may be outside the envelope that holds the answers, wherever of `others` the person stands."""
    depth = len(path) - 1
    beyond = {other[depth] for other in others if len(other) > depth + 1 and other[:depth] == path[:depth]}
    return any(isinstance(step, str) and compact(step) in _ENVELOPED for step in beyond)


def like_a_person(text: str) -> bool:
    """Whether a bare name is somebody's rather than a form's."""
    parts = text.split()
    return (
        2 <= len(parts) <= _WORDS_OF_A_NAME_MAX
        and not _FORM_WORDS.search(text)
        and parts[0][:1].isupper()
        and parts[-1][:1].isupper()
    )


def sort_of_name(text: str) -> Literal["field", "person", ""]:
    """What a bare name may be called by: a field of the form, or somebody rather than a form."""
    if is_name_of_field(text):
        return "field"
    return "person" if like_a_person(text) else ""


def is_name_of_field(text: str) -> bool:
    """Whether a bare name is what a field of a form is called, and nobody."""
    return len(text) <= _NAME_OF_FIELD_CHARACTERS_MAX and text.lower().translate(_SEPARATORS) in _NAMES_OF_FIELDS
