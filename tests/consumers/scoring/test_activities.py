"""What a lead does counts by rules, as what it says does."""

from typing import Any

from consumers.scoring.consumer import scoring
from consumers.scoring.documents import ScoringRules
from schemas.activities import Activity, ActivityRecorded
from schemas.events import ConsentConfirmed, LeadScored
from schemas.person import Agreement, Source
from tests.consumers.making import LEAD, START, Folding, absorbed, captured, documents, erased


def act(kind: str = "page_view", **more: Any) -> ActivityRecorded:
    source = Source(vendor="tracking", source_id="site")
    known = {"id": "a", "kind": kind, "occurred_at": START, "source": source, **more}
    return ActivityRecorded(lead=LEAD, version=1, activity=Activity(**known))


def points(made: Folding) -> dict[str, int]:
    last = made.written[-1]
    assert isinstance(last, LeadScored)
    return {line.rule: line.points for line in last.receipt}


def test_prices_looked_at_and_mail_followed_count_a_few_times() -> None:
    made = Folding(scoring)
    made.feed(captured())
    before = made.written[-1]
    made.feed(act(path="/blog"), act("opened"), act("delivered"))
    assert made.written[-1] is before
    for _ in range(4):
        made.feed(act(path="/en/Pricing/teams"), act("clicked"), act("replied"))
    assert points(made) == {"company_mail": 15, "pricing_page": 10, "mail_answered": 10}


def test_a_rule_may_ask_for_any_of_it() -> None:
    when = {
        "all": [
            {"field": "event", "operator": "eq", "value": "activity"},
            {"field": "activity.host", "operator": "eq", "value": "shop.example"},
            {"field": "campaign.utm_source", "operator": "exists"},
        ]
    }
    rules = ScoringRules.model_validate({"rules": [{"id": "r", "label": "R", "when": when, "points": 7}], "groups": []})
    made = Folding(scoring, documents(("default", 1, rules)))
    made.feed(captured(), act(host="other.example", campaign={"utm_source": "x"}), act(host="shop.example"))
    assert points(made) == {}
    made.feed(act(host="shop.example", campaign={"utm_source": "x"}))
    assert points(made) == {"r": 7}


def test_rules_about_submissions_do_not_count_what_is_done_beside() -> None:
    made = Folding(scoring)
    made.feed(captured(campaign={"utm_medium": "cpc"}))
    before = points(made)
    made.feed(act(path="/a", campaign={"utm_medium": "email"}))
    assert points(made) == before


def test_who_never_wrote_or_is_forgotten_gets_no_points() -> None:
    made = Folding(scoring)
    made.feed(act(path="/pricing"))
    assert made.written == []
    made.feed(captured(), erased())
    written = len(made.written)
    made.feed(act(path="/pricing"))
    assert len(made.written) == written


def test_a_reply_that_no_person_wrote_counts_for_nothing() -> None:
    made = Folding(scoring)
    made.feed(captured(), act("replied", automatic=True))
    assert "mail_answered" not in points(made)


def test_consent_counts_once_it_is_confirmed_and_once_only() -> None:
    words = Agreement(overall=True, purposes=("news",), wording="I agree.")
    made = Folding(scoring)
    made.feed(captured(unconfirmed=words))
    assert "consent" not in points(made)
    confirmed = ConsentConfirmed(lead=LEAD, version=2, agreement=words, actor="source:site")
    made.feed(confirmed, confirmed)
    assert points(made)["consent"] == 5


def test_a_purpose_that_is_confirmed_is_no_consent_in_general() -> None:
    made = Folding(scoring)
    words = Agreement(purposes=("news",), wording="I agree.")
    made.feed(captured(unconfirmed=words), ConsentConfirmed(lead=LEAD, version=2, agreement=words, actor="source:site"))
    assert "consent" not in points(made)


def test_what_a_merged_lead_did_counts_on_an_account_of_its_own() -> None:
    made = Folding(scoring)
    made.feed(captured(), absorbed(captured()), absorbed(act(path="/pricing")))
    assert points(made)["pricing_page"] == 5
