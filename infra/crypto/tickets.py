"""Texts that we give to somebody and believe when they come back: sealed, for one place, and good until a time.

They hold nothing in clear, can't be guessed or changed, and need no table: whoever has the key reads them.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import orjson

from infra.crypto.seal import Key, WrongKey

TICKET_CHARACTERS_MAX: Final = 4_096


class BadTicket(ValueError):
    """Not one of ours, or not for this place."""


class ExpiredTicket(ValueError):
    """One of ours, and its time is over."""


class Tickets:
    """Tickets for one purpose, which names the secret too."""

    def __init__(self, purpose: str, secret: bytes) -> None:
        self._key = Key(purpose, secret)

    def issue(self, said: Sequence[str], place: str, until: float) -> str:
        """A ticket that says this at `place` before `until` (unix seconds). Fit for a path."""
        plain = orjson.dumps([int(until), *said])
        return base64.urlsafe_b64encode(self._key.seal_bytes(plain, place.encode())).decode().rstrip("=")

    def read(self, ticket: str, place: str, now: float) -> list[str]:
        """What it says. Raises BadTicket, ExpiredTicket."""
        try:
            if not ticket.isascii() or len(ticket) > TICKET_CHARACTERS_MAX:
                raise BadTicket
            sealed = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
            until, *said = orjson.loads(self._key.open_bytes(sealed, place.encode()))
        except (WrongKey, binascii.Error):
            raise BadTicket("not one of ours, or not for this place") from None
        if now >= until:
            raise ExpiredTicket("its time is over")
        found: list[str] = said
        return found
