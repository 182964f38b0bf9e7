"""A batch of facts -> the rows of lead_list. Pure: what was known before comes in, what to write goes out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from projections.lead import WHOLE_TYPES, Lead, Standing, fold
from projections.lead_list.columns import Counted, Row, company_id, counted, index_key, json_text
from projections.parts import whole
from schemas.activities import ActivityRecorded
from schemas.events import (
    LeadAbsorbed,
    LeadAssigned,
    LeadCaptured,
    LeadErased,
    LeadNoted,
    LeadReleased,
    LeadTagged,
    LeadUpdated,
    MessagePlanned,
    MessageRecorded,
    TaskAdded,
    TaskChanged,
)
from schemas.message import Frozen, Message
from schemas.person import Note, Task

Place = tuple[int, int]
"""(partition, offset)"""

MESSAGE_COLUMNS: Final = 13
MESSAGE_TIMES: Final = {"delivered": 8, "opened": 9, "clicked": 10, "bounced": 11, "replied": 12}
"""Where a message's row says when that came of it first."""


class Fact(NamedTuple):
    """One fact of the batch: its lead, its place, and what the envelope and the codec say beside the body."""

    lead: str
    partition: int
    offset: int
    body: Message
    person: Frozen | None
    at: datetime
    origin: str | None = None


@dataclass(slots=True)
class Folded:
    """What a batch comes to.

    Attributes:
        whole: leads to write with every column.
        narrow: leads of which only version, status, score or owner changed, and which were not looked at.
        before: under what the leads in `whole` were counted; leads that are new in this batch are not in it.
        tags: (lead, tag) -> since when it has it; None takes it away.
        erased: lead -> when. Rows of these leads are nowhere in the rest.
        released: (lead, merged lead that is one of its own again): rows that came from there go.
        remade: leads that consist of several, or did: their rows in statements.MADE_OF_PARTS are made anew.
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
    released: list[tuple[str, str]] = field(default_factory=list)
    remade: set[str] = field(default_factory=set)
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
        id_, partition, offset, body, person, at, _origin = fact
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
    folded.notes.append((fact.lead, body.note_id, fact.at, body.actor, text, fact.origin))


def _tagged(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("LeadTagged", fact.body)
    folded.tags.update(dict.fromkeys(((fact.lead, tag) for tag in body.removed), None))
    folded.tags.update(dict.fromkeys(((fact.lead, tag) for tag in body.added), fact.at))


def _task_added(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("TaskAdded", fact.body)
    title = fact.person.title if isinstance(fact.person, Task) else None
    folded.tasks[fact.lead, body.task_id] = [title, body.due_at, body.owner, fact.at, "open", fact.origin]


def _task_changed(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("TaskChanged", fact.body)
    folded.tasks.setdefault((fact.lead, body.task_id), [*[None] * 5, fact.origin])[4] = body.state


def _planned(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("MessagePlanned", fact.body)
    row = _message(folded, fact, body.message_id)
    row[:5] = body.template, body.template_version, body.to, body.reason, fact.at


def _recorded(folded: Folded, _lead: Standing, fact: Fact) -> None:
    body = cast("MessageRecorded", fact.body)
    row = _message(folded, fact, body.message_id)
    row[5:8] = body.outcome, fact.at, body.detail


def _activity(folded: Folded, _lead: Standing, fact: Fact) -> None:
    """What became of a message: when it first did."""
    body = cast("ActivityRecorded", fact.body)
    place = MESSAGE_TIMES.get(body.activity.kind)
    if body.message_id is None or place is None:
        return
    row = _message(folded, fact, body.message_id)
    row[place] = body.activity.occurred_at if row[place] is None else min(row[place], body.activity.occurred_at)


def _message(folded: Folded, fact: Fact, id_: str) -> list[Any]:
    return folded.messages.setdefault((fact.lead, id_), [*[None] * MESSAGE_COLUMNS, fact.origin])


def _erased(folded: Folded, _lead: Standing, fact: Fact) -> None:
    folded.erased[fact.lead] = fact.at


def _absorbed(folded: Folded, lead: Standing, fact: Fact) -> None:
    """What the other lead's fact brings, this one has too."""
    body = cast("LeadAbsorbed", fact.body)
    folded.remade.add(fact.lead)
    inner = body.fact()
    remember = None if inner is None else _TAKEN_ALONG.get(type(inner))
    if inner is not None and remember is not None:
        remember(folded, lead, fact._replace(body=inner, at=body.occurred_at, origin=body.origin))


def _released(folded: Folded, _lead: Standing, fact: Fact) -> None:
    gone = fact.lead, cast("LeadReleased", fact.body).origin
    folded.remade.add(fact.lead)
    folded.released.append(gone)
    folded.notes = [row for row in folded.notes if (row[0], row[-1]) != gone]
    folded.tasks = {key: row for key, row in folded.tasks.items() if (key[0], row[-1]) != gone}
    folded.messages = {key: row for key, row in folded.messages.items() if (key[0], row[-1]) != gone}


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
    LeadAbsorbed: _absorbed,
    LeadReleased: _released,
}
"""Rows that facts bring beside the lead's own."""

_TAKEN_ALONG: Final[Mapping[type[Message], Callable[[Folded, Standing, Fact], None]]] = {
    cls: _REMEMBER[cls] for cls in (LeadNoted, TaskAdded, TaskChanged, MessagePlanned, MessageRecorded, ActivityRecorded)
}
"""The same, where the lead was merged into another."""


def _hang_on(folded: Folded) -> None:
    """Rows that come from the leads themselves; then drop whatever belongs to a lead that was erased in this batch."""
    for own in folded.whole.values():
        lead = whole(own)
        if own.absorbed:
            folded.remade.add(own.id)
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
