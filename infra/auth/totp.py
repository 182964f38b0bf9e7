"""Time-based one-time passwords (RFC 6238 over RFC 4226). Pure: no clock, no store, no randomness."""

import hmac
from base64 import b32encode
from collections.abc import Sequence
from typing import Final, Literal
from urllib.parse import quote, urlencode

PERIOD_SECONDS: Final = 30
DIGITS: Final = 6
WINDOW: Final = 1
"""Steps before and after the present one that are taken too: clocks differ, and people type."""
SECRET_BYTES: Final = 20
"""RFC 4226, section 4: at least 16, better 20."""

Algorithm = Literal["sha1", "sha256", "sha512"]


def step_at(seconds: float) -> int:
    """The time step of a moment (unix seconds)."""
    return int(seconds // PERIOD_SECONDS)


def code_of(secret: bytes, step: int, *, digits: int = DIGITS, algorithm: Algorithm = "sha1") -> str:
    """The code of one time step."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), algorithm)
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, seconds: float) -> int | None:
    """The step near this moment whose code it is, None if there is none. Takes equally long for every code."""
    now = step_at(seconds)
    found = None
    for step in _near(now):
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            found = step
    return found


def uri(secret: bytes, *, account: str, issuer: str) -> str:
    """What authenticator apps read from a QR code (Key URI format). SHA-1, because some of them ignore what is said of others."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    fields = {"secret": text_of(secret), "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": PERIOD_SECONDS}
    return f"otpauth://totp/{label}?{urlencode(fields, quote_via=quote)}"


def text_of(secret: bytes) -> str:
    """A secret as it is typed: base32 without padding."""
    return b32encode(secret).rstrip(b"=").decode()


def _near(step: int) -> Sequence[int]:
    return range(max(0, step - WINDOW), step + WINDOW + 1)
