import pytest

from infra.gateway.values import DEPTH_MAX, VALUES_MAX, address, e164, storable


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", ["text", 0, -(2**63), 2**63 - 1, 1.5, None, True, {"a": [1, {"b": "c"}]}, nested(DEPTH_MAX)])
def test_what_every_store_takes_is_left_as_it_is(value: object) -> None:
    assert storable(value) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\x00b", "NUL"),
        ({"a\x00": 1}, "NUL"),
        ("\ud800", "surrogate"),
        (2**63, "64 bits"),
        (float("nan"), "finite"),
        ([float("inf")], "finite"),
        (nested(DEPTH_MAX + 1), "deeper"),
        ([1] * (VALUES_MAX + 1), "more than"),
    ],
)
def test_what_some_store_refuses_is_refused_first(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        storable(value)


@pytest.mark.parametrize("email", ["ada@example.com", "a+b@sub.example.co.uk", "ü@example.com"])
def test_addresses(email: str) -> None:
    assert address(email) == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@example.com",
        "ada@localhost",
        "a da@example.com",
        "ada@.",
        "ada@x.",
        "\u202eada@example.com",
        "ada\u200b@example.com",
    ],
)
def test_what_is_no_address(email: str) -> None:
    with pytest.raises(ValueError, match="address"):
        address(email)


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("+1 (415) 555-2671", "+14155552671"),
        ("0415 555", None),
        (None, None),
        ("", None),
        ("+", None),
        ("+999 1", None),
        ("+1 1", None),
    ],
)
def test_a_number_without_its_country_is_not_guessed(phone: str | None, expected: str | None) -> None:
    assert e164(phone) == expected
