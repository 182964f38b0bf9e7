from typing import Any

import pytest

from consumers.leads.consents import UNCONFIRMED_MAX
from consumers.leads.consumer import leads
from schemas import commands, events
from schemas.person import Agreement
from tests.consumers.leads.test_rules import capture
from tests.consumers.making import LEAD, Folding

WORDS = Agreement(overall=True, purposes=("news",), wording="I agree.")


def confirm(agreement: str = WORDS.id, **changes: Any) -> commands.ConfirmConsent:
    known = {"lead": LEAD, "command_id": "c", "actor": "source:s1", "agreement": agreement}
    return commands.ConfirmConsent(**{**known, **changes})


def test_what_was_ticked_is_told_as_unconfirmed_and_counts_once_it_is_confirmed() -> None:
    made = Folding(leads)
    (fact,) = made.feed(capture(unconfirmed=WORDS)).events
    assert isinstance(fact, events.LeadCaptured)
    assert (fact.unconfirmed, fact.consent) == (WORDS, None)
    decision = made.feed(confirm())
    (confirmed,) = decision.events
    assert confirmed == events.ConsentConfirmed(lead=LEAD, version=1, agreement=WORDS, actor="source:s1")
    assert decision.outcome is not None
    assert (decision.outcome.status, decision.outcome.version) == ("done", 1)


def test_confirming_twice_is_done_and_says_nothing_new() -> None:
    made = Folding(leads)
    made.feed(capture(unconfirmed=WORDS), confirm())
    again = made.feed(confirm(command_id="c2"))
    assert list(again.events) == []
    assert again.outcome is not None
    assert (again.outcome.status, again.outcome.version) == ("done", 1)


def test_what_nobody_ticked_is_not_confirmed() -> None:
    made = Folding(leads)
    made.feed(capture(unconfirmed=WORDS))
    decision = made.feed(confirm("another"))
    assert decision.outcome is not None
    assert (decision.outcome.status, list(decision.events)) == ("declined", [])


def test_a_lead_that_is_unknown_or_erased_confirms_nothing() -> None:
    made = Folding(leads)
    unknown = made.feed(confirm()).outcome
    made.feed(capture(unconfirmed=WORDS), commands.EraseLead(lead=LEAD, command_id="e", actor="admin"))
    erased = made.feed(confirm()).outcome
    assert unknown is not None
    assert erased is not None
    assert (unknown.status, erased.status) == ("missing", "erased")
    assert made.state().unconfirmed == {}


def test_what_was_confirmed_is_not_asked_for_again_until_it_is_refused() -> None:
    made = Folding(leads)
    made.feed(capture(unconfirmed=WORDS), confirm())
    (same,) = made.feed(capture(2, unconfirmed=WORDS)).events
    made.feed(capture(3, consent=False))
    (after,) = made.feed(capture(4, unconfirmed=WORDS)).events
    assert isinstance(same, events.LeadCaptured)
    assert isinstance(after, events.LeadCaptured)
    assert (same.unconfirmed, after.unconfirmed) == (None, WORDS)


def test_other_words_are_another_agreement() -> None:
    made = Folding(leads)
    other = WORDS.model_copy(update={"wording": "I agree to everything."})
    made.feed(capture(unconfirmed=WORDS), confirm(), capture(2, unconfirmed=other))
    assert list(made.state().unconfirmed) == [other.id]
    assert len({WORDS.id, other.id, WORDS.model_copy(update={"overall": False}).id}) == 3


@pytest.mark.parametrize("more", [1, 5])
def test_strangers_who_type_an_address_again_and_again_fill_nothing(more: int) -> None:
    made = Folding(leads)
    many = [Agreement(overall=True, wording=str(n)) for n in range(UNCONFIRMED_MAX + more)]
    for number, agreement in enumerate(many):
        made.feed(capture(number, unconfirmed=agreement))
    assert len(made.state().unconfirmed) == UNCONFIRMED_MAX
    last = made.decisions[-1].events[0]
    assert isinstance(last, events.LeadCaptured)
    assert last.unconfirmed is None
    made.feed(confirm(many[0].id))
    assert isinstance(made.decisions[-1].events[0], events.ConsentConfirmed)
