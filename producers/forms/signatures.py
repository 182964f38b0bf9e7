"""Whether a request comes from its sender, by the scheme that the sender signs by."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from infra.crypto.mac import Mac
from producers.forms.payload import BadPayload, check
from producers.forms.schemes import SCHEMES, SignatureScheme

__all__ = ["SCHEMES", "SignatureScheme", "WrongSignature", "check_secret", "verify"]

_CANDIDATES_MAX = 16
_HEADER_CHARACTERS_MAX = 4_096
_TIMESTAMP_DIGITS_MAX = 16
_PARAMETERS_MAX = 100
_VALUES_MAX = 50_000
_MACS_MAX = 512
_DIGESTS = {"hmac-sha1": "sha1", "hmac-sha256": "sha256", "hmac-sha512": "sha512", "sha256": "sha256"}
_PUBLIC = frozenset(("ecdsa-sha256", "ed25519"))
_KEY_PREFIXES = {"whsec": b"whsec_", "whpk": b"whpk_"}
_mac = lru_cache(maxsize=_MACS_MAX)(Mac)
# The only escapes that HubSpot decodes before signing: : / ? @ ! $ ' ( ) * , ;
_HUBSPOT_ESCAPES = re.compile(r"%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


class WrongSignature(Exception):
    """The request isn't proven to come from its sender; `reason` is safe to log and to answer with."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Request(NamedTuple):
    headers: Mapping[str, str]
    body: bytes
    method: str
    url: str


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
    ordinary = scheme.ordinary
    if ordinary is not None and _is_ordinary(scheme, ordinary, secrets, headers.get(scheme.header, ""), body):
        return
    request = _Request(headers, body, method, url)
    code = _code(scheme, request)
    if code is None:
        scheme, code = _another(scheme, request)
    if scheme.algorithm == "sha256" and not _is_text(body):
        # A digest of secret and text can be gone on with by whoever saw one; what stands between old and new then is no text.
        raise WrongSignature("a body that is signed this way must be JSON, in UTF-8")
    given = [found for entry in _entries(scheme, code) if (found := _decoded(entry, scheme))]
    if not given:
        raise WrongSignature(f"{scheme.place} is malformed")
    parts = _signed_parts(scheme, request, code, now)
    if not _any_matches(scheme, secrets, parts, given):
        raise WrongSignature("the signature doesn't match: check the secret, and that the raw body is signed")


def _is_ordinary(scheme: SignatureScheme, digest: str, secrets: Sequence[bytes], code: str, body: bytes) -> bool:
    """Whether the code is written just as it would be here; one that is written otherwise may be right too."""
    matches = False
    for secret in secrets if code.isascii() else ():
        if secret:
            made = _mac(secret, digest).digest(body)
            written = made.hex() if scheme.encoding == "hex" else binascii.b2a_base64(made, newline=False).decode()
            matches |= hmac.compare_digest(scheme.prefix + written, code)
    return matches


def _is_text(body: bytes) -> bool:
    """UTF-8 without NUL, as all JSON is; the padding of a digest never is."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return b"\x00" not in body


def check_secret(scheme: SignatureScheme, secret: bytes) -> None:
    """Raises WrongSignature if this could never verify anything."""
    key = _key(scheme, secret)
    if scheme.algorithm in _PUBLIC:
        _public_key(scheme, key)


def _another(scheme: SignatureScheme, request: _Request) -> tuple[SignatureScheme, str]:
    """The first of the sender's other ways that this request goes, with its code."""
    for other in scheme.otherwise:
        mark = other.marked_by
        if mark is not None and request.headers.get(mark[0]) != mark[1]:
            continue
        code = _code(other, request)
        if code is not None:
            return other, code
    raise WrongSignature(f"{scheme.place} is missing")


def _code(scheme: SignatureScheme, request: _Request) -> str | None:
    if scheme.header:
        return request.headers.get(scheme.header)
    if scheme.body_field:
        return _field(request, scheme.body_field)
    try:
        pairs = parse_qsl(urlsplit(request.url).query, keep_blank_values=True, max_num_fields=_PARAMETERS_MAX)
    except ValueError:
        return None
    return next((value for name, value in pairs if name == scheme.query_parameter), None)


def _field(request: _Request, path: str) -> str | None:
    """A text or number within the body."""
    try:
        node: Any = check(request.body, request.headers.get("content-type"), _VALUES_MAX)
    except BadPayload:
        return None
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    if isinstance(node, bool) or not isinstance(node, str | int):
        return None
    return str(node)


def _any_matches(scheme: SignatureScheme, secrets: Sequence[bytes], parts: Sequence[bytes | None], given: list[bytes]) -> bool:
    matches, unusable = False, 0
    for secret in secrets:
        try:
            key = _key(scheme, secret)
            if scheme.algorithm in _PUBLIC:
                matches |= any(_proves(scheme, key, parts, code) for code in given)
                continue
            expected = _expected(scheme, key, parts)
        except WrongSignature:
            unusable += 1
            if unusable == len(secrets):
                raise
            continue
        for code in given:
            matches |= hmac.compare_digest(expected, code)
    return matches


def _proves(scheme: SignatureScheme, key: bytes, parts: Sequence[bytes | None], code: bytes) -> bool:
    """Whether the owner of a public key signed this."""
    public = _public_key(scheme, key)
    message = b"".join([part or b"" for part in parts])
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(code, message, ec.ECDSA(SHA256()))
        else:
            public.verify(code, message)
    except InvalidSignature:
        return False
    return True


def _public_key(scheme: SignatureScheme, key: bytes) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
    try:
        found = ed25519.Ed25519PublicKey.from_public_bytes(key) if scheme.algorithm == "ed25519" else load_der_public_key(key)
    except (ValueError, TypeError) as unusable:
        raise WrongSignature("the configured secret isn't a public key") from unusable
    if not isinstance(found, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise WrongSignature("the configured secret is a public key of another kind")
    return found


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
            return binascii.a2b_base64(entry, strict_mode=True)
        return entry.encode()
    except (ValueError, binascii.Error):
        return b""


def _signed_parts(scheme: SignatureScheme, request: _Request, code: str, now: float) -> list[bytes | None]:
    """What goes into the digest, in order; None stands for the secret. Checks the signed time on the way."""
    parts: list[bytes | None] = []
    for word in scheme.signed:
        if word == "body":
            parts.append(request.body)
        elif word == "timestamp":
            parts.append(_timestamp(scheme, request, code, now).encode())
        elif word == "id":
            parts.append(_id(scheme, request).encode("utf-8", "surrogatepass"))
        elif word == "method":
            parts.append(request.method.upper().encode("utf-8", "surrogatepass"))
        elif word == "uri":
            url = _unescaped(request.url) if scheme.decodes_uri else request.url
            parts.append(url.encode("utf-8", "surrogatepass"))
        else:
            parts.append(None if word == "secret" else word.encode())
    return parts


def _id(scheme: SignatureScheme, request: _Request) -> str:
    if scheme.id_field is None:
        return _required(request.headers, scheme.id_header or "")
    found = _field(request, scheme.id_field)
    if found is None:
        raise WrongSignature(f"the field {scheme.id_field} is missing")
    return found


def _timestamp(scheme: SignatureScheme, request: _Request, code: str, now: float) -> str:
    """The signed time as sent, if it is within the tolerance on either side."""
    if scheme.timestamp_field is not None:
        text = _field(request, scheme.timestamp_field) or ""
    elif scheme.timestamp_entry is None:
        text = _required(request.headers, scheme.timestamp_header or "").strip()
    else:
        mark = scheme.timestamp_entry
        entries = (entry.strip() for entry in code.split(scheme.separator))
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


def _expected(scheme: SignatureScheme, key: bytes, parts: Sequence[bytes | None]) -> bytes:
    if scheme.algorithm == "shared-key":
        return key
    message = b"".join([key if part is None else part for part in parts])
    digest = _DIGESTS[scheme.algorithm]
    return hashlib.new(digest, message).digest() if scheme.algorithm == "sha256" else _mac(key, digest).digest(message)


def _key(scheme: SignatureScheme, secret: bytes) -> bytes:
    key = secret
    if scheme.key_encoding != "plain":
        text = secret.removeprefix(_KEY_PREFIXES.get(scheme.key_encoding, b""))
        try:
            key = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
        except (ValueError, binascii.Error):
            raise WrongSignature("the configured secret isn't valid base64") from None
    if not key:
        # Anybody can sign with nothing.
        raise WrongSignature("the configured secret is empty")
    return key
