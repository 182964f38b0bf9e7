"""Rendered parts -> one RFC 5322 message as bytes. Every header value is one line before it gets here, and checked again."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final
from uuid import UUID

from infra.mail.templates import Rendered, one_line

ADDRESS_CHARACTERS_MAX: Final = 254
LOCAL_PART_CHARACTERS_MAX: Final = 64
_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)
_POLICY: Final = SMTP.clone(cte_type="7bit")  # no server has to understand 8BITMIME


class BadAddress(ValueError):
    """This can't be the address of a mailbox that we can reach; the text itself is not quoted, because it is personal."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address that is safe in headers and SMTP commands, with the name to show."""

    address: str
    name: str = ""

    @classmethod
    def of(cls, address: str, name: str | None = None) -> "Mailbox":
        """Raises BadAddress. International domains are encoded; local parts have to be ASCII."""
        local, at, domain = address.strip().rpartition("@")
        try:
            domain = domain.encode("idna").decode("ascii") if not domain.isascii() else domain
        except UnicodeError:
            raise BadAddress("the domain of the address is none") from None
        if not at or len(local) > LOCAL_PART_CHARACTERS_MAX or len(local) + len(domain) + 1 > ADDRESS_CHARACTERS_MAX:
            raise BadAddress("not an e-mail address")
        if not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(domain):
            raise BadAddress("not an e-mail address that can be written to")
        return cls(f"{local}@{domain}", one_line(name or ""))

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """From `Name <address>` or an address alone. Raises BadAddress."""
        name, address = parseaddr(text)
        return cls.of(address, name)

    def header(self) -> Address:
        """As the standard library wants it."""
        return Address(display_name=self.name, addr_spec=self.address)

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.address.rpartition("@")[2]


def message_id(effect: UUID, sender: Mailbox) -> str:
    """Always the same for one effect, so that a mailbox and a provider's log can recognise it."""
    return f"<{effect}@{sender.domain}>"


def compose(*, effect: UUID, sender: Mailbox, to: Mailbox, rendered: Rendered, at: datetime, redirected: bool = False) -> bytes:
    """The message, ready for DATA: 7 bit, CRLF."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender.header()
    message["To"] = to.header()
    message["Subject"] = rendered.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(effect, sender)
    message["Auto-Submitted"] = "auto-generated"
    if redirected:
        message["X-Leadflow-Redirected"] = "yes"
    message.set_content(rendered.text)
    if rendered.html is not None:
        message.add_alternative(rendered.html, subtype="html")
    return message.as_bytes()
