import json
from typing import Any

import pytest

from producers.forms.limits import BadPayload
from producers.forms.previewing import PARTS_MAX, preview, written
from producers.forms.reading.paths import find
from tests.producers.forms.given import CASES, read
from tests.producers.forms.intaking import given

JSON = "application/json"


def one(body: str, mapping: dict[str, str] | None = None, vendor: str = "generic", kind: str = JSON) -> Any:
    [found] = preview(vendor, mapping or {}, {}, body.encode(), kind)
    return found


def test_a_field_is_told_with_its_place() -> None:
    fields, places = one('{"contact": {"E-Mail": "a@b.example", "first name": "Ada", "last name": "Lovelace"}, "budget": 5}')
    assert fields["name"] == "Ada Lovelace"
    assert places["email"] == ["contact.E-Mail"]
    assert places["name"] == ["contact.first name", "contact.last name"]
    assert places["answers.budget"] == ["budget"]


def test_several_people_are_told_one_by_one() -> None:
    people = [{"email": "a@b.example"}, {"email": "c@d.example"}]
    found = preview("generic", {}, {}, json.dumps(people).encode(), JSON)
    assert [fields["email"] for fields, _ in found] == ["a@b.example", "c@d.example"]
    assert [places["email"] for _, places in found] == [["email"]] * 2
    assert len(preview("generic", {}, {}, json.dumps({"id": "e1", "people": people}).encode(), JSON)) == 1
    form = b"people[0][email]=a%40b.example&people[1][email]=c%40d.example"
    assert len(preview("generic", {}, {}, form, "application/x-www-form-urlencoded")) == 1


def test_the_mapping_beats_the_guess_and_is_told_as_it_is() -> None:
    fields, places = one('{"email": "a@b.example", "other": "c@d.example"}', {"email": "other", "answers.first": "email"})
    assert fields["email"] == "c@d.example"
    assert (places["email"], places["answers.first"]) == (["other"], ["email"])


def test_of_equal_values_the_one_whose_name_says_so_comes_first() -> None:
    _, places = one('{"reply_to_owner": "a@b.example", "email": "a@b.example"}')
    assert places["email"] == ["email"]


def test_lists_times_and_consents_have_places_too() -> None:
    fields, places = one('{"interests": ["crm", "mail"], "newsletter": false, "submitted_at": "2026-03-02T09:31:07Z"}')
    assert (fields["consent"], fields["answers"]) == (False, {"interests": ["crm", "mail"]})
    assert places["answers.interests"] == ["interests[0]", "interests[1]"]
    assert (places["consent"], places["submitted_at"]) == (["newsletter"], ["submitted_at"])


def test_a_place_can_be_read_back_by_a_mapping() -> None:
    payload = {"a.b": {"c": [{"it's": 1}, {"[x]": 2}]}}
    for path, value in ((("a.b", "c", 0, "it's"), 1), (("a.b", "c", 1, "[x]"), 2)):
        assert find(payload, written(path)) == (path, value)


@pytest.mark.parametrize("name", CASES)
def test_captured_requests_can_be_tried(name: str) -> None:
    case = read(name)
    found = preview(given(name)["vendor"], {}, case.headers, case.body, case.content_type)
    assert found
    for fields, places in found:
        assert fields["kind"] == case.expect["kind"]
        if "email" in case.expect:
            assert places["email"]


def test_a_ping_is_told_to_be_ignored() -> None:
    fields, places = one('{"eventType": "PING"}', vendor="tally")
    assert (fields, places) == ({"kind": "ignored"}, {})


@pytest.mark.parametrize("body", ["", "{", '"x"', "[" * 50 + "]" * 50])
def test_what_cannot_be_read_is_told(body: str) -> None:
    with pytest.raises(BadPayload):
        one(body)


def test_a_preview_is_bounded() -> None:
    with pytest.raises(BadPayload, match="events"):
        preview("sendgrid", {}, {}, b"[" + b",".join([b"{}"] * (PARTS_MAX + 1)) + b"]", JSON)
