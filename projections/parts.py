"""A lead that others were merged into: what it knows itself and what each of them brought; seen whole, and as it is stored."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from projections.lead import JsonObject, Lead

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_TOGETHER: Final = (("company",), ("name", "first_name", "last_name"), ("email",), ("mail_domain",), ("phone", "phone_e164"))
"""What is taken from one lead or from another, not in part from each."""

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
    "unconfirmed",
)
"""What a merge makes a part of; version, status, score, owner and tags are decided for the lead as a whole."""
_TIMES: Final = ("answered_at", "consented_at")


def whole(lead: Lead) -> Lead:
    """The lead with what others brought: its own word first, then theirs in the order in which they came.

    Newer answers and consents win, whoever's they are; of the consent without a purpose a no does.
    """
    if not lead.absorbed:
        return lead
    parts = [lead, *lead.absorbed.values()]
    seen = replace(lead, absorbed={})
    for together in _TOGETHER:
        known = next((part for part in parts if any(getattr(part, name) is not None for name in together)), lead)
        for name in together:
            setattr(seen, name, getattr(known, name))
    seen.free_mail = next((part.free_mail for part in parts if part.mail_domain is not None), False)
    seen.created_at = min((part.created_at for part in parts if part.created_at is not None), default=None)
    seen.quiet = all(part.quiet for part in parts if part.created_at is not None)
    seen.campaign = over(part.campaign for part in parts)
    seen.custom = over(part.custom for part in parts)
    seen.answers, seen.answered_at = _newest((part.answers, part.answered_at) for part in parts)
    seen.consents, seen.consented_at = _newest((part.consents, part.consented_at) for part in parts)
    said = {part.consent for part in parts} - {None}
    seen.consent = None if not said else False not in said
    seen.unconfirmed = [one for part in parts for one in part.unconfirmed]
    seen.identifiers = set().union(*(part.identifiers for part in parts))
    return seen


def over(values: Iterable[JsonObject]) -> JsonObject:
    """All of them together; of a name that several have, the first one's value."""
    merged: JsonObject = {}
    for one in values:
        merged = {**one, **merged}
    return merged


def _newest(parts: Iterable[tuple[dict[str, Any], dict[str, datetime]]]) -> tuple[dict[str, Any], dict[str, datetime]]:
    values: dict[str, Any] = {}
    times: dict[str, datetime] = {}
    for said, at in parts:
        for name, value in said.items():
            when = at.get(name, _LONG_AGO)
            if name not in times or times[name] < when:
                values[name], times[name] = value, when
    return values, times


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
        name: value for name in _OWN if name in names and (value := getattr(lead, name)) not in (None, {}, [], "", set())
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
