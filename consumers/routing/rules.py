"""The fold of the log: who needs an owner, and from which team."""

from collections.abc import Sequence
from typing import Final

from consumers.routing.desk import later
from consumers.routing.documents import Member, Person, RoutingRules, Team
from consumers.routing.hours import zones
from consumers.routing.state import RequestState
from infra.kafka.fold import Decision, Documents, Event
from schemas.envelope import derived_id
from schemas.events import (
    DocumentPublished,
    LeadAbsorbed,
    LeadAssigned,
    LeadCaptured,
    LeadErased,
    LeadMergedInto,
    LeadStatusChanged,
    LeadUnmerged,
)
from schemas.facts import submission_facts
from schemas.message import LeadId, Message
from schemas.routing import Availability, DaysOff, LoadChanged, OwnerRequested, RosterMember, RosterPublished

CLOSED: Final = ("won", "lost")
ROSTER_PARTITION: Final = 0
"""Markers stand in every partition; those of one are enough for leads.routing, which has one order."""


def lead_or_documents(message: Message) -> str | None:
    """Key of the state: the lead; markers are about none and keep nothing."""
    return "documents" if isinstance(message, DocumentPublished) else message.lead


def request_owner(state: RequestState, event: Event[LeadCaptured], documents: Documents) -> Decision[RequestState]:
    """Ask once, unless somebody owns the lead. A quiet submission disturbs nobody, a later one that is not quiet does."""
    return _request(state, event.id, event.body.lead, event.body, documents)


def request_for_absorbed(state: RequestState, event: Event[LeadAbsorbed], documents: Documents) -> Decision[RequestState]:
    """What a merged lead was still waiting for, the lead that it goes on as waits for."""
    fact = event.body.fact()
    if not isinstance(fact, LeadCaptured):
        return Decision(state)
    return _request(state, event.id, event.body.lead, fact, documents)


def _request(
    state: RequestState, event_id: str, lead: LeadId, body: LeadCaptured, documents: Documents
) -> Decision[RequestState]:
    asked = state.request_id is not None and not state.waiting
    if body.quiet or state.erased or state.merged or state.owner is not None or asked:
        return Decision(state)
    team, why = team_for(body, documents)
    request = OwnerRequested(
        lead=lead,
        request_id=derived_id(event_id, "routing", 0),
        team=team,
        source=body.source,
        traits=body.traits,
        path=(why,),
    )
    return Decision(state.model_copy(update={"request_id": request.request_id, "waiting": False}), events=(request,))


def team_for(body: LeadCaptured, documents: Documents) -> tuple[str, str]:
    """The team by the first rule that holds, and why."""
    rules = documents.get(RoutingRules)
    if rules.rules:
        facts = submission_facts(body.source, body.traits, body.campaign, body.consent, body.consents)
        for rule in rules.rules:
            if rule.when.holds(facts):
                return rule.team, f"team {rule.team}: {rule.label} (rule {rule.id})"
        return rules.team, f"team {rules.team}: no rule holds, so the default"
    return rules.team, f"team {rules.team}: the default, there are no rules"


def note_owner(state: RequestState, event: Event[LeadAssigned], documents: Documents) -> Decision[RequestState]:  # noqa: ARG001
    """An owner answers any request. Where it is whom the pools picked, they have counted; whoever else it is, they are told."""
    body = event.body
    if state.erased:
        return Decision(state)
    answer = state.request_id is not None and body.request_id in (state.request_id, later(state.request_id))
    if body.owner is None:
        waiting = state.waiting or answer
        return _told(body.lead, state, state.model_copy(update={"owner": None, "waiting": waiting}))
    answered = {"owner": body.owner, "request_id": None, "waiting": False}
    if answer:
        return _told(body.lead, None, state.model_copy(update={**answered, "counted": body.owner}))
    return _told(body.lead, state, state.model_copy(update=answered))


def note_status(
    state: RequestState,
    event: Event[LeadStatusChanged],
    documents: Documents,  # noqa: ARG001
) -> Decision[RequestState]:
    """A lead that is won or lost keeps its owner, costs them nothing, and needs none."""
    closed = event.body.status in CLOSED
    if state.erased or closed == state.closed:
        return Decision(state)
    after = state.model_copy(update={"closed": closed})
    return _told(event.body.lead, state, _needing_nobody(after) if closed else after)


def step_aside(state: RequestState, event: Event[LeadMergedInto], documents: Documents) -> Decision[RequestState]:  # noqa: ARG001
    """It goes on as another lead, and `leads` declines whoever is still found for it."""
    if state.erased:
        return Decision(state)
    return _told(event.body.lead, state, _needing_nobody(state.model_copy(update={"merged": True})))


def come_back(state: RequestState, event: Event[LeadUnmerged], documents: Documents) -> Decision[RequestState]:  # noqa: ARG001
    """One of its own again, with the owner that it had."""
    return _told(event.body.lead, state, state.model_copy(update={"merged": False}))


def forget(state: RequestState, event: Event[LeadErased], documents: Documents) -> Decision[RequestState]:  # noqa: ARG001
    """Nobody is asked for any more."""
    return _told(event.body.lead, state, RequestState(erased=True, counted=state.counted))


def _needing_nobody(state: RequestState) -> RequestState:
    return state.model_copy(update={"request_id": None, "waiting": False})


def _told(lead: LeadId, before: RequestState | None, after: RequestState) -> Decision[RequestState]:
    """Tell the pools what they can't know: whose load the lead is now, and that what `before` asked for is wanted no more."""
    holder = None if after.closed or after.merged or after.erased else after.owner
    withdrawn = before is not None and before.request_id is not None and after.request_id is None
    if holder == after.counted and not withdrawn:
        return Decision(after)
    change = LoadChanged(lead=lead, before=after.counted, after=holder)
    return Decision(after.model_copy(update={"counted": holder}), events=(change,))


def amend(lead: LeadId, before: RequestState, after: RequestState, said: Sequence[Message]) -> list[Message]:
    """What the pools don't know of a lead that was folded anew: a request that is open after all, and whose load it is."""
    asked = after.request_id is not None and not after.waiting and after.request_id != before.request_id
    news: list[Message] = [
        message for message in said if asked and isinstance(message, OwnerRequested) and message.request_id == after.request_id
    ]
    withdrawn = before.request_id is not None and after.request_id is None
    if before.counted != after.counted or withdrawn:
        news.append(LoadChanged(lead=lead, before=before.counted, after=after.counted))
    return news


def publish_rosters(state: RequestState, event: Event[DocumentPublished], documents: Documents) -> Decision[RequestState]:
    """A team changed, or a person in it: tell the pools who may be given leads now. `documents` has the marker already."""
    marker = event.body
    if event.partition != ROSTER_PARTITION or marker.kind not in (Team.KIND, Person.KIND):
        return Decision(state)
    persons = documents.all(Person)
    rosters = [
        RosterPublished(
            team=name,
            members=tuple(_roster_member(member, persons.get(member.person)) for member in team.members),
            when_nobody=team.when_nobody,
        )
        for name, team in sorted(documents.all(Team).items())
        if _concerns(marker, name, team)
    ]
    return Decision(state, events=rosters)


def _concerns(marker: DocumentPublished, name: str, team: Team) -> bool:
    if marker.kind == Team.KIND:
        return name == marker.name
    return any(member.person == marker.name for member in team.members)


def _roster_member(member: Member, person: Person | None) -> RosterMember:
    away = None
    if not member.active:
        away = "inactive in this team"
    elif person is not None and not person.active:
        away = "inactive"
    availability = None if person is None else _availability(person)
    return RosterMember(person=member.person, weight=member.weight, away=away, availability=availability)


def _availability(person: Person) -> Availability | None:
    found = Availability(
        zone=person.zone if person.zone in zones() else "UTC",
        hours=person.hours,
        leave=tuple(DaysOff(first=off.first, last=off.last) for off in person.leave),
        open_max=person.capacity.open_max,
        day_max=person.capacity.day_max,
    )
    return None if found == Availability() else found
