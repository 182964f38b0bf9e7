"""What somebody did -> a sealed record on leads.activities. Tracking, webhooks, mailboxes: who hears of activity ends here."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from infra.crypto.codec import seal_person
from infra.crypto.keyring import Keyring
from infra.kafka.ports import Outgoing
from infra.kafka.publisher import Position, Publisher
from schemas.activities import Activity, ActivityDetails, ActivityKind, ActivityReceived
from schemas.envelope import Envelope, trace_of
from schemas.message import to_json
from schemas.person import Source
from schemas.topics import ACTIVITIES, partition

SOURCE: Final = "gateway"
HOST_CHARACTERS_MAX: Final = 253
PATH_CHARACTERS_MAX: Final = 200
HIDDEN: Final = "…"
# Ids, tokens and addresses stand in paths, and tell a person. Words of a title have hyphens between them, and few digits.
_NAMES_SOMEBODY: Final = re.compile(
    r"@|\d{5,}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-|(?=[A-Za-z]*\d)[A-Za-z0-9]{16,}"
    r"|(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[A-Za-z0-9_-]{20,}|\S{80,}"
)


@dataclass(frozen=True, slots=True)
class NewActivity:
    """What a producer knows of one activity, in the clear.

    Attributes:
        event_id: what a repeat has too, within its source: the vendor's event id, the Message-ID of a reply.
        email: the address that a mail went to, or that a reply came from.
        visitor: as VISITOR_ID.
        message: the Message-ID of the mail that it is about, with or without brackets; one that isn't ours is of no concern.
        url: of the page seen or the link followed; `referrer` led there.
        person: what else may tell a person; url and referrer are filled in.
    """

    event_id: str
    kind: ActivityKind
    occurred_at: datetime
    source: Source
    email: str | None = None
    visitor: str | None = None
    message: str | None = None
    permanent: bool | None = None
    automatic: bool = False
    url: str | None = None
    referrer: str | None = None
    campaign: Mapping[str, str] = field(default_factory=dict)
    person: ActivityDetails = field(default_factory=ActivityDetails)
    submission_id: str | None = None


class ActivityWriter:
    """Publishes activity. One a process."""

    def __init__(self, keyring: Keyring, publisher: Publisher, partitions: int, *, now: Callable[[], float] = time.time) -> None:
        self._keyring = keyring
        self._publisher = publisher
        self._partitions = ACTIVITIES.partitions(partitions)
        self._now = now

    async def publish(self, activities: Sequence[NewActivity], trace: str | None = None) -> list[Position]:
        """Where the records stand, once all replicas have them; a repeat is recognised by whoever reads them.

        Raises LogUnavailable, and asyncpg's and OSError where a new day's key can't be had.
        """
        if not activities:
            return []
        now = datetime.fromtimestamp(self._now(), UTC)
        key = await self._keyring.intake(now.date())
        records = []
        for one in activities:
            message = received(one, self._keyring.hash, now)
            details = one.person.model_copy(update={"url": one.url, "referrer": one.referrer})
            sealed = seal_person(key, details, message.activity.id)
            envelope = Envelope(message.activity.id, message.TYPE, SOURCE, now, trace=trace_of(trace))
            body = to_json(message.model_copy(update={"personal": sealed}))
            record = Outgoing(message.key().encode(), envelope.headers(), body)
            records.append((partition(message.key(), self._partitions), record))
        return await self._publisher.publish_all(ACTIVITIES, records)


def received(one: NewActivity, hashed: Callable[..., str], now: datetime) -> ActivityReceived:
    """The message, without its sealed part. Nothing happens in the future."""
    host, path = place(one.url)
    activity = Activity(
        id=hashed("activity", f"{one.source.source_id}|{one.event_id}"),
        kind=one.kind,
        occurred_at=min(one.occurred_at, now),
        source=one.source,
        permanent=one.permanent,
        automatic=one.automatic,
        host=host,
        path=path,
        referrer=place(one.referrer)[0],
        campaign=dict(one.campaign),
    )
    return ActivityReceived(
        activity=activity,
        address=hashed("email", one.email) if one.email else None,
        visitor=hashed("visitor", one.visitor) if one.visitor else None,
        mail=effect_of(one.message),
        submission_id=one.submission_id,
    )


def place(url: str | None) -> tuple[str | None, str | None]:
    """Host and path of an address, with `…` for each part of the path that may name somebody; None where there is none."""
    if not url:
        return None, None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None, None
    if parts.scheme not in ("http", "https") or not host:
        return None, None
    shown = "/".join(HIDDEN if _NAMES_SOMEBODY.search(step) else step for step in unquote(parts.path).split("/"))
    return host[:HOST_CHARACTERS_MAX], (shown or "/")[:PATH_CHARACTERS_MAX]


def effect_of(message: str | None) -> str | None:
    """The effect that a Message-ID of ours names; None for anybody else's."""
    local, at, _ = (message or "").strip().strip("<>").partition("@")
    try:
        found = UUID(local)
    except ValueError:
        return None
    return str(found) if at and str(found) == local.lower() else None
