"""The link by which the owner of an address confirms what was ticked in a form with that address in it."""

from typing import Final, NamedTuple
from urllib.parse import quote

from infra.crypto.keyring import Keyring
from infra.crypto.tickets import Tickets

GOOD_DAYS: Final = 7
DAY_SECONDS: Final = 24 * 60 * 60


class Asked(NamedTuple):
    """Whom we have asked, and to confirm what: an agreement's id and the words that it was made with."""

    lead: str
    agreement: str
    wording: str


class Confirmations:
    """Makes links when mails are sent, and reads them when they come back."""

    def __init__(self, keyring: Keyring, public_url: str) -> None:
        self._tickets = Tickets("confirmation", keyring.secret("confirmation links"))
        self._public_url = public_url.rstrip("/")

    def link(self, asked: Asked, source_id: str, now: float) -> str:
        """Good for GOOD_DAYS at the forms of this source."""
        ticket = self._tickets.issue(asked, source_id, now + GOOD_DAYS * DAY_SECONDS)
        return f"{self._public_url}/f/{quote(source_id)}/confirm/{ticket}"

    def read(self, ticket: str, source_id: str, now: float) -> Asked:
        """What a link asks. Raises BadTicket, ExpiredTicket."""
        return Asked(*self._tickets.read(ticket, source_id, now))
