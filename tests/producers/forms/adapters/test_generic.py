from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.forms.adapters import adapters, translate
from producers.forms.payload import check
from producers.forms.submission import ParsedSubmission
from tests.producers.forms import (
    corpus,
    shapes_of_envelopes,
    shapes_of_languages,
    shapes_of_people,
    shapes_of_tools,
    shapes_of_wrappings,
)
from tests.producers.forms.given import expected, read
from tests.producers.forms.shape import Shape


def understood(payload: Any, **mapping: str) -> ParsedSubmission:
    return translate("generic", payload, {name.replace("__", "."): path for name, path in mapping.items()})


SHAPES: list[Shape] = [
    *(*shapes_of_people.SHAPES, *shapes_of_envelopes.SHAPES, *shapes_of_tools.SHAPES),
    *(*shapes_of_languages.SHAPES, *shapes_of_wrappings.SHAPES),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_form_that_nobody_described_is_understood(shape: Shape) -> None:
    found = translate("generic", check(shape.body, shape.content_type), {}).model_dump(mode="json")
    assert {key: found[key] for key in shape.expect} == shape.expect


def test_the_given_generic_form_is_read_as_expected() -> None:
    case = read("generic_form")
    found = translate("generic_form", check(case.body, case.content_type), {}).model_dump(mode="json")
    assert {key: found[key] for key in expected(case)} == expected(case)
    assert found["vendor_event_id"] == case.expect["idempotency_key"]


def test_nearly_every_unknown_shape_gives_up_its_person() -> None:
    found = [(case, translate("x", check(case.body, case.content_type), {}).model_dump()) for case in corpus.cases()]

    def share(*fields: str) -> float:
        return sum(all(one[f] == case.expect[f] for f in fields) for case, one in found) / len(found)

    assert len(found) == corpus.SIZE
    assert share("email") >= 0.99
    assert share("name", "first_name") >= 0.95
    assert share("phone") >= 0.95
    assert share("company") >= 0.95
    assert share("consent") >= 0.95
    assert share("campaign") >= 0.95


def test_the_corpus_is_the_same_each_time() -> None:
    assert list(corpus.cases()) == list(corpus.cases())


def test_an_unknown_vendor_is_read_by_the_generic_adapter() -> None:
    assert {"generic", "generic_form", "custom", "typeform"} <= adapters().keys()
    assert translate("nobody-yet", {"email": "a@example.com"}, {}).email == "a@example.com"


def test_two_adapters_for_one_vendor_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.forms.adapters.typeform.VENDORS", ("generic",))
    with pytest.raises(ValueError, match="two adapters serve generic"):
        adapters.__wrapped__()


class TestMapping:
    def test_beats_the_guess_which_stays_an_answer(self) -> None:
        found = understood(
            {"data": {"contact": {"mail": "right@example.com"}}, "email": "wrong@example.com"}, email="data.contact.mail"
        )
        assert found.email == "right@example.com"
        assert found.answers == {"email": "wrong@example.com"}

    def test_that_leads_nowhere_leaves_its_target_empty(self) -> None:
        found = understood(
            {"name": "Ann Lee", "email": "a@example.com", "phone": "+442079460123", "created_at": "2026-03-02T09:31:07Z"},
            name="nope",
            phone="a.b[3].c",
            submitted_at="nope",
            consent="nope",
            email="nope",
        )
        assert (found.name, found.phone, found.phone_e164, found.submitted_at, found.consent) == (None,) * 5
        assert found.email is None

    def test_reads_rows_by_their_index(self) -> None:
        assert (
            understood({"fields": [{"value": "x"}, {"value": ["a@example.com"]}]}, email="fields[1].value").email
            == "a@example.com"
        )

    def test_composes_the_name_from_its_mapped_parts(self) -> None:
        found = understood({"1.3": "Jane", "1.6": "Doe"}, first_name="1.3", last_name="1.6")
        assert (found.name, found.answers) == ("Jane Doe", {})

    def test_reaches_campaign_consents_and_answers(self) -> None:
        payload = {"src": "expo", "gone": "", "ok": "yes", "why": "price", "utm_medium": "cpc", "when": 1772443867}
        found = understood(
            payload,
            campaign__utm_source="src",
            campaign__utm_medium="gone",
            consents__marketing="ok",
            answers__reason="why",
            submitted_at="when",
        )
        assert found.campaign == {"utm_source": "expo"}
        assert found.consents == {"marketing": True}
        assert found.answers == {"reason": "price"}
        assert found.submitted_at == datetime(2026, 3, 2, 9, 31, 7, tzinfo=UTC)

    def test_makes_any_field_a_trap(self) -> None:
        assert understood({"website": "https://spam.example"}, honeypot="website").kind == "spam"
        assert understood({"website": ""}, honeypot="website").kind == "lead"

    def test_gives_the_phone_its_country(self) -> None:
        assert understood({"n": "030 12345678", "c": "de"}, phone="n", country="c").phone_e164 == "+493012345678"
        assert understood({"phone": "030 12345678", "c": "de"}, country="c").phone_e164 == "+493012345678"
        assert understood({"n": "+49 30 12345678"}, phone_e164="n").phone_e164 == "+493012345678"

    def test_keeps_a_wrong_address_among_the_answers(self) -> None:
        found = understood({"mail": "not one"}, email="mail")
        assert (found.email, found.answers) == (None, {"mail": "not one"})

    def test_takes_consent_and_texts_from_anywhere(self) -> None:
        found = understood(
            {"x": {"agree": "nein"}, "f": 7, "u": "https://x.example/p?utm_source=li"},
            consent="x.agree",
            form_id="f",
            page_url="u",
        )
        assert (found.consent, found.form_id, found.page_url) == (False, "7", "https://x.example/p?utm_source=li")
        assert found.campaign == {"utm_source": "li"}


class TestIds:
    def test_of_a_contact_or_a_form_are_not_the_submissions(self) -> None:
        assert understood({"contact": {"id": "c-9", "email": "a@example.com"}}).vendor_event_id is None
        assert understood({"id": "contact-form", "email": "a@example.com"}).vendor_event_id is None

    def test_of_the_event_come_before_those_of_the_submission(self) -> None:
        assert understood({"submission_id": "s1", "event_id": "e1", "id": 3}).vendor_event_id == "e1"

    def test_are_found_in_the_submission_object(self) -> None:
        assert understood({"submission": {"id": 55}, "form": {"id": 1}}).vendor_event_id == "55"


class TestAnswers:
    def test_keep_repeated_questions_together(self) -> None:
        rows = [{"label": "Note", "value": "a"}, {"label": "Note", "value": "b"}, {"label": "Note", "value": "c"}]
        assert understood({"rows": rows}).answers == {"Note": ["a", "b", "c"]}

    def test_say_which_object_they_belong_to(self) -> None:
        assert understood({"interests": [{"name": "crm"}, {"name": "mail"}], "email": "a@example.com"}).answers == {
            "interests.name": ["crm", "mail"]
        }

    def test_show_option_texts_instead_of_their_ids(self) -> None:
        row = {
            "label": "Plan",
            "type": "dropdown",
            "value": "o2",
            "options": [{"id": "o1", "text": "S"}, {"id": "o2", "text": "L"}],
        }
        assert understood({"fields": [row]}).answers == {"Plan": "L"}

    def test_leave_out_secrets_and_machinery(self) -> None:
        payload = {"email": "a@example.com", "password": "x", "token": "y", "user_agent": "z", "_wpnonce": "n", "csrf_token": "c"}
        assert understood(payload).answers == {}

    def test_keep_the_label_even_of_technical_keys(self) -> None:
        rows = [{"name": "step", "label": "Which step are you at?", "value": "second"}]
        assert understood({"fields": rows}).answers == {"Which step are you at?": "second"}

    def test_keep_an_uploaded_files_note(self) -> None:
        note = {"filename": "cv.pdf", "size": 3, "content_type": "application/pdf"}
        assert understood({"cv": note}).answers == {"cv": note}


class TestNames:
    def test_of_things_and_other_people_are_not_the_persons(self) -> None:
        found = understood({"email": "a@example.com", "product": {"name": "Crane"}, "manager": {"name": "Mia Boss"}})
        assert (found.name, found.answers) == (None, {"product.name": "Crane", "manager.name": "Mia Boss"})

    def test_are_never_split(self) -> None:
        found = understood({"name": "Ann Lee", "email": "a@example.com"})
        assert (found.first_name, found.last_name) == (None, None)

    def test_that_are_no_names_stay_answers(self) -> None:
        found = understood({"name": "https://spam.example", "full_name": "a@example.com"})
        assert found.name is None

    def test_outside_the_answers_are_the_persons_if_they_look_like_it(self) -> None:
        assert understood({"name": "Ann Lee", "data": {"email": "a@example.com"}}).name == "Ann Lee"

    def test_given_twice_are_taken_whole(self) -> None:
        found = understood({"name": "Dr. Ann Lee", "first_name": "Ann", "email": "a@example.com"})
        assert (found.name, found.first_name, found.last_name) == ("Dr. Ann Lee", "Ann", None)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["email", "name", "value", "label", "id", "fields", "consent", "phone", "utm", "url", "text", "options", "date"]
            )
            | st.text(max_size=8),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(
    payload=JSON_VALUES,
    paths=st.dictionaries(st.sampled_from(["email", "name", "phone", "consent"]), st.text(max_size=12), max_size=2),
)
def test_no_payload_and_no_mapping_is_too_odd(payload: Any, paths: dict[str, str]) -> None:
    for vendor in ("generic", "typeform"):
        translate(vendor, payload, paths).model_dump_json()
