"""The fold of the log: who needs an owner, and from which team."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from consumers.routing.consumer import routing
from consumers.routing.documents import Member, Person, RoutingRules, Team
from consumers.routing.rules import publish_rosters
from consumers.routing.state import RequestState
from infra.kafka.fold import Documents
from schemas.events import LeadMergedInto, LeadStatusChanged, LeadUnmerged
from schemas.message import LeadId
from schemas.routing import Availability, DaysOff, OwnerRequested, RosterPublished
from tests.consumers.making import LEAD, Folding, absorbed, assigned, captured, documents, erased, event, published, traits


def requests(folding: Folding) -> list[OwnerRequested]:
    return [message for message in folding.written if isinstance(message, OwnerRequested)]


def rosters(folding: Folding) -> list[RosterPublished]:
    return [message for message in folding.written if isinstance(message, RosterPublished)]


def team(*persons: str, **more: Any) -> Team:
    return Team(members=tuple(Member(person=person, **more) for person in persons))


def test_a_new_lead_needs_an_owner_of_the_default_team() -> None:
    folding = Folding(routing)
    folding.feed(captured())
    (request,) = requests(folding)
    assert (request.lead, request.team, request.key()) == (LEAD, "sales", "sales")
    assert request.path == ("team sales: the default, there are no rules",)
    assert folding.state().request_id == request.request_id
    assert request.traits == traits()


def test_the_first_rule_that_holds_decides_the_team() -> None:
    german = {"field": "phone_country", "operator": "eq", "value": "DE"}
    large = {"field": "team_size", "operator": "gte", "value": 200}
    body = RoutingRules.model_validate(
        {
            "rules": [
                {"id": "large", "label": "Large firms", "when": large, "team": "enterprise"},
                {"id": "dach", "label": "German numbers", "when": german, "team": "dach"},
            ],
            "team": "world",
        }
    )
    in_force = documents(("default", 1, body))
    paths = {}
    for known in (
        {"answers": {"Team size": "500+"}, "phone_country": "DE"},
        {"phone_country": "DE"},
        {"phone_country": "FR"},
    ):
        folding = Folding(routing, in_force)
        folding.feed(captured(traits=traits(**known)))
        (request,) = requests(folding)
        paths[request.team] = request.path
    assert paths == {
        "enterprise": ("team enterprise: Large firms (rule large)",),
        "dach": ("team dach: German numbers (rule dach)",),
        "world": ("team world: no rule holds, so the default",),
    }


def test_a_quiet_lead_disturbs_nobody_until_it_writes_itself() -> None:
    folding = Folding(routing)
    folding.feed(captured(quiet=True))
    assert requests(folding) == []
    folding.feed(captured(first=False))
    assert len(requests(folding)) == 1


def test_nobody_is_asked_for_twice_while_a_request_is_open_or_there_is_an_owner() -> None:
    folding = Folding(routing)
    folding.feed(captured(), captured(first=False))
    assert len(requests(folding)) == 1
    folding.feed(assigned("ana", request_id=requests(folding)[0].request_id), captured(first=False))
    assert len(requests(folding)) == 1
    assert folding.state() == RequestState(owner="ana", counted="ana")


def test_a_lead_that_nobody_could_take_is_asked_for_again_when_it_writes_again() -> None:
    folding = Folding(routing)
    folding.feed(captured())
    folding.feed(assigned(None, request_id=requests(folding)[0].request_id), captured(first=False))
    first, second = requests(folding)
    assert first.request_id != second.request_id


def test_taking_the_owner_away_by_hand_leaves_an_open_request_open() -> None:
    folding = Folding(routing)
    folding.feed(captured(), assigned(None, actor="user-1"))
    assert folding.state().request_id == requests(folding)[0].request_id


def test_an_owner_set_by_hand_answers_the_request() -> None:
    folding = Folding(routing)
    folding.feed(captured(), assigned("bo", actor="user-1"))
    assert folding.state() == RequestState(owner="bo", counted="bo")


def test_an_erased_lead_is_left_alone() -> None:
    folding = Folding(routing)
    folding.feed(captured(), erased(), captured(first=False), assigned("ana"))
    assert folding.state() == RequestState(erased=True)
    assert len(requests(folding)) == 1


def test_a_published_team_becomes_a_roster() -> None:
    folding = Folding(routing)
    folding.feed(published(team("ana", "bo"), "sales"), published(team("cy", weight=3), "enterprise"))
    first, second = rosters(folding)
    assert [(member.person, member.weight, member.away) for member in first.members] == [("ana", 1, None), ("bo", 1, None)]
    assert (second.team, second.key(), second.lead) == ("enterprise", "enterprise", None)
    assert second.members[0].weight == 3


def test_a_person_who_turns_inactive_changes_every_team_they_are_in() -> None:
    folding = Folding(routing)
    folding.feed(published(team("ana", "bo"), "sales"), published(team("bo"), "partners"), published(team("ana"), "enterprise"))
    folding.feed(published(Person(name="Bo", active=False), "bo"))
    changed = rosters(folding)[3:]
    assert {roster.team: [member.away for member in roster.members] for roster in changed} == {
        "partners": ["inactive"],
        "sales": [None, "inactive"],
    }


def test_a_member_who_is_inactive_in_one_team_only_is_away_there() -> None:
    folding = Folding(routing)
    folding.feed(published(Person(name="Ana"), "ana"), published(team("ana", active=False), "sales"))
    assert rosters(folding)[0].members[0].away == "inactive in this team"


def test_a_roster_says_when_each_is_there_and_nothing_of_why_they_are_not() -> None:
    ana = Person.model_validate(
        {
            "name": "Ana",
            "email": "ana@seller.example",
            "zone": "Europe/Lisbon",
            "hours": {"monday": ["09:00-17:00"]},
            "leave": [{"first": "2026-12-24", "last": "2026-12-26", "label": "Surgery"}],
            "capacity": {"open_max": 4, "day_max": 2},
        }
    )
    folding = Folding(routing)
    folding.feed(published(ana, "ana"), published(Person(name="Bo"), "bo"), published(Person(zone="Hamburg"), "cy"))
    folding.feed(published(team("ana", "bo", "cy").model_copy(update={"when_nobody": "anyone"}), "sales"))
    (roster,) = rosters(folding)
    assert roster.when_nobody == "anyone"
    assert [member.availability for member in roster.members[1:]] == [None, None]
    assert roster.members[0].availability == Availability(
        zone="Europe/Lisbon",
        hours={"monday": ("09:00-17:00",)},
        leave=(DaysOff(first=date(2026, 12, 24), last=date(2026, 12, 26)),),
        open_max=4,
        day_max=2,
    )
    assert "Surgery" not in roster.model_dump_json()


def test_markers_of_other_partitions_and_kinds_publish_nothing() -> None:
    marker = published(team("ana"), "sales")
    in_force = documents(("sales", 1, team("ana")))
    assert publish_rosters(RequestState(), event(marker, partition=1), in_force).events == ()
    other = published(RoutingRules())
    assert publish_rosters(RequestState(), event(other), Documents()).events == ()


def test_a_person_cannot_be_in_a_team_twice() -> None:
    with pytest.raises(ValidationError, match="ana is in the team twice: raise the weight"):
        team("ana", "bo", "ana")


facts = st.lists(
    st.one_of(
        st.builds(captured, first=st.booleans(), quiet=st.booleans()),
        st.builds(assigned, st.sampled_from(["ana", "bo", None])),
        st.just(erased()),
        st.builds(lambda persons: published(team(*sorted(persons)), "sales"), st.sets(st.sampled_from(["ana", "bo", "cy"]))),
        st.just(LeadStatusChanged(lead=LEAD, version=1, before="new", status="won", actor="u")),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(facts)
def test_folding_the_same_events_again_comes_to_the_same_states_and_requests(history: list[Any]) -> None:
    once, twice = Folding(routing), Folding(routing)
    once.feed(captured(), *history)
    twice.feed(captured(), *history)
    assert once.states == twice.states
    assert once.written == twice.written


def merged_into() -> LeadMergedInto:
    return LeadMergedInto(lead=LEAD, version=5, into=LeadId("other"), actor="ann", asked="m")


def test_a_merged_lead_needs_no_owner_until_it_is_one_of_its_own_again() -> None:
    folding = Folding(routing)
    folding.feed(captured(quiet=True), merged_into(), captured(first=False))
    assert requests(folding) == []
    folding.feed(LeadUnmerged(lead=LEAD, version=6, out_of=LeadId("other"), actor="ann", asked="u"), captured(first=False))
    assert len(requests(folding)) == 1


def test_what_a_merged_lead_was_waiting_for_its_survivor_waits_for() -> None:
    folding = Folding(routing)
    folding.feed(captured(quiet=True), absorbed(captured(quiet=True)))
    assert requests(folding) == []
    folding.feed(absorbed(captured()))
    (request,) = requests(folding)
    assert request.lead == LEAD


def test_a_survivor_with_an_owner_waits_for_nobody() -> None:
    folding = Folding(routing)
    folding.feed(captured(quiet=True), assigned("ann"), absorbed(captured()))
    assert requests(folding) == []
