from typing import Any

import pytest

from producers.forms.confirmation import Told, impossible, told, wording_of
from producers.forms.submission import ParsedSubmission

WORDS, ADDRESS = "I agree.", "a@b.example"


def parsed(consent: bool | None, **consents: bool) -> ParsedSubmission:
    return ParsedSubmission(email=ADDRESS, consent=consent, consents=consents)


def test_what_is_ticked_waits_and_what_is_refused_counts_at_once() -> None:
    found = told(parsed(True, news=True, calls=False, terms=True), WORDS, ADDRESS)
    waits = {"overall": True, "purposes": ["news"], "wording": WORDS}
    assert found == Told(None, {"calls": False, "terms": True}, waits)


@pytest.mark.parametrize("consent", [False, None])
def test_nothing_waits_where_nothing_was_ticked(consent: bool | None) -> None:
    assert told(parsed(consent, calls=False), WORDS, ADDRESS) == Told(consent, {"calls": False}, None)


def test_a_refusal_stays_one_beside_a_purpose_that_waits() -> None:
    assert told(parsed(False, news=True), WORDS, ADDRESS) == Told(
        False, {}, {"overall": False, "purposes": ["news"], "wording": WORDS}
    )


def test_without_an_address_nobody_can_confirm_so_it_neither_counts_nor_waits() -> None:
    assert told(parsed(True, news=True), WORDS, None) == Told(None, {}, None)


def test_a_source_that_asks_nobody_to_confirm_takes_it_as_it_comes() -> None:
    assert told(parsed(True, news=True), None, ADDRESS) == Told(True, {"news": True}, None)


@pytest.mark.parametrize(
    ("form", "signed", "quiet", "why"),
    [
        (None, True, False, "sender signs"),
        (None, False, True, "quiet"),
        ({"consent": ""}, False, False, "form.consent"),
        ({"fields": [{"name": "phone", "label": "Phone"}]}, False, False, "type email"),
    ],
)
def test_a_source_that_can_ask_nobody_is_told_why(form: Any, signed: bool, quiet: bool, why: str) -> None:
    assert why in (impossible(form, signed=signed, quiet=quiet) or "")


def test_the_ordinary_form_can_ask() -> None:
    assert impossible(None, signed=False, quiet=False) is None
    assert wording_of(None).startswith("I agree")
    assert wording_of({"consent": "Ja"}) == "Ja"
