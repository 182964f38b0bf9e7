"""Ids of submissions and commands that prove themselves: intake writes no row, and yet `GET /v1/submissions/{id}` knows its own.

An id is a UUID whose last 32 bits are a MAC over the others. Version 7: the first 48 bits are the time of receipt, and one bit
says that the submission was taken but asks for nothing (`ignored`). Version 8: derived from an Idempotency-Key.
"""

import hashlib
import os
import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_IGNORED: Final = 0x01
_TAG_HEX = 8


class Known(NamedTuple):
    """What an id of ours says. `received_at` None: derived, so it doesn't say when."""

    received_at: datetime | None
    ignored: bool


class SubmissionIds:
    """Makes and recognises ids. `secret` is the same in every process."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.blake2b(secret, digest_size=32).digest()
        self._tag = hashlib.blake2b(key=self._secret, digest_size=4)

    def mint(self, now_ms: int, *, ignored: bool = False) -> str:
        """A new id."""
        raw = bytearray(now_ms.to_bytes(6, "big") + os.urandom(6))
        raw[6] = (raw[6] & 0x0F) | 0x70
        raw[8] = (raw[8] & 0x3F) | 0x80
        raw[11] = (raw[11] & ~_IGNORED) | (_IGNORED if ignored else 0)
        return self._text(bytes(raw))

    def derived(self, seed: str) -> str:
        """The id for a seed: always the same one."""
        raw = bytearray(hashlib.blake2b(seed.encode(), key=self._secret, digest_size=12).digest())
        raw[6] = (raw[6] & 0x0F) | 0x80
        raw[8] = (raw[8] & 0x3F) | 0x80
        return self._text(bytes(raw))

    def read(self, text: str) -> Known | None:
        """What an id says, None if we didn't make it."""
        if _UUID.fullmatch(text) is None:
            return None
        raw = bytes.fromhex(text.replace("-", ""))[:12]
        if self._text(raw) != text:
            return None
        if raw[6] >> 4 == 8:
            return Known(None, ignored=False)
        return Known(datetime.fromtimestamp(int.from_bytes(raw[:6], "big") / 1000, tz=UTC), bool(raw[11] & _IGNORED))

    def _text(self, raw: bytes) -> str:
        tag = self._tag.copy()
        tag.update(raw)
        h = raw.hex() + tag.hexdigest()
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
