"""What senders ask before they send."""

import hmac
import time
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qs

from infra.gateway.problems import Problem
from producers.forms import browsers
from producers.forms.sources import IntakeSource

FIELDS_MAX: Final = 20
Headers = list[tuple[bytes, bytes]]
_NO_SNIFF = (b"x-content-type-options", b"nosniff")


def handshake(method: str, headers: Mapping[str, str], source: IntakeSource, query: bytes) -> tuple[int, Headers, bytes]:
    """Status, headers and body: for Meta's challenge (GET), and CloudEvents' permission (OPTIONS). Raises Problem."""
    if source.deleted:
        raise gone()
    if method == "OPTIONS" and "access-control-request-method" in headers and source.allowed_origins:
        return (204, browsers.preflight(source, headers), b"")
    if method == "GET" and b"hub.challenge" in query:
        try:
            asked = {name: values[0] for name, values in parse_qs(query.decode("latin-1"), max_num_fields=FIELDS_MAX).items()}
        except ValueError:
            raise Problem(400, "malformed", "Malformed request", "The query can't be read.") from None
        token = asked.get("hub.verify_token", "").encode()
        known = (*source.secrets_at(time.time()), source.credentials.get("verify_token", "").encode())
        if asked.get("hub.mode") != "subscribe" or not _is_one_of(token, known):
            raise Problem(403, "wrong-token", "The verify token isn't the source's")
        return (200, [(b"content-type", b"text/plain; charset=utf-8"), _NO_SNIFF], asked.get("hub.challenge", "").encode())
    origin = headers.get("webhook-request-origin")
    if method == "OPTIONS" and origin is not None:
        allowed = [(b"webhook-allowed-origin", origin.encode("latin-1")), (b"webhook-allowed-rate", b"*")]
        return (200, [*allowed, (b"allow", b"POST"), (b"content-length", b"0")], b"")
    raise Problem(405, "method-not-allowed", "Method not allowed", "Send POST.", headers={"Allow": "POST"})


def gone() -> Problem:
    """The source was deleted."""
    return Problem(410, "gone", "Gone", "This source was taken away: stop sending to it.")


def _is_one_of(token: bytes, known: Iterable[bytes]) -> bool:
    matches = False
    for one in known:
        matches |= bool(one) and hmac.compare_digest(token, one)
    return matches
