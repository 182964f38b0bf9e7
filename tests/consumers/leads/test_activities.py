"""What a lead does is told beside what it is."""

from typing import Any

import pytest

from consumers.leads import activities as rules
from consumers.leads.consumer import leads
from schemas import commands, events
from schemas.activities import Activity, ActivityRecorded, RecordActivity
from schemas.message import LeadId, Message, Sealed
from schemas.person import Source
from tests.consumers.making import LEAD, START, Folding, captured

SEALED = Sealed("1.lead.abc")


def capture(**changes: Any) -> commands.CaptureLead:
    known = {"lead": LEAD, "command_id": "s1", "actor": "source:s1", "created": True, "submission_id": "s1"}
    return commands.CaptureLead(**{**known, "source": captured().source, "traits": captured().traits, **changes})


def act(kind: str = "page_view", number: int = 1) -> RecordActivity:
    source = Source(vendor="tracking", source_id="site")
    activity = Activity(id=f"a{number}", kind=kind, occurred_at=START, source=source, path="/pricing")
    return RecordActivity(
        lead=LEAD,
        personal=SEALED,
        command_id=f"c{number}",
        actor="source:site",
        activity=activity,
        address="ab",
        message_id="m",
    )


def folding(*bodies: Message) -> Folding:
    made = Folding(leads)
    for body in bodies:
        made.feed(body)
    return made


def outcome(made: Folding) -> Any:
    return made.decisions[-1].outcome


def test_what_a_lead_did_is_told_as_it_was_asked() -> None:
    made = folding(capture(), act())
    (fact,) = made.decisions[-1].events
    assert isinstance(fact, ActivityRecorded)
    asked = act()
    assert (fact.lead, fact.personal, fact.activity, fact.actor) == (LEAD, SEALED, asked.activity, "source:site")
    assert (fact.address, fact.message_id) == ("ab", "m")


def test_what_a_lead_does_spoils_nobodys_edit() -> None:
    made = folding(capture(), act())
    (fact,) = made.decisions[-1].events
    assert fact.version == 0  # type: ignore[attr-defined]
    asked = commands.ChangeStatus(lead=LEAD, command_id="c", actor="ann", expected_version=0, status="won")
    assert made.feed(asked).outcome.status == "done"  # type: ignore[union-attr]


def test_who_unsubscribes_takes_the_consent_back() -> None:
    made = folding(capture(), act("unsubscribed"))
    told, edited = made.decisions[-1].events
    assert isinstance(told, ActivityRecorded)
    assert isinstance(edited, events.LeadUpdated)
    assert (edited.fields, edited.changes, edited.version) == (("consents",), {"consents": {"mail": False}}, 1)
    assert outcome(made).version == 1


def test_what_comes_before_the_capture_is_told_after_it_in_order() -> None:
    made = folding(act(number=1), act("unsubscribed", number=2))
    assert made.written == []
    made.feed(capture())
    facts = made.decisions[-1].events
    assert [type(fact) for fact in facts] == [events.LeadCaptured, ActivityRecorded, ActivityRecorded, events.LeadUpdated]
    assert [fact.activity.id for fact in facts if isinstance(fact, ActivityRecorded)] == ["a1", "a2"]
    made.feed(capture(command_id="s2", submission_id="s2"))
    assert [type(fact) for fact in made.decisions[-1].events] == [events.LeadCaptured], "once"


def test_only_so_much_waits_for_a_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "EARLY_MAX", 2)
    made = folding(*(act(number=nth) for nth in range(3)))
    assert outcome(made).status == "declined"
    made.feed(capture())
    assert len(made.decisions[-1].events) == 3


def test_of_who_is_forgotten_nothing_is_told() -> None:
    made = folding(act(), commands.EraseLead(lead=LEAD, command_id="e", actor="admin"), act(number=2))
    assert outcome(made).status == "erased"
    assert made.decisions[-1].events in ((), [])
    made.feed(capture())
    assert made.decisions[-1].events in ((), [])


def test_a_capture_passes_on_whose_browser_it_was() -> None:
    (fact,) = folding(capture(visitor="v")).decisions[-1].events
    assert fact.visitor == "v"  # type: ignore[attr-defined]


def test_what_comes_too_late_for_a_merged_lead_is_said_to_have_moved() -> None:
    other = LeadId("018f0000-0000-7000-8000-000000000002")
    merge = commands.MergeLead(lead=LEAD, command_id="m", actor="ann", into=other, asked="m")
    made = folding(capture(), merge, act())
    told, moved = made.decisions[-1].events
    assert isinstance(told, ActivityRecorded)
    assert isinstance(moved, events.LeadMergedInto)
    assert moved.into == other
