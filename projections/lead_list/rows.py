"""A batch of facts -> the rows of lead_list. Pure: what was known before comes in, what to write goes out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple, cast

import orjson

from projections.lead import WHOLE_TYPES, Lead, Standing, display_name, fold
from schemas.activities import ActivityRecorded
from schemas.events import (
    LeadAssigned,
    LeadCaptured,
    LeadErased,
    LeadNoted,
    LeadTagged,
    LeadUpdated,
    MessagePlanned,
    MessageRecorded,
    TaskAdded,
    TaskChanged,
)
from schemas.message import Frozen, Message
from schemas.person import Note, Task

Row = tuple[Any, ...]
Counted = tuple[tuple[str, str], ...]
"""Under what one lead is counted: (dimension, value) pairs."""

Place = tuple[int, int]
"""(partition, offset)"""

MESSAGE_COLUMNS: Final = 13
MESSAGE_TIMES: Final = {"delivered": 8, "opened": 9, "clicked": 10, "bounced": 11, "replied": 12}
"""Where a message's row says when that came of it first."""

COMPANIES_CACHED_MAX: Final = 10_000
KEY_CHARACTERS_MAX: Final = 200
"""An index row takes 2,704 bytes at most; four bytes a character."""


class Fact(NamedTuple):
    """One fact of the batch: its lead, its place, and what the envelope and the codec say beside the body."""

    lead: str
    partition: int
    offset: int
    body: Message
    person: Frozen | None
    at: datetime


@dataclass(slots=True)
class Folded:
    """What a batch comes to.

    Attributes:
        whole: leads to write with every column.
        narrow: leads of which only version, status, score or owner changed, and which were not looked at.
        before: under what the leads in `whole` were counted; leads that are new in this batch are not in it.
        tags: (lead, tag) -> since when it has it; None takes it away.
        erased: lead -> when. Rows of these leads are nowhere in the rest.
        changed: lead -> (place of its last fact, types of its facts): what listeners are told.
    """

    whole: dict[str, Lead] = field(default_factory=dict)
    narrow: dict[str, Standing] = field(default_factory=dict)
    before: dict[str, Counted] = field(default_factory=dict)
    erased: dict[str, datetime] = field(default_factory=dict)
    identifiers: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    assignments: list[Row] = field(default_factory=list)
    messages: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    notes: list[Row] = field(default_factory=list)
    tasks: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    tags: dict[tuple[str, str], datetime | None] = field(default_factory=dict)
    companies: dict[str, tuple[str, str, str | None, datetime]] = field(default_factory=dict)
    changed: dict[str, tuple[Place, list[str]]] = field(default_factory=dict)


def needed(facts: Iterable[Fact]) -> list[str]:
    """Leads that have to be looked up before the batch can be folded: those that a fact of WHOLE_TYPES is about."""
    return sorted({fact.lead for fact in facts if type(fact.body) in WHOLE_TYPES})


def fold_batch(facts: Sequence[Fact], loaded: Mapping[str, Lead], gone: Mapping[str, int]) -> Folded:
    """Fold facts in order. `loaded` are the leads asked for by `needed`, `gone` those of them that were erased, by partition."""
    folded = Folded(before={lead.id: counted(lead) for lead in loaded.values()})
    leads: dict[str, Standing] = dict(loaded)
    leads.update({lead: Standing(lead, partition, erased=True) for lead, partition in gone.items()})
    changed = folded.changed
    for fact in facts:
        id_, partition, offset, body, person, at = fact
        lead = leads.get(id_)
        if lead is not None and lead.erased:
            continue
        if lead is None or type(lead) is Standing:
            if type(body) in WHOLE_TYPES:
                lead = leads[id_] = Lead(id_, partition)
            elif lead is None:
                lead = leads[id_] = Standing(id_, partition)
        fold(lead, body, person, at)
        remember = _REMEMBER.get(type(body))
        if remember is not None:
            remember(folded, lead, fact)
        types = changed[id_][1] if id_ in changed else []
        if body.TYPE not in types:
            types.append(body.TYPE)
        changed[id_] = ((partition, offset), types)
    _sort_out(folded, leads.values())
    _hang_on(folded)
    return folded


def _sort_out(folded: Folded, leads: Iterable[Standing]) -> None:
    """Which leads are written whole, which in part; leads that nobody captured not at all."""
    for lead in leads:
        if lead.erased:
            continue
        if not isinstance(lead, Lead):
            if lead.touched:
                folded.narrow[lead.id] = lead
        elif lead.created_at is not None:
            folded.whole[lead.id] = lead


def _assigned(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("LeadAssigned", fact.body)
    folded.assignments.append((fact.lead, fact.offset, fact.at, body.before, body.owner, body.actor, body.reason))


def _noted(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("LeadNoted", fact.body)
    text = fact.person.text if isinstance(fact.person, Note) else None
    folded.notes.append((fact.lead, body.note_id, fact.at, body.actor, text))


def _tagged(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("LeadTagged", fact.body)
    folded.tags.update(dict.fromkeys(((fact.lead, tag) for tag in body.removed), None))
    folded.tags.update(dict.fromkeys(((fact.lead, tag) for tag in body.added), fact.at))


def _task_added(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("TaskAdded", fact.body)
    title = fact.person.title if isinstance(fact.person, Task) else None
    folded.tasks[fact.lead, body.task_id] = [title, body.due_at, body.owner, fact.at, "open"]


def _task_changed(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("TaskChanged", fact.body)
    folded.tasks.setdefault((fact.lead, body.task_id), [None] * 5)[-1] = body.state


def _planned(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("MessagePlanned", fact.body)
    row = folded.messages.setdefault((fact.lead, body.message_id), [None] * MESSAGE_COLUMNS)
    row[:5] = body.template, body.template_version, body.to, body.reason, fact.at


def _recorded(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("MessageRecorded", fact.body)
    row = folded.messages.setdefault((fact.lead, body.message_id), [None] * MESSAGE_COLUMNS)
    row[5:8] = body.outcome, fact.at, body.detail


def _activity(folded: Folded, _lead: Standing, fact: Fact) -> None:
    """What became of a message: when it first did."""
    body = cast("ActivityRecorded", fact.body)
    place = MESSAGE_TIMES.get(body.activity.kind)
    if body.message_id is None or place is None:
        return
    row = folded.messages.setdefault((fact.lead, body.message_id), [None] * MESSAGE_COLUMNS)
    row[place] = body.activity.occurred_at if row[place] is None else min(row[place], body.activity.occurred_at)


def _erased(folded: Folded, _lead: Standing, fact: Fact) -> None:
    folded.erased[fact.lead] = fact.at


def _name_company(folded: Folded, lead: Standing, _fact: Fact) -> None:
    """The company that a lead names now. What is kept does not depend on the order in which partitions are read."""
    if not isinstance(lead, Lead) or lead.company is None or lead.created_at is None:
        return
    id_ = company_id(lead.company)
    if id_ is None:
        return
    domain = None if lead.free_mail else lead.mail_domain
    known = folded.companies.get(id_)
    if known is None:
        folded.companies[id_] = (id_, lead.company, domain, lead.created_at)
    else:
        domains = [found for found in (known[2], domain) if found is not None]
        folded.companies[id_] = (
            id_,
            min(known[1], lead.company),
            min(domains, default=None),
            min(known[3], lead.created_at),
        )


_REMEMBER: Final[Mapping[type[Message], Callable[[Folded, Standing, Fact], None]]] = {
    LeadCaptured: _name_company,
    LeadUpdated: _name_company,
    LeadAssigned: _assigned,
    LeadNoted: _noted,
    LeadTagged: _tagged,
    TaskAdded: _task_added,
    TaskChanged: _task_changed,
    MessagePlanned: _planned,
    MessageRecorded: _recorded,
    ActivityRecorded: _activity,
    LeadErased: _erased,
}
"""Rows that facts bring beside the lead's own."""


def _hang_on(folded: Folded) -> None:
    """Rows that come from the leads themselves; then drop whatever belongs to a lead that was erased in this batch."""
    for lead in folded.whole.values():
        folded.identifiers.extend((lead.id, kind, hash_) for kind, hash_ in sorted(lead.identifiers))
        folded.consents.extend(
            (lead.id, index_key(purpose), given, lead.consented_at[purpose]) for purpose, given in lead.consents.items()
        )
        folded.answers.extend(
            (lead.id, index_key(question), question, json_text(value), lead.answered_at[question])
            for question, value in lead.answers.items()
        )
    if folded.erased:
        folded.assignments = [row for row in folded.assignments if row[0] not in folded.erased]
        folded.notes = [row for row in folded.notes if row[0] not in folded.erased]
        folded.tasks = {key: row for key, row in folded.tasks.items() if key[0] not in folded.erased}
        folded.tags = {key: since for key, since in folded.tags.items() if key[0] not in folded.erased}
        folded.messages = {key: row for key, row in folded.messages.items() if key[0] not in folded.erased}


def counted(lead: Lead) -> Counted:
    """Under what a lead is counted for the overview."""
    return counted_by(lead.status, lead.grade, lead.vendor, lead.owner, lead.created_at)


def counted_by(status: str, grade: str | None, vendor: str, owner: str | None, created_at: datetime | None) -> Counted:
    """The same, from columns."""
    pairs = [("total", ""), ("status", status), ("source", vendor)]
    if grade is not None:
        pairs.append(("grade", grade))
    if owner is None:
        pairs.append(("unassigned", ""))
    if created_at is not None:
        pairs.append(("day", created_at.date().isoformat()))
    return tuple(pairs)


def lead_row(lead: Lead) -> Row:
    """In the order of statements.LEAD_COLUMNS."""
    return (
        lead.id,
        lead.partition,
        lead.version,
        lead.status,
        lead.score,
        lead.grade,
        lead.owner,
        company_id(lead.company),
        lead.company,
        lead.vendor,
        lead.source_id,
        lead.quiet,
        lead.created_at,
        lead.updated_at,
        lead.name,
        lead.first_name,
        lead.last_name,
        lead.email,
        lead.phone,
        lead.phone_e164,
        lead.mail_domain,
        lead.free_mail,
        json_text(lead.campaign),
        json_text(lead.custom),
        lead.consent,
        json_text(lead.unconfirmed),
    )


def name_row(lead: Lead) -> Row:
    """In the order of statements.NAME_COLUMNS: what the lead is sorted and found by."""
    name, email, company = display_name(lead), folded_case(lead.email), folded_case(lead.company)
    surname = lead.last_name or (name.rsplit(maxsplit=1)[-1] if name and " " in name else None)
    return (lead.id, folded_case(name) or email or company or "", folded_case(surname), email, company)


@lru_cache(maxsize=COMPANIES_CACHED_MAX)
def company_id(name: str | None) -> str | None:
    """The same for every spelling that differs in case and spaces only."""
    return None if name is None else blake2b(" ".join(name.casefold().split()).encode(), digest_size=12).hexdigest()


def folded_case(text: str | None) -> str | None:
    """For comparing what people type; None stays None."""
    return text.strip().casefold()[:KEY_CHARACTERS_MAX] if text else None


def index_key(text: str) -> str:
    """The text itself, or where an index couldn't take it, its beginning and a digest of all of it."""
    if len(text) <= KEY_CHARACTERS_MAX:
        return text
    return f"{text[:KEY_CHARACTERS_MAX]}#{blake2b(text.encode(), digest_size=12).hexdigest()}"


def json_text(value: Any) -> str:
    """As PostgreSQL takes a jsonb."""
    return orjson.dumps(value).decode()
