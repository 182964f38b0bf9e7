from datetime import UTC, datetime
from typing import Any

import phonenumbers
import pytest

from infra.crypto.codec import personal_json
from producers.forms.publishing import Raw, SubmissionWriter
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import Origin, country_of, delivery_of, normal_email, person_of, received, traits
from schemas.message import Sealed, to_json
from schemas.person import SubmittedPerson, Traits
from schemas.submissions import SubmissionReceived
from tests.infra.gateway.fakes import MemoryKeyring, MemoryPublisher, key_named
from tests.producers.forms.intaking import NOW


def hashed(kind: str, value: str) -> str:
    return f"{kind}({value})"


def message(parsed: ParsedSubmission, **origin: Any) -> SubmissionReceived:
    made = received(parsed, Origin("typeform", "src_1", **origin), "sub-1", "delivery-1", Sealed("1.k.x"), hashed)
    return SubmissionReceived.model_validate(made)


def test_someone_is_told_by_address_else_by_number_else_by_delivery() -> None:
    both = ParsedSubmission(email=" Ada@Example.com ", phone_e164="+3225551234")
    assert message(both).identity == "email(ada@example.com)"
    assert message(ParsedSubmission(phone_e164="+3225551234")).identity == "phone(+3225551234)"
    assert message(ParsedSubmission(name="Ada")).identity == "delivery-1"


def test_a_delivery_is_told_by_the_senders_id_else_by_its_content_in_any_order() -> None:
    assert delivery_of(hashed, "s", "e1", {"a": 1}) == delivery_of(hashed, "s", "e1", {"a": 2}) == "delivery(s|id|e1)"
    first = delivery_of(hashed, "s", None, {"a": 1, "b": [1, 2]})
    assert first == delivery_of(hashed, "s", None, {"b": [1, 2], "a": 1})
    assert first != delivery_of(hashed, "s", None, {"b": [2, 1], "a": 1})
    assert first != delivery_of(hashed, "t", None, {"a": 1, "b": [1, 2]})


def test_deciders_see_no_person() -> None:
    parsed = ParsedSubmission(
        email="Ada@Engines.example",
        name="Ada Lovelace",
        phone="02 555",
        phone_e164="+3225551234",
        company="Engines",
        answers={"How big?": "11-50", "Tell us": "I am Ada"},
    )
    found = Traits.model_validate(traits(parsed, "ada@engines.example", {"How big?"}, hashed))
    assert found.email_hash == "email(ada@engines.example)"
    assert found.phone_hash == "phone(+3225551234)"
    assert (found.mail_domain, found.free_mail, found.phone_country) == ("engines.example", False, "BE")
    assert found.answers == {"How big?": "11-50"}
    assert found.filled == ("email", "name", "phone")
    assert found.company == "Engines"


def test_an_open_answer_that_is_a_letter_stays_closed() -> None:
    parsed = ParsedSubmission(answers={"a": "x" * 500, "b": "short", "c": ["one", "two"]})
    assert traits(parsed, None, {"a", "b", "c"}, hashed)["answers"] == {"b": "short", "c": ["one", "two"]}


@pytest.mark.parametrize(
    ("email", "free"),
    [("a@gmail.com", True), ("a@web.de", True), ("a@mail.gmail.com", False), ("a@example.com", False), (None, False)],
)
def test_free_mail_is_told_by_its_domain(email: str | None, free: bool) -> None:
    assert traits(ParsedSubmission(email=email), email, (), hashed)["free_mail"] is free


def test_the_message_keeps_what_was_said() -> None:
    parsed = ParsedSubmission(kind="test_lead", campaign={"utm_source": "x"}, consent=False, consents={"mail": True}, form_id="f")
    found = message(parsed, quiet=True, actor="u1")
    assert (found.kind, found.campaign, found.consent, found.consents) == ("test", {"utm_source": "x"}, False, {"mail": True})
    assert (found.quiet, found.actor, found.source.form_id, found.personal) == (True, "u1", "f", "1.k.x")


NOTHING = ParsedSubmission()
EVERYTHING = ParsedSubmission(
    kind="spam",
    vendor_event_id="e1",
    email=" Ada@Gmail.com ",
    name='Ada "A." Lovelace',
    first_name="Zoë 😀",
    last_name="",
    phone="02 555",
    phone_e164="+3225551234",
    company="Engines\\Söhne",
    form_id="f",
    form_name="Demo\u2028",
    campaign={"utm_source": "x/y"},
    consent=True,
    consents={"mail": True, "sms": False},
    answers={
        "How big?": "11-50",
        "n": 1.5,
        "big": 2**63 - 1,
        "huge": 1e300,
        "none": None,
        "list": ["a", {"b": False}],
        "q\t": "\x7f",
    },
    page_url="https://example.com/?a=b&c",
    submitted_at=datetime(2026, 3, 2, 9, 31, 7, 120_000, UTC),
)


@pytest.mark.parametrize(
    "parsed", [NOTHING, EVERYTHING, EVERYTHING.model_copy(update={"submitted_at": datetime(2026, 3, 2, tzinfo=UTC)})]
)
@pytest.mark.parametrize(
    "origin", [Origin("typeform", "src_1"), Origin("api", "api", quiet=True, open_answers={"n"}, actor="u1")]
)
@pytest.mark.asyncio
async def test_what_is_published_is_written_as_the_models_write_it(parsed: ParsedSubmission, origin: Origin) -> None:
    keyring, publisher = MemoryKeyring(), MemoryPublisher()
    writer = SubmissionWriter(keyring, publisher, 6, now=lambda: NOW)
    for custom, raw in (
        (None, Raw("", "")),
        ({"vat": "BE1"}, Raw('{"a": "b"}', "application/json")),
        ({"beyond": 2**70}, Raw("é", "x")),
    ):
        await writer.publish(parsed, origin, raw, submission_id="sub-1", delivery="d", custom=custom)
        value = publisher.records[-1].record.value
        message = SubmissionReceived.model_validate_json(value)
        assert to_json(message) == value
        assert message.personal is not None
        (day,) = keyring.days_asked
        sealed = key_named(f"intake-{day.isoformat()}").open(message.personal, b"sub-1")
        assert personal_json(SubmittedPerson.model_validate_json(sealed)) == sealed


def test_a_person_is_everything_that_identifies() -> None:
    parsed = ParsedSubmission(email="a@b.example", first_name="Ada", answers={"q": "a"}, page_url="https://example.com")
    person = person_of(parsed, '{"raw": 1}', "application/json", {"vat": "BE1"})
    assert SubmittedPerson.model_validate(person) == SubmittedPerson(
        email="a@b.example",
        first_name="Ada",
        answers={"q": "a"},
        page_url="https://example.com",
        custom={"vat": "BE1"},
        raw='{"raw": 1}',
        raw_content_type="application/json",
    )


def test_blank_addresses_are_none() -> None:
    assert [normal_email(email) for email in (None, "", "  ", " A@B.example ")] == [None, None, None, "a@b.example"]


def test_the_country_of_every_kind_of_number_is_the_librarys() -> None:
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    examples = [phonenumbers.example_number_for_type(region, kind) for region in phonenumbers.SUPPORTED_REGIONS for kind in kinds]
    for number in filter(None, examples):
        text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert country_of(text) == phonenumbers.region_code_for_number(number), text


@pytest.mark.parametrize("phone", ["", "+", "+0", "+999123", "+883123456789", "abc", "+٣٢"])
def test_numbers_of_no_country_have_none(phone: str) -> None:
    assert country_of(phone) is None
