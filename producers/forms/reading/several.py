"""Whether a payload brings several people, and what each of them is read from. Pure.

An array of people is a batch. A list of people within an object is one too where it is certain that each of them came for
themselves: nobody stands outside of the list, so that the others can't be somebody's guests, colleagues or references.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from producers.forms.reading import people, rows, shapes
from producers.forms.reading.names import compact, hints, identity, words
from producers.forms.reading.paths import Path, find
from producers.forms.reading.sheet import Entry, Sheet, entries
from producers.forms.reading.vocabulary import OTHERS, word_set

_OUTERMOST_MAX: Final = 4
_TELLING: Final = 2
_THINGS_MAX: Final = 2_000
_AROUND_BYTES_MAX: Final = 16_384
"""What stands around the list is told with each of them."""
_DIGITS_OF_A_HASH: Final = 16
# Lists in which the same people come again and again, or one person has several of something.
_TOLD_OF: Final = word_set(
    "messages message comments replies history activities activity thread notes logs emails phones addresses changes versions"
)
_NAMES: Final = frozenset(("name", "first_name", "last_name"))
_ROLES: Final = word_set("role type kind")
# Where one of them is marked so, the others are not like them.
_MARKS: Final = OTHERS | word_set("primary main self booker resource guest isprimary ismain isself isguest ishost isorganizer")


class One(NamedTuple):
    """What one of several is read from: in a list within an object, `around` that list is the same for all of them.

    `told_apart`: what an id that stands around lacks to be theirs.
    """

    payload: Any
    around: Any = None
    told_apart: str = ""


def several(payload: Any, mapping: Mapping[str, str]) -> list[One] | None:
    """One for each person; None if it is one submission, or the mapping's paths say that it is."""
    if isinstance(payload, list):
        if any(find(payload, path) for path in mapping.values()):
            return None
        return [One(one) for one in payload] if is_of_people(payload) else None
    place = _place(payload)
    if place is None:
        return None
    mapped = [found[0] for path in mapping.values() if (found := find(payload, path))]
    if any(path[: len(place)] == place and path[len(place) : len(place) + 1] not in ((), (0,)) for path in mapped):
        return None
    around = _with(payload, place, [])
    if len(orjson.dumps(around)) > _AROUND_BYTES_MAX:
        return None
    return [One(_with(payload, place, [one]), around, _hash(one)) for one in rows.within(payload, place)]


def is_of_people(listed: list[Any]) -> bool:
    """Whether an array's first two are somebody each, so that none of them becomes another's answer; rows of a form aren't."""
    return len(listed) > 1 and all(isinstance(one, dict) and _is_somebody(one) for one in listed[:_TELLING])


def _is_somebody(event: dict[str, Any]) -> bool:
    if _is_row(event):
        return False
    told = [(entry.means.identity, entry.text) for entry in entries(event) if entry.text]
    return any((what == "email" and shapes.email(text)) or (what == "phone" and shapes.phone(text)) for what, text in told)


def _is_row(event: dict[str, Any]) -> bool:
    columns = rows.columns(event)
    return bool(rows.answer_key(event, columns, rows.first_text(event, columns.types)) or rows.wrapped(event, columns))


def _place(payload: Any) -> Path | None:
    """Where the people are listed, if that is one place and nobody stands outside of it."""
    lists = list(islice(_lists(payload, ()), _THINGS_MAX))
    if sum(len(listed) for _, listed in lists) > _THINGS_MAX:
        return None
    places = [place for place, listed in lists if _of_their_own(listed)]
    if len(places) != 1:
        return None
    named = all(_NAMES & {entry.means.identity for entry in entries(one)} for one in rows.within(payload, places[0]))
    return None if _somebody_stands_in(_with(payload, places[0], []), named=named) else places[0]


def _lists(node: Any, path: Path) -> Iterator[tuple[Path, list[Any]]]:
    """The lists of objects within objects; not those whose name says that they are of others."""
    if not isinstance(node, dict) or len(path) >= _OUTERMOST_MAX:
        return
    for key, value in node.items():
        if isinstance(value, list):
            of_others = "other" in hints(key) or not _TOLD_OF.isdisjoint(words(key))
            if len(value) > 1 and isinstance(value[0], dict) and not of_others:
                yield (*path, key), value
        elif isinstance(value, dict):
            yield from _lists(value, (*path, key))


def _of_their_own(listed: list[Any]) -> bool:
    """Whether each is somebody with an address that no other has, and none of them plays a part of their own."""
    addresses = set()
    for one in listed:
        if not isinstance(one, dict) or _is_row(one) or _plays_a_part(one):
            return False
        told = [entry for entry in entries(one) if _is_their_address(entry)]
        address = next((found for entry in told if (found := shapes.email(entry.text or ""))), None)
        if address is None:
            return False
        addresses.add(address.casefold())
    return len(addresses) == len(listed)


def _is_their_address(entry: Entry) -> bool:
    told = entry.means.identity == "email" or entry.means.typed == "email"
    return told and not entry.means.of_another and all(_is_address(parent) for parent in entry.field.parents)


def _is_address(parent: str) -> bool:
    return identity(parent) == "email" and "sender" not in hints(parent)


def _plays_a_part(one: Mapping[str, Any]) -> bool:
    said = [key for key, value in one.items() if value is True]
    said += [value for key, value in one.items() if compact(key) in _ROLES and isinstance(value, str)]
    return any(compact(text) in _MARKS or not _MARKS.isdisjoint(words(text)) for text in said)


def _somebody_stands_in(payload: Any, *, named: bool) -> bool:
    """`named`: whether those who are listed have names, so that one beside the list may be that of something else."""
    sheet = Sheet(entries(payload), ())
    email, person = people.take_email(sheet)
    phone, _, _ = people.take_phone(sheet, person)
    called = people.take_names(sheet, person)
    told = called.name is not None and (not named or people.like_a_person(called.name))
    return bool(email or phone or called.first_name or called.last_name or told)


def _with(node: Any, place: Path, listed: list[Any]) -> Any:
    """The payload with another list at its place."""
    if not place:
        return listed
    key, *below = place
    return {**node, key: _with(node[key], tuple(below), listed)}


def _hash(one: Any) -> str:
    return sha256(orjson.dumps(one, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_DIGITS_OF_A_HASH]
