from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from consumers.identity.rules import (
    Identifier,
    Known,
    Verdict,
    capture,
    identifiers,
    is_blocked,
    new_lead,
    resolve,
    to_block,
)
from schemas.message import LeadId, Sealed
from schemas.person import Source, Traits
from schemas.submissions import SubmissionReceived

ANN, BOB = LeadId("lead-ann"), LeadId("lead-bob")
NOW_MS = 1_780_000_000_123


def submission(email: str | None = None, phone: str | None = None, **more: Any) -> SubmissionReceived:
    known = {
        "submission_id": "submission-1",
        "delivery": "d",
        "identity": "i",
        "source": Source(vendor="typeform", source_id="s1"),
        "traits": Traits(email_hash=email, phone_hash=phone),
    }
    return SubmissionReceived(**{**known, **more})


def traits(email: str | None = None, phone: str | None = None) -> Traits:
    return Traits(email_hash=email, phone_hash=phone)


def known(with_email: set[LeadId] | None = None, **owners: LeadId) -> Known:
    """`email_x=lead`, `phone_y=lead`."""
    claims = {Identifier(*name.split("_")): lead for name, lead in owners.items()}
    return Known(claims, with_email or set())


def test_a_stranger_is_a_new_lead() -> None:
    verdict = resolve(submission("a", "1"), known(), NOW_MS)
    assert verdict == Verdict(new_lead("submission-1", NOW_MS), created=True)


def test_nothing_to_go_by_is_a_new_lead_each_time() -> None:
    assert resolve(submission(), known(), NOW_MS).created
    assert resolve(submission(), known(), NOW_MS).lead != resolve(submission(submission_id="other"), known(), NOW_MS).lead


def test_an_address_is_certain() -> None:
    assert resolve(submission("a"), known(email_a=ANN), NOW_MS) == Verdict(ANN, created=False)


def test_an_address_wins_over_a_number_and_the_other_is_suggested() -> None:
    found = resolve(submission("a", "1"), known({ANN, BOB}, email_a=ANN, phone_1=BOB), NOW_MS)
    assert found == Verdict(ANN, created=False, suggestion=BOB)


def test_nobody_is_suggested_to_themselves() -> None:
    assert resolve(submission("a", "1"), known({ANN}, email_a=ANN, phone_1=ANN), NOW_MS).suggestion is None


def test_a_number_alone_finds_its_lead() -> None:
    assert resolve(submission(None, "1"), known({ANN}, email_a=ANN, phone_1=ANN), NOW_MS) == Verdict(ANN, created=False)


def test_a_new_address_joins_a_lead_known_by_its_number_alone() -> None:
    assert resolve(submission("a", "1"), known(phone_1=ANN), NOW_MS) == Verdict(ANN, created=False)


def test_a_colleague_at_the_same_switchboard_is_somebody_else() -> None:
    verdict = resolve(submission("b", "1"), known({ANN}, phone_1=ANN), NOW_MS)
    assert verdict == Verdict(new_lead("submission-1", NOW_MS), created=True, suggestion=ANN)


def test_identifiers_are_claimed_once_the_first_keeps_them() -> None:
    claims = known()
    assert claims.take(traits("a", "1"), ANN) == [Identifier("email", "a"), Identifier("phone", "1")]
    assert claims.take(traits("b", "1"), BOB) == [Identifier("email", "b")]
    assert claims.owners[Identifier("phone", "1")] == ANN
    assert claims.with_email == {ANN, BOB}


def test_a_lead_is_known_by_its_number_alone_until_an_address_joins() -> None:
    claims = known()
    claims.take(traits(None, "1"), ANN)
    assert claims.with_email == set()
    first = resolve(submission("a", "1"), claims, NOW_MS)
    claims.take(traits("a", "1"), first.lead)
    assert first.lead == ANN
    assert resolve(submission("b", "1"), claims, NOW_MS).created, "the next address at this number is a colleague"


def test_the_address_is_claimed_before_the_number() -> None:
    assert identifiers(traits("a", "1")) == [Identifier("email", "a"), Identifier("phone", "1")]
    assert identifiers(traits()) == []


def test_a_new_leads_id_is_the_same_whenever_it_is_made_again() -> None:
    assert new_lead("s", NOW_MS) == new_lead("s", NOW_MS)
    assert new_lead("s", NOW_MS) != new_lead("t", NOW_MS)


def test_a_new_leads_id_is_a_version_7_uuid_of_the_time_it_was_recorded() -> None:
    id_ = UUID(new_lead("s", NOW_MS))
    assert (id_.version, id_.variant) == (7, "specified in RFC 4122")
    assert id_.int >> 80 == NOW_MS
    assert new_lead("s", NOW_MS) == str(id_)


def test_later_leads_sort_after_earlier_ones() -> None:
    assert new_lead("z", NOW_MS) < new_lead("a", NOW_MS + 1)


def test_the_command_carries_all_that_was_sent_under_the_submissions_id() -> None:
    sent = submission(
        "a",
        campaign={"utm_source": "s"},
        consent=False,
        consents={"mail": False},
        quiet=True,
        submitted_at=datetime(2026, 3, 1, tzinfo=UTC),
        personal=Sealed("1.intake-2026-03-01.x"),
    )
    command = capture(sent, Verdict(ANN, created=True), [Identifier("email", "a")], Sealed("1.lead.y"))
    same = ("submission_id", "source", "campaign", "consent", "consents", "traits", "quiet", "submitted_at")
    assert {name: getattr(command, name) for name in same} == {name: getattr(sent, name) for name in same}
    assert (command.lead, command.command_id, command.created, command.personal) == (ANN, "submission-1", True, "1.lead.y")
    assert command.claimed == ("email",)


@pytest.mark.parametrize(("actor", "said"), [(None, "source:s1"), ("user-1", "user-1")])
def test_a_form_is_its_own_actor_and_a_user_is_named(actor: str | None, said: str) -> None:
    assert capture(submission("a", actor=actor), Verdict(ANN, created=True), [], Sealed("1.lead.y")).actor == said


def blocked(*identifiers: Identifier) -> Known:
    """Nobody's, since somebody who was known by these was forgotten and wished it so."""
    return Known({}, set(), {Identifier(one.kind, one.hash): one.alone for one in to_block(identifiers)})


EMAIL, PHONE = Identifier("email", "e"), Identifier("phone", "p")


@pytest.mark.parametrize(
    ("known", "sent", "kept_out"),
    [
        (blocked(EMAIL, PHONE), traits("e"), True),
        (blocked(EMAIL, PHONE), traits("e", "other"), True),
        (blocked(EMAIL, PHONE), traits(None, "p"), True),
        (blocked(EMAIL, PHONE), traits("a colleague's", "p"), False),
        (blocked(PHONE), traits("new", "p"), True),
        (blocked(EMAIL), traits("other", "p"), False),
        (blocked(), traits("e", "p"), False),
    ],
)
def test_who_is_blocked_is_kept_out_and_who_shares_their_switchboard_is_not(known: Known, sent: Traits, kept_out: bool) -> None:
    assert is_blocked(sent, known) is kept_out


def test_what_is_blocked_is_claimed_by_nobody() -> None:
    known = blocked(EMAIL, PHONE)
    assert known.take(traits("a colleague's", "p"), LeadId("l")) == [Identifier("email", "a colleague's")]
