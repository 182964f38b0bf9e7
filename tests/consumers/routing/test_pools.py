"""The fold of leads.routing: whose turn it is."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.routing.desk import WAITING_MAX, later
from consumers.routing.state import Pool, Pools, Waiting
from consumers.routing.turns import STRIDE
from schemas.commands import AssignLead
from schemas.routing import RosterMember, RosterPublished
from tests.consumers.routing.playing import Playing, away, request, roster, weighing


def test_members_take_turns() -> None:
    playing = Playing()
    playing.feed(roster("ana", "bo", "cy"), *(request(number) for number in range(7)))
    assert playing.owners == ["ana", "bo", "cy", "ana", "bo", "cy", "ana"]


def test_the_answer_names_the_request_the_reason_and_the_path() -> None:
    playing = Playing()
    playing.feed(roster("ana", away("bo"), "cy"), request(1), request(2))
    first, second = playing.answers
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
    playing = Playing()
    playing.feed(roster(weighing("ana", 2), "bo"), request(1), request(2), request(3))
    assert playing.owners == ["ana", "bo", "ana"]
    assert playing.answers[2].path[-1] == "ana: next of 2 (1 lead before at weight 2)"


def test_the_only_one_there_gets_all() -> None:
    playing = Playing()
    playing.feed(roster("ana"), request(1), request(2))
    assert playing.answers[1].path[-1] == "ana: the only one there (1 lead before)"


def test_without_members_nobody_is_named_and_the_reason_says_why() -> None:
    playing = Playing()
    playing.feed(request(1))
    assert (playing.answers[0].owner, playing.answers[0].reason) == (None, "team sales has no members")
    playing.feed(roster(away("ana")), request(2))
    assert playing.answers[1].reason == "nobody in team sales is there"
    assert "ana skipped: inactive" in playing.answers[1].path


def test_what_waited_is_given_oldest_first_to_whoever_comes() -> None:
    playing = Playing()
    playing.feed(request(1), request(2), request(3), roster("ana", "bo"))
    late = playing.answers[3:]
    assert [(answer.lead, answer.owner) for answer in late] == [("lead-1", "ana"), ("lead-2", "bo"), ("lead-3", "ana")]
    assert len({answer.command_id for answer in late}) == 3
    assert [answer.request_id for answer in late] == [later(f"request-{number}") for number in (1, 2, 3)], "the first is answered"
    assert late[0].path[1] == "waited until somebody was there"
    assert playing.pool().waiting == ()


def test_a_lead_waits_once_however_often_it_asks() -> None:
    playing = Playing()
    playing.feed(request(1, lead="same"), request(2, lead="same"), roster("ana"))
    assert playing.owners == [None, None, "ana"]


def test_no_more_than_a_bounded_number_waits() -> None:
    playing = Playing()
    waiting = tuple(Waiting(lead=f"w{n}", request_id=f"r{n}") for n in range(WAITING_MAX))
    playing.state = Pools(teams={"sales": Pool(waiting=waiting)})
    playing.feed(request(1))
    assert playing.pool().waiting == waiting
    assert playing.owners == [None]
    assert playing.answers[0].path[-1] == "1000 leads wait already, so this one does not: assign it by hand"


def test_teams_take_turns_each_on_their_own() -> None:
    playing = Playing()
    playing.feed(roster("ana", "bo"), roster("ana", "cy", team="enterprise"))
    playing.feed(request(1), request(2, "enterprise"), request(3), request(4, "enterprise"))
    assert playing.owners == ["ana", "ana", "bo", "cy"]


def test_who_joins_late_is_not_flooded() -> None:
    playing = Playing()
    playing.feed(roster("ana", "bo"), *(request(number) for number in range(20)))
    playing.feed(roster("ana", "bo", "new"), *(request(number) for number in range(20, 26)))
    assert Counter(playing.owners[20:]) == {"ana": 2, "bo": 2, "new": 2}


def test_who_comes_back_is_not_flooded_even_if_everybody_was_away() -> None:
    playing = Playing()
    playing.feed(roster("ana", away("bo")), *(request(number) for number in range(10)))
    playing.feed(roster(away("ana"), away("bo")), roster("ana", "bo"), *(request(number) for number in range(10, 14)))
    assert Counter(playing.owners[10:]) == {"ana": 2, "bo": 2}


def test_who_leaves_the_team_is_forgotten() -> None:
    playing = Playing()
    playing.feed(roster("ana", "bo"), roster("bo"), request(1))
    assert playing.owners == ["bo"]
    assert [share.person for share in playing.pool().shares] == ["bo"]


def present(member: RosterMember) -> bool:
    return member.away is None


members = st.builds(
    RosterMember, person=st.sampled_from("abcdef"), weight=st.integers(1, 10), away=st.sampled_from([None, None, "inactive"])
)
any_rosters = st.lists(members, max_size=6, unique_by=lambda member: member.person).map(lambda known: roster(*known))
histories = st.lists(st.tuples(any_rosters, st.integers(0, 12)), max_size=6)


def play(history: list[tuple[RosterPublished, int]]) -> Playing:
    playing, number = Playing(), 0
    for known, leads in history:
        playing.feed(known)
        for _ in range(leads):
            playing.feed(request(number))
            number += 1
    return playing


@settings(deadline=None)
@given(histories, st.integers(1, 6), st.integers(0, 40), st.integers(1, 40))
def test_members_of_equal_weight_never_differ_by_more_than_one(history: Any, size: int, before: int, leads: int) -> None:
    playing = play(history)
    playing.feed(roster(*"abcdef"[:size]), *(request(1_000 + number) for number in range(before)))
    start = len(playing.answers)
    playing.feed(*(request(2_000 + number) for number in range(leads)))
    shares = Counter(playing.owners[start:])
    counts = [shares[person] for person in "abcdef"[:size]]
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == leads


@settings(deadline=None)
@given(st.lists(st.integers(1, 10), min_size=1, max_size=6), st.integers(1, 200))
def test_leads_are_shared_by_weight(weights: list[int], leads: int) -> None:
    playing = Playing()
    playing.feed(roster(*(weighing(name, weight) for name, weight in zip("abcdef", weights, strict=False))))
    playing.feed(*(request(number) for number in range(leads)))
    shares = Counter(playing.owners)
    for name, weight in zip("abcdef", weights, strict=False):
        assert abs(shares[name] - leads * weight / sum(weights)) <= max(2, len(weights) / 2)


@settings(deadline=None)
@given(histories)
def test_nobody_who_is_away_is_given_a_lead_and_nobody_is_ahead_by_more_than_a_turn(history: Any) -> None:
    playing = play(history)
    state = playing.pool()
    there = [share for share in state.shares if share.away is None]
    assert not there or max(share.level for share in there) - min(share.level for share in there) <= STRIDE
    assert not (there and state.waiting)
    known: set[str] = set()
    for decision, body in zip(playing.decisions, _bodies(history), strict=True):
        if isinstance(body, RosterPublished):
            known = {member.person for member in body.members if present(member)}
        assert {command.owner for command in decision.events if isinstance(command, AssignLead)} - {None} <= known


def _bodies(history: list[tuple[RosterPublished, int]]) -> list[Any]:
    return [body for known, leads in history for body in (known, *([None] * leads))]


@settings(deadline=None)
@given(histories)
def test_folding_the_same_requests_again_comes_to_the_same_turns(history: Any) -> None:
    once, twice = play(history), play(history)
    assert once.state == twice.state
    assert once.answers == twice.answers
