"""What the snippet sends -> activities. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from infra.activities.publishing import NewActivity
from schemas.activities import VISITOR_ID, ActivityDetails
from schemas.person import Source

VENDOR: Final = "tracking"
VIEWS_MAX: Final = 20
DAY_MS: Final = 24 * 60 * 60 * 1000
PARAMETERS_MAX: Final = 100
PARAMETER_CHARACTERS_MAX: Final = 200
_CAMPAIGN: Final = re.compile(r"utm_[a-z_]{1,30}|gclid|gbraid|wbraid|fbclid|msclkid|ttclid|li_fat_id|twclid|dclid")
_UNSTORABLE: Final = re.compile(r"[\0\ud800-\udfff]")

Id = Annotated[str, Field(pattern=f"^{VISITOR_ID.pattern}$")]
Url = Annotated[str, Field(max_length=2_000)]


class View(BaseModel):
    """A page seen. `id` is made up for it, so that a repeat is recognised; `ago_ms` needs no clock that is right."""

    model_config = ConfigDict(frozen=True)

    id: Id
    ago_ms: Annotated[int, Field(ge=0, le=DAY_MS)] = 0
    url: Annotated[str, Field(max_length=2_000, pattern=r"^https?://")]
    title: Annotated[str, Field(max_length=500)] = ""
    referrer: Url = ""


class Views(BaseModel):
    """What one browser saw."""

    model_config = ConfigDict(frozen=True)

    visitor: Id
    views: Annotated[tuple[View, ...], Field(min_length=1, max_length=VIEWS_MAX)]


def activities(seen: Views, source_id: str, now: float) -> list[NewActivity]:
    """In the order in which they were seen."""
    source = Source(vendor=VENDOR, source_id=source_id)
    return [
        NewActivity(
            event_id=f"{seen.visitor}|{view.id}",
            kind="page_view",
            occurred_at=datetime.fromtimestamp(now - view.ago_ms / 1000, UTC),
            source=source,
            visitor=seen.visitor,
            url=storable(view.url),
            referrer=storable(view.referrer) or None,
            campaign=campaign(view.url),
            person=ActivityDetails(title=storable(view.title).strip() or None),
        )
        for view in seen.views
    ]


def campaign(url: str) -> Mapping[str, str]:
    """Campaign parameters and click ids of an address, in lower case; blanks and repeats are left out."""
    found: dict[str, str] = {}
    try:
        query = urlsplit(url).query
        pairs = parse_qsl(query, max_num_fields=PARAMETERS_MAX)
    except ValueError:
        return found
    for name, value in pairs:
        known = name.lower()
        if _CAMPAIGN.fullmatch(known) and value.strip():
            found.setdefault(known, storable(value.strip())[:PARAMETER_CHARACTERS_MAX])
    return found


def storable(text: str) -> str:
    """Without what no store takes."""
    return _UNSTORABLE.sub("\ufffd", text)
