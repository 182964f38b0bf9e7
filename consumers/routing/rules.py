"""The fold of the log: who needs an owner, and from which team."""

from consumers.routing.documents import Person, RoutingRules, Team
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
    LeadUnmerged,
)
from schemas.facts import submission_facts
from schemas.message import LeadId, Message
from schemas.routing import OwnerRequested, RosterMember, RosterPublished

ROSTER_PARTITION = 0
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
    if body.quiet or state.erased or state.merged or state.owner is not None or state.request_id is not None:
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
    return Decision(state.model_copy(update={"request_id": request.request_id}), events=(request,))


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
    """An owner answers any request. That nobody could take it answers only the request it names."""
    body = event.body
    if state.erased:
        return Decision(state)
    answered = body.owner is not None or body.request_id == state.request_id
    return Decision(state.model_copy(update={"owner": body.owner, "request_id": None if answered else state.request_id}))


def step_aside(state: RequestState, event: Event[LeadMergedInto], documents: Documents) -> Decision[RequestState]:  # noqa: ARG001
    """It goes on as another lead, and `leads` declines whoever is still found for it."""
    return Decision(state if state.erased else state.model_copy(update={"merged": True, "request_id": None}))


def come_back(state: RequestState, event: Event[LeadUnmerged], documents: Documents) -> Decision[RequestState]:  # noqa: ARG001
    """One of its own again."""
    return Decision(state.model_copy(update={"merged": False}))


def forget(state: RequestState, event: Event[LeadErased], documents: Documents) -> Decision[RequestState]:  # noqa: ARG001
    """Nobody is asked for any more."""
    return Decision(RequestState(erased=True))


def publish_rosters(state: RequestState, event: Event[DocumentPublished], documents: Documents) -> Decision[RequestState]:
    """A team changed, or a person in it: tell the pools who may be given leads now. `documents` has the marker already."""
    marker = event.body
    if event.partition != ROSTER_PARTITION or marker.kind not in (Team.KIND, Person.KIND):
        return Decision(state)
    persons = documents.all(Person)
    rosters = [
        RosterPublished(
            team=name,
            members=tuple(_roster_member(member.person, member.weight, member.active, persons) for member in team.members),
        )
        for name, team in sorted(documents.all(Team).items())
        if _concerns(marker, name, team)
    ]
    return Decision(state, events=rosters)


def _concerns(marker: DocumentPublished, name: str, team: Team) -> bool:
    if marker.kind == Team.KIND:
        return name == marker.name
    return any(member.person == marker.name for member in team.members)


def _roster_member(person_id: str, weight: int, active: bool, persons: dict[str, Person]) -> RosterMember:
    person = persons.get(person_id)
    away = None
    if not active:
        away = "inactive in this team"
    elif person is not None and not person.active:
        away = "inactive"
    return RosterMember(person=person_id, weight=weight, away=away)
