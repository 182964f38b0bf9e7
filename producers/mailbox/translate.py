"""A mail, and what is known of whom it is about -> activities. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from infra.activities.publishing import NewActivity, effect_of
from producers.mailbox.known import Sent
from producers.mailbox.mails import Mail
from schemas.activities import ActivityDetails
from schemas.person import Source

VENDOR: Final = "imap"

Verdict = Literal["replied", "automatic", "bounced", "ours", "stranger", "unreadable"]
"""What a mail was. `ours`: about a mail to one of our own people; `stranger`: of somebody whom we neither know nor wrote to."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a mail: nothing of strangers'."""

    verdict: Verdict
    activities: tuple[NewActivity, ...] = ()


def asks_about(mail: Mail) -> list[str]:
    """Effects that this mail may be about, the nearest first."""
    named = [bounce.message for bounce in mail.bounces] or list(mail.about)
    found = (effect_of(one) for one in named)
    return list(dict.fromkeys(one for one in found if one is not None))


def told(
    mail: Mail, source_id: str, at: datetime, sent: Mapping[str, Sent], leads: set[str], hashed: Callable[[str], str]
) -> Told:
    """`sent` answers `asks_about`, `leads` whether the sender is one; `hashed` makes an address's HMAC."""
    source = Source(vendor=VENDOR, source_id=source_id)
    if mail.bounces:
        return _bounced(mail, source, at, sent, hashed)
    about = next((sent[id_] for id_ in asks_about(mail) if id_ in sent), None)
    if about is not None and about.to != "lead":
        return Told("ours")
    if mail.sender is None or (about is None and hashed(mail.sender) not in leads):
        return Told("stranger")
    reply = NewActivity(
        event_id=mail.id,
        kind="replied",
        occurred_at=at,
        source=source,
        email=mail.sender,
        message=None if about is None else f"<{about.id}@{VENDOR}>",
        automatic=mail.automatic,
        person=ActivityDetails(email=mail.sender, name=mail.name, subject=mail.subject, text=_shown(mail)),
    )
    if not mail.unsubscribes:
        return Told("automatic" if mail.automatic else "replied", (reply,))
    wish = NewActivity(
        event_id=f"{mail.id}|unsubscribed",
        kind="unsubscribed",
        occurred_at=at,
        source=source,
        email=mail.sender,
        message=reply.message,
        person=ActivityDetails(email=mail.sender),
    )
    return Told("replied", (reply, wish))


def _bounced(mail: Mail, source: Source, at: datetime, sent: Mapping[str, Sent], hashed: Callable[[str], str]) -> Told:
    """Only of mails that we sent, by their Message-ID: else a forged report could have anybody's address suppressed."""
    found = []
    for number, bounce in enumerate(mail.bounces):
        effect = effect_of(bounce.message)
        about = None if effect is None else sent.get(effect)
        if about is None or about.to != "lead":
            continue
        reached = bounce.recipient is not None and hashed(bounce.recipient) == about.recipient
        found.append(
            NewActivity(
                event_id=f"{mail.id}|{number}",
                kind="bounced",
                occurred_at=at,
                source=source,
                # Another address than the one written to is where somebody forwards their mail to.
                email=bounce.recipient if reached else None,
                message=bounce.message,
                permanent=bounce.permanent,
                person=ActivityDetails(email=bounce.recipient, reason=bounce.reason),
            )
        )
    return Told("bounced", tuple(found)) if found else Told("stranger")


def _shown(mail: Mail) -> str | None:
    """The text, and that there was more."""
    if not mail.attachments:
        return mail.text or None
    left_out = f"[{mail.attachments} attachment{'s' if mail.attachments > 1 else ''} not kept]"
    return f"{mail.text}\n\n{left_out}".strip()
