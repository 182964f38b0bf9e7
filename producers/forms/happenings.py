"""What a provider says became of a message -> activity; what is none (accepted, dropped, subscribed again) stays news. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from infra.activities.publishing import NewActivity
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import Origin
from schemas.activities import ActivityDetails, ActivityKind
from schemas.person import Source

KINDS: Final[Mapping[str, ActivityKind]] = {
    "delivered": "delivered",
    "bounced": "bounced",
    "deferred": "bounced",
    "opened": "opened",
    "clicked": "clicked",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
}
REASON_CHARACTERS_MAX: Final = 1_000


def activity_of(parsed: ParsedSubmission, origin: Origin, delivery: str, submission_id: str, now: float) -> NewActivity | None:
    """None for what is no activity. `delivery` is what a repeat has too."""
    happened = parsed.happened
    kind = None if happened is None else KINDS.get(happened.event)
    if happened is None or kind is None:
        return None
    email = happened.recipient.strip() if happened.recipient and happened.recipient.strip() else None
    reason = happened.reason[:REASON_CHARACTERS_MAX] if happened.reason and kind == "bounced" else None
    return NewActivity(
        event_id=delivery,
        kind=kind,
        occurred_at=happened.occurred_at or datetime.fromtimestamp(now, UTC),
        source=Source(vendor=origin.vendor, source_id=origin.source_id),
        email=email,
        message=happened.message_id,
        # Only what is to be suppressed is the address's own trouble; the rest may go through tomorrow.
        permanent=happened.suppress if kind == "bounced" else None,
        url=happened.url,
        person=ActivityDetails(email=email, reason=reason),
        submission_id=submission_id,
    )
