from datetime import UTC, datetime

from projections.lead import Lead, display_name, fold, makes_lead
from schemas.message import Frozen, Message
from schemas.person import Agreement, Person, Traits
from tests.projections.builders import (
    ADA,
    START,
    ada,
    assigned,
    captured,
    confirmed,
    erased,
    noted,
    planned,
    scored,
    status_changed,
    tagged,
    updated,
)


def told(*facts: Message | tuple[Message, Frozen]) -> Lead:
    lead = Lead(ADA, 0)
    for fact in facts:
        body, person = fact if isinstance(fact, tuple) else (fact, None)
        fold(lead, body, person, START)
    return lead


def test_a_capture_makes_a_lead():
    lead = told((captured(campaign={"utm_source": "ads"}, consent=True, consents={"mail": True}), ada()))
    assert (lead.email, lead.name, lead.company) == ("Ada@Acme.example", "Ada Lovelace", "Acme Ltd")
    assert lead.answers == {"size": 12, "when": "soon"}
    assert lead.campaign == {"utm_source": "ads"}
    assert (lead.consent, lead.consents) == (True, {"mail": True})
    assert (lead.vendor, lead.source_id, lead.status) == ("typeform", "site", "new")
    assert lead.identifiers == {("email", f"hash-of-{ADA}")}
    assert lead.created_at == START


def test_the_lead_is_as_old_as_its_submission_says():
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert told((captured(submitted_at=long_ago), ada())).created_at == long_ago


def test_a_later_capture_fills_what_was_unknown_and_takes_nothing_away():
    lead = told(
        (captured(campaign={"utm_source": "ads", "gclid": "1"}, consent=True), ada()),
        (
            captured(
                first=False,
                version=7,
                campaign={"utm_source": "mail"},
                traits=Traits(company="Other", phone_hash="p"),
                source={"vendor": "csv", "source_id": "import"},
                consents={"mail": False},
            ),
            Person(name="A. L.", phone="+44 20", answers={"when": "now"}),
        ),
    )
    assert (lead.name, lead.email, lead.company) == ("Ada Lovelace", "Ada@Acme.example", "Acme Ltd")
    assert lead.phone == "+44 20"
    assert lead.campaign == {"utm_source": "mail", "gclid": "1"}
    assert lead.answers == {"size": 12, "when": "now"}
    assert (lead.consent, lead.consents) == (True, {"mail": False})
    assert lead.vendor == "typeform"
    assert lead.version == 7
    assert lead.identifiers == {("email", f"hash-of-{ADA}"), ("phone", "p")}


def test_one_live_capture_ends_the_quiet():
    assert told(captured(quiet=True)).quiet
    assert not told(captured(quiet=True), captured(first=False, quiet=False)).quiet
    assert not told(captured(quiet=False), captured(first=False, quiet=True)).quiet


def test_an_edit_replaces_what_it_names_also_by_nothing():
    lead = told(
        (captured(), ada(phone="1", phone_e164="+1", custom={"a": 1, "b": 2})),
        (
            updated(ADA, ["name", "phone", "custom", "answers", "company"], company=None, status="contacted"),
            Person(name="Ada King", custom={"b": None, "c": 3}, answers={"size": 13}),
        ),
    )
    assert (lead.name, lead.phone, lead.phone_e164, lead.company) == ("Ada King", None, None, None)
    assert lead.email == "Ada@Acme.example"
    assert lead.custom == {"a": 1, "c": 3}
    assert lead.answers["size"] == 13
    assert lead.status == "contacted"


def test_custom_fields_may_also_come_as_changes():
    lead = told(captured(), updated(ADA, ["company", "custom"], company="Zed", custom={"x": 1}))
    assert (lead.company, lead.custom) == ("Zed", {"x": 1})


def test_scores_change_no_version():
    lead = told(captured(version=4), scored(ADA, 30, grade="A"))
    assert (lead.score, lead.grade, lead.version) == (30, "A", 4)


def test_what_the_leads_consumer_decides_moves_the_version():
    lead = told(captured(), assigned(ADA, "eve", version=5), status_changed(ADA, "qualified", version=8), noted(ADA, version=9))
    assert (lead.owner, lead.status, lead.version) == ("eve", "qualified", 9)


def test_nothing_revives_an_erased_lead():
    lead = told(captured(), erased(ADA), scored(ADA, 5), (captured(first=False), ada()))
    assert lead.erased
    assert (lead.score, lead.email) == (None, None)


def test_a_fact_that_is_nobodys_business_here_changes_nothing():
    assert not told(planned(ADA)).touched


def test_a_name_is_put_together_from_its_parts():
    assert display_name(Lead("x", 0, first_name="Ada", last_name="King")) == "Ada King"
    assert display_name(Lead("x", 0, last_name="King")) == "King"
    assert display_name(Lead("x", 0)) is None


def test_only_the_first_capture_needs_nothing_from_before():
    assert makes_lead(captured())
    assert not makes_lead(captured(first=False))
    assert not makes_lead(scored(ADA, 1))


def test_a_new_address_brings_what_follows_from_it():
    traits = Traits(email_hash="h2", mail_domain="zuse.example", free_mail=True)
    lead = told(
        (captured(), ada()),
        (updated(ADA, ["email"]).model_copy(update={"traits": traits}), Person(email="ada@zuse.example")),
    )
    assert (lead.email, lead.mail_domain, lead.free_mail) == ("ada@zuse.example", "zuse.example", True)
    assert ("email", "h2") in lead.identifiers


def test_tags_are_put_on_and_taken_off_in_their_order():
    lead = told(captured(), tagged(ADA, "vip", "freight"), tagged(ADA, "hot", removed=["vip"], version=8))
    assert (lead.tags, lead.version) == (["freight", "hot"], 8)


WORDS = Agreement(overall=True, purposes=("news",), wording="I agree.")
MORE = Agreement(purposes=("calls",), wording="I agree to calls.")


def test_what_waits_for_a_confirmation_counts_once_it_is_confirmed():
    waiting = told(captured(unconfirmed=WORDS), captured(first=False, unconfirmed=MORE))
    assert (waiting.consent, waiting.consents, len(waiting.unconfirmed)) == (None, {}, 2)
    lead = told(captured(unconfirmed=WORDS), captured(first=False, unconfirmed=MORE), confirmed(ADA, WORDS))
    assert (lead.consent, lead.consents, lead.unconfirmed, lead.version) == (True, {"news": True}, [MORE.id], 8)
    assert lead.consented_at == {"news": START}


def test_a_purpose_that_is_confirmed_says_nothing_of_consent_in_general():
    lead = told(captured(consent=False, unconfirmed=MORE), confirmed(ADA, MORE))
    assert (lead.consent, lead.consents) == (False, {"calls": True})


def test_who_refuses_is_not_waited_for():
    assert told(captured(unconfirmed=WORDS), captured(first=False, consent=False)).unconfirmed == []
