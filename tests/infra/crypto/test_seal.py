import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.crypto.seal import Key, WrongKey, key_id
from schemas.message import Sealed

KEY = Key("intake-2026-11-22", bytes(range(32)))
OTHER = Key("intake-2026-11-22", bytes(32))
LONG = b'{"email": "anna@mail.example", "raw": "anna@mail.example"}' * 100


@given(st.binary(max_size=2000), st.binary(max_size=40))
def test_what_was_sealed_opens_again(plain: bytes, aad: bytes) -> None:
    assert KEY.open(KEY.seal(plain, aad), aad) == plain


def test_the_text_form_names_its_version_and_key_and_is_base64url() -> None:
    version, key, body = KEY.seal(b"Anna", b"lead").split(".")
    assert (version, key) == ("1", "intake-2026-11-22")
    assert len(base64.urlsafe_b64decode(body)) == 12 + 4 + 16


def test_a_long_text_is_compressed_before_and_says_so() -> None:
    sealed = KEY.seal(LONG, b"lead")
    assert sealed.startswith("2.intake-2026-11-22.")
    assert len(sealed) < len(LONG) // 4
    assert KEY.open(sealed, b"lead") == LONG


def test_what_can_not_be_compressed_opens_again() -> None:
    plain = os.urandom(1_000_000)
    assert KEY.open(KEY.seal(plain, b""), b"") == plain


@pytest.mark.parametrize("plain", [b"Anna", LONG])
def test_one_form_is_not_taken_for_the_other(plain: bytes) -> None:
    version, rest = KEY.seal(plain, b"lead").split(".", 1)
    with pytest.raises(WrongKey):
        KEY.open(Sealed(f"{3 - int(version)}.{rest}"), b"lead")


def test_what_is_no_block_is_a_wrong_key() -> None:
    body = base64.urlsafe_b64encode(KEY.seal_bytes(b"no block", b"2.lead")).decode()
    with pytest.raises(WrongKey, match="no LZ4 block"):
        KEY.open(Sealed(f"2.intake-2026-11-22.{body}"), b"lead")


def test_two_seals_of_one_text_differ() -> None:
    assert KEY.seal(b"Anna", b"lead") != KEY.seal(b"Anna", b"lead")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(WrongKey):
        OTHER.open(KEY.seal(b"Anna", b"lead"), b"lead")


def test_a_text_moved_to_another_lead_does_not_open() -> None:
    with pytest.raises(WrongKey):
        KEY.open(KEY.seal(b"Anna", b"lead-1"), b"lead-2")


def test_a_text_of_another_key_id_is_not_even_tried() -> None:
    with pytest.raises(WrongKey, match="opened with 'lead'"):
        Key("lead", bytes(range(32))).open(KEY.seal(b"Anna", b"lead"), b"lead")


@given(st.data())
def test_any_changed_character_is_noticed(data: st.DataObject) -> None:
    sealed = KEY.seal(b"Anna Smith", b"lead")
    place = data.draw(st.integers(0, len(sealed) - 3))  # the last character may hold unused bits
    character = data.draw(st.characters())
    changed = sealed[:place] + character + sealed[place + 1 :]
    same = {"-": "+", "_": "/"}.get(sealed[place], sealed[place])
    if character not in (sealed[place], same):
        with pytest.raises(WrongKey):
            KEY.open(Sealed(changed), b"lead")


@pytest.mark.parametrize("text", ["", "1", "1.", "1.lead", "3.lead.AAAA", "1..AAAA", "nonsense", "\0.\0.\0"])
def test_what_is_no_sealed_text_has_no_key_id(text: str) -> None:
    with pytest.raises(WrongKey):
        key_id(Sealed(text))


@pytest.mark.parametrize("body", ["", "AAAA", "====", "ä" * 60, "A" * 61])
def test_a_body_that_is_cut_or_no_base64_is_a_wrong_key(body: str) -> None:
    with pytest.raises(WrongKey):
        KEY.open(Sealed(f"1.intake-2026-11-22.{body}"), b"lead")


def test_the_key_id_is_read_without_opening() -> None:
    assert key_id(KEY.seal(b"", b"")) == "intake-2026-11-22"


def test_a_key_does_not_show_its_bytes() -> None:
    assert repr(KEY) == "Key('intake-2026-11-22')"


@pytest.mark.parametrize(("id_", "secret"), [("lead", b"short"), ("", bytes(32)), ("a.b", bytes(32))])
def test_a_key_of_another_length_or_without_a_name_is_refused(id_: str, secret: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        Key(id_, secret)


def test_bytes_are_sealed_without_the_text_form() -> None:
    plain = os.urandom(1000)
    sealed = KEY.seal_bytes(plain, b"letter")
    assert len(sealed) == 1000 + 12 + 16
    assert KEY.open_bytes(sealed, b"letter") == plain
    with pytest.raises(WrongKey):
        KEY.open_bytes(sealed, b"another letter")
