"""What is published of every body that one shortcut fits, written once: JSON with holes for their texts. Pure.

A text between two quotes of such a body holds nothing that JSON would escape, and a plain number is written as it is read. Both
go into what is published as they stand, and nothing is built only to be written at once.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

import orjson

from producers.forms.reading import shapes
from producers.forms.reading.shortcuts import Shortcut
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import (
    OPEN_ANSWER_CHARACTERS_MAX,
    HashOf,
    Origin,
    country_of,
    person_of,
    received,
    tells_visitor,
    written,
)
from schemas.free_mail import FREE_MAIL_DOMAINS
from schemas.message import JsonObject, Sealed

STENCILS_MAX: Final = 8
"""Of one shortcut: as many sources may get the same form."""
MADE_WHEN_FULL: Final = 64
"""One in so many that there is no room for makes room, and all that were made are made again."""
_PERSON: Final = ("phone_e164", "raw")
_MESSAGE: Final = (
    *("submission_id", "delivery", "personal", "identity", "email_hash", "mail_domain"),
    *("free_mail", "phone_hash", "phone_country", "submitted_at"),
)
_NULL: Final = "null"
_RAW: Final = 'a "body"'
_SEALED: Final = Sealed("sealed")
_ABSENT: Final = object()
_SECOND: Final = len("2026-03-02T09:31:07")
Fill = Callable[[Sequence[str]], str]


class Drawn(NamedTuple):
    """A submission that is to be published: a stencil, and what goes into its holes. `raw` is the body, for keeping."""

    stencil: "Stencil"
    texts: Sequence[str]
    raw: str
    submission_id: str
    delivery: str
    email: str | None
    """As it is hashed."""
    phone_e164: str | None

    @property
    def event_id(self) -> str | None:
        """The sender's own id of it."""
        found: str | None = self.stencil.event_id(self.texts)
        return found

    @property
    def person_key(self) -> str:
        """Equal for equal people, "" for nobody."""
        return self.email or self.phone_e164 or ""

    @property
    def body(self) -> str:
        """As it came."""
        return self.raw

    def person(self) -> bytes:
        """A SubmittedPerson."""
        number = "" if self.phone_e164 is None else f'"phone_e164":"{self.phone_e164}",'
        return self.stencil.person((*self.texts, number, orjson.dumps(self.raw).decode())).encode()

    def message(self, personal: Sealed) -> tuple[str, bytes]:
        """Its identity, and a SubmissionReceived."""
        hashed, email, phone = self.stencil.hashed, self.email, self.phone_e164
        email_hash = domain = _NULL
        free = "false"
        if email is not None:
            email_hash, domain = hashed("email", email), email.rpartition("@")[2]
            free = "true" if domain in FREE_MAIL_DOMAINS else "false"
        phone_hash = country = _NULL
        identity = self.delivery if email is None else email_hash
        if phone is not None:
            found, where = hashed("phone", phone), country_of(phone)
            phone_hash, country = f'"{found}"', _NULL if where is None else f'"{where}"'
            identity = found if email is None else email_hash
        told = (self.submission_id, self.delivery, personal, identity, email_hash, domain, free, phone_hash, country)
        return identity, self.stencil.message((*self.texts, *told, self.stencil.at(self.texts))).encode()


class Stencil:
    """Of one shortcut and one source. `person` and `message` fill their holes; `tried`: what they gave was right."""

    __slots__ = ("_email", "_open", "_phone", "at", "event_id", "hashed", "message", "person", "tried")

    def __init__(self, shortcut: Shortcut, marked: ParsedSubmission, origin: Origin, content_type: str, hashed: HashOf) -> None:
        marks, count = shortcut.marks, shortcut.count
        self.tried = False
        self.hashed = hashed
        self.event_id = shortcut.event_id
        self._email = None if marked.email is None else marks[marked.email]
        self._phone = None if marked.phone is None else marks[marked.phone]
        answers = [shortcut.maker(answer) for question, answer in marked.answers.items() if question in origin.open_answers]
        self._open = [make for make in answers if make is not None]
        self.at = _moment(shortcut.at)
        person = person_of(marked.model_copy(update={"phone_e164": _hole("phone_e164")}), _hole("raw"), content_type)
        self.person = _fill(person, marks, count, _PERSON)
        self.message = _fill(_message(marked, origin, dated=shortcut.at is not None), marks, count, _MESSAGE)

    def draw(self, texts: Sequence[str], raw: str, submission_id: str, delivery: str) -> Drawn | None:
        """For the texts of a body that the shortcut fits; None where an open answer is too long to be one."""
        for make in self._open:
            if len(str(make(texts))) > OPEN_ANSWER_CHARACTERS_MAX:
                return None
        email = None if self._email is None else texts[self._email].lower()
        phone = None if self._phone is None else shapes.e164(texts[self._phone], None)
        return Drawn(self, texts, raw, submission_id, delivery, email, phone)


def stencil_of(shortcut: Shortcut, origin: Origin, content_type: str, hashed: HashOf, texts: Sequence[str]) -> Stencil | None:
    """The shortcut's for this source, None where there can't be one. `texts`: of a body that it fits, to try it on."""
    key = (origin, content_type)
    made = shortcut.stencils.get(key, _ABSENT)
    if made is _ABSENT:
        if len(shortcut.stencils) >= STENCILS_MAX:
            # Making one takes as long as reading some bodies.
            shortcut.missed += 1
            if shortcut.missed % MADE_WHEN_FULL:
                return None
            shortcut.stencils.clear()
        marked = shortcut.marked
        made = None
        if marked is not None and _possible(marked, shortcut.marks, origin):
            made = Stencil(shortcut, marked, origin, content_type, hashed)
        shortcut.stencils[key] = made
    if made is not None and not made.tried:
        drawn = made.draw(texts, _RAW, "id", "delivery")
        if drawn is None:
            return None
        if not _is_right(drawn, shortcut, origin, content_type):
            shortcut.stencils[key] = None
            return None
        made.tried = True
    found: Stencil | None = made
    return found


def _possible(marked: ParsedSubmission, marks: Mapping[str, int], origin: Origin) -> bool:
    """Whether all that is worked out from texts is worked out from one text each."""
    return (
        marked.kind == "lead"
        and not (marked.happened or marked.meeting or marked.reference)
        and origin.confirmed_as is None
        and all(text is None or text in marks for text in (marked.email, marked.phone))
        and not any(map(tells_visitor, marked.answers))
    )


def _is_right(drawn: Drawn, shortcut: Shortcut, origin: Origin, content_type: str) -> bool:
    """Whether it is what is published without a stencil."""
    parsed = shortcut.submission(drawn.texts)
    if parsed is None:
        return False
    message = received(parsed, origin, drawn.submission_id, drawn.delivery, _SEALED, drawn.stencil.hashed)
    wanted = written(person_of(parsed, drawn.raw, content_type)), (message["identity"], written(message))
    return wanted == (drawn.person(), drawn.message(_SEALED))


def _hole(name: str) -> str:
    return f"hole-{name}"


def _message(marked: ParsedSubmission, origin: Origin, *, dated: bool) -> JsonObject:
    """With holes, besides the marks."""
    message = received(marked, origin, _hole("submission_id"), _hole("delivery"), Sealed(_hole("personal")), lambda kind, _: kind)
    traits: JsonObject = message["traits"]
    message["identity"] = _hole("identity")
    if marked.email is not None:
        traits |= {"email_hash": _hole("email_hash"), "mail_domain": _hole("mail_domain"), "free_mail": _hole("free_mail")}
    if marked.phone is not None:
        traits |= {"phone_hash": _hole("phone_hash"), "phone_country": _hole("phone_country")}
    if dated:
        message["submitted_at"] = _hole("submitted_at")
    return message


def _fill(node: JsonObject, marks: Mapping[str, int], count: int, holes: Sequence[str]) -> Fill:
    """Texts, and then what goes into the holes -> the node as JSON."""
    places: dict[str, int] = dict(marks)
    for number, name in enumerate(holes, count):
        places[_written_hole(name)] = number
    pieces = re.split(f"({'|'.join(map(re.escape, sorted(places, key=len, reverse=True)))})", written(node).decode())
    template = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
    numbers = [places[piece] for piece in pieces[1::2]]
    if len(numbers) == 1:
        only = numbers[0]
        return lambda values: template % values[only]
    pick = itemgetter(*numbers)
    return lambda values: template % pick(values)


def _written_hole(name: str) -> str:
    """As it stands in JSON, with what is replaced with it: what may be no text brings its own quotes."""
    if name == "phone_e164":
        return f'"phone_e164":"{_hole(name)}",'
    return f'"{_hole(name)}"' if name in ("raw", "free_mail", "phone_hash", "phone_country") else _hole(name)


def _moment(number: int | None) -> Fill:
    """A time as pydantic would write it."""

    def at(texts: Sequence[str]) -> str:
        text = texts[number or 0]
        if text[-1] != "Z":
            return written(shapes.moment(text)).decode()[1:-1]
        # Most are written so already, but for their fraction, which is one of microseconds or none.
        fraction = text[_SECOND:-1].strip("0")
        return f"{text[:_SECOND]}{text[_SECOND:-1]:0<7}Z" if len(fraction) > 1 else f"{text[:_SECOND]}Z"

    return at if number is not None else lambda _texts: ""
