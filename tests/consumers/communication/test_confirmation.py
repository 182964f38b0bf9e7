"""Mails by which the owner of an address confirms what was ticked: who gets one, and how few."""

from datetime import timedelta
from typing import Any

import pytest

from consumers.communication import rules
from consumers.communication.consumer import communication
from consumers.communication.documents import DEFAULTS
from consumers.communication.state import Correspondence
from infra.kafka.fold import Decision, Documents, Effect
from infra.mail import templates
from schemas.events import ConsentConfirmed, MessagePlanned
from schemas.person import Agreement
from tests.consumers.making import HASH, LEAD, Folding, captured, erased, event, traits

WORDS = Agreement(overall=True, wording="I agree.")


def confirmed() -> ConsentConfirmed:
    return ConsentConfirmed(lead=LEAD, version=5, agreement=WORDS, actor="source:source-1")


def effects(folding: Folding) -> list[Effect]:
    return [effect for decision in folding.decisions for effect in decision.effects]


def asked_after(state: Correspondence, days: float, **changes: Any) -> Decision[Correspondence]:
    at = event(captured(unconfirmed=WORDS, **changes))
    late = at._replace(recorded_at=at.recorded_at + timedelta(days=days))
    return rules.acknowledge(state, late, Documents())


def test_who_has_ticked_something_is_asked_to_confirm_it_and_told_nothing_else() -> None:
    folding = Folding(communication)
    folding.feed(captured(unconfirmed=WORDS))
    (effect,) = effects(folding)
    assert (effect.kind, effect.lead, effect.recipient) == ("mail", LEAD, HASH)
    assert (effect.reason, effect.cause) == ("confirmation", "2026-03-02")
    assert effect.payload["confirm"] == {"source_id": "source-1", "agreement": WORDS.id, "wording": "I agree."}
    assert effect.payload["text"] == DEFAULTS["confirmation"].text
    (planned,) = folding.written
    assert isinstance(planned, MessagePlanned)
    assert (planned.template, planned.to) == ("confirmation", "lead")


def test_a_first_submission_is_acknowledged_once_it_is_confirmed() -> None:
    folding = Folding(communication)
    folding.feed(captured(unconfirmed=WORDS), confirmed(), confirmed())
    _, acknowledgement = effects(folding)
    assert (acknowledgement.reason, acknowledgement.cause, acknowledgement.recipient) == ("acknowledgement", "submission-1", HASH)


def test_a_later_submission_that_is_confirmed_is_not_acknowledged() -> None:
    folding = Folding(communication)
    folding.feed(captured(), captured(first=False, unconfirmed=WORDS), confirmed())
    assert [effect.reason for effect in effects(folding)] == ["acknowledgement", "confirmation"]


@pytest.mark.parametrize("changes", [{"quiet": True}, {"traits": traits(email_hash=None)}], ids=["quiet", "without an address"])
def test_nobody_is_asked_who_is(changes: dict[str, Any]) -> None:
    folding = Folding(communication)
    folding.feed(captured(unconfirmed=WORDS, **changes))
    assert effects(folding) == []


def test_an_address_that_is_typed_again_and_again_gets_one_mail_a_day_and_three_a_month() -> None:
    state, mails = Correspondence(), []
    for hour in range(0, 24 * 60, 6):
        decision = asked_after(state, hour / 24, first=hour == 0)
        state = decision.state
        mails += [(hour // 24, effect.cause) for effect in decision.effects]
    assert [day for day, _ in mails] == [0, 1, 2, 30, 31, 32]
    assert len({cause for _, cause in mails}) == len(mails), "the gate would let none of them through twice"


def test_who_has_answered_may_be_asked_again_the_next_day() -> None:
    state = Correspondence()
    for day in (0, 1, 2):
        state = asked_after(state, day).state
    assert not asked_after(state, 3).effects
    answered = rules.answer_confirmation(state, event(confirmed()), Documents()).state
    assert not asked_after(answered, 2.5).effects
    assert len(asked_after(answered, 3).effects) == 1


def test_a_person_who_was_forgotten_is_neither_asked_nor_answered() -> None:
    folding = Folding(communication)
    folding.feed(captured(unconfirmed=WORDS), erased(), confirmed(), captured(unconfirmed=WORDS))
    assert [effect.reason for effect in effects(folding)] == ["confirmation"]
    assert folding.state() == Correspondence(erased=True)


def test_the_mail_in_code_shows_the_words_and_the_link_in_both_its_parts() -> None:
    mail = DEFAULTS["confirmation"]
    known = {"lead": {"first_name": "Ana"}, "company_name": "Quayline", "wording": "I <agree>", "days": 7}
    shown = templates.render(
        templates.Template(mail.subject, mail.text, mail.html), known | {"confirm_url": "https://x.example/c?1"}
    )
    assert shown.html is not None
    assert "I <agree>" in shown.text
    assert "I &lt;agree&gt;" in shown.html
    assert all("https://x.example/c?1" in part for part in (shown.text, shown.html))
    assert "7 days" in shown.text
