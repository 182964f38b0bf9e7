from datetime import UTC, datetime
from typing import Any

import pytest

from consumers.leads import rules
from consumers.leads.consumer import leads
from infra.kafka.fold import Outcome
from schemas import commands, events
from schemas.activities import Activity, RecordActivity
from schemas.message import LeadId, Message, Sealed
from schemas.person import Agreement, Blocked
from tests.consumers.making import LEAD, START, Folding, captured, traits

SEALED = Sealed("1.lead.abc")


def capture(number: int = 1, **changes: Any) -> commands.CaptureLead:
    fact = captured()
    known = {
        "lead": LEAD,
        "personal": SEALED,
        "command_id": f"submission-{number}",
        "actor": "source:s1",
        "created": number == 1,
        "submission_id": f"submission-{number}",
        "source": fact.source,
        "traits": fact.traits,
    }
    return commands.CaptureLead(**{**known, **changes})


def about(cls: type[commands.Command], **fields: Any) -> Any:
    return cls(**{"lead": LEAD, "command_id": "c", "actor": "ann", **fields})


ASKS = (
    about(commands.EditLead, fields=("company",), changes={"company": "X"}),
    about(commands.ChangeStatus, status="won"),
    about(commands.AssignLead, owner="ann"),
    about(commands.NoteLead, personal=SEALED, note_id="n"),
    about(commands.TagLead, added=("vip",)),
    about(commands.AddTask, personal=SEALED, task_id="t"),
    about(commands.RecordMessage, message_id="m", outcome="sent"),
)


OTHER = LeadId("0197b2f0-0000-7000-8000-00000000000f")
BLOCKED = Blocked(kind="email", hash="ab" * 32)
TRAVELLING = commands.Travelling(
    of=OTHER,
    event_id="e",
    fact_type=events.LeadStatusChanged.TYPE,
    occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
    body={"version": 3, "before": "new", "status": "contacted", "actor": "bob"},
)


def folding(*bodies: Message) -> Folding:
    made = Folding(leads)
    for body in bodies:
        made.feed(body)
    return made


def test_a_first_submission_makes_the_lead_at_the_offset_of_its_command() -> None:
    made = folding(about(commands.ChangeStatus, status="won"))  # offset 0 is about nobody yet
    decision = made.feed(
        capture(campaign={"utm_source": "s"}, consent=False, consents={"mail": True}, traits=traits(company="X"))
    )
    (fact,) = decision.events
    assert isinstance(fact, events.LeadCaptured)
    assert (fact.first, fact.version, fact.personal, fact.submission_id) == (True, 1, SEALED, "submission-1")
    assert (fact.campaign, fact.consent, fact.consents, fact.traits.company) == ({"utm_source": "s"}, False, {"mail": True}, "X")
    assert decision.outcome == Outcome("done", version=1)


def test_a_later_submission_is_not_the_first_and_moves_the_version() -> None:
    made = folding(capture(), capture(2))
    assert [fact.first for fact in made.written] == [True, False]
    assert made.state().version == 1


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.TYPE)
def test_nothing_can_be_asked_of_a_lead_that_is_not_there(ask: commands.Command) -> None:
    decision = folding().feed(ask)
    assert (decision.events, decision.outcome) == ((), rules.MISSING)
    assert decision.state.exists is False


@pytest.mark.parametrize("ask", [*ASKS, capture(2)], ids=lambda ask: ask.TYPE)
def test_nothing_revives_an_erased_lead(ask: commands.Command) -> None:
    made = folding(capture(), about(commands.EraseLead))
    decision = made.feed(ask)
    assert (decision.events, decision.outcome) == ((), rules.ERASED)
    assert decision.state.erased


def test_an_erased_lead_keeps_nothing_of_what_it_was() -> None:
    made = folding(capture(), about(commands.AssignLead, owner="ann"), about(commands.EraseLead, actor="admin"))
    assert made.written[-1] == events.LeadErased(lead=LEAD, version=2, actor="admin")
    assert (made.state().owner, made.state().erased, made.state().version) == (None, True, 2)


def test_erasing_twice_is_done_and_said_once() -> None:
    made = folding(capture(), about(commands.EraseLead), about(commands.EraseLead))
    assert [type(fact) for fact in made.written] == [events.LeadCaptured, events.LeadErased]
    assert made.decisions[-1].outcome == Outcome("done", version=1)


@pytest.mark.parametrize("before", [(capture(), about(commands.EraseLead)), ()], ids=["erased", "not erased yet"])
def test_a_block_that_is_lifted_is_said_and_revives_nobody(before: tuple[commands.Command, ...]) -> None:
    made = folding(*before)
    decision = made.feed(about(commands.LiftBlock, lifted=(BLOCKED,)))
    version = len(before)
    assert decision.events == (events.BlockLifted(lead=LEAD, version=version, actor="ann", lifted=(BLOCKED,)),)
    assert decision.outcome == Outcome("done", version=version)
    assert (decision.state.exists, decision.state.erased) == (bool(before), bool(before))
    made.feed(about(commands.EraseLead))
    assert made.feed(capture(2)).outcome == rules.ERASED


def test_a_lead_that_was_never_seen_can_be_erased() -> None:
    decision = folding().feed(about(commands.EraseLead))
    assert [type(fact) for fact in decision.events] == [events.LeadErased]


@pytest.mark.parametrize("ask", ASKS[:-1], ids=lambda ask: ask.TYPE)
def test_who_saw_an_older_version_is_told_the_one_it_is_at(ask: commands.Command) -> None:
    made = folding(capture(), capture(2))
    decision = made.feed(ask.model_copy(update={"expected_version": 0}))
    assert decision.outcome is not None
    assert (decision.outcome.status, decision.outcome.version, decision.events) == ("conflict", 1, ())
    assert "version 1, not 0" in decision.outcome.detail
    assert made.feed(ask.model_copy(update={"expected_version": 1})).outcome == Outcome("done", version=3)


def test_an_edit_says_what_was_changed_and_keeps_its_personal_values_sealed() -> None:
    edit = about(commands.EditLead, fields=("email", "company"), changes={"company": "Y"}, personal=SEALED)
    (fact,) = folding(capture()).feed(edit).events
    assert fact == events.LeadUpdated(
        lead=LEAD, version=1, personal=SEALED, fields=("email", "company"), changes={"company": "Y"}, actor="ann"
    )


def test_an_edit_that_identity_refused_is_declined_with_its_reason() -> None:
    edit = about(commands.EditLead, fields=("email",), refused="the address belongs to somebody else")
    decision = folding(capture()).feed(edit)
    assert (decision.events, decision.outcome) == ((), Outcome("declined", "the address belongs to somebody else", 0))


def test_an_edit_of_nothing_is_done_at_the_same_version() -> None:
    decision = folding(capture()).feed(about(commands.EditLead, fields=()))
    assert (decision.events, decision.outcome) == ((), Outcome("done", version=0))


def test_a_status_says_what_it_was_before() -> None:
    made = folding(capture(), about(commands.ChangeStatus, status="contacted"), about(commands.ChangeStatus, status="won"))
    assert [(fact.before, fact.status) for fact in made.written[1:]] == [("new", "contacted"), ("contacted", "won")]


def test_the_status_it_has_already_is_done_and_changes_nothing() -> None:
    decision = folding(capture()).feed(about(commands.ChangeStatus, status="new"))
    assert (decision.events, decision.outcome) == ((), Outcome("done", version=0))


def test_a_person_takes_a_lead_from_anybody_and_gives_it_back() -> None:
    made = folding(capture(), about(commands.AssignLead, owner="ann"), about(commands.AssignLead, owner="bob"))
    made.feed(about(commands.AssignLead, owner=None, reason="left"))
    assert [(fact.before, fact.owner) for fact in made.written[1:]] == [(None, "ann"), ("ann", "bob"), ("bob", None)]
    assert made.written[-1].reason == "left"


def test_the_owner_it_has_already_is_done_and_changes_nothing() -> None:
    decision = folding(capture(), about(commands.AssignLead, owner="ann")).feed(about(commands.AssignLead, owner="ann"))
    assert (decision.events, decision.outcome) == ((), Outcome("done", version=1))


def test_routing_is_declined_once_a_person_has_the_lead() -> None:
    made = folding(capture(), about(commands.AssignLead, owner="ann"))
    decision = made.feed(about(commands.AssignLead, owner="bob", request_id="r"))
    assert (decision.events, decision.outcome) == ((), Outcome("declined", "request no longer open", 1))
    assert made.state().owner == "ann"


def test_a_request_is_answered_once_even_if_by_nobody() -> None:
    nobody = about(commands.AssignLead, owner=None, request_id="r", reason="nobody is there", path=("team sales",))
    made = folding(capture(), nobody)
    (fact,) = made.decisions[-1].events
    assert (fact.owner, fact.reason, fact.path, fact.request_id) == (None, "nobody is there", ("team sales",), "r")
    again = made.feed(about(commands.AssignLead, owner="bob", request_id="r"))
    assert again.outcome is not None
    assert again.outcome.status == "declined"
    assert made.feed(about(commands.AssignLead, owner="bob", request_id="r2")).events


def test_what_routing_decides_for_a_quiet_lead_is_quiet_and_what_a_person_does_is_not() -> None:
    asked = about(commands.AssignLead, owner="ann", request_id="r")
    assert folding(capture(quiet=True)).feed(asked).events[0].quiet
    assert not folding(capture(quiet=True)).feed(about(commands.AssignLead, owner="ann")).events[0].quiet
    assert not folding(capture()).feed(asked).events[0].quiet


@pytest.mark.parametrize(("first", "second", "quiet"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_live_submission_wakes_a_quiet_lead_and_a_quiet_one_puts_none_to_sleep(first: bool, second: bool, quiet: bool) -> None:
    made = folding(capture(quiet=first), capture(2, quiet=second))
    assert made.state().quiet is quiet
    assert made.written[-1].quiet is second


def test_notes_and_messages_are_facts_of_the_lead() -> None:
    made = folding(capture(), about(commands.NoteLead, personal=SEALED, note_id="n"))
    made.feed(about(commands.RecordMessage, message_id="m", outcome="failed", detail="550"))
    assert made.written[1:] == [
        events.LeadNoted(lead=LEAD, version=1, personal=SEALED, note_id="n", actor="ann"),
        events.MessageRecorded(lead=LEAD, version=2, message_id="m", outcome="failed", detail="550"),
    ]


def test_tags_are_put_on_and_taken_off_and_the_fact_says_only_what_changed() -> None:
    made = folding(capture(), about(commands.TagLead, added=("vip", "freight")))
    made.feed(about(commands.TagLead, added=("vip", "hot"), removed=("freight", "never there")))
    assert [(fact.added, fact.removed, fact.version) for fact in made.written[1:]] == [
        (("freight", "vip"), (), 1),
        (("hot",), ("freight",), 2),
    ]
    assert made.state().tags == ("hot", "vip")


def test_tags_that_it_has_already_are_done_and_change_nothing() -> None:
    asked = about(commands.TagLead, added=("vip",), removed=("hot",))
    decision = folding(capture(), asked).feed(asked)
    assert (decision.events, decision.outcome) == ((), Outcome("done", version=1))


def test_a_lead_has_so_many_tags_and_no_more_but_can_always_lose_some() -> None:
    full = tuple(f"tag {number}" for number in range(rules.TAGS_MAX))
    made = folding(capture(), about(commands.TagLead, added=full))
    decision = made.feed(about(commands.TagLead, added=("one more",)))
    assert (decision.events, decision.outcome) == ((), Outcome("declined", f"a lead has {rules.TAGS_MAX} tags at most", 1))
    assert made.feed(about(commands.TagLead, added=("one more",), removed=("tag 0",))).events


def test_a_task_is_added_done_and_opened_again() -> None:
    made = folding(capture(), about(commands.AddTask, personal=SEALED, task_id="t", owner="bob"))
    for state in ("done", "open", "cancelled"):
        made.feed(about(commands.ChangeTask, task_id="t", state=state))
    assert made.written[1] == events.TaskAdded(lead=LEAD, version=1, personal=SEALED, task_id="t", owner="bob", actor="ann")
    assert [(fact.before, fact.state) for fact in made.written[2:]] == [("open", "done"), ("done", "open"), ("open", "cancelled")]
    assert made.state().tasks == {"t": "cancelled"}


def test_a_task_that_is_there_or_as_it_should_be_is_done_and_changes_nothing() -> None:
    made = folding(capture(), about(commands.AddTask, personal=SEALED, task_id="t"))
    for asked in (about(commands.AddTask, personal=SEALED, task_id="t"), about(commands.ChangeTask, task_id="t", state="open")):
        decision = made.feed(asked)
        assert (decision.events, decision.outcome) == ((), Outcome("done", version=1))


def test_a_task_that_the_lead_has_not_is_missing() -> None:
    decision = folding(capture()).feed(about(commands.ChangeTask, task_id="t", state="done"))
    assert (decision.events, decision.outcome) == ((), Outcome("missing", "the lead has no such task", 0))


def test_a_lead_has_so_many_tasks_and_no_more() -> None:
    made = folding(capture())
    for number in range(rules.TASKS_MAX):
        made.feed(about(commands.AddTask, personal=SEALED, task_id=f"t{number}"))
    decision = made.feed(about(commands.AddTask, personal=SEALED, task_id="one more"))
    assert decision.outcome is not None
    assert (decision.events, decision.outcome.status) == ((), "declined")


def test_the_workers_report_stands_whatever_version_the_lead_has() -> None:
    made = folding(capture(), capture(2))
    report = about(commands.RecordMessage, message_id="m", outcome="sent", expected_version=0)
    assert made.feed(report).events


def published(version: int, partition: int = 0, name: str = "default") -> commands.PublishDocument:
    return commands.PublishDocument(
        kind="scoring_rules", name=name, version=version, body={"v": version}, actor="ann", partition=partition
    )


def test_a_document_becomes_a_marker_once_and_never_goes_back() -> None:
    made = folding(published(1), published(1), published(3), published(2))
    assert [fact.version for fact in made.written] == [1, 3]
    assert made.written[0] == events.DocumentPublished(
        kind="scoring_rules", name="default", version=1, body={"v": 1}, actor="ann"
    )


def test_each_partition_and_each_name_has_its_own_marker() -> None:
    made = folding(published(1), published(1, partition=1), published(1, name="other"))
    assert len(made.written) == 3
    assert len(made.states) == 3


def test_documents_and_leads_never_share_a_state() -> None:
    assert rules.key(published(1, 4)) == "document:scoring_rules/default@4"
    assert rules.key(capture()) == LEAD


def test_only_answers_and_facts_that_were_declared_are_given() -> None:
    changed = about(commands.ChangeTask, task_id="t", state="done")
    merges = (
        about(commands.DeclineCommand, detail="no"),
        about(commands.AbsorbLead, origin=OTHER, facts=(TRAVELLING,)),
        about(commands.ReleaseLead, origin=OTHER),
        about(commands.MergeLead, into=OTHER, asked="m"),
        about(commands.UnmergeLead, out_of=OTHER, asked="u"),
    )
    ends = (about(commands.EraseLead), about(commands.LiftBlock, lifted=(BLOCKED,)))
    ticked = Agreement(overall=True, wording="I agree.")
    confirm = about(commands.ConfirmConsent, agreement=ticked.id)
    opened = Activity(id="a", kind="opened", occurred_at=START, source=captured().source)
    did = about(RecordActivity, activity=opened)
    made = folding(capture(unconfirmed=ticked), *ASKS, changed, confirm, did, *merges, *ends, published(1))
    assert {type(fact) for fact in made.written} == set(leads.writes)
    assert all(decision.outcome is not None for decision in made.decisions[:-1])
