"""One AES-256-GCM key and the text form of what it sealed: `1.<key id>.<base64url of nonce and ciphertext>`.

`2.` in front: what was sealed is an LZ4 block with its size. A form's body says most things twice, and what is sealed can't be
compressed by anybody downstream.
The associated data says whose data it is (a lead's or a submission's id): sealed text moved to another lead does not open.
"""

import binascii
import os
from typing import Final

from cramjam import DecompressionError, lz4
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import to_jsonable_python

from schemas.message import Sealed

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
FORMAT: Final = "1"
COMPRESSED: Final = "2"
COMPRESSED_FROM_BYTES: Final = 512
"""Less isn't worth it."""
_STANDARD_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")


class WrongKey(ValueError):
    """This text can't be opened: it was sealed with another key or for someone else, or it was changed on its way."""


class Key:
    """A key that seals and opens. Never shows its bytes.

    Random nonces bound one key to 2**32 seals; a day's intake key is the busiest, and stays below at 49,000 a second.
    """

    __slots__ = ("_aead", "_compressed_prefix", "_prefix", "id")

    def __init__(self, id: str, secret: bytes) -> None:  # noqa: A002 - the word of the field
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(secret)}")
        if not id or "." in id:
            raise ValueError(f"{id!r} can't name a key: the dot separates the parts of a sealed text")
        self.id = id
        self._aead = AESGCM(secret)
        self._prefix = f"{FORMAT}.{id}."
        self._compressed_prefix = f"{COMPRESSED}.{id}."

    def __repr__(self) -> str:
        return f"Key({self.id!r})"

    def seal(self, plain: bytes, aad: bytes) -> Sealed:
        """Text that only this key with this associated data opens. Two seals of one text differ."""
        if len(plain) < COMPRESSED_FROM_BYTES:
            return Sealed(self._prefix + _text(self.seal_bytes(plain, aad)))
        return Sealed(self._compressed_prefix + _text(self.seal_bytes(bytes(lz4.compress_block(plain)), _compressed(aad))))

    def open(self, sealed: Sealed, aad: bytes) -> bytes:
        """What was sealed. Raises WrongKey."""
        if sealed.startswith(self._prefix):
            return self.open_bytes(_data(sealed[len(self._prefix) :]), aad)
        if not sealed.startswith(self._compressed_prefix):
            raise WrongKey(f"sealed as {sealed[:40]!r}, opened with {self.id!r}")
        block = self.open_bytes(_data(sealed[len(self._compressed_prefix) :]), _compressed(aad))
        try:
            return bytes(lz4.decompress_block(block))
        except DecompressionError as broken:
            raise WrongKey("the sealed text is no LZ4 block") from broken

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
    if version not in (FORMAT, COMPRESSED) or not dot or not id_:
        raise WrongKey(f"no sealed text of format {FORMAT} or {COMPRESSED}: {sealed[:20]!r}")
    return id_


def _compressed(aad: bytes) -> bytes:
    """So that one form is not taken for the other."""
    return COMPRESSED.encode() + b"." + aad


def _text(data: bytes) -> str:
    # pydantic's own base64 is url-safe, and takes a third of the standard library's time.
    text: str = to_jsonable_python(data, bytes_mode="base64")
    return text


def _data(text: str) -> bytes:
    try:
        # bytes: str.translate takes five times as long
        return binascii.a2b_base64(text.encode("ascii").translate(_STANDARD_ALPHABET), strict_mode=True)
    except ValueError as broken:
        raise WrongKey("the sealed text is no base64") from broken
