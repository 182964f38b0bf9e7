"""Two leads that are one person: what each accepts, and what travels from one to the other."""

from datetime import timedelta
from typing import Any

from consumers.leads import travelling
from consumers.leads.consumer import leads, leads_merging
from infra.kafka.fold import Decision, Documents, Event, Outcome
from schemas import commands, events
from schemas.message import LeadId, Message, Sealed
from tests.consumers.leads.test_rules import about, capture
from tests.consumers.making import LEAD, START, Folding, captured, event

OTHER = LeadId("018f0000-0000-7000-8000-00000000000f")
THIRD = LeadId("018f0000-0000-7000-8000-00000000000e")
SEALED = Sealed("1.lead.abc")


def survivor(*bodies: Message) -> Folding:
    made = Folding(leads)
    made.feed(capture(), *bodies)
    return made


def absorb(*facts: commands.Travelling, **estate: Any) -> commands.AbsorbLead:
    left = commands.Estate(**estate) if estate else None
    return about(commands.AbsorbLead, command_id="a", origin=OTHER, facts=facts, estate=left)


def carried(body: Message, of: LeadId = OTHER, nth: int = 0) -> commands.Travelling:
    return commands.Travelling(
        of=of,
        event_id=f"e{nth}",
        fact_type=body.TYPE,
        occurred_at=START,
        body=body.model_dump(mode="json", exclude={"lead", "personal"}),
        personal=body.personal,
    )


def kinds(decision: Decision[Any]) -> list[str]:
    return [fact.TYPE for fact in decision.events]


NOTE = events.LeadNoted(lead=OTHER, version=3, note_id="n", actor="bob", personal=SEALED)
TASK = events.TaskAdded(lead=OTHER, version=4, task_id="t", actor="bob", personal=SEALED)


def test_a_merged_lead_sends_whoever_asks_to_the_survivor() -> None:
    made = survivor(about(commands.MergeLead, into=OTHER, asked="m"))
    decision = made.feed(about(commands.ChangeStatus, command_id="s", status="won"))
    assert (decision.events, decision.outcome) == ((), Outcome("moved", OTHER, 1))


def test_what_a_merged_lead_leaves_is_said_with_the_merge() -> None:
    made = survivor(about(commands.AssignLead, owner="ann"), about(commands.TagLead, command_id="t", added=("vip",)))
    (fact,) = made.feed(about(commands.MergeLead, command_id="m", into=OTHER, asked="asked")).events
    assert isinstance(fact, events.LeadMergedInto)
    assert (fact.into, fact.asked, fact.estate) == (OTHER, "asked", commands.Estate(owner="ann", tags=("vip",)))


def test_what_comes_too_late_for_a_merged_lead_is_noted_and_said_to_have_moved() -> None:
    made = survivor(about(commands.MergeLead, into=OTHER, asked="m"))
    for late in (capture(2), about(commands.RecordMessage, command_id="r", message_id="m", outcome="sent")):
        fact, moved = made.feed(late).events
        assert fact.lead == LEAD
        assert isinstance(moved, events.LeadMergedInto)
        assert (moved.into, moved.asked, moved.estate) == (OTHER, None, None)


def test_an_owner_a_status_and_tags_are_taken_over_where_there_are_none() -> None:
    decision = survivor().feed(absorb(carried(NOTE), owner="bob", status="contacted", tags=("vip",)))
    assert kinds(decision) == ["lead.assigned.v1", "lead.status_changed.v1", "lead.tagged.v1", "lead.absorbed.v1"]
    after = decision.state
    assert (after.owner, after.status, after.tags) == ("bob", "contacted", ("vip",))


def test_what_the_survivor_has_itself_stays() -> None:
    made = survivor(
        about(commands.AssignLead, owner="ann"),
        about(commands.ChangeStatus, command_id="s", status="qualified"),
        about(commands.TagLead, command_id="t", added=("vip",)),
    )
    decision = made.feed(absorb(carried(NOTE), owner="bob", status="contacted", tags=("vip",)))
    assert kinds(decision) == ["lead.absorbed.v1"]
    assert (decision.state.owner, decision.state.status) == ("ann", "qualified")


def test_an_absorbed_fact_is_opened_with_the_key_of_whom_it_is_about() -> None:
    (fact,) = survivor().feed(absorb(carried(NOTE, of=THIRD))).events
    assert isinstance(fact, events.LeadAbsorbed)
    assert fact.sealed_by() == (THIRD, events.LeadNoted.PERSON)
    assert fact.fact() == NOTE.model_copy(update={"lead": THIRD})


def test_a_task_that_came_along_can_be_done_and_leaves_again() -> None:
    made = survivor(absorb(carried(TASK)))
    done = made.feed(about(commands.ChangeTask, command_id="c", task_id="t", state="done"))
    assert done.outcome == Outcome("done", version=2)
    made.feed(about(commands.ReleaseLead, command_id="r", origin=OTHER))
    gone = made.feed(about(commands.ChangeTask, command_id="d", task_id="t", state="open"))
    assert gone.outcome is not None
    assert gone.outcome.status == "missing"


def test_what_was_taken_over_is_given_back() -> None:
    made = survivor(absorb(carried(NOTE), owner="bob", status="contacted", tags=("vip", "fair")))
    decision = made.feed(about(commands.ReleaseLead, command_id="r", origin=OTHER))
    assert kinds(decision) == ["lead.released.v1", "lead.assigned.v1", "lead.status_changed.v1", "lead.tagged.v1"]
    assert (decision.state.owner, decision.state.status, decision.state.tags) == (None, "new", ())


def test_what_somebody_has_changed_since_is_not_taken_back() -> None:
    made = survivor(
        absorb(owner="bob", status="contacted", tags=("vip",)),
        about(commands.AssignLead, owner="cyd"),
        about(commands.ChangeStatus, command_id="s", status="won"),
        about(commands.TagLead, command_id="t", removed=("vip",)),
    )
    decision = made.feed(about(commands.ReleaseLead, command_id="r", origin=OTHER))
    assert kinds(decision) == ["lead.released.v1"]
    assert (decision.state.owner, decision.state.status) == ("cyd", "won")


def test_a_lead_that_brought_nothing_is_released_without_a_word() -> None:
    decision = survivor().feed(about(commands.ReleaseLead, origin=OTHER))
    assert (decision.events, decision.outcome) == ((), Outcome("done", version=0))


def test_an_erased_lead_takes_no_part() -> None:
    made = survivor(about(commands.EraseLead, command_id="e"))
    for asked in (
        absorb(carried(NOTE)),
        about(commands.MergeLead, command_id="m", into=OTHER, asked="m"),
        about(commands.UnmergeLead, command_id="u", out_of=OTHER, asked="u"),
        about(commands.ReleaseLead, command_id="r", origin=OTHER),
    ):
        decision = made.feed(asked)
        assert (decision.events, decision.outcome) == ((), Outcome("erased", "the lead was erased"))


def test_a_lead_that_is_one_of_its_own_again_is_asked_itself() -> None:
    made = survivor(
        about(commands.MergeLead, into=OTHER, asked="m"), about(commands.UnmergeLead, command_id="u", out_of=OTHER, asked="u")
    )
    assert made.feed(about(commands.ChangeStatus, command_id="s", status="won")).state.status == "won"


def past(*bodies: Message) -> tuple[Event[Any], ...]:
    return tuple(event(body, offset) for offset, body in enumerate(bodies))


def merged_into(**changes: Any) -> events.LeadMergedInto:
    known = {"lead": LEAD, "version": 9, "into": OTHER, "actor": "ann", "asked": "asked", "estate": commands.Estate(owner="ann")}
    return events.LeadMergedInto(**{**known, **changes})


def taken_along(*bodies: Message, state: travelling.Journey | None = None, **changes: Any) -> list[commands.AbsorbLead]:
    asked = event(merged_into(**changes), len(bodies))._replace(past=past(*bodies))
    decision = travelling.take_along(state or travelling.Journey(), asked, Documents())
    assert decision.state.until == len(bodies)
    return [body for body in decision.events if isinstance(body, commands.AbsorbLead)]


def test_facts_travel_in_order_and_what_others_concluded_does_not() -> None:
    note = NOTE.model_copy(update={"lead": LEAD})
    scored = events.LeadScored(lead=LEAD, score=5, before=0, grade="C", receipt=(), rules_version=0)
    (part,) = taken_along(captured(), scored, note)
    assert [fact.fact_type for fact in part.facts] == ["lead.captured.v1", "lead.noted.v1"]
    assert [fact.of for fact in part.facts] == [LEAD, LEAD]
    assert (part.lead, part.origin, part.command_id, part.estate) == (OTHER, LEAD, "asked", commands.Estate(owner="ann"))
    assert part.facts[1].personal == SEALED
    assert part.facts[1].occurred_at == START + timedelta(seconds=2)


def test_a_long_life_travels_in_parts_and_the_last_one_answers() -> None:
    note = NOTE.model_copy(update={"lead": LEAD})
    parts = taken_along(*[note] * (2 * travelling.FACTS_MAX + 1))
    assert [len(part.facts) for part in parts] == [travelling.FACTS_MAX, travelling.FACTS_MAX, 1]
    assert [part.estate is not None for part in parts] == [True, False, False]
    assert parts[-1].command_id == "asked"
    assert len({part.command_id for part in parts}) == 3


def test_heavy_facts_travel_in_parts_that_fit_a_record() -> None:
    heavy = NOTE.model_copy(update={"lead": LEAD, "personal": Sealed("x" * (travelling.BYTES_MAX // 2))})
    assert [len(part.facts) for part in taken_along(*[heavy] * 3)] == [1, 1, 1]


def test_a_lead_of_which_nothing_is_known_yet_is_still_absorbed() -> None:
    (part,) = taken_along()
    assert (part.facts, part.command_id) == ((), "asked")


def test_said_again_only_what_is_new_travels() -> None:
    note = NOTE.model_copy(update={"lead": LEAD})
    (part,) = taken_along(captured(), note, state=travelling.Journey(until=0), asked=None, estate=None)
    assert [fact.fact_type for fact in part.facts] == ["lead.noted.v1"]
    assert part.estate is None


def test_what_a_lead_had_absorbed_travels_on_unless_it_was_released() -> None:
    def absorbed(origin: LeadId) -> events.LeadAbsorbed:
        (fact,) = survivor().feed(absorb(carried(NOTE, of=origin)).model_copy(update={"origin": origin})).events
        assert isinstance(fact, events.LeadAbsorbed)
        return fact

    released = events.LeadReleased(lead=LEAD, version=8, origin=THIRD, actor="ann")
    (part,) = taken_along(absorbed(THIRD), absorbed(OTHER), released)
    assert [(fact.of, fact.fact_type) for fact in part.facts] == [(OTHER, "lead.noted.v1")]


def test_taken_back_the_survivor_is_told_to_let_go() -> None:
    made = Folding(leads_merging)
    unmerged = events.LeadUnmerged(lead=LEAD, version=9, out_of=OTHER, actor="ann", asked="u")
    (told,) = made.feed(unmerged).events
    assert told == commands.ReleaseLead(lead=OTHER, command_id="u", actor="ann", origin=LEAD)
