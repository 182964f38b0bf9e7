from datetime import UTC, datetime
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.forms.reading import shapes

MOMENT = datetime(2026, 3, 2, 9, 31, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "a@example.com",
        " a.b+c@sub.example.co.uk ",
        "o'neill@example.ie",
        "zoé@exämple.de",
        "mailto:a@example.com",
        "x_y@xn--bcher-kva.example",
    ],
)
def test_an_address_is_known_by_its_shape(text: str) -> None:
    assert shapes.email(text) == text.strip().removeprefix("mailto:")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a@b",
        "@example.com",
        "a b@example.com",
        "a@@example.com",
        "a..b@example.com",
        "a@-x.com",
        "Ann <a@example.com>",
        "a" * 65 + "@example.com",
        "a@" + "x." * 130 + "com",
        "\u202ea@example.com",
        "a\u200b@example.com",
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    assert shapes.email(text) is None


def test_a_field_for_addresses_may_hold_a_name_too() -> None:
    assert shapes.email("Ann Lee <a@example.com>", named=True) == "a@example.com"


@pytest.mark.parametrize(
    ("value", "text"),
    [(15550100123, "15550100123"), (15550100123.0, "15550100123"), (" (030) 123-4567 ext. 12 ", "(030) 123-4567 ext. 12")],
)
def test_a_phone_number_is_kept_as_sent(value: Any, text: str) -> None:
    assert shapes.phone(value) == text


@pytest.mark.parametrize("value", [True, None, "call me", "12", "1" * 30, {"a": 1}, "-----"])
def test_what_cannot_be_dialled_is_no_number(value: Any) -> None:
    assert shapes.phone(value) is None


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+32 2 555 12 34", None, "+3225551234"),
        ("0032 2 555 12 34", None, "+3225551234"),
        ("+49 (0)30 1234567", None, "+49301234567"),
        ("030 12345678", "DE", "+493012345678"),
        ("030 12345678", None, None),
        ("02", "DE", None),
        ("+999 1234567", None, None),
        ("+800 12345678", None, "+80012345678"),
        ("+49", "DE", None),
        ("+44 20 7946 0123", "US", "+442079460123"),
    ],
)
def test_a_number_is_international_only_beyond_doubt(text: str, region: str | None, number: str | None) -> None:
    assert shapes.e164(text, region) == number


@given(st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)), st.text("0123456789", min_size=3, max_size=12))
def test_the_quick_way_to_e164_agrees_with_the_library(code: int, number: str) -> None:
    text = f"+{code}{number}"
    try:
        parsed = phonenumbers.parse(text, None)
        slow = (
            phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            if phonenumbers.is_possible_number(parsed)
            else None
        )
    except phonenumbers.NumberParseException:
        slow = None
    assert shapes.e164(text, None) == slow


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("de", "DE"),
        ("Österreich", "AT"),
        ("+49", "DE"),
        ("0044", "GB"),
        ("1", "US"),
        ("Narnia", None),
        ("zz", None),
        ("", None),
        ("999", None),
    ],
)
def test_a_country_is_known_by_code_dial_code_or_name(text: str, region: str | None) -> None:
    assert shapes.region_of(text) == region


@pytest.mark.parametrize(
    "value",
    [
        True,
        "yes",
        "ON",
        "1",
        1,
        "Ja",
        "oui",
        "sì",
        "Sí",
        "tak",
        "checked",
        "I agree to be contacted",
        "Ich stimme zu",
        ["0", "1"],
        ["true", "false"],
        ["yes"],
        "Yes, please",
    ],
)
def test_a_yes_is_a_yes_in_every_language(value: Any) -> None:
    assert shapes.yes_or_no(value) is True


@pytest.mark.parametrize(
    "value",
    [
        False,
        "no",
        "off",
        "0",
        0,
        "Nein",
        "non",
        "não",
        "nie",
        [],
        ["off"],
        "I do not agree",
        "Nein, danke",
        "Ich stimme nicht zu",
    ],
)
def test_a_no_is_never_lost(value: Any) -> None:
    assert shapes.yes_or_no(value) is False


@pytest.mark.parametrize("value", [None, "", "maybe", "weekly", {"a": 1}, ["crm"], "a@example.com", ",", 7])
def test_anything_else_is_neither(value: Any) -> None:
    assert shapes.yes_or_no(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T09:31:07Z",
        "2026-03-02T10:31:07+01:00",
        "2026-03-02T09:31:07+0000",
        "2026-03-02 09:31:07 UTC",
        "2026-03-02 10:31:07 +0100",
        "Mon, 02 Mar 2026 10:31:07 +0100",
        1772443867,
        "1772443867",
        1772443867.0,
        1772443867000,
        "1772443867000000",
    ],
)
def test_a_moment_is_read_from_any_notation_with_a_zone(value: Any) -> None:
    assert shapes.moment(value) == MOMENT


def test_a_moment_keeps_its_fractions() -> None:
    assert shapes.moment("2026-03-02T09:31:07.412093Z") == MOMENT.replace(microsecond=412093)
    assert shapes.moment(1772443867412) == MOMENT.replace(microsecond=412000)
    assert shapes.moment("1772443867.5") == MOMENT.replace(microsecond=500000)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "2026-03-02",
        "2026-03-02T09:31:07",
        "soon",
        "12",
        99,
        "9999999999999",
        "2026-99-02T09:31:07Z",
        "0001-01-01T00:00:00+14:00",
        "Mon, 99",
        "1772443867.x",
        "x" * 100,
        "Mon, 02 Mar 2026 10:31:07 -0000",
    ],
)
def test_a_time_that_may_be_hours_off_is_none(value: Any) -> None:
    assert shapes.moment(value) is None


def test_campaign_parameters_are_read_from_addresses_and_queries_but_not_from_prose() -> None:
    assert dict(shapes.campaign_in("https://x.example/?utm_source=a&utm_medium=&y=1")) == {"utm_source": "a"}
    assert dict(shapes.campaign_in("utm_source=a&gclid=g")) == {"utm_source": "a", "gclid": "g"}
    assert not dict(shapes.campaign_in("see https://x.example/?utm_source=a please"))
    assert not dict(shapes.campaign_in("https://[bad/?utm_source=a"))
    assert not dict(shapes.campaign_in("a=b"))


def test_plain_text_is_trimmed_and_numbers_keep_their_digits() -> None:
    assert [shapes.plain(value) for value in (" a ", "", 5, 5.0, 5.25, True, None, [])] == [
        "a",
        None,
        "5",
        "5",
        "5.25",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    "said",
    ["onaylamıyorum", "en hyväksy", "nu sunt de acord", "未同意", "nedávám souhlas", "не согласен", "I do not authorize"],
)
def test_what_may_refuse_is_never_a_yes(said: str) -> None:
    assert shapes.yes_or_no(said) is not True
