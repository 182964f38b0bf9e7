import json
from typing import Any

import pytest

from producers.forms.adapters import translate
from producers.forms.payload import check
from tests.producers.forms.given import expected, read


def payload() -> dict[str, Any]:
    case = read("typeform")
    found: dict[str, Any] = check(case.body, case.content_type)
    return found


def answer(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, kind: value, "field": {"id": "x", "ref": "r", "type": "any"}}


def test_the_given_response_is_read_as_expected() -> None:
    case = read("typeform")
    found = translate("typeform", payload(), {}).model_dump(mode="json")
    assert {key: found[key] for key in expected(case)} == expected(case)
    assert found["vendor_event_id"] == case.expect["idempotency_key"]
    assert found["phone_e164"] == "+442079460123"
    assert found["consents"] == {"contact": True}


def test_a_refused_legal_question_is_a_refusal() -> None:
    body = payload()
    body["form_response"]["answers"][-1]["boolean"] = False
    assert translate("typeform", body, {}).consent is False


def test_an_unasked_consent_is_unknown() -> None:
    body = payload()
    del body["form_response"]["answers"][-1]
    assert translate("typeform", body, {}).consent is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (answer("number", 0), 0),
        (answer("boolean", False), False),
        (answer("date", "2026-03-02"), "2026-03-02"),
        (answer("choice", {"other": "Something else"}), "Something else"),
        (answer("choices", {"labels": ["A"], "other": "B"}), ["A", "B"]),
        (answer("file_url", "https://api.typeform.com/f.pdf"), "https://api.typeform.com/f.pdf"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_every_type_of_answer_stands_under_its_question(sent: dict[str, Any], kept: Any) -> None:
    body = {
        "event_type": "form_response",
        "form_response": {"definition": {"fields": [{"id": "x", "ref": "r", "title": "How?"}]}, "answers": [sent]},
    }
    assert translate("typeform", body, {}).answers == {"How?": kept}


def test_the_mapping_speaks_of_the_payload_as_sent() -> None:
    found = translate("typeform", payload(), {"company": "form_response.hidden.utm_source", "form_name": "event_type"})
    assert (found.company, found.form_name) == ("newsletter", "form_response")
    assert "utm_source" not in found.campaign
    assert found.answers["Company"] == "Northwind Analytics"


def test_hidden_fields_may_hold_the_person() -> None:
    body = payload()
    body["form_response"]["hidden"]["lead_name"] = "Ignored, the form asked"
    body["form_response"]["answers"] = []
    body["form_response"]["hidden"]["email"] = "hidden@example.com"
    assert translate("typeform", body, {}).email == "hidden@example.com"


@pytest.mark.parametrize("body", ["form_response_partial", "not an object", "no response", "odd parts"])
def test_whatever_is_no_finished_response_is_ignored(body: str) -> None:
    given: Any = {
        "form_response_partial": {**payload(), "event_type": "form_response_partial"},
        "not an object": [1],
        "no response": {"event_id": "e"},
        "odd parts": {"form_response": [], "event_id": 4},
    }[body]
    found = translate("typeform", given, {})
    assert (found.kind, found.email) == ("ignored", None)


def test_odd_parts_of_a_response_are_passed_over() -> None:
    body = json.loads('{"form_response": {"definition": 3, "answers": [1, {"type": "text"}], "hidden": [], "submitted_at": "x"}}')
    assert translate("typeform", body, {}).kind == "lead"
