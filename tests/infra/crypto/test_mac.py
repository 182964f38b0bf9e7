"""HMAC as the standard library makes it, which is asked here."""

import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.crypto.mac import Mac


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
@settings(deadline=None)
@given(key=st.binary(max_size=300), messages=st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_it_is_the_standard_librarys_hmac_message_after_message(digest: str, key: bytes, messages: list[bytes]) -> None:
    mac = Mac(key, digest)
    assert [mac.digest(message) for message in messages] == [hmac.digest(key, message, digest) for message in messages]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 127, 128, 129, 1_000])
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_keys_around_the_length_of_a_block(digest: str, size: int) -> None:
    key = bytes(range(256)) * 4
    assert Mac(key[:size], digest).digest(b"one") == hmac.digest(key[:size], b"one", digest)
