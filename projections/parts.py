"""A lead that others were merged into, as it is stored: what it knows itself, and what each of them brought."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from projections.lead import JsonObject, Lead

_OWN: Final = (
    "company",
    "vendor",
    "source_id",
    "quiet",
    "created_at",
    "name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "phone_e164",
    "mail_domain",
    "free_mail",
    "campaign",
    "custom",
    "answers",
    "answered_at",
    "consent",
    "consents",
    "consented_at",
    "identifiers",
)
"""What a merge makes a part of; version, status, score, owner and tags are decided for the lead as a whole."""
_TIMES: Final = ("answered_at", "consented_at")


def packed(lead: Lead, names: Collection[str] = _OWN) -> JsonObject:
    """Its parts, ready for JSON: of each, what `names` says. The absorbed are a list: their order counts."""
    absorbed = [[origin, _packed(part, names)] for origin, part in lead.absorbed.items()]
    return {"own": _packed(lead, names), "absorbed": absorbed}


def unpack(lead: Lead, parts: JsonObject) -> None:
    """Give a lead its parts again."""
    _unpack(lead, parts["own"])
    lead.absorbed = {origin: _unpack(Lead(origin, lead.partition), part) for origin, part in parts["absorbed"]}


def _packed(lead: Lead, names: Collection[str]) -> JsonObject:
    found: JsonObject = {
        name: value for name in _OWN if name in names and (value := getattr(lead, name)) not in (None, {}, "", set())
    }
    if "identifiers" in found:
        found["identifiers"] = sorted(lead.identifiers)
    return found


def _unpack(lead: Lead, part: JsonObject) -> Lead:
    blank = Lead(lead.id, lead.partition)
    for name in _OWN:
        setattr(lead, name, part.get(name, getattr(blank, name)))
    created_at = part.get("created_at")
    lead.created_at = None if created_at is None else datetime.fromisoformat(created_at)
    for name in _TIMES:
        times: dict[str, Any] = getattr(lead, name)
        setattr(lead, name, {key: datetime.fromisoformat(at) for key, at in times.items()})
    lead.identifiers = {(kind, hash_) for kind, hash_ in part.get("identifiers", ())}
    return lead
