"""Webhook signatures as data: a new vendor's scheme is a row, not code."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_CANDIDATES_MAX = 16
_HEADER_CHARACTERS_MAX = 4_096
_TIMESTAMP_DIGITS_MAX = 16
_DIGESTS = {"hmac-sha1": "sha1", "hmac-sha256": "sha256", "hmac-sha512": "sha512", "sha256": "sha256"}
# The only escapes that HubSpot decodes before signing: : / ? @ ! $ ' ( ) * , ;
_HUBSPOT_ESCAPES = re.compile(r"%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


class WrongSignature(Exception):
    """The request isn't proven to come from its sender; `reason` is safe to log and to answer with."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignatureScheme(BaseModel):
    """How one sender signs.

    `signed` is what goes into the digest, joined: the words body, timestamp, id, method, uri and secret stand for
    what they name, anything else for itself. `separator` splits a header that lists several entries, of which those
    starting with `prefix` count; `timestamp_entry` is then the prefix of the entry with the time (`t=`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$", max_length=100, description="Lower-case header name")]
    algorithm: Literal["hmac-sha1", "hmac-sha256", "hmac-sha512", "sha256", "shared-key"] = "hmac-sha256"
    encoding: Literal["hex", "base64", "plain"] = "hex"
    prefix: Annotated[str, Field(max_length=50)] = ""
    separator: Annotated[str, Field(max_length=1)] = ""
    signed: Annotated[tuple[str, ...], Field(min_length=1, max_length=10)] = ("body",)
    timestamp_header: str | None = None
    timestamp_entry: str | None = None
    timestamp_unit: Literal["s", "ms"] = "s"
    tolerance_seconds: Annotated[float, Field(gt=0)] = 300
    id_header: str | None = None
    key_encoding: Literal["plain", "base64", "whsec"] = "plain"
    decodes_uri: bool = False

    @model_validator(mode="after")
    def _what_is_signed_has_a_source(self) -> Self:
        timed = self.timestamp_header is not None or self.timestamp_entry is not None
        if timed != ("timestamp" in self.signed):
            raise ValueError("a timestamp is signed if and only if timestamp_header or timestamp_entry says where it is")
        if self.timestamp_entry is not None and not self.separator:
            raise ValueError("a timestamp_entry needs the separator of the header's entries")
        if ("id" in self.signed) != (self.id_header is not None):
            raise ValueError("an id is signed if and only if id_header says where it is")
        return self


class _Request(NamedTuple):
    headers: Mapping[str, str]
    signature: str
    body: bytes
    method: str
    url: str


_HUBSPOT_V1 = SignatureScheme(header="x-hubspot-signature", algorithm="sha256", signed=("secret", "body"))

SCHEMES: Mapping[str, SignatureScheme] = MappingProxyType(
    {
        "generic": SignatureScheme(header="x-signature-256", prefix="sha256="),
        "typeform": SignatureScheme(header="typeform-signature", prefix="sha256=", encoding="base64"),
        "tally": SignatureScheme(header="tally-signature", encoding="base64"),
        "webflow": SignatureScheme(
            header="x-webflow-signature",
            signed=("timestamp", ":", "body"),
            timestamp_header="x-webflow-timestamp",
            timestamp_unit="ms",
        ),
        "calendly": SignatureScheme(
            header="calendly-webhook-signature",
            separator=",",
            prefix="v1=",
            timestamp_entry="t=",
            signed=("timestamp", ".", "body"),
            tolerance_seconds=180,
        ),
        "meta": SignatureScheme(header="x-hub-signature-256", prefix="sha256="),
        "meta_sha1": SignatureScheme(header="x-hub-signature", algorithm="hmac-sha1", prefix="sha1="),
        "hubspot": SignatureScheme(
            header="x-hubspot-signature-v3",
            encoding="base64",
            signed=("method", "uri", "body", "timestamp"),
            timestamp_header="x-hubspot-request-timestamp",
            timestamp_unit="ms",
            decodes_uri=True,
        ),
        "hubspot_v1": _HUBSPOT_V1,
        "hubspot_v2": _HUBSPOT_V1.model_copy(update={"signed": ("secret", "method", "uri", "body")}),
        "standard_webhooks": SignatureScheme(
            header="webhook-signature",
            separator=" ",
            prefix="v1,",
            encoding="base64",
            signed=("id", ".", "timestamp", ".", "body"),
            timestamp_header="webhook-timestamp",
            id_header="webhook-id",
            key_encoding="whsec",
        ),
        "stripe": SignatureScheme(
            header="stripe-signature",
            separator=",",
            prefix="v1=",
            timestamp_entry="t=",
            signed=("timestamp", ".", "body"),
        ),
        "api_key": SignatureScheme(header="x-api-key", algorithm="shared-key", encoding="plain"),
        "bearer": SignatureScheme(header="authorization", algorithm="shared-key", encoding="plain", prefix="Bearer "),
        # The secret is "user:password".
        "basic": SignatureScheme(header="authorization", algorithm="shared-key", encoding="base64", prefix="Basic "),
    }
)


def verify(
    scheme: SignatureScheme,
    secrets: Sequence[bytes],
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    method: str,
    url: str,
) -> None:
    """Return if any of `secrets` (several while one is being replaced) signed this very request.

    `headers` has lower-case names, `body` is as received, `now` is in unix seconds, `url` is the full public address
    with its query. Takes the same time whichever secret and entry match. Raises WrongSignature, and nothing else.
    """
    if not secrets:
        raise WrongSignature("no secret is configured for this source")
    header = headers.get(scheme.header)
    if header is None:
        raise WrongSignature(f"the header {scheme.header} is missing")
    entries = _entries(scheme, header)
    given = [code for code in (_decoded(entry, scheme) for entry in entries) if code]
    if not given:
        raise WrongSignature(f"the header {scheme.header} is malformed")
    parts = _signed_parts(scheme, _Request(headers, header, body, method, url), now)
    matches = False
    for secret in secrets:
        expected = _expected(scheme, secret, parts)
        for code in given:
            matches |= hmac.compare_digest(expected, code)
    if not matches:
        raise WrongSignature("the signature doesn't match: check the secret, and that the raw body is signed")


def _entries(scheme: SignatureScheme, header: str) -> list[str]:
    """The parts of the header that hold a code, without their prefix."""
    if len(header) > _HEADER_CHARACTERS_MAX:
        return []
    entries = [entry.strip() for entry in header.split(scheme.separator)] if scheme.separator else [header.strip()]
    size = len(scheme.prefix)
    return [entry[size:] for entry in entries if entry.startswith(scheme.prefix)][:_CANDIDATES_MAX]


def _decoded(entry: str, scheme: SignatureScheme) -> bytes:
    """The code's bytes, or b"" if it can't be read."""
    try:
        if scheme.encoding == "hex":
            return bytes.fromhex(entry) if " " not in entry else b""
        if scheme.encoding == "base64":
            return base64.b64decode(entry, validate=True)
        return entry.encode()
    except (ValueError, binascii.Error):
        return b""


def _signed_parts(scheme: SignatureScheme, request: _Request, now: float) -> list[bytes | None]:
    """What goes into the digest, in order; None stands for the secret. Checks the signed time on the way."""
    parts: list[bytes | None] = []
    for word in scheme.signed:
        if word == "body":
            parts.append(request.body)
        elif word == "timestamp":
            parts.append(_timestamp(scheme, request, now).encode())
        elif word == "id":
            parts.append(_required(request.headers, scheme.id_header or "").encode("utf-8", "surrogatepass"))
        elif word == "method":
            parts.append(request.method.upper().encode("utf-8", "surrogatepass"))
        elif word == "uri":
            url = _unescaped(request.url) if scheme.decodes_uri else request.url
            parts.append(url.encode("utf-8", "surrogatepass"))
        else:
            parts.append(None if word == "secret" else word.encode())
    return parts


def _timestamp(scheme: SignatureScheme, request: _Request, now: float) -> str:
    """The signed time as sent, if it is within the tolerance on either side."""
    if scheme.timestamp_entry is None:
        text = _required(request.headers, scheme.timestamp_header or "").strip()
    else:
        mark = scheme.timestamp_entry
        entries = (entry.strip() for entry in request.signature.split(scheme.separator))
        text = next((entry[len(mark) :] for entry in entries if entry.startswith(mark)), "")
    if not (text.isascii() and text.isdigit() and len(text) <= _TIMESTAMP_DIGITS_MAX):
        raise WrongSignature("the signed timestamp is missing or isn't a number")
    seconds = int(text) / (1000 if scheme.timestamp_unit == "ms" else 1)
    if now - seconds > scheme.tolerance_seconds:
        raise WrongSignature(f"the signed timestamp is more than {scheme.tolerance_seconds:g} s old")
    if seconds - now > scheme.tolerance_seconds:
        raise WrongSignature(f"the signed timestamp is more than {scheme.tolerance_seconds:g} s in the future")
    return text


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if value is None:
        raise WrongSignature(f"the header {name} is missing")
    return value


def _unescaped(url: str) -> str:
    return _HUBSPOT_ESCAPES.sub(lambda found: chr(int(found[1], 16)), url)


def _expected(scheme: SignatureScheme, secret: bytes, parts: Sequence[bytes | None]) -> bytes:
    key = _key(scheme, secret)
    if scheme.algorithm == "shared-key":
        return key
    message = b"".join([key if part is None else part for part in parts])
    digest = _DIGESTS[scheme.algorithm]
    return hashlib.new(digest, message).digest() if scheme.algorithm == "sha256" else hmac.digest(key, message, digest)


def _key(scheme: SignatureScheme, secret: bytes) -> bytes:
    key = secret
    if scheme.key_encoding != "plain":
        text = secret.removeprefix(b"whsec_") if scheme.key_encoding == "whsec" else secret
        try:
            key = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
        except (ValueError, binascii.Error):
            raise WrongSignature("the configured secret isn't valid base64") from None
    if not key:
        # Anybody can sign with nothing.
        raise WrongSignature("the configured secret is empty")
    return key
