"""What is drawn from a stencil is what would have been published without it, byte by byte."""

import random
from typing import Any

import orjson
import pytest

from producers.forms.adapters import adapter
from producers.forms.payload import check
from producers.forms.reading.layouts import Layouts
from producers.forms.stencils import MADE_WHEN_FULL, STENCILS_MAX, Drawn, stencil_of
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import Origin, person_of, received, written
from schemas.message import Sealed
from tests.producers.forms.reading.mutants import FIGURES, bodies, changed, like, refigured
from tests.producers.forms.shape import JSON

PERSONAL = Sealed("sealed")
QUESTIONS = ("Team size", "size", "message", "Message", "seq", "budget", "company", "Interests", "phone", "answers")
ORIGINS = [
    Origin("generic", "s"),
    Origin("typeform", "t", quiet=True, open_answers=frozenset(QUESTIONS), actor="key:1"),
    Origin("generic", "u", confirmed_as="I agree"),
]


def hashed(kind: str, value: str) -> str:
    return f"{kind}({value})"


def plainly(parsed: ParsedSubmission, origin: Origin, raw: str) -> tuple[bytes, tuple[str, bytes]]:
    message = received(parsed, origin, "id", "delivery", PERSONAL, hashed)
    return written(person_of(parsed, raw, JSON)), (message["identity"], written(message))


def drawn_of(layouts: Layouts, vendor: str, origin: Origin, body: bytes) -> Drawn | None:
    translate, found = adapter(vendor).translate, layouts.recall(vendor, body, body.decode())
    shortcut = None if found is None else found.shortcut(translate)
    if found is None or shortcut is None:
        return None
    stencil = stencil_of(shortcut, origin, JSON, hashed, found.filled)
    return None if stencil is None else stencil.draw(found.filled, body.decode(), "id", "delivery")


def learned(vendor: str, payload: Any) -> Layouts:
    layouts, reader, body = Layouts(), adapter(vendor), orjson.dumps(payload)
    layouts.learn(vendor, body, body.decode(), payload, reader.readable(payload), reader.beside(payload))
    return layouts


@pytest.mark.parametrize("origin", ORIGINS, ids=lambda origin: origin.source_id)
def test_whatever_stands_in_a_body(origin: Origin) -> None:
    chance, drawn = random.Random(3), 0
    for name, vendor, payload in bodies():
        layouts = learned(vendor, payload)
        for _ in range(6):
            share = chance.random()
            mutant = changed(payload, lambda text: like(text, chance) if chance.random() < share else text)  # noqa: B023
            mutant = refigured(mutant, lambda old: chance.choice(FIGURES) if chance.random() < share else old)  # noqa: B023
            body = orjson.dumps(mutant)
            for _ in range(2):
                found = drawn_of(layouts, vendor, origin, body)
                if found is None:
                    continue
                drawn += 1
                parsed = adapter(vendor).translate(check(body, JSON), {})
                assert (found.person(), found.message(PERSONAL)) == plainly(parsed, origin, body.decode()), (name, body)
                assert (found.event_id or None, found.body) == (parsed.vendor_event_id, body.decode())
    assert drawn > 400 or (origin.confirmed_as and not drawn), drawn


FORM = {"id": "abcd-1234", "email": "ann@example.com", "name": "Ann Lee", "message": "hello", "seq": 7, "phone": "+49301234567"}
OPEN = Origin("generic", "s", open_answers=frozenset(("message", "seq")))


def both(second: dict[str, Any], first: dict[str, Any] = FORM, origin: Origin = OPEN) -> bool:
    """Whether the second is drawn, as it ought to be, once the first is known."""
    layouts, body = learned("generic", first), orjson.dumps(second)
    for _ in range(2):
        drawn_of(layouts, "generic", origin, orjson.dumps(first))
    found = drawn_of(layouts, "generic", origin, body)
    if found is not None:
        parsed = adapter("generic").translate(second, {})
        assert (found.person(), found.message(PERSONAL)) == plainly(parsed, origin, body.decode())
    return found is not None


@pytest.mark.parametrize(
    ("changes", "drawn"),
    [
        ({"email": "Bob.Lee@GMAIL.com", "message": "100 % 'sure' %s", "seq": -3}, True),
        ({"phone": "+1 555 000 1111"}, True),
        ({"phone": "+999 1234567"}, True),
        ({"message": "Zoë – ☑ \u2028 \u007f"}, True),
        ({"message": "x" * 200}, True),
        ({"message": "x" * 201}, False),
        ({"message": 'a "quote"'}, False),
        ({"name": ""}, False),
    ],
)
def test_texts_at_their_places(changes: dict[str, Any], drawn: bool) -> None:
    assert both(FORM | changes) == drawn


@pytest.mark.parametrize("label", ["mark000001", "hole-raw", "hole-identity", "70000000000001", "marks.example", '"', "%s"])
def test_a_form_that_has_our_own_words_in_it(label: str) -> None:
    both(FORM | {label: "yes please", "message": "other"}, FORM | {label: "well now"})


def test_who_is_hidden_in_a_form_is_no_answer() -> None:
    assert not both(FORM | {"lf_visitor": "v" * 26}, FORM | {"lf_visitor": "w" * 26})


@pytest.mark.parametrize(
    "without",
    [("email",), ("phone",), ("email", "phone"), ("email", "phone", "name"), ("id",)],
    ids=lambda names: "+".join(names),
)
def test_who_leaves_something_out(without: tuple[str, ...]) -> None:
    form = {name: value for name, value in FORM.items() if name not in without}
    assert both(form | {"message": "another"}, form)


def test_as_many_sources_as_there_is_room_for_and_rarely_another() -> None:
    layouts, body = learned("generic", FORM), orjson.dumps(FORM)
    drawn_of(layouts, "generic", OPEN, body)
    drawn = []
    for number in range(STENCILS_MAX + MADE_WHEN_FULL):
        found = drawn_of(layouts, "generic", OPEN._replace(source_id=f"s{number}"), body)
        if found is not None:
            drawn.append(number)
            assert orjson.loads(found.message(PERSONAL)[1])["source"]["source_id"] == f"s{number}"
    assert drawn == [*range(STENCILS_MAX), STENCILS_MAX + MADE_WHEN_FULL - 1]


def test_a_long_answer_at_first_spoils_nothing() -> None:
    layouts = learned("generic", FORM)
    for message, drawn in (("x" * 201, False), ("x" * 201, False), ("hello", True), ("x" * 201, False)):
        assert (drawn_of(layouts, "generic", OPEN, orjson.dumps(FORM | {"message": message})) is not None) == drawn
