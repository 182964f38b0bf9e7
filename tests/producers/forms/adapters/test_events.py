"""Meta, HubSpot, Standard Webhooks, CloudEvents and mail providers beyond the captured requests."""

import base64
from typing import Any

import pytest

from producers.forms.adapters import adapters, parts_of, translate
from producers.forms.payload import BadPayload
from producers.forms.submission import ParsedSubmission
from tests.producers.forms.intaking import given


def cut(vendor: str, payload: Any, headers: dict[str, str] | None = None) -> list[ParsedSubmission]:
    splits = parts_of(vendor)
    assert splits is not None
    return [translate(vendor, part.payload, {}) for part in splits(payload, headers or {})]


def leadgen(id_: str) -> dict[str, Any]:
    return {"field": "leadgen", "value": {"leadgen_id": id_, "form_id": 7, "created_time": 1772443867}}


class TestMeta:
    def test_every_lead_that_is_named_is_one_and_other_changes_are_none(self) -> None:
        page = {"id": "1", "changes": [leadgen("11"), {"field": "feed", "value": {}}, leadgen("12")]}
        found = cut("meta_lead_ads", {"object": "page", "entry": [page, {"changes": [leadgen("13")]}, 5]})
        assert [one.kind for one in found] == ["lead_reference", "ignored", "lead_reference", "lead_reference"]
        assert [one.vendor_event_id for one in found] == ["11", None, "12", "13"]
        assert found[0].form_id == "7"

    def test_the_sample_of_the_test_button_is_a_test(self) -> None:
        assert cut("meta_lead_ads", {"entry": [{"changes": [leadgen("444444444444")]}]})[0].kind == "test_lead"

    def test_a_fetched_test_lead_is_a_test(self) -> None:
        answer = {"id": "1", "field_data": [{"name": "full_name", "values": ["<test lead: dummy data for full_name>"]}]}
        assert translate("meta_lead_ads", answer, {}).kind == "test_lead"

    @pytest.mark.parametrize(("checked", "consent"), [("1", True), ("", False), ("0", False), (True, True), (None, False)])
    def test_a_disclaimer_is_ticked_or_refused(self, checked: Any, consent: bool) -> None:
        answer = {
            "field_data": [{"name": "email", "values": ["a@b.example"]}, {"name": "colours", "values": ["x", "y"]}],
            "custom_disclaimer_responses": [{"checkbox_key": "optional_1", "is_checked": checked}],
        }
        found = translate("meta_lead_ads", answer, {})
        assert (found.consent, found.answers) == (consent, {"colours": ["x", "y"]})

    @pytest.mark.parametrize("odd", [{}, [], {"entry": 1}, {"entry": [{"changes": [{"field": "leadgen", "value": {}}]}]}])
    def test_what_names_no_lead_is_ignored(self, odd: Any) -> None:
        assert [one.kind for one in cut("meta_lead_ads", odd)] == ["ignored"]


class TestHubSpot:
    @pytest.mark.parametrize("vendor", ["hubspot", "generic"])
    def test_a_company_is_nobody(self, vendor: str) -> None:
        company = {
            "name": "Ångström Labs",
            "domain": "angstrom.example",
            "hs_object_id": "99",
            "createdate": "2026-03-02T09:31:07Z",
        }
        found = translate(vendor, {"id": "99", "properties": company, "archived": False}, {})
        assert (found.company, found.name, found.email) == ("Ångström Labs", None, None)

    def test_a_workflow_sends_the_contact_itself_in_either_shape(self) -> None:
        older = {
            "vid": 51,
            "properties": {
                "firstname": {"value": "Zoë", "versions": [{"value": "Zoë"}]},
                "lastname": {"value": "Ångström"},
                "email": {"value": "zoe@example.com"},
                "hs_object_id": {"value": "51"},
                "recent_conversion_event_name": {"value": "Demo: Request"},
                "recent_conversion_date": {"value": "1772443867000"},
                "team_size": {"value": "11-50"},
                "hs_google_click_id": {"value": "g-1"},
                "hs_email_optout": {"value": "true"},
            },
            "associated-company": {"properties": {"name": {"value": "Ångström AB"}}},
        }
        found = cut("hubspot", older)[0]
        assert (found.kind, found.email, found.name) == ("lead", "zoe@example.com", "Zoë Ångström")
        assert (found.company, found.form_name, found.consent) == ("Ångström AB", "Demo: Request", False)
        assert (found.answers, found.campaign, found.vendor_event_id) == ({"team_size": "11-50"}, {"gclid": "g-1"}, None)
        newer = {"id": "51", "properties": {"email": "zoe@example.com", "phone": None, "createdate": "2026-03-02T09:31:07Z"}}
        found = cut("hubspot", newer)[0]
        assert (found.email, found.phone, found.answers) == ("zoe@example.com", None, {})
        assert found.submitted_at is not None

    @pytest.mark.parametrize(
        ("event", "object_type", "needs_fetch"),
        [
            ({"subscriptionType": "contact.propertyChange", "propertyName": "email", "propertyValue": None}, "contact", True),
            ({"subscriptionType": "contact.privacyDeletion"}, "contact", False),
            ({"subscriptionType": "contact.deletion"}, "contact", False),
            ({"subscriptionType": "company.creation"}, "company", False),
            ({"subscriptionType": "object.creation", "objectTypeId": "0-1"}, "contact", True),
            ({"subscriptionType": "object.creation", "objectTypeId": "2-345"}, "2-345", False),
        ],
        ids=str,
    )
    def test_only_contacts_that_are_there_are_worth_fetching(
        self, event: dict[str, Any], object_type: str, needs_fetch: bool
    ) -> None:
        reference = cut("hubspot", [event | {"objectId": 9, "eventId": 1}])[0].reference
        assert reference is not None
        assert (reference.object_type, reference.needs_fetch, reference.object_id) == (object_type, needs_fetch, "9")

    def test_events_of_one_id_are_told_apart_by_what_they_are_about(self) -> None:
        splits = parts_of("hubspot")
        assert splits is not None
        event = {"eventId": 1, "subscriptionId": 2, "objectId": 3, "occurredAt": 4, "subscriptionType": "contact.creation"}
        parts = splits([event, event | {"objectId": 5}, event | {"attemptNumber": 3}], {})
        assert parts[0].once == parts[2].once != parts[1].once

    def test_an_event_without_an_id_is_told_by_its_content(self) -> None:
        splits = parts_of("hubspot")
        assert splits is not None
        assert splits([{"subscriptionType": "contact.merge", "newObjectId": 3}], {})[0].once is None

    @pytest.mark.parametrize("odd", [{}, [1], {"properties": 1}, {"subscriptionType": "contact.creation"}])
    def test_what_names_nobody_is_ignored(self, odd: Any) -> None:
        assert [one.kind for one in cut("hubspot", odd)] == ["ignored"]


class TestCloudEvents:
    EVENT = {"specversion": "1.0", "id": "1", "source": "/a", "type": "lead", "data": {"email": "a@b.example"}}

    def test_a_batch_is_an_event_each(self) -> None:
        found = cut("cloudevents", [self.EVENT, self.EVENT | {"id": "2", "data": {"email": "c@d.example"}}])
        assert [one.vendor_event_id for one in found] == ["/a|1", "/a|2"]
        assert [one.email for one in found] == ["a@b.example", "c@d.example"]

    def test_headers_are_percent_encoded(self) -> None:
        headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/Z%C3%BCrich%20West", "ce-time": "2026-03-02T09:31:07Z"}
        found = cut("cloudevents", {"email": "a@b.example"}, headers)[0]
        assert (found.source, found.vendor_event_id) == ("/Zürich West", "/Zürich West|1")
        assert found.submitted_at is not None

    def test_data_may_be_encoded_or_text(self) -> None:
        bare = {name: value for name, value in self.EVENT.items() if name != "data"}
        encoded = base64.b64encode(b'{"email": "a@b.example"}').decode()
        assert cut("cloudevents", bare | {"data_base64": encoded})[0].email == "a@b.example"
        form = base64.b64encode(b"email=a%40b.example").decode()
        kind = "application/x-www-form-urlencoded"
        assert cut("cloudevents", bare | {"data_base64": form, "datacontenttype": kind})[0].email == "a@b.example"
        assert cut("cloudevents", bare | {"data": '{"email": "a@b.example"}'})[0].email == "a@b.example"
        with pytest.raises(BadPayload, match="data_base64"):
            cut("cloudevents", bare | {"data_base64": "*"})

    def test_a_ping_is_ignored_and_bare_data_is_read(self) -> None:
        assert cut("cloudevents", self.EVENT | {"type": "ping", "data": {}})[0].kind == "ignored"
        assert cut("cloudevents", {"email": "a@b.example"})[0].email == "a@b.example"


class TestStandardWebhooks:
    def test_the_id_is_a_header(self) -> None:
        splits = parts_of("standard_webhooks")
        assert splits is not None
        assert splits({"a": 1}, {"webhook-id": "m1"})[0].event_id == "m1"
        assert splits({"a": 1}, {})[0].event_id is None

    def test_a_ping_is_ignored_and_bare_fields_are_read(self) -> None:
        assert translate("standard_webhooks", {"type": "ping", "data": {"x": 1}}, {}).kind == "ignored"
        assert translate("standard_webhooks", {"email": "a@b.example"}, {}).email == "a@b.example"

    def test_a_refused_consent_stays_refused(self) -> None:
        data = {"email": "a@b.example", "consent": {"marketing": False, "at": "2026-03-02T09:31:00Z"}}
        assert translate("standard_webhooks", {"type": "lead.created", "data": data}, {}).consent is False


MAILGUN = [
    ({"event": "opened"}, "opened", False),
    ({"event": "clicked", "url": "https://example.com"}, "clicked", False),
    ({"event": "complained"}, "complained", True),
    ({"event": "unsubscribed"}, "unsubscribed", True),
    ({"event": "failed", "severity": "permanent", "delivery-status": {"message": "no such user"}}, "bounced", True),
    ({"event": "failed", "severity": "temporary"}, "deferred", False),
    ({"event": "rejected", "reject": {"reason": "spam"}}, "dropped", False),
]
SENDGRID = [
    ({"event": "bounce", "type": "bounce", "reason": "550"}, "bounced", True),
    ({"event": "bounce", "type": "blocked"}, "bounced", False),
    ({"event": "dropped", "reason": "Bounced Address"}, "dropped", False),
    ({"event": "deferred"}, "deferred", False),
    ({"event": "spamreport"}, "complained", True),
    ({"event": "group_unsubscribe"}, "unsubscribed", True),
]


@pytest.mark.parametrize("vendor", ["standard_webhooks", "cloudevents"])
def test_an_event_is_of_its_own_time_unless_its_data_says_when_it_was_sent(vendor: str) -> None:
    data = {"email": "a@b.example", "created_at": "2020-01-01T00:00:00Z"}
    event = {"specversion": "1.0", "id": "1", "source": "/a", "type": "x", "data": data}
    event |= {"time": "2026-03-02T09:31:07Z", "timestamp": "2026-03-02T09:31:07Z"}
    for more, expected in (({}, "2026-03-02T09:31:07"), ({"submitted_at": "2026-03-01T08:00:00Z"}, "2026-03-01T08:00:00")):
        found = translate(vendor, event | {"data": data | more}, {}).submitted_at
        assert found is not None
        assert found.isoformat() == expected + "+00:00"


@pytest.mark.parametrize(
    ("vendor", "event", "told", "suppress"),
    [("mailgun", *case) for case in MAILGUN] + [("sendgrid", *case) for case in SENDGRID],
    ids=str,
)
def test_mail_providers_events_are_told_in_our_words(vendor: str, event: dict[str, Any], told: str, suppress: bool) -> None:
    payload = {"event-data": {"recipient": "ö@b.example", **event}} if vendor == "mailgun" else {"email": "ö@b.example", **event}
    found = translate(vendor, payload, {})
    assert found.happened is not None
    assert (found.kind, found.happened.event, found.happened.suppress) == ("communication_event", told, suppress)
    assert found.happened.recipient == "ö@b.example"
    assert found.happened.lead_id is None


@pytest.mark.parametrize("vendor", ["mailgun", "sendgrid"])
@pytest.mark.parametrize("odd", [{}, [], {"event": "new"}, {"event-data": {"event": "stored"}}])
def test_other_events_are_ignored(vendor: str, odd: Any) -> None:
    assert translate(vendor, odd, {}).kind == "ignored"


def test_a_mailgun_token_counts_once_whatever_stands_beside_it() -> None:
    splits = parts_of("mailgun")
    assert splits is not None
    payload = given("mailgun")["body"]
    forged = payload | {"event-data": payload["event-data"] | {"event": "complained", "id": "other"}}
    assert splits(payload, {})[0].once == splits(forged, {})[0].once is not None


@pytest.mark.parametrize("vendor", sorted(adapters()))
@pytest.mark.parametrize(
    "odd", [[], {}, [[]], [None], {"a": {"b": [1, "x", None]}}, {"data": "x", "payload": 1, "properties": []}]
)
def test_no_vendors_adapter_falls_over_an_odd_payload(vendor: str, odd: Any) -> None:
    splits = parts_of(vendor)
    for part in splits(odd, {}) if splits is not None else []:
        translate(vendor, part.payload, {})
    translate(vendor, odd, {})


@pytest.mark.parametrize("value", ["a%00b", "a%0Ab", "%7F"])
def test_a_header_with_a_control_character_in_it_is_named(value: str) -> None:
    with pytest.raises(BadPayload) as refused:
        parts_of("cloudevents")({}, {"ce-specversion": "1.0", "ce-id": value})  # type: ignore[misc]
    assert refused.value.field == "ce-id"
