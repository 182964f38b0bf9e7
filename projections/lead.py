"""leads.events -> a lead as it stands.

The one pure fold behind lead_list, `as_of` and lead_search, so that all of them say the same of a lead. No I/O, no clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from schemas.events import (
    ConsentConfirmed,
    LeadAbsorbed,
    LeadAssigned,
    LeadCaptured,
    LeadErased,
    LeadFact,
    LeadMergedInto,
    LeadNoted,
    LeadReleased,
    LeadScored,
    LeadStatusChanged,
    LeadTagged,
    LeadUnmerged,
    LeadUpdated,
    MessageRecorded,
    TaskAdded,
    TaskChanged,
)
from schemas.message import Frozen, Message
from schemas.person import Person

JsonObject = dict[str, Any]


@dataclass(slots=True)
class Standing:
    """What changes about a lead without a look at who it is.

    Attributes:
        partition: of the log; a lead never leaves it.
        version: sequence of the last fact that `leads` decided; 0 before the first.
        updated_at: occurred time of the last fact that changed something here.
        erased: the person is gone, and nothing may bring the lead back.
        touched: what changed since this value was made or loaded (VERSION, STATUS, ...); no more than that has to be written.
    """

    id: str
    partition: int
    version: int = 0
    status: str = "new"
    score: int | None = None
    grade: str | None = None
    owner: str | None = None
    updated_at: datetime | None = None
    erased: bool = False
    touched: int = 0


@dataclass(slots=True)
class Lead(Standing):
    """What is known of one lead; None where unknown.

    Attributes:
        vendor, source_id: of the capture that made the lead.
        quiet: every capture so far was quiet.
        created_at: when the first submission was made, as far as its sender says, else when it was received.
        answers, consents: by question and purpose, the newest value; `answered_at` and `consented_at` say when it was given.
        unconfirmed: ids of what was ticked and waits for the confirmation of the address's owner.
        identifiers: (kind, HMAC) under which the lead is known.
        tags: sorted.
        merged_into: the lead that it goes on as; nobody is shown it meanwhile.
        absorbed: what is known by leads that were merged into this one, by their ids, in the order in which they were.
    """

    company: str | None = None
    vendor: str = ""
    source_id: str = ""
    quiet: bool = True
    created_at: datetime | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    phone_e164: str | None = None
    mail_domain: str | None = None
    free_mail: bool = False
    campaign: JsonObject = field(default_factory=dict)
    custom: JsonObject = field(default_factory=dict)
    answers: JsonObject = field(default_factory=dict)
    answered_at: dict[str, datetime] = field(default_factory=dict)
    consent: bool | None = None
    consents: dict[str, bool] = field(default_factory=dict)
    consented_at: dict[str, datetime] = field(default_factory=dict)
    unconfirmed: list[str] = field(default_factory=list)
    identifiers: set[tuple[str, str]] = field(default_factory=set)
    tags: list[str] = field(default_factory=list)
    merged_into: str | None = None
    absorbed: "dict[str, Lead]" = field(default_factory=dict)


VERSION: Final = 1
STATUS: Final = 2
SCORE: Final = 4
OWNER: Final = 8
"""Bits of `touched`."""

WHOLE_TYPES: Final = frozenset(
    {LeadCaptured, LeadUpdated, ConsentConfirmed, LeadMergedInto, LeadUnmerged, LeadAbsorbed, LeadReleased}
)
"""Facts that can be folded only by who knows the lead as it was."""

NAMES: Final = ("email", "name", "first_name", "last_name", "phone", "phone_e164")


def makes_lead(body: Message) -> bool:
    """Whether this fact needs nothing from before: the capture that made the lead."""
    return type(body) is LeadCaptured and body.first


def fold(lead: Standing, body: Message, person: Frozen | None, at: datetime) -> None:
    """Change `lead` by one fact that occurred `at`; `person` is its opened personal part, None also when that was erased.

    For facts of WHOLE_TYPES it must be a Lead.

    Facts of other kinds, and whatever comes after an erasure, change nothing.
    """
    # By exact class: pydantic's classes make isinstance ten times as slow, and this runs for every record of the log.
    found = _HANDLERS.get(type(body))
    if found is None or lead.erased:
        return
    handler, decided = found
    handler(lead, body, person, at)
    if decided:
        version: int = body.version  # type: ignore[attr-defined]  # decided by `leads`, so a LeadFact
        lead.version = max(lead.version, version)
    if lead.updated_at is None or lead.updated_at < at:
        lead.updated_at = at
    lead.touched |= VERSION


def display_name(lead: Lead) -> str | None:
    """The name as given, else put together from its parts."""
    return lead.name or " ".join(part for part in (lead.first_name, lead.last_name) if part) or None


def _captured(lead: Lead, body: LeadCaptured, person: Frozen | None, at: datetime) -> None:
    """A later capture fills what was unknown and brings newer answers; it takes nothing known away."""
    if body.first or lead.created_at is None:
        lead.created_at = body.submitted_at or at
        lead.vendor, lead.source_id = body.source.vendor, body.source.source_id
    traits = body.traits
    lead.quiet = lead.quiet and body.quiet
    if lead.company is None:
        lead.company = traits.company or None
    if lead.mail_domain is None:
        lead.mail_domain, lead.free_mail = traits.mail_domain, traits.free_mail
    _answer(lead, traits.answers, at)
    if person is not None:
        _fill(lead, cast("Person", person), at)
    if body.campaign:
        lead.campaign = {**lead.campaign, **body.campaign}
    if body.consent is not None:
        lead.consent = body.consent
    if body.consent is False:
        lead.unconfirmed = []
    _allow(lead, body.consents, at)
    if body.unconfirmed is not None:
        lead.unconfirmed = sorted({*lead.unconfirmed, body.unconfirmed.id})
    if traits.email_hash is not None:
        lead.identifiers.add(("email", traits.email_hash))
    if traits.phone_hash is not None:
        lead.identifiers.add(("phone", traits.phone_hash))


def _confirmed(lead: Lead, body: ConsentConfirmed, _person: Frozen | None, at: datetime) -> None:
    agreement = body.agreement
    if agreement.overall:
        lead.consent = True
    _allow(lead, dict.fromkeys(agreement.purposes, True), at)
    lead.unconfirmed = [id_ for id_ in lead.unconfirmed if id_ != agreement.id]


def _allow(lead: Lead, consents: dict[str, bool], at: datetime) -> None:
    if consents:
        lead.consents |= consents
        lead.consented_at |= dict.fromkeys(consents, at)


def _fill(lead: Lead, person: Person, at: datetime) -> None:
    for name in NAMES:
        if getattr(lead, name) is None and (value := getattr(person, name)):
            setattr(lead, name, value)
    _answer(lead, person.answers, at)
    if person.custom:
        lead.custom = {**lead.custom, **person.custom}


def _answer(lead: Lead, answers: JsonObject, at: datetime) -> None:
    if answers:
        lead.answers |= answers
        lead.answered_at |= dict.fromkeys(answers, at)


def _updated(lead: Lead, body: LeadUpdated, opened: Frozen | None, at: datetime) -> None:
    """An edit replaces what it names, also by nothing. Custom fields and answers are replaced one by one, None removes one."""
    person = cast("Person | None", opened)
    if person is not None:
        for name in body.fields:
            if name == "custom":
                lead.custom = _merged(lead.custom, person.custom)
            elif name == "answers":
                _answer(lead, person.answers, at)
            elif name in NAMES:
                setattr(lead, name, getattr(person, name) or None)
        if "phone" in body.fields:
            lead.phone_e164 = person.phone_e164
    if body.traits is not None:
        hashes = (("email", body.traits.email_hash), ("phone", body.traits.phone_hash))
        lead.identifiers |= {(kind, hash_) for kind, hash_ in hashes if hash_ is not None}
        if body.traits.mail_domain is not None:
            lead.mail_domain, lead.free_mail = body.traits.mail_domain, body.traits.free_mail
    changes = body.changes
    if "company" in changes:
        company = changes["company"]
        lead.company = company if isinstance(company, str) and company else None
    if isinstance(status := changes.get("status"), str):
        lead.status = status
    if isinstance(custom := changes.get("custom"), dict):
        lead.custom = _merged(lead.custom, custom)
    if isinstance(consents := changes.get("consents"), dict):
        given = {purpose: yes for purpose, yes in consents.items() if isinstance(yes, bool)}
        lead.consents |= given
        lead.consented_at |= dict.fromkeys(given, at)


def _merged(known: JsonObject, newer: JsonObject) -> JsonObject:
    return {name: value for name, value in {**known, **newer}.items() if value is not None}


def _status_changed(lead: Standing, body: LeadStatusChanged, _person: Frozen | None, _at: datetime) -> None:
    lead.status = body.status
    lead.touched |= STATUS


def _assigned(lead: Standing, body: LeadAssigned, _person: Frozen | None, _at: datetime) -> None:
    lead.owner = body.owner
    lead.touched |= OWNER


def _scored(lead: Standing, body: LeadScored, _person: Frozen | None, _at: datetime) -> None:
    lead.score, lead.grade = body.score, body.grade
    lead.touched |= SCORE


def _tagged(lead: Standing, body: LeadTagged, _person: Frozen | None, _at: datetime) -> None:
    """Who only knows a lead's standing keeps the tags elsewhere."""
    if isinstance(lead, Lead):
        lead.tags = sorted({*lead.tags, *body.added} - set(body.removed))


def _erased(lead: Standing, _body: LeadErased, _person: Frozen | None, _at: datetime) -> None:
    lead.erased = True


def _merged_into(lead: Lead, body: LeadMergedInto, _person: Frozen | None, _at: datetime) -> None:
    lead.merged_into = body.into


def _unmerged(lead: Lead, _body: LeadUnmerged, _person: Frozen | None, _at: datetime) -> None:
    lead.merged_into = None


def _absorbed(lead: Lead, body: LeadAbsorbed, person: Frozen | None, _at: datetime) -> None:
    """A part of its own, so that it can be let go. What is decided about a lead (status, owner) stays this one's alone."""
    part = lead.absorbed.setdefault(body.origin, Lead(body.origin, lead.partition))
    fact = body.fact()
    if fact is not None:
        fold(part, fact, person, body.occurred_at)


def _released(lead: Lead, body: LeadReleased, _person: Frozen | None, _at: datetime) -> None:
    lead.absorbed.pop(body.origin, None)


def _happened(_lead: Standing, _body: LeadFact, _person: Frozen | None, _at: datetime) -> None:
    """Only the version moves."""


_Handler = Callable[[Any, Any, Frozen | None, datetime], None]

_HANDLERS: Final[dict[type[Message], tuple[_Handler, bool]]] = {
    kind: (handler, issubclass(kind, LeadFact))
    for kind, handler in (
        (LeadCaptured, _captured),
        (LeadUpdated, _updated),
        (ConsentConfirmed, _confirmed),
        (LeadStatusChanged, _status_changed),
        (LeadAssigned, _assigned),
        (LeadScored, _scored),
        (LeadErased, _erased),
        (LeadMergedInto, _merged_into),
        (LeadUnmerged, _unmerged),
        (LeadAbsorbed, _absorbed),
        (LeadReleased, _released),
        (LeadTagged, _tagged),
        (LeadNoted, _happened),
        (TaskAdded, _happened),
        (TaskChanged, _happened),
        (MessageRecorded, _happened),
    )
}
"""What a kind of fact changes, and whether `leads` decided it, so that it moves the lead's version."""
