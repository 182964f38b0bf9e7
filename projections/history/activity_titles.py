"""What a lead did, and what became of mail to it, in words for people. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from projections.history.described import Described
from schemas.activities import Activity, ActivityDetails, ActivityRecorded
from schemas.message import Frozen

_MAIL: Final = {
    "delivered": "Mail delivered",
    "opened": "Opened a mail",
    "complained": "Marked a mail as spam",
    "unsubscribed": "Unsubscribed from mail",
    "replied": "Replied by mail",
}


def recorded(body: ActivityRecorded, person: Frozen | None, _names: Mapping[str, str]) -> Described:
    """`detail.kind` says what it was; None where the person is gone, or the day's key was before anybody knew who it is."""
    activity, details = body.activity, person if isinstance(person, ActivityDetails) else ActivityDetails()
    detail: dict[str, Any] = {
        "kind": activity.kind,
        "at": activity.occurred_at.isoformat(),
        "source": activity.source.source_id,
        "vendor": activity.source.vendor,
        "message": body.message_id,
        "permanent": activity.permanent,
        "host": activity.host,
        "path": activity.path,
        "page": details.title,
        "url": details.url,
        "referrer": details.referrer or activity.referrer,
        "subject": details.subject,
        "from": details.email if activity.kind == "replied" else None,
        "reason": details.reason,
        "campaign": activity.campaign or None,
    }
    return Described(title(activity, details), {name: value for name, value in detail.items() if value is not None}, details.text)


def title(activity: Activity, details: ActivityDetails) -> str:
    """In a few words."""
    if activity.kind == "page_view":
        return f"Saw {_page(activity, details)}"
    if activity.kind == "clicked":
        return f"Clicked a link to {_page(activity, details)}" if activity.host else "Clicked a link in a mail"
    if activity.kind == "bounced":
        return "Mail bounced for good" if activity.permanent else "Mail could not be delivered yet"
    if activity.kind == "replied" and activity.automatic:
        return f"Automatic reply: {details.subject}" if details.subject else "Automatic reply by mail"
    if activity.kind == "replied" and details.subject:
        return f"Replied: {details.subject}"
    return _MAIL[activity.kind]


def _page(activity: Activity, details: ActivityDetails) -> str:
    if details.title:
        return details.title
    where = f"{activity.host or ''}{activity.path or ''}"
    return where or "a page"
