"""Every vendor's request as it was captured, through the whole of intake."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from infra.crypto.codec import open_person
from producers.forms.adapters import translate
from producers.forms.payload import check
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import KINDS
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived
from tests.infra.gateway.fakes import key_named
from tests.producers.forms.given import CASES
from tests.producers.forms.intaking import NOW, Reply, Rig, given, source

pytestmark = pytest.mark.asyncio

SOURCE = "src_1"
ADDRESS = f"https://leads.example.com/v1/intake/{SOURCE}"
OF_A_PERSON = set(ParsedSubmission.model_fields) & set(SubmittedPerson.model_fields)


class Posted:
    """A captured request, for a source of its vendor that demands signatures."""

    def __init__(self, name: str) -> None:
        self.case = given(name)
        self.signature = self.case["signature"]
        self.secret = self.signature.get("public_key") or self.signature["secret"]
        self.rig = Rig(source(SOURCE, self.case["vendor"], signed=True, secrets=(self.secret.encode(),)))
        self.rig.clock[0] = self.signature.get("verify_at", NOW)
        self.body = (self.case.get("body_raw") or self.case["body"]).encode()
        self.headers = {name.lower().replace("-", "_"): value for name, value in self.case["headers"].items()}
        if self.case["vendor"] == "hubspot":
            # It signs the address too, which was another one where this was captured.
            signed = b"POST" + ADDRESS.encode() + self.body + self.headers["x_hubspot_request_timestamp"].encode()
            code = hmac.digest(self.secret.encode(), signed, hashlib.sha256)
            self.headers["x_hubspot_signature_v3"] = base64.b64encode(code).decode()

    async def send(self, body: bytes | None = None, **changed: str) -> Reply:
        reply = await self.rig.post(self.body if body is None else body, SOURCE, **{**self.headers, **changed})
        assert reply is not None
        return reply

    @property
    def messages(self) -> list[SubmissionReceived]:
        return [SubmissionReceived.model_validate_json(one.record.value) for one in self.rig.publisher.records]

    def person(self, message: SubmissionReceived) -> SubmittedPerson:
        assert message.personal is not None
        return open_person(key_named(message.personal.split(".")[1]), message.personal, message.submission_id, SubmittedPerson)

    @property
    def expected(self) -> list[dict[str, Any]]:
        """One for each event."""
        whole = {name: value for name, value in self.case["expect"].items() if name != "events"}
        return [whole | event for event in self.case["expect"].get("events", [{}])]


@pytest.mark.parametrize("name", CASES)
async def test_a_captured_request_is_accepted_and_gives_what_is_expected(name: str) -> None:
    posted = Posted(name)
    reply = await posted.send()
    assert 200 <= reply.status < 300, reply.body
    assert len(posted.messages) == len(posted.expected)
    assert reply.headers["x-submission-id"] == posted.messages[0].submission_id
    for message, expected in zip(posted.messages, posted.expected, strict=True):
        assert message.kind == KINDS[expected["kind"]]
        assert message.source.vendor == expected.get("source", posted.case["vendor"])
        for field in ("campaign", "consent"):
            assert getattr(message, field) == expected.get(field, getattr(message, field))
        for field in ("form_id", "form_name"):
            assert getattr(message.source, field) == expected.get(field, getattr(message.source, field))
        person = posted.person(message).model_dump(mode="json")
        for field in sorted(OF_A_PERSON & set(expected)):
            assert person[field] == expected[field], field
        if "submitted_at" in expected:
            assert message.model_dump(mode="json")["submitted_at"] == iso(expected["submitted_at"])
        if "company" in expected:
            assert message.traits.company == expected["company"]
        if "meeting" in expected:
            assert expected["meeting"].items() <= person["custom"]["meeting"].items()


@pytest.mark.parametrize("name", CASES)
async def test_one_changed_byte_of_what_is_signed_is_refused(name: str) -> None:
    posted = Posted(name)
    if posted.case["vendor"] in ("mailgun", "google_ads_lead_form"):
        code = (posted.signature.get("value") or posted.secret).encode()
        assert code in posted.body
        refused = await posted.send(posted.body.replace(code, changed(code)))
    elif posted.case["vendor"] == "cloudevents":
        refused = await posted.send(authorization=changed(posted.headers["authorization"].encode()).decode())
    else:
        refused = await posted.send(posted.body[:-8] + changed(posted.body[-8:]))
    assert refused.status == 401
    assert posted.messages == []


@pytest.mark.parametrize("name", CASES)
async def test_a_repeat_is_told_by_its_delivery_and_something_else_is_not(name: str) -> None:
    posted = Posted(name)
    await posted.send()
    await posted.send()
    first, again = posted.messages[: len(posted.expected)], posted.messages[len(posted.expected) :]
    assert [one.delivery for one in first] == [one.delivery for one in again]
    assert len({one.delivery for one in first}) == len(posted.expected)
    assert {one.submission_id for one in first}.isdisjoint(one.submission_id for one in again)


async def test_an_event_is_one_however_it_was_sent() -> None:
    structured, binary = Posted("cloudevents"), Posted("cloudevents_binary")
    await structured.send()
    await binary.send()
    assert structured.messages[0].delivery == binary.messages[0].delivery


@pytest.mark.parametrize("name", CASES)
async def test_secrets_are_not_kept(name: str) -> None:
    posted = Posted(name)
    await posted.send()
    for message in posted.messages:
        person = posted.person(message)
        assert posted.secret not in person.raw
        assert "google_key" not in person.raw
        assert person.raw


@pytest.mark.parametrize("name", ["hubspot", "mailgun", "sendgrid"])
async def test_events_are_translated_into_values(name: str) -> None:
    posted = Posted(name)
    payload = check(posted.body, posted.case["content_type"])
    for event, expected in zip(payload if isinstance(payload, list) else [payload], posted.expected, strict=True):
        found = translate(posted.case["vendor"], event, {})
        assert (found.kind, found.vendor_event_id) == (expected["kind"], expected["idempotency_key"])
        told = found.happened or found.reference
        assert told is not None
        values = told.model_dump(mode="json")
        for field in set(values) & set(expected) - {"occurred_at"}:
            assert values[field] == expected[field], field
        assert values["occurred_at"] == iso(expected["occurred_at"])


async def test_metas_handshake_is_answered_to_who_knows_the_verify_token() -> None:
    asked = given("meta_lead_ads")["handshake"]
    rig = Rig(source(SOURCE, "meta_lead_ads", signed=True, credentials={"verify_token": asked["verify_token"]}))
    reply = await rig.post(b"", SOURCE, query=asked["query"], method="GET")
    assert reply is not None
    assert (reply.status, reply.body.decode()) == (asked["respond"]["status"], asked["respond"]["body"])
    assert reply.headers["content-type"].startswith(asked["respond"]["content_type"])
    wrong = await rig.post(b"", SOURCE, query=asked["query"].replace("verify-me", "guess"), method="GET")
    assert wrong is not None
    assert wrong.status == asked["wrong_token_respond"]["status"]
    odd = await rig.post(b"", SOURCE, query="a=1&" * 50 + asked["query"], method="GET")
    assert odd is not None
    assert odd.status == 400


async def test_a_cloudevents_sender_is_allowed_to_send() -> None:
    asked = given("cloudevents")["handshake"]
    headers = {name.lower().replace("-", "_"): value for name, value in asked["headers"].items()}
    reply = await Rig(source(SOURCE, "cloudevents")).post(b"", SOURCE, method=asked["method"], **headers)
    assert reply is not None
    assert reply.status == asked["respond"]["status"]
    for name in ("Allow", "WebHook-Allowed-Origin"):
        assert reply.headers[name.lower()] == asked["respond"]["headers"][name]
    assert reply.headers["webhook-allowed-rate"]


async def test_metas_reference_and_the_answer_that_it_leads_to() -> None:
    posted = Posted("meta_lead_ads")
    change = {"field": "leadgen", **check(posted.body, None)["entry"][0]["changes"][0]}
    reference = translate("meta_lead_ads", change, {}).reference
    assert reference is not None
    assert (reference.object_id, reference.needs_fetch) == ("1123581321345589", True)
    fetched = translate("meta_lead_ads", posted.case["follow_up"]["response"], {}).model_dump(mode="json")
    expected = {name: value for name, value in posted.case["expect"]["after_fetch"].items() if name != "source"}
    assert {name: fetched[name] for name in expected} == expected


def changed(code: bytes) -> bytes:
    """The same but for its fourth byte."""
    return code[:3] + bytes([code[3] ^ 1]) + code[4:]


def iso(text: str) -> str:
    """As our JSON writes a time."""
    if "." not in text:
        return text
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return f"{whole}.{fraction.ljust(6, '0')}Z"
