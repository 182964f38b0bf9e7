"""Who is not there is given nothing, and what waits is handed out when somebody is there again."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.routing.desk import GIVEN_MAX
from schemas.message import Message
from schemas.routing import RosterPublished
from tests.consumers.routing.playing import MONDAY, OFFICE, Playing, away, keeping, load, request, roster

NIGHT = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
"""Nine o'clock in Berlin."""


def berliner(person: str, **more: Any) -> Any:
    return keeping(person, zone="Europe/Berlin", hours=OFFICE, **more)


def test_whoever_is_off_hours_or_on_leave_or_at_capacity_is_skipped_and_the_path_says_why() -> None:
    playing = Playing(NIGHT)
    playing.feed(
        roster(
            keeping("ann", leave=[{"first": "2026-11-23", "last": "2026-12-01"}]),
            keeping("bob", open_max=1),
            berliner("cem"),
            keeping("dee", day_max=1),
            "eve",
        )
    )
    playing.feed(*(request(number) for number in range(4)))
    assert playing.owners == ["bob", "dee", "eve", "eve"]
    assert playing.answers[2].path[1:] == (
        "ann skipped: on leave until 2026-12-01",
        "bob skipped: 1 of 1 open",
        "cem skipped: off hours until 09:00 Europe/Berlin",
        "dee skipped: 1 of 1 given today",
        "eve: the only one there (0 leads before)",
    )


def test_a_lead_waits_until_somebodys_hours_begin() -> None:
    playing = Playing(NIGHT)
    playing.feed(roster(berliner("ann"), away("bob")), request(1), request(2))
    assert playing.owners == [None, None]
    assert playing.answers[0].reason == "nobody in team sales is there"
    playing.until(NINE - timedelta(seconds=1))
    assert playing.owners == [None, None]
    playing.until(NINE)
    assert [(answer.lead, answer.owner) for answer in playing.answers[2:]] == [("lead-1", "ann"), ("lead-2", "ann")]
    assert playing.answers[2].path[1] == "waited until somebody was there"
    assert playing.timers == {}, "nothing waits, so nothing is looked for"


def test_a_record_that_comes_late_is_decided_by_when_it_came() -> None:
    """Everything stood still while ann was there: she is not given at night what waited for her in the morning."""
    playing = Playing(NIGHT)
    playing.feed(roster(berliner("ann")), request(1))
    playing.now = NINE + timedelta(hours=12)
    playing.feed(request(2))
    assert playing.owners == [None, None]
    playing.later(hours=12)
    assert playing.owners[2:] == ["ann", "ann"]


def test_a_lead_waits_until_a_leave_ends() -> None:
    playing = Playing()
    playing.feed(roster(berliner("ann", leave=[{"first": "2026-11-30", "last": "2026-12-01"}])), request(1))
    playing.until(datetime(2026, 12, 2, 7, 59, tzinfo=UTC))
    assert playing.owners == [None]
    playing.until(datetime(2026, 12, 2, 8, 0, tzinfo=UTC))
    assert playing.owners == [None, "ann"]


def test_a_lead_waits_until_an_open_one_is_closed() -> None:
    playing = Playing()
    playing.feed(roster(keeping("ann", open_max=2)), *(request(number) for number in range(4)))
    assert playing.owners == ["ann", "ann", None, None]
    assert playing.timers == {}, "time brings nobody back"
    playing.feed(load(0, "ann", None))
    assert (playing.answers[-1].lead, playing.owners[4:]) == ("lead-2", ["ann"])
    assert playing.open("ann") == 2


def test_a_days_quota_is_new_at_ones_own_midnight() -> None:
    playing = Playing(datetime(2026, 11, 30, 22, 30, tzinfo=UTC))
    playing.feed(roster(keeping("ann", zone="Europe/Berlin", day_max=2)), *(request(number) for number in range(5)))
    assert playing.owners == ["ann", "ann", None, None, None]
    playing.until(datetime(2026, 11, 30, 22, 59, tzinfo=UTC))
    assert len(playing.answers) == 5
    playing.until(datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
    assert [(answer.lead, answer.owner) for answer in playing.answers[5:]] == [("lead-2", "ann"), ("lead-3", "ann")]
    assert playing.state.colleagues["ann"].day == date(2026, 12, 1)
    playing.later(hours=24)
    assert playing.owners[7:] == ["ann"]


def test_a_days_quota_that_is_used_up_is_new_when_work_begins_the_day_after() -> None:
    playing = Playing(NINE)
    playing.feed(roster(berliner("ann", day_max=1)), request(1), request(2))
    playing.until(NINE + timedelta(hours=23, minutes=59))
    assert playing.owners == ["ann", None]
    playing.later(minutes=1)
    assert playing.owners == ["ann", None, "ann"]


def test_a_new_roster_gives_away_what_waits() -> None:
    playing = Playing(NIGHT)
    playing.feed(roster(berliner("ann")), request(1), roster(berliner("ann"), "bob"))
    assert playing.owners == [None, "bob"]


def test_hours_that_change_change_when_a_lead_is_given() -> None:
    playing = Playing(NIGHT)
    playing.feed(roster(berliner("ann")), request(1), roster(keeping("ann", zone="UTC", hours=OFFICE)))
    playing.until(NINE)
    assert playing.owners == [None]
    playing.later(hours=1)
    assert playing.owners == [None, "ann"]


def test_the_oldest_is_first_whatever_team_it_waits_for() -> None:
    playing = Playing()
    ann = keeping("ann", open_max=1)
    playing.feed(
        roster(ann), roster(ann, team="partners"), request(0), request(1, "partners"), request(2), request(3, "partners")
    )
    for lead in (0, 1, 2):
        playing.feed(load(lead, "ann", None))
    assert [answer.lead for answer in playing.answers if answer.owner] == ["lead-0", "lead-1", "lead-2", "lead-3"]


def test_a_lead_that_writes_again_keeps_its_place() -> None:
    playing = Playing()
    playing.feed(request(1), request(2), request(3, lead="lead-1"), roster(keeping("ann", open_max=1)))
    assert [answer.lead for answer in playing.answers if answer.owner] == ["lead-1"]


def test_a_lead_that_writes_again_waits_for_one_team_only() -> None:
    playing = Playing()
    playing.feed(request(1, lead="same"), request(2, "partners", lead="same"), roster("ann"), roster("bob", team="partners"))
    assert [answer.owner for answer in playing.answers if answer.owner] == ["bob"]


def test_what_one_team_gives_counts_in_all_teams() -> None:
    playing = Playing()
    ann = keeping("ann", open_max=1)
    playing.feed(roster(ann, "bob"), roster(ann, team="partners"), request(1), request(2, "partners"))
    assert playing.owners == ["ann", None]
    assert "ann skipped: 1 of 1 open" in playing.answers[1].path


def test_with_anyone_a_lead_goes_to_who_is_next_though_nobody_is_there() -> None:
    playing = Playing(NIGHT)
    on_leave = keeping("cem", leave=[{"first": "2026-11-30", "last": "2026-11-30"}])
    playing.feed(roster(berliner("ann"), berliner("bob"), on_leave, away("dee"), when_nobody="anyone"))
    playing.feed(request(1), request(2), request(3))
    assert playing.owners == ["ann", "bob", "ann"]
    assert playing.answers[0].path[1:] == (
        "cem skipped: on leave until 2026-11-30",
        "dee skipped: inactive",
        "ann: next of 2 off hours (0 leads before)",
    )


def test_with_anyone_whoever_is_at_capacity_comes_last() -> None:
    playing = Playing(NIGHT)
    playing.feed(roster(keeping("ann", open_max=1), berliner("bob", open_max=1), when_nobody="anyone"))
    playing.feed(*(request(number) for number in range(4)))
    assert playing.owners == ["ann", "bob", "ann", "bob"]
    assert playing.answers[3].path[-1].endswith("next of 2 at capacity (1 lead before)")


def test_with_anyone_a_lead_waits_only_while_all_are_on_leave() -> None:
    playing = Playing(NIGHT)
    playing.feed(roster(berliner("ann", leave=[{"first": "2026-11-30", "last": "2026-12-01"}]), when_nobody="anyone"), request(1))
    playing.until(datetime(2026, 12, 1, 22, 59, tzinfo=UTC))
    assert playing.owners == [None]
    playing.until(datetime(2026, 12, 1, 23, 0, tzinfo=UTC))
    assert playing.owners == [None, "ann"]
    assert playing.answers[1].path[-1] == "ann: the only one off hours (0 leads before)"


def test_a_night_off_earns_no_flood_of_leads() -> None:
    playing = Playing(NIGHT)
    playing.feed(roster(berliner("ann"), "bob"), *(request(number) for number in range(10)))
    playing.until(NINE)
    playing.feed(*(request(number) for number in range(10, 20)))
    assert playing.owners[10:].count("ann") == 5


def test_a_lead_that_asks_again_before_it_heard_is_given_to_the_same_person_and_counts_once() -> None:
    playing = Playing()
    playing.feed(roster("ann", "bob"), request(1, lead="same"), request(2, lead="same"))
    assert playing.owners == ["ann", "ann"]
    assert playing.open("ann") == 1
    assert playing.answers[1].path[-1] == "ann: given to them before"


def test_it_is_not_remembered_for_ever_whom_a_lead_was_given_to() -> None:
    playing = Playing()
    playing.feed(roster("ann"), *(request(number) for number in range(GIVEN_MAX + 5)))
    assert len(playing.state.given) == GIVEN_MAX
    assert list(playing.state.given)[0] == "lead-5"


def test_a_lead_that_declined_counts_neither_as_open_nor_as_one_of_the_day() -> None:
    playing = Playing()
    playing.feed(roster(keeping("ann", day_max=1)), request(1), load(1, None, "bob"))
    assert (playing.open("ann"), playing.open("bob")) == (0, 1)
    playing.feed(request(2))
    assert playing.owners == ["ann", "ann"]


def test_a_lead_that_somebody_took_by_hand_waits_no_more() -> None:
    playing = Playing()
    playing.feed(request(1), load(1, None, "bob"), roster("ann"))
    assert playing.owners == [None]


def test_who_joins_later_has_what_they_have() -> None:
    playing = Playing()
    playing.feed(load(1, None, "ann"), load(2, None, "ann"), roster(keeping("ann", open_max=2)), request(3))
    assert playing.owners == [None]
    assert "ann skipped: 2 of 2 open" in playing.answers[0].path


def test_who_left_all_teams_and_has_nothing_is_forgotten() -> None:
    playing = Playing()
    playing.feed(roster(keeping("ann", open_max=2), "bob"), request(1), roster("bob"))
    assert (playing.open("ann"), playing.state.colleagues["ann"].availability) == (1, None)
    playing.feed(load(1, "ann", None))
    assert "ann" not in playing.state.colleagues


members = st.sampled_from(
    [
        "ann",
        away("ann"),
        berliner("bob"),
        keeping("bob", zone="Asia/Tokyo", hours=OFFICE, open_max=2),
        keeping("cem", open_max=1),
        keeping("cem", day_max=2, leave=[{"first": "2026-12-01", "last": "2026-12-01"}]),
        keeping("dee", open_max=2, day_max=1, zone="America/Lima"),
    ]
)
rosters = st.builds(
    lambda people, team, when: roster(*people, team=team, when_nobody=when),
    st.lists(members, max_size=4, unique_by=lambda member: member if isinstance(member, str) else member.person),
    st.sampled_from(["sales", "partners"]),
    st.sampled_from(["wait", "wait", "anyone"]),
)
requests = st.builds(lambda number, team: request(number, team), st.integers(0, 30), st.sampled_from(["sales", "partners"]))
changes = st.builds(
    lambda lead, before, after: load(lead, before, after),
    st.integers(0, 30),
    st.sampled_from([None, "ann", "bob", "cem"]),
    st.sampled_from([None, "ann", "bob", "dee"]),
)
histories = st.lists(
    st.tuples(st.one_of(rosters, requests, requests, changes), st.integers(0, 9 * 3600)), min_size=8, max_size=40
)


def told(history: list[tuple[Message, int]], *, ticks: bool = True) -> Playing:
    playing = Playing(MONDAY)
    for body, seconds in history:
        if ticks:
            playing.later(seconds=seconds)
        else:
            playing.now += timedelta(seconds=seconds)
        playing.feed(body)
    return playing


@settings(deadline=None)
@given(histories)
def test_nothing_waits_while_somebody_is_there_and_nobody_is_given_more_than_they_take(history: Any) -> None:
    playing = Playing(MONDAY)
    when: dict[str, str] = {}
    for body, seconds in history:
        playing.later(seconds=seconds)
        if isinstance(body, RosterPublished):
            when[body.team] = body.when_nobody
        before = {person: known.open for person, known in playing.state.colleagues.items()}
        playing.feed(body)
        for team, pool in playing.state.teams.items():
            there = [share.person for share in pool.shares if share.away is None and not share.missing]
            assert not pool.waiting or not there or set(there) <= full(playing), f"{there} of {team} are there, and leads wait"
        for person, known in playing.state.colleagues.items():
            limit = None if known.availability is None else known.availability.open_max
            grew = known.open > before.get(person, 0)
            if grew and limit is not None and "anyone" not in when.values() and not hasattr(body, "before"):
                assert known.open <= limit


def full(playing: Playing) -> set[str]:
    """Those who turned out to be at capacity after they were last looked for."""
    found = set()
    for person, known in playing.state.colleagues.items():
        limits = known.availability
        if limits is None:
            continue
        if (limits.open_max is not None and known.open >= limits.open_max) or (
            limits.day_max is not None and known.today >= limits.day_max
        ):
            found.add(person)
    return found


@settings(deadline=None)
@given(histories)
def test_read_again_the_same_records_give_the_same_owners(history: Any) -> None:
    once, twice = told(history), told(history)
    assert once.state == twice.state
    assert once.answers == twice.answers


@settings(deadline=None)
@given(histories)
def test_ticks_change_when_a_lead_is_given_and_not_whether(history: Any) -> None:
    """Without a tick the timer fires before the next record, which may be too late for whoever was there meanwhile."""
    ticked, silent = told(history), told(history, ticks=False)
    for playing in (ticked, silent):
        playing.later(days=30)
    assert {answer.lead for answer in ticked.answers} == {answer.lead for answer in silent.answers}


@pytest.mark.parametrize("zone", ["America/Havana", "Africa/Cairo", "Asia/Beirut"])
def test_midnights_that_do_not_exist_end_a_day_all_the_same(zone: str) -> None:
    playing = Playing(datetime(2026, 3, 1, 12, tzinfo=UTC))
    playing.feed(roster(keeping("ann", zone=zone, day_max=1)), *(request(number) for number in range(80)))
    playing.later(days=79)
    assert playing.owners.count("ann") in (79, 80)
