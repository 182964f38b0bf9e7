import pytest
from pydantic import ValidationError

from infra.crypto.codec import open_person, personal_json, seal_person
from infra.crypto.seal import Key, WrongKey
from schemas.person import Note, Person, SubmittedPerson

KEY = Key("lead", bytes(range(32)))
ANNA = Person(
    email="Anna@Example.com", name="Anna", answers={"budget": "10k", "sizes": [1, 2], "none": None}, custom={"x": {"y": True}}
)


def test_a_person_comes_back_equal() -> None:
    assert open_person(KEY, seal_person(KEY, ANNA, "lead-1"), "lead-1", Person) == ANNA


def test_only_what_is_known_is_sealed() -> None:
    assert personal_json(Person(email="a@b.c")) == b'{"email":"a@b.c"}'
    assert personal_json(Person()) == b"{}"


def test_a_submitted_person_opens_as_a_person_without_the_raw_request() -> None:
    submitted = SubmittedPerson(email="a@b.c", raw="email=a%40b.c", raw_content_type="application/x-www-form-urlencoded")
    assert open_person(KEY, seal_person(KEY, submitted, "s"), "s", Person) == Person(email="a@b.c")


def test_text_that_is_not_ascii_survives() -> None:
    note = Note(text="Ünïcödé \u2028 \U0001f600")
    assert open_person(KEY, seal_person(KEY, note, "l"), "l", Note) == note


def test_a_person_of_another_shape_is_said_to_be_so() -> None:
    with pytest.raises(ValidationError):
        open_person(KEY, seal_person(KEY, ANNA, "lead-1"), "lead-1", Note)


def test_another_lead_cannot_open_it() -> None:
    with pytest.raises(WrongKey):
        open_person(KEY, seal_person(KEY, ANNA, "lead-1"), "lead-2", Person)
