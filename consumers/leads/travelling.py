"""The fold `leads.merging`: takes the facts of a lead that was merged to the lead that it goes on as. Pure.

It reads two rare types only. The facts themselves come out of the lead's past, which the runtime hands over with the record.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from infra.kafka.fold import Decision, Documents, Event
from schemas.commands import AbsorbLead, ReleaseLead, Travelling
from schemas.envelope import derived_id
from schemas.events import Fact, LeadAbsorbed, LeadMergedInto, LeadReleased, LeadUnmerged
from schemas.message import Frozen, LeadId

NAME: Final = "leads.merging"
FACTS_MAX: Final = 200
BYTES_MAX: Final = 512 * 1024
"""Of one part, unless a single fact is larger: a record is refused at eight times as much."""


class Journey(Frozen):
    """How far a merged lead's facts were taken along: all before `until`, -1 for none."""

    until: int = -1


def take_along(state: Journey, event: Event[LeadMergedInto], documents: Documents) -> Decision[Journey]:  # noqa: ARG001
    """All facts so far; or, where it is said again, those since. The last part answers whoever asked for the merge."""
    body = event.body
    if body.asked is None and state.until < 0:
        return Decision(state)
    since = -1 if body.asked is not None else state.until
    parts = list(_parts([fact for _, fact in _travelling(body.lead, event.past, since)]))
    if body.asked is not None and not parts:
        parts = [()]
    commands = [
        AbsorbLead(
            lead=body.into,
            command_id=derived_id(event.id, NAME, nth),
            actor=body.actor,
            origin=body.lead,
            facts=facts,
            estate=body.estate if nth == 0 else None,
        )
        for nth, facts in enumerate(parts)
    ]
    if body.asked is not None:
        commands[-1] = commands[-1].model_copy(update={"command_id": body.asked})
    return Decision(Journey(until=event.offset), commands)


def give_back(state: Journey, event: Event[LeadUnmerged], documents: Documents) -> Decision[Journey]:  # noqa: ARG001
    """The other lead is to forget them."""
    body = event.body
    released = ReleaseLead(lead=body.out_of, command_id=body.asked, actor=body.actor, origin=body.lead)
    return Decision(Journey(), [released])


def _travelling(lead: LeadId, past: Sequence[Event[Any]], since: int) -> list[tuple[LeadId, Travelling]]:
    """Facts that travel, with who brought them; without what was brought and released again."""
    found: list[tuple[LeadId, Travelling]] = []
    for event in past:
        body = event.body
        if event.offset <= since or not isinstance(body, Fact):
            continue
        if isinstance(body, LeadReleased):
            found = [(origin, fact) for origin, fact in found if origin != body.origin]
        elif isinstance(body, LeadAbsorbed):
            carried = Travelling.model_validate(body, from_attributes=True)
            found.append((body.origin, carried))
        elif body.TRAVELS:
            carried = Travelling(
                of=lead,
                event_id=event.id,
                fact_type=event.type,
                occurred_at=event.occurred_at,
                body=body.model_dump(mode="json", exclude={"lead", "personal"}),
                personal=body.personal,
            )
            found.append((lead, carried))
    return found


def _parts(facts: Sequence[Travelling]) -> Iterator[tuple[Travelling, ...]]:
    part: list[Travelling] = []
    size = 0
    for fact in facts:
        weight = len(orjson.dumps(fact.body)) + len(fact.personal or "")
        if part and (len(part) == FACTS_MAX or size + weight > BYTES_MAX):
            yield tuple(part)
            part, size = [], 0
        part.append(fact)
        size += weight
    if part:
        yield tuple(part)
