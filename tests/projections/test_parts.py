"""A lead that others were merged into: seen whole, stored in parts, and let go of."""

from datetime import datetime, timedelta

import orjson

from projections.lead import Lead, fold
from projections.lead_search.documents import TOMBSTONE, document, kept, restored
from projections.parts import packed, unpack, whole
from schemas.events import LeadMergedInto, LeadReleased, LeadUnmerged
from schemas.message import Frozen, Message
from schemas.person import Person, Traits
from tests.projections.builders import ADA, BOB, CAT, START, absorbed, captured, tagged

LATER = START + timedelta(days=1)
HOME = Person(email="ada@home.example", name="Countess", phone="020 1", phone_e164="+44201")


def ada_with(*absorbing: tuple[Message, Frozen | None]) -> Lead:
    lead = Lead(ADA, 0)
    fold(lead, captured(), Person(email="ada@work.example", first_name="Ada"), START)
    for body, person in absorbing:
        fold(lead, body, person, LATER)
    return lead


def bob(at: datetime = LATER, **fields: object) -> Message:
    return absorbed(captured(lead=BOB, **fields), at=at)


def test_what_is_unknown_is_filled_by_what_was_brought_and_what_is_known_stays() -> None:
    seen = whole(ada_with((bob(), HOME)))
    assert (seen.email, seen.phone, seen.phone_e164) == ("ada@work.example", "020 1", "+44201")


def test_a_name_is_of_one_of_them_not_put_together_from_both() -> None:
    seen = whole(ada_with((bob(), HOME)))
    assert (seen.first_name, seen.name) == ("Ada", None)


def test_the_newest_answer_and_consent_win_whoever_gave_them() -> None:
    traits = Traits(answers={"size": 99})
    later = whole(ada_with((bob(LATER, traits=traits, consents={"mail": False}), None)))
    earlier = whole(ada_with((bob(START - timedelta(days=1), traits=traits), None)))
    assert (later.answers["size"], later.consents) == (99, {"mail": False})
    assert earlier.answers["size"] == ada_with().answers["size"]


def test_a_no_stays_a_no() -> None:
    lead = ada_with((bob(consent=False), None), (absorbed(captured(lead=CAT, consent=True)), None))
    assert whole(lead).consent is False


def test_it_is_as_old_as_the_oldest_of_them_and_known_by_all_addresses() -> None:
    seen = whole(ada_with((bob(START - timedelta(days=9)), HOME)))
    assert seen.created_at == START - timedelta(days=9)
    assert {hash_ for _, hash_ in seen.identifiers} == {f"hash-of-{ADA}", f"hash-of-{BOB}"}


def test_let_go_nothing_of_it_is_left() -> None:
    lead, alone = ada_with((bob(consent=False), HOME)), ada_with()
    fold(lead, LeadReleased(lead=ADA, version=30, origin=BOB, actor="eve"), None, LATER)
    assert packed(lead) == packed(alone)
    assert whole(lead) is lead


def test_stored_in_parts_it_comes_back_as_it_was() -> None:
    lead, again = ada_with((bob(consents={"mail": True}), HOME)), Lead(ADA, 0)
    unpack(again, orjson.loads(orjson.dumps(packed(lead))))
    assert packed(again) == packed(lead)
    assert whole(again).identifiers == whole(lead).identifiers
    assert whole(again).answered_at == whole(lead).answered_at


def test_a_search_finds_the_survivor_by_all_that_is_known_and_goes_on_from_what_is_kept() -> None:
    lead = ada_with((bob(traits=Traits(answers={"city": "Bath"})), HOME))
    again = restored(ADA, kept(lead))
    found = orjson.loads(document(kept(again)))
    assert "Bath" in found["text"]
    assert "+44201" in found["text"]
    fold(again, LeadReleased(lead=ADA, version=30, origin=BOB, actor="eve"), None, LATER)
    fold(again, tagged(ADA, "vip", version=31), None, LATER)
    assert "Bath" not in orjson.loads(document(kept(again)))["text"]


def test_a_lead_that_goes_on_as_another_is_not_found_until_it_is_its_own_again() -> None:
    lead = ada_with()
    fold(lead, LeadMergedInto(lead=ADA, version=9, into=BOB, actor="eve", asked="m"), None, LATER)
    assert document(kept(lead)) == TOMBSTONE
    lead = restored(ADA, kept(lead))
    fold(lead, LeadUnmerged(lead=ADA, version=10, out_of=BOB, actor="eve", asked="u"), None, LATER)
    assert orjson.loads(document(kept(lead)))["email"] == "ada@work.example"
