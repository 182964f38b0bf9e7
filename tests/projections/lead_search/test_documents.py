import orjson

from projections.lead import Lead, fold
from projections.lead_search.documents import document, kept, restored
from schemas.person import Person
from tests.projections.builders import ADA, START, ada, assigned, captured, scored, tagged


def a_lead() -> Lead:
    lead = Lead(ADA, 3)
    for body, person in ((captured(), ada(phone="+44 20", custom={"vip": True, "plan": "gold"})), (scored(ADA, 20), None)):
        fold(lead, body, person, START)
    return lead


def test_what_is_kept_gives_the_same_lead_back_for_folding():
    lead, again = a_lead(), restored(ADA, kept(a_lead()))
    for each in (lead, again):
        fold(each, captured(first=False, version=9), Person(name="Other", first_name="Ada"), START)
        fold(each, assigned(ADA, "eve"), None, START)
    assert orjson.loads(kept(again)) == orjson.loads(kept(lead))


def test_a_document_says_what_is_searched():
    found = orjson.loads(document(kept(a_lead())))
    assert found == {
        "name": "Ada Lovelace",
        "email": "Ada@Acme.example",
        "company": "Acme Ltd",
        "text": "+44 20 12 soon True gold",
        "status": "new",
        "grade": "B",
        "unassigned": True,
        "source": "typeform",
        "score": 20,
        "created_at": "2026-03-01T09:00:00+00:00",
    }


def test_a_lead_of_whom_nothing_is_known_has_a_document_too():
    lead = Lead(ADA, 0)
    assert orjson.loads(document(kept(lead))) == {"status": "new", "unassigned": True}


def test_a_lead_is_found_by_its_tags():
    again = restored(ADA, kept(a_lead()))
    fold(again, tagged(ADA, "vip", "hot"), None, START)
    fold(again, tagged(ADA, removed=["hot"], version=6), None, START)
    assert orjson.loads(document(kept(again)))["text"] == "+44 20 vip 12 soon True gold"
