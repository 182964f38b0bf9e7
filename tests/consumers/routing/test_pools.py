"""The fold of leads.routing: whose turn it is."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.routing.consumer import routing_pools
from consumers.routing.pools import STRIDE, WAITING_MAX, team_of
from consumers.routing.state import PoolState
from schemas.commands import AssignLead
from schemas.message import LeadId
from schemas.person import Source
from schemas.routing import OwnerRequested, RosterMember, RosterPublished
from tests.consumers.making import Folding, captured, traits


def request(number: int, team: str = "sales", lead: str | None = None) -> OwnerRequested:
    return OwnerRequested(
        lead=LeadId(lead or f"lead-{number}"),
        request_id=f"request-{number}",
        team=team,
        source=Source(vendor="typeform", source_id="s"),
        traits=traits(),
        path=("team sales: the default, there are no rules",),
    )


def roster(*members: str | RosterMember, team: str = "sales") -> RosterPublished:
    known = tuple(RosterMember(person=member) if isinstance(member, str) else member for member in members)
    return RosterPublished(team=team, members=known)


def away(person: str) -> RosterMember:
    return RosterMember(person=person, away="inactive")


def weighing(person: str, weight: int) -> RosterMember:
    return RosterMember(person=person, weight=weight)


def answers(folding: Folding) -> list[AssignLead]:
    return [message for message in folding.written if isinstance(message, AssignLead)]


def owners(folding: Folding) -> list[str | None]:
    return [answer.owner for answer in answers(folding)]


def test_members_take_turns() -> None:
    folding = Folding(routing_pools)
    folding.feed(roster("ana", "bo", "cy"), *(request(number) for number in range(7)))
    assert owners(folding) == ["ana", "bo", "cy", "ana", "bo", "cy", "ana"]


def test_the_answer_names_the_request_the_reason_and_the_path() -> None:
    folding = Folding(routing_pools)
    folding.feed(roster("ana", away("bo"), "cy"), request(1), request(2))
    first, second = answers(folding)
    assert (first.lead, first.owner, first.request_id, first.actor) == ("lead-1", "ana", "request-1", "routing.pools")
    assert first.reason == "round-robin in team sales"
    assert first.path == (
        "team sales: the default, there are no rules",
        "bo skipped: inactive",
        "ana: next of 2 (0 leads before)",
    )
    assert second.path[-1] == "cy: next of 2 (0 leads before)"
    assert first.command_id != second.command_id


def test_weights_are_in_the_path_where_they_differ() -> None:
    folding = Folding(routing_pools)
    folding.feed(roster(weighing("ana", 2), "bo"), request(1), request(2), request(3))
    assert owners(folding) == ["ana", "bo", "ana"]
    assert answers(folding)[2].path[-1] == "ana: next of 2 (1 lead before at weight 2)"


def test_the_only_one_there_gets_all() -> None:
    folding = Folding(routing_pools)
    folding.feed(roster("ana"), request(1), request(2))
    assert answers(folding)[1].path[-1] == "ana: the only one there (1 lead before)"


def test_without_members_nobody_is_named_and_the_reason_says_why() -> None:
    folding = Folding(routing_pools)
    folding.feed(request(1))
    assert (answers(folding)[0].owner, answers(folding)[0].reason) == (None, "team sales has no members")
    folding.feed(roster(away("ana")), request(2))
    assert answers(folding)[1].reason == "nobody in team sales is there"
    assert "ana skipped: inactive" in answers(folding)[1].path


def test_what_waited_is_given_oldest_first_to_whoever_comes() -> None:
    folding = Folding(routing_pools)
    folding.feed(request(1), request(2), request(3), roster("ana", "bo"))
    late = answers(folding)[3:]
    assert [(answer.lead, answer.owner) for answer in late] == [("lead-1", "ana"), ("lead-2", "bo"), ("lead-3", "ana")]
    assert len({answer.command_id for answer in late}) == 3
    assert all(answer.request_id == answer.command_id for answer in late), "the request itself was answered already"
    assert late[0].path[1] == "waited until somebody was there"
    assert folding.states["sales"] == PoolState(shares=folding.states["sales"].shares)  # type: ignore[attr-defined]


def test_a_lead_waits_once_however_often_it_asks() -> None:
    folding = Folding(routing_pools)
    folding.feed(request(1, lead="same"), request(2, lead="same"), roster("ana"))
    assert owners(folding) == [None, None, "ana"]


def test_no_more_than_a_bounded_number_waits() -> None:
    folding = Folding(routing_pools)
    waiting = tuple({"lead": f"w{n}", "request_id": f"r{n}"} for n in range(WAITING_MAX))
    folding.states["sales"] = PoolState.model_validate({"waiting": waiting})
    folding.feed(request(1))
    assert len(folding.state("sales").waiting) == WAITING_MAX
    assert owners(folding) == [None]


def test_teams_take_turns_each_on_their_own() -> None:
    folding = Folding(routing_pools)
    folding.feed(roster("ana", "bo"), roster("ana", "cy", team="enterprise"))
    folding.feed(request(1), request(2, "enterprise"), request(3), request(4, "enterprise"))
    assert owners(folding) == ["ana", "ana", "bo", "cy"]


def test_who_joins_late_is_not_flooded() -> None:
    folding = Folding(routing_pools)
    folding.feed(roster("ana", "bo"), *(request(number) for number in range(20)))
    folding.feed(roster("ana", "bo", "new"), *(request(number) for number in range(20, 26)))
    assert Counter(owners(folding)[20:]) == {"ana": 2, "bo": 2, "new": 2}


def test_who_comes_back_is_not_flooded_even_if_everybody_was_away() -> None:
    folding = Folding(routing_pools)
    folding.feed(roster("ana", away("bo")), *(request(number) for number in range(10)))
    folding.feed(roster(away("ana"), away("bo")), roster("ana", "bo"), *(request(number) for number in range(10, 14)))
    assert Counter(owners(folding)[10:]) == {"ana": 2, "bo": 2}


def test_who_leaves_the_team_is_forgotten() -> None:
    folding = Folding(routing_pools)
    folding.feed(roster("ana", "bo"), roster("bo"), request(1))
    assert owners(folding) == ["bo"]
    assert [share.person for share in folding.state("sales").shares] == ["bo"]


def test_only_messages_about_a_team_have_a_key() -> None:
    assert team_of(request(1)) == team_of(roster()) == "sales"
    assert team_of(captured()) is None


def present(member: RosterMember) -> bool:
    return member.away is None


members = st.builds(
    RosterMember, person=st.sampled_from("abcdef"), weight=st.integers(1, 10), away=st.sampled_from([None, None, "inactive"])
)
any_rosters = st.lists(members, max_size=6, unique_by=lambda member: member.person).map(lambda known: roster(*known))
histories = st.lists(st.tuples(any_rosters, st.integers(0, 12)), max_size=6)


def play(history: list[tuple[RosterPublished, int]]) -> Folding:
    folding, number = Folding(routing_pools), 0
    for known, leads in history:
        folding.feed(known)
        for _ in range(leads):
            folding.feed(request(number))
            number += 1
    return folding


@settings(deadline=None)
@given(histories, st.integers(1, 6), st.integers(0, 40), st.integers(1, 40))
def test_members_of_equal_weight_never_differ_by_more_than_one(history: Any, size: int, before: int, leads: int) -> None:
    folding = play(history)
    folding.feed(roster(*"abcdef"[:size]), *(request(1_000 + number) for number in range(before)))
    start = len(folding.written)
    folding.feed(*(request(2_000 + number) for number in range(leads)))
    shares = Counter(owners(folding)[start:])
    counts = [shares[person] for person in "abcdef"[:size]]
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == leads


@settings(deadline=None)
@given(st.lists(st.integers(1, 10), min_size=1, max_size=6), st.integers(1, 200))
def test_leads_are_shared_by_weight(weights: list[int], leads: int) -> None:
    folding = Folding(routing_pools)
    folding.feed(roster(*(weighing(name, weight) for name, weight in zip("abcdef", weights, strict=False))))
    folding.feed(*(request(number) for number in range(leads)))
    shares = Counter(owners(folding))
    for name, weight in zip("abcdef", weights, strict=False):
        assert abs(shares[name] - leads * weight / sum(weights)) <= max(2, len(weights) / 2)


@settings(deadline=None)
@given(histories)
def test_nobody_who_is_away_is_given_a_lead_and_nobody_is_ahead_by_more_than_a_turn(history: Any) -> None:
    folding = play(history)
    state = folding.state("sales")
    there = [share for share in state.shares if share.away is None]
    assert not there or max(share.level for share in there) - min(share.level for share in there) <= STRIDE
    assert not (there and state.waiting)
    known: set[str] = set()
    for decision, body in zip(folding.decisions, _bodies(history), strict=True):
        if isinstance(body, RosterPublished):
            known = {member.person for member in body.members if present(member)}
        assert {command.owner for command in decision.events if command.owner is not None} <= known


def _bodies(history: list[tuple[RosterPublished, int]]) -> list[Any]:
    return [body for known, leads in history for body in (known, *([None] * leads))]


@settings(deadline=None)
@given(histories)
def test_folding_the_same_requests_again_comes_to_the_same_turns(history: Any) -> None:
    once, twice = play(history), play(history)
    assert once.states == twice.states
    assert once.written == twice.written
