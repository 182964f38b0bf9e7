"""The master keys: what wraps every other key in PostgreSQL, and what secrets were derived from when a deployment was new."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.crypto.seal import KEY_BYTES, NONCE_BYTES, WrongKey

PEPPER: Final = "pepper"
SECRETS: Final = frozenset(
    {
        PEPPER,
        "access tokens",
        "refresh tokens",
        "submission ids",
        "source secrets",
        "totp secrets",
        "recovery codes",
        "confirmation links",
        "machine addresses",
    }
)
"""What outlives a master key. A new one is added here; it is stored at the next start."""


def derived(master: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, telling nothing of the master key nor of another purpose's."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"leadflow {purpose}".encode()).derive(master)


class Masters:
    """The master key in force, and while it is being replaced another one beside it."""

    def __init__(self, current: bytes, other: bytes | None = None) -> None:
        """32 bytes each. Raises ValueError otherwise."""
        for master in (current, *(() if other is None else (other,))):
            if len(master) != KEY_BYTES:
                raise ValueError(f"the master key has {KEY_BYTES} bytes, not {len(master)}")
        self._first = current
        self.alone = other is None
        self._current = AESGCM(current)
        self._other = None if other is None else AESGCM(other)

    def derived(self, purpose: str) -> bytes:
        """As a deployment has it that has not stored it yet."""
        return derived(self._first, purpose)

    def wrap(self, secret: bytes, owner: str) -> bytes:
        """With the one in force. `owner` is whose key it is: wrapped bytes moved to somebody else do not open."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._current.encrypt(nonce, secret, owner.encode())

    def unwrap(self, wrapped: bytes, owner: str) -> bytes:
        """What was wrapped with either. Raises WrongKey."""
        secret = _opened(self._current, wrapped, owner)
        if secret is None and self._other is not None:
            secret = _opened(self._other, wrapped, owner)
        if secret is None:
            raise WrongKey(
                f"the stored key of {owner} was not wrapped by this master key: check LEADFLOW_CRYPTO__MASTER_KEY"
            ) from None
        return secret

    def wrapped_anew(self, wrapped: bytes, owner: str) -> bytes | None:
        """The same secret wrapped with the one in force; None if it is already. Raises WrongKey."""
        if _opened(self._current, wrapped, owner) is not None:
            return None
        return self.wrap(self.unwrap(wrapped, owner), owner)


def _opened(key: AESGCM, wrapped: bytes, owner: str) -> bytes | None:
    try:
        return key.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner.encode())
    except (InvalidTag, ValueError):
        return None
