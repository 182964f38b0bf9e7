"""A lead as it is kept for searching, and as OpenSearch is given it. Pure."""

from datetime import datetime
from typing import Any, Final

import orjson

from projections.lead import Lead, display_name
from projections.parts import over, packed, unpack, whole
from schemas.events import (
    LeadAbsorbed,
    LeadAssigned,
    LeadCaptured,
    LeadErased,
    LeadMergedInto,
    LeadReleased,
    LeadScored,
    LeadStatusChanged,
    LeadTagged,
    LeadUnmerged,
    LeadUpdated,
)

SEARCHED: Final = frozenset(
    {
        LeadCaptured,
        LeadUpdated,
        LeadStatusChanged,
        LeadAssigned,
        LeadTagged,
        LeadScored,
        LeadErased,
        LeadMergedInto,
        LeadUnmerged,
        LeadAbsorbed,
        LeadReleased,
    }
)
"""Facts that can change what is found; notes and mails can't."""

TEXT_CHARACTERS_MAX: Final = 10_000
_KEPT: Final = (
    "partition",
    "version",
    "status",
    "score",
    "grade",
    "owner",
    "company",
    "vendor",
    "source_id",
    "quiet",
    "created_at",
    "updated_at",
    "name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "phone_e164",
    "custom",
    "answers",
    "tags",
    "merged_into",
)
_TIMES: Final = ("created_at", "updated_at")

TOMBSTONE: Final = b'{"erased":true}'


def kept(lead: Lead) -> bytes:
    """What the fold goes on from: the fields that searching needs."""
    seen = whole(lead)
    if lead.absorbed:
        # When answers were given is not kept here, so that one's own come first, wherever a batch ends.
        seen.answers = over(part.answers for part in (lead, *lead.absorbed.values()))
    found = {name: value for name in _KEPT if (value := getattr(seen, name)) not in (None, {}, [], "")}
    return orjson.dumps(found | {"parts": packed(lead, _KEPT)} if lead.absorbed else found)


def restored(id_: str, body: bytes) -> Lead:
    """The lead again."""
    fields: dict[str, Any] = orjson.loads(body)
    for name in _TIMES:
        if name in fields:
            fields[name] = datetime.fromisoformat(fields[name])
    parts = fields.pop("parts", None)
    lead = Lead(id_, **fields)
    if parts is not None:
        unpack(lead, parts)
    return lead


def document(body: bytes) -> bytes:
    """What OpenSearch is given for what is kept; the field names are the index's. A lead that goes on as another is not found."""
    lead = orjson.loads(body)
    return TOMBSTONE if lead.get("merged_into") is not None else orjson.dumps(fields_of(lead))


def fields_of(lead: dict[str, Any]) -> dict[str, Any]:
    """The document's fields."""
    owner = lead.get("owner")
    found = {
        "name": shown_name(lead),
        "email": lead.get("email"),
        "company": lead.get("company"),
        "text": _text(lead),
        "status": lead.get("status", "new"),
        "grade": lead.get("grade"),
        "owner": owner,
        "unassigned": owner is None,
        "source": lead.get("vendor"),
        "score": lead.get("score"),
        "created_at": lead.get("created_at"),
    }
    return {name: value for name, value in found.items() if value is not None}


def shown_name(lead: dict[str, Any]) -> str | None:
    """As lead_list shows it."""
    return display_name(Lead("", 0, name=lead.get("name"), first_name=lead.get("first_name"), last_name=lead.get("last_name")))


def _text(lead: dict[str, Any]) -> str | None:
    """Phone numbers, tags, answers and custom values in one piece."""
    parts = [lead.get("phone"), lead.get("phone_e164"), *lead.get("tags", ())]
    for group in ("answers", "custom"):
        parts.extend(str(value) for value in lead.get(group, {}).values() if isinstance(value, str | int | float))
    return " ".join(part for part in parts if part)[:TEXT_CHARACTERS_MAX] or None
