"""Tally, Webflow, Calendly and Google Ads beyond the captured requests: missing parts, other types, tests and pings."""

import copy
from typing import Any

import pytest

from producers.forms.adapters import adapter, translate
from producers.forms.submission import ParsedSubmission
from tests.producers.forms.intaking import given


def body(name: str) -> dict[str, Any]:
    return copy.deepcopy(given(name)["body"])


def tally(*fields: dict[str, Any], **more: Any) -> ParsedSubmission:
    data = {"responseId": "r1", "formId": "f", "fields": list(fields)}
    return translate("tally", {"eventId": "e1", "eventType": "FORM_RESPONSE", "data": data} | more, {})


def field(label: str, type_: str, value: Any, *options: str, key: str = "question_1", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"key": key, "label": label, "type": type_, "value": value}
    if options:
        made["options"] = [{"id": f"o{at}", "text": text} for at, text in enumerate(options)]
    return made | more


class TestTally:
    def test_options_are_told_in_words_one_or_several(self) -> None:
        colours = ("Rot", "Grün", "Blå")
        assert tally(field("Colour", "DROPDOWN", ["o1"], *colours)).answers == {"Colour": "Grün"}
        assert tally(field("Colour", "MULTIPLE_CHOICE", ["o1", "o2"], *colours)).answers == {"Colour": ["Grün", "Blå"]}
        assert tally(field("Colour", "CHECKBOXES", ["o0"], *colours)).answers == {"Colour": ["Rot"]}
        assert tally(field("Colour", "RANKING", ["o2", "o0"], *colours)).answers == {"Colour": ["Blå", "Rot"]}
        assert tally(field("Colour", "DROPDOWN", ["typed in"], *colours)).answers == {"Colour": "typed in"}

    def test_nothing_and_zero_and_no_are_different_things(self) -> None:
        found = tally(
            field("Rating", "RATING", 0, key="a"),
            field("Note", "TEXTAREA", None, key="b"),
            field("Other", "INPUT_TEXT", "", key="c"),
            field("Picked", "DROPDOWN", None, "x", "y", key="d"),
        )
        assert found.answers == {"Rating": 0}
        assert (found.email, found.consent) == (None, None)

    def test_files_and_tables_are_answers(self) -> None:
        files = [
            {"id": "1", "name": "a.pdf", "url": "https://storage.example.com/a.pdf", "mimeType": "application/pdf", "size": 1}
        ]
        matrix = {
            "rows": [{"id": "r1", "text": "Price"}, {"id": "r2", "text": "Speed"}],
            "columns": [{"id": "c1", "text": "Good"}, {"id": "c2", "text": "Bad"}],
        }
        found = tally(
            field("Upload", "FILE_UPLOAD", files, key="a"),
            field("Rate", "MATRIX", {"r1": ["c1"], "r2": ["c1", "c2"]}, key="b", **matrix),
        )
        assert found.answers == {
            "Upload": ["https://storage.example.com/a.pdf"],
            "Rate": {"Price": "Good", "Speed": ["Good", "Bad"]},
        }

    @pytest.mark.parametrize(("ticked", "consent"), [(True, True), (False, False)])
    def test_a_box_under_no_heading_is_the_sentence_beside_it(self, ticked: bool, consent: bool) -> None:
        sentence = "I agree to receive marketing e-mails"
        found = tally(
            field("untitled checkboxes field", "CHECKBOXES", ["o0"] if ticked else [], sentence, key="question_9"),
            field(f"untitled checkboxes field ({sentence})", "CHECKBOXES", ticked, key="question_9_o0"),
        )
        assert (found.consent, found.answers) == (consent, {})

    def test_an_unticked_consent_is_a_refusal_and_an_unasked_one_is_unknown(self) -> None:
        refused = tally(
            field("I agree to be contacted", "CHECKBOXES", None, "Yes", key="question_9"),
            field("I agree to be contacted (Yes)", "CHECKBOXES", False, key="question_9_o0"),
        )
        assert refused.consent is False
        assert tally(field("Email", "INPUT_EMAIL", "zoë@example.com")).consent is None

    def test_what_is_no_response_is_ignored(self) -> None:
        for odd in ({"eventType": "PING"}, {}, [1], {"eventType": "FORM_RESPONSE", "data": []}):
            assert translate("tally", odd, {}).kind == "ignored"

    def test_odd_fields_are_passed_over(self) -> None:
        data: dict[str, Any] = {"fields": [1, {}, {"label": None, "value": {"a": 1}}, {"options": 3, "value": []}]}
        assert translate("tally", {"data": data}, {}).kind == "lead"

    def test_a_mapping_speaks_of_the_payload_as_sent(self) -> None:
        found = translate("tally", body("tally"), {"company": "data.fields[4].value[0]", "form_name": "data.formId"})
        assert (found.company, found.form_name) == ("e7bdfbcd-0000-4000-8000-000000000002", "VwbNEw")
        assert found.answers["Company"] == "Reyes Consultores"


class TestWebflow:
    def test_the_first_version_is_read_too(self) -> None:
        found = translate(
            "webflow",
            {
                "name": "Contact",
                "site": "s1",
                "data": {"Name": "Zoë Ångström", "Email": "zoe@example.com", "Newsletter": False, "Notes": ["a", "b"]},
                "d": "2026-03-02T09:31:07.117Z",
                "_id": "58fa4ba3",
            },
            {},
        )
        assert (found.email, found.name, found.form_name) == ("zoe@example.com", "Zoë Ångström", "Contact")
        assert found.vendor_event_id == "58fa4ba3"
        assert found.submitted_at is not None
        assert found.consents == {"newsletter": False}
        assert found.answers == {"Notes": ["a", "b"]}

    def test_a_number_keeps_every_digit(self) -> None:
        payload = body("webflow")
        payload["payload"]["data"]["Phone Number"] = 4915112345678
        assert translate("webflow", payload, {}).phone == "4915112345678"

    def test_other_triggers_are_ignored(self) -> None:
        for odd in ({"triggerType": "site_publish", "payload": {"data": {"a": 1}}}, {"payload": {}}, [], {"data": 1}):
            assert translate("webflow", odd, {}).kind == "ignored"

    def test_a_mapping_speaks_of_the_payload_as_sent(self) -> None:
        found = translate("webflow", body("webflow"), {"company": "payload.data['Message']"})
        assert found.company == "Please call me back."


class TestCalendly:
    def test_a_meeting_that_is_called_off_is_news_of_somebody_known(self) -> None:
        payload = body("calendly")
        payload["event"] = "invitee.canceled"
        payload["payload"] |= {
            "status": "canceled",
            "cancellation": {"canceled_by": "Marta", "reason": "On holiday", "created_at": "2026-03-03T08:00:00Z"},
        }
        found = translate("calendly", payload, {})
        assert (found.kind, found.email) == ("lead_update", "marta.lindqvist@example.com")
        assert found.meeting is not None
        assert (found.meeting.status, found.meeting.reason) == ("canceled", "On holiday")
        assert found.submitted_at is not None
        assert found.submitted_at.isoformat() == "2026-03-03T08:00:00+00:00"
        assert found.vendor_event_id != translate("calendly", body("calendly"), {}).vendor_event_id

    def test_a_meeting_that_is_moved_is_too(self) -> None:
        payload = body("calendly")
        payload["payload"]["old_invitee"] = "https://api.calendly.com/scheduled_events/x/invitees/y"
        assert translate("calendly", payload, {}).kind == "lead_update"

    def test_a_reminder_number_is_a_phone_number_where_no_question_asked_for_one(self) -> None:
        payload = body("calendly")
        payload["payload"]["text_reminder_number"] = "+46 70 123 45 67"
        assert translate("calendly", payload, {}).phone == "+46 8 123 456 78"
        payload["payload"]["questions_and_answers"] = []
        found = translate("calendly", payload, {})
        assert (found.phone, found.answers, found.company) == ("+46 70 123 45 67", {}, None)

    def test_a_routing_form_asks_without_a_meeting(self) -> None:
        payload = {
            "event": "routing_form_submission.created",
            "created_at": "2026-03-02T09:31:08Z",
            "payload": {
                "uri": "https://api.calendly.com/routing_form_submissions/A",
                "routing_form": "https://api.calendly.com/routing_forms/B",
                "questions_and_answers": [
                    {"question_uuid": "1", "question": "Name", "answer": "李雷"},
                    {"question_uuid": "2", "question": "Email", "answer": "lilei@example.com"},
                ],
                "tracking": {"utm_source": None},
                "created_at": "2026-03-02T09:31:07Z",
            },
        }
        found = translate("calendly", payload, {})
        assert (found.kind, found.name, found.email, found.meeting) == ("lead", "李雷", "lilei@example.com", None)
        assert found.campaign == {}

    def test_other_events_are_ignored(self) -> None:
        for odd in ({"event": "invitee_no_show.created", "payload": {"invitee": "x"}}, {"event": "invitee.created"}, [], "x"):
            assert translate("calendly", odd, {}).kind == "ignored"


class TestGoogleAds:
    def test_googles_test_is_a_test(self) -> None:
        payload = body("google_ads_lead_form") | {"is_test": True, "campaign_id": 0, "form_id": 0}
        found = translate("google_ads", payload, {})
        assert (found.kind, found.form_id) == ("test_lead", None)
        assert "campaign_id" not in found.campaign

    def test_columns_are_known_by_their_id_and_the_private_address_comes_first(self) -> None:
        columns = [
            {"column_id": "WORK_EMAIL", "string_value": "anna@work.example"},
            {"column_id": "FIRST_NAME", "string_value": "Anna"},
            {"column_id": "LAST_NAME", "string_value": "Müller"},
            {"column_id": "EMAIL", "string_value": "anna@home.example"},
            {"column_id": "JOB_TITLE", "string_value": "CTO", "column_name": "Job title"},
            {"column_id": "how_many?", "string_value": ""},
            "odd",
        ]
        found = translate("google_ads", {"lead_id": "l", "user_column_data": columns, "new_field": {"a": 1}}, {})
        assert (found.email, found.name) == ("anna@home.example", "Anna Müller")
        assert found.answers == {"WORK_EMAIL": "anna@work.example", "Job title": "CTO"}
        assert found.vendor_event_id == "l"

    def test_what_holds_no_columns_is_ignored(self) -> None:
        for odd in ({}, [], {"user_column_data": 1}):
            assert translate("google_ads", odd, {}).kind == "ignored"


@pytest.mark.parametrize("vendor", ["tally", "webflow", "calendly", "google_ads"])
def test_one_request_is_one_submission(vendor: str) -> None:
    parts = adapter(vendor).parts({"a": 1}, {})  # type: ignore[attr-defined]
    assert [part.payload for part in parts] == [{"a": 1}]
