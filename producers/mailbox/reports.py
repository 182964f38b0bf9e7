"""Reports of deliveries (RFC 3464) in a mail. Pure."""

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final

BOUNCES_MAX: Final = 20
PARTS_MAX: Final = 20
FIELD_CHARACTERS_MAX: Final = 1_000
REASON_CHARACTERS_MAX: Final = 500
_STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,400}>")
_FAILED: Final = frozenset({"failed", "delayed"})
"""Of the actions that a report may tell, those that are no delivery."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that did not arrive.

    Attributes:
        message: its Message-ID, as the report quotes its headers; None where it doesn't.
        recipient: whom it should have reached.
        permanent: it never will; else it is tried again, or may be.
        reason: what the other server said.
    """

    message: str | None
    recipient: str | None
    permanent: bool
    reason: str | None


def bounces_of(message: Message) -> tuple[Bounce, ...]:
    """What a mail reports as not delivered; nothing for a mail that is no report."""
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return ()
    parts = [part for part in message.get_payload() if isinstance(part, Message)][:PARTS_MAX]
    statuses = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    about = _original(parts)
    found = []
    for status in statuses:
        blocks = status.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            bounce = _bounce(block, about) if isinstance(block, Message) else None
            if bounce is not None:
                found.append(bounce)
    return tuple(found[:BOUNCES_MAX])


def _bounce(block: Message, about: str | None) -> Bounce | None:
    """Of one recipient; None for the block about the mail as a whole, and for what was delivered."""
    action = _field(block, "action").lower()
    if action not in _FAILED:
        return None
    reason = _after_type(_field(block, "diagnostic-code"))
    status = _STATUS.search(_field(block, "status")) or _STATUS.search(reason)
    permanent = action == "failed" and (status is None or status[1] == "5")
    recipient = _after_type(_field(block, "original-recipient")) or _after_type(_field(block, "final-recipient"))
    return Bounce(about, recipient.strip("<> ") or None, permanent, reason[:REASON_CHARACTERS_MAX] or None)


def _field(block: Message, name: str) -> str:
    value = str(block.get(name, ""))[:FIELD_CHARACTERS_MAX]
    return " ".join(value.replace("\0", "").encode("utf-8", "replace").decode().split())


def _after_type(value: str) -> str:
    """`rfc822; ana@example.com` -> `ana@example.com`"""
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon else kind


def _original(parts: list[Message]) -> str | None:
    """The Message-ID of the mail that is reported on."""
    for part in parts:
        kind, payload = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list) and payload and isinstance(payload[0], Message):
            found = _MESSAGE_ID.search(_field(payload[0], "message-id"))
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            headers = payload if isinstance(payload, str) else str(part.get_payload(decode=False))
            found = re.search(r"^message-id:\s*(<[^<>\s]{3,400}>)", headers[:65_536], re.IGNORECASE | re.MULTILINE)
            if found is not None:
                return found[1]
        else:
            continue
        if found is not None:
            return found[0]
    return None
