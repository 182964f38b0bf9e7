"""One AES-256-GCM key and the text form of what it sealed: `1.<key id>.<base64url of nonce and ciphertext>`.

The associated data says whose data it is (a lead's or a submission's id): sealed text moved to another lead does not open.
"""

import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import to_jsonable_python

from schemas.message import Sealed

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
FORMAT: Final = "1"
_STANDARD_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")


class WrongKey(ValueError):
    """This text can't be opened: it was sealed with another key or for someone else, or it was changed on its way."""


class Key:
    """A key that seals and opens. Never shows its bytes.

    Random nonces bound one key to 2**32 seals; a day's intake key is the busiest, and stays below at 49,000 a second.
    """

    __slots__ = ("_aead", "_prefix", "id")

    def __init__(self, id: str, secret: bytes) -> None:  # noqa: A002 - the word of the field
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(secret)}")
        if not id or "." in id:
            raise ValueError(f"{id!r} can't name a key: the dot separates the parts of a sealed text")
        self.id = id
        self._aead = AESGCM(secret)
        self._prefix = f"{FORMAT}.{id}."

    def __repr__(self) -> str:
        return f"Key({self.id!r})"

    def seal(self, plain: bytes, aad: bytes) -> Sealed:
        """Text that only this key with this associated data opens. Two seals of one text differ."""
        # pydantic's own base64 is url-safe, and takes a third of the standard library's time.
        text: str = to_jsonable_python(self.seal_bytes(plain, aad), bytes_mode="base64")
        return Sealed(self._prefix + text)

    def open(self, sealed: Sealed, aad: bytes) -> bytes:
        """What was sealed. Raises WrongKey."""
        if not sealed.startswith(self._prefix):
            raise WrongKey(f"sealed as {sealed[:40]!r}, opened with {self.id!r}")
        try:
            text = sealed[len(self._prefix) :].encode("ascii")  # bytes: str.translate takes five times as long
            data = binascii.a2b_base64(text.translate(_STANDARD_ALPHABET), strict_mode=True)
        except ValueError as broken:
            raise WrongKey("the sealed text is no base64") from broken
        return self.open_bytes(data, aad)

    def seal_bytes(self, plain: bytes, aad: bytes) -> bytes:
        """The same without the text form, for byte columns."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, aad)

    def open_bytes(self, sealed: bytes, aad: bytes) -> bytes:
        """What `seal_bytes` sealed. Raises WrongKey."""
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise WrongKey("the sealed bytes are too short")
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
        except InvalidTag:
            raise WrongKey(f"not sealed with {self.id!r} for this owner, or changed since") from None


def key_id(sealed: Sealed) -> str:
    """Which key opens this text. Raises WrongKey if it is no sealed text of a format we know."""
    version, _, rest = sealed.partition(".")
    id_, dot, _ = rest.partition(".")
    if version != FORMAT or not dot or not id_:
        raise WrongKey(f"no sealed text of format {FORMAT}: {sealed[:20]!r}")
    return id_
