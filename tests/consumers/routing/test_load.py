"""Whose load a lead is: the pools count what they give, and are told what came out otherwise. However late anybody hears, it adds up."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.routing import LoadChanged
from tests.consumers.routing.chain import LEADS, Chain
from tests.consumers.routing.playing import keeping, roster


def chain(*members: Any, **more: Any) -> Chain:
    made = Chain()
    made.tell(roster(*members, **more))
    made.settle()
    return made


def test_a_lead_that_is_routed_costs_no_record_more_than_its_request() -> None:
    it = chain(keeping("ann", open_max=5))
    it.capture("lead-0")
    it.settle()
    assert it.held == it.counted == {"ann": 1}
    assert it.written == {"lead.captured.v1": 1, "owner.requested.v1": 1, "lead.assigned.v1": 1}


def test_a_lead_that_waited_costs_none_either() -> None:
    it = chain()
    it.capture("lead-0")
    it.settle()
    it.tell(roster("ann"))
    it.settle()
    assert it.held == it.counted == {"ann": 1}
    assert it.written[LoadChanged.TYPE] == 0


def test_closing_a_lead_frees_its_owner_and_opening_it_again_does_not() -> None:
    it = chain(keeping("ann", open_max=1))
    it.capture("lead-0")
    it.settle()
    for status, load in (("contacted", {"ann": 1}), ("won", {}), ("lost", {}), ("qualified", {"ann": 1})):
        it.status("lead-0", status)
        it.settle()
        assert it.held == it.counted == load
    assert it.written[LoadChanged.TYPE] == 2


def test_a_closed_lead_makes_room_for_one_that_waits() -> None:
    it = chain(keeping("ann", open_max=1))
    it.capture("lead-0")
    it.capture("lead-1")
    it.settle()
    assert it.counted == {"ann": 1}
    it.status("lead-0", "lost")
    it.settle()
    assert it.held == it.counted == {"ann": 1}
    assert it.states["leads"]["lead-1"].owner == "ann"  # type: ignore[attr-defined]


def test_a_lead_that_changes_hands_is_the_others_load() -> None:
    it = chain("ann")
    it.capture("lead-0")
    it.settle()
    it.assign("lead-0", "bob")
    it.settle()
    assert it.held == it.counted == {"bob": 1}
    it.assign("lead-0", None)
    it.settle()
    assert it.counted == {}


def test_an_erased_lead_is_nobodys_load() -> None:
    it = chain("ann")
    it.capture("lead-0")
    it.settle()
    it.erase("lead-0")
    it.settle()
    assert it.counted == {}


def test_a_merged_lead_is_its_survivors_owners_load_until_it_is_one_of_its_own_again() -> None:
    it = chain("ann", "bob")
    it.capture("lead-0")
    it.capture("lead-1")
    it.settle()
    assert it.counted == {"ann": 1, "bob": 1}
    it.merge("lead-0", into="lead-1")
    it.settle()
    assert it.held == it.counted == {"bob": 1}
    it.unmerge("lead-0", out_of="lead-1")
    it.settle()
    assert it.held == it.counted == {"ann": 1, "bob": 1}


def test_a_lead_that_somebody_takes_while_it_is_given_away_is_theirs_alone() -> None:
    it = chain(keeping("ann", open_max=1))
    it.capture("lead-0")
    it.work("commands")
    it.assign("lead-0", "bob")
    it.settle()
    assert it.held == it.counted == {"bob": 1}
    it.capture("lead-1")
    it.settle()
    assert it.held == it.counted == {"ann": 1, "bob": 1}


def test_an_answer_that_comes_when_something_else_was_asked_counts_for_whom_it_names() -> None:
    it = chain("ann", "bob")
    it.capture("lead-0")
    it.assign("lead-0", "cem")
    it.assign("lead-0", None)
    it.capture("lead-0")
    for queue, times in (("commands", 1), ("log", 1), ("routing", 1), ("commands", 3), ("log", 3), ("routing", 3)):
        for _ in range(times):
            assert it.work(queue)
    assert it.pools.owners == ["ann", "bob"], "both requests are answered, and the first answer is still on its way"
    it.settle()
    assert it.held == it.counted == {"ann": 1}


def test_a_lead_that_waits_and_is_closed_is_given_to_nobody() -> None:
    it = chain()
    it.capture("lead-0")
    it.settle()
    it.status("lead-0", "lost")
    it.settle()
    it.tell(roster("ann"))
    it.settle()
    assert it.counted == {}
    assert it.states["leads"]["lead-0"].owner is None  # type: ignore[attr-defined]


leads_ = st.sampled_from(LEADS)
people = st.sampled_from(["ann", "bob", "cem", None])
rosters = st.lists(st.sampled_from(["ann", "bob", "cem"]), max_size=3, unique=True).map(
    lambda names: roster(*(keeping(name, open_max=1) if name == "ann" else name for name in names))
)
acts = st.one_of(
    st.tuples(st.just("capture"), leads_),
    st.tuples(st.just("assign"), leads_, people),
    st.tuples(st.just("status"), leads_, st.sampled_from(["new", "won", "lost", "qualified"])),
    st.tuples(st.just("erase"), leads_),
    st.tuples(st.just("merge"), st.just("lead-0"), st.just("lead-1")),
    st.tuples(st.just("unmerge"), st.just("lead-0"), st.just("lead-1")),
    st.tuples(st.just("tell"), rosters),
    *[st.tuples(st.just("work"), st.sampled_from(["commands", "log", "merging", "routing"])) for _ in range(4)],
    st.tuples(st.just("settle")),
)


@settings(deadline=None, max_examples=400)
@given(st.lists(acts, max_size=60))
def test_however_late_anybody_hears_the_count_comes_out_right(history: list[Any]) -> None:
    it = chain(keeping("ann", open_max=1), "bob")
    merged = False
    for name, *what in history:
        if name in ("merge", "unmerge"):
            # `identity` merges what is there and not merged, one at a time, and waits for each.
            if (name == "unmerge") is not merged:
                continue
            it.settle()
            if any(lead not in it.states["leads"] for lead in what):
                continue
            merged = name == "merge"
        getattr(it, name)(*what)
    it.settle()
    assert it.counted == it.held
    assert not any(given for lead, given in it.pools.state.given.items() if lead not in LEADS)
