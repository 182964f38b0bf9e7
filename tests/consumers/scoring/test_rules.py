"""The fold of scoring."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from consumers.scoring.consumer import scoring
from consumers.scoring.documents import Grade, ScoringRules
from consumers.scoring.rules import COUNTED_RULES_MAX, add_up, counted
from consumers.scoring.state import ScoreState
from schemas.events import LeadNoted, LeadReleased, LeadScored, LeadStatusChanged, LeadUpdated
from schemas.person import Source
from tests.consumers.making import LEAD, Folding, absorbed, captured, documents, erased, published, traits


def scored(folding: Folding) -> LeadScored:
    last = folding.written[-1]
    assert isinstance(last, LeadScored)
    return last


def points(fact: LeadScored) -> dict[str, int]:
    return {line.rule: line.points for line in fact.receipt}


def rule(id_: str, field: str = "event", value: Any = "submission", give: int = 10, **more: Any) -> dict[str, Any]:
    when = {"field": field, "operator": "eq", "value": value}
    return {"id": id_, "label": id_.title(), "when": when, "points": give, **more}


def rules(*rows: dict[str, Any], **more: Any) -> ScoringRules:
    return ScoringRules.model_validate({"rules": rows, "groups": [], "score_max": None, "score_min": None, **more})


def status_changed(status: str = "qualified") -> LeadStatusChanged:
    return LeadStatusChanged.model_validate({"lead": LEAD, "version": 3, "before": "new", "status": status, "actor": "u"})


def test_a_first_submission_is_scored_with_a_receipt() -> None:
    folding = Folding(scoring)
    folding.feed(captured())
    fact = scored(folding)
    assert points(fact) == {"company_mail": 15}
    assert (fact.score, fact.before, fact.grade, fact.rules_version) == (15, 0, "D", 0)
    assert fact.receipt[0].label == "Writes from a company's e-mail address"


def test_a_demo_request_is_worth_more_than_a_newsletter() -> None:
    demo, newsletter = Folding(scoring), Folding(scoring)
    demo.feed(captured(source=Source(vendor="typeform", source_id="s", form_name="Request a demo")))
    newsletter.feed(captured(source=Source(vendor="typeform", source_id="s", form_name="Newsletter")))
    assert scored(demo).score == scored(newsletter).score + 30


def test_a_good_lead_gets_an_a_and_its_receipt_says_why() -> None:
    folding = Folding(scoring)
    folding.feed(
        captured(
            source=Source(vendor="typeform", source_id="s", form_name="Request a demo"),
            campaign={"utm_medium": "CPC"},
            consent=True,
            traits=traits(company="Harbour", answers={"How big is your team?": "201-500"}, filled=("email", "phone")),
        )
    )
    assert points(scored(folding)) == {
        "company_mail": 15,
        "company": 10,
        "team_of_50": 15,
        "team_of_200": 15,
        "demo_request": 30,
        "phone": 10,
        "paid_campaign": 5,
        "consent": 5,
        "total:cap": -5,
    }
    assert (scored(folding).score, scored(folding).grade) == (100, "A")


def test_free_mail_takes_points_but_no_score_falls_below_the_floor() -> None:
    folding = Folding(scoring)
    folding.feed(captured(traits=traits(mail_domain="mail.example", free_mail=True)))
    assert points(scored(folding)) == {"free_mail": -10, "total:floor": 10}
    assert scored(folding).score == 0


def test_a_lead_without_any_match_is_scored_once_so_that_it_has_a_grade() -> None:
    folding = Folding(scoring)
    folding.feed(captured(traits=traits(mail_domain=None)), status_changed())
    assert [(fact.score, fact.receipt) for fact in folding.written if isinstance(fact, LeadScored)] == [(0, ())]


def test_a_repeat_counts_again_only_where_the_rule_may_repeat() -> None:
    folding = Folding(scoring)
    folding.feed(captured(), *(captured(first=False, submission_id=f"s{n}") for n in range(6)))
    assert [fact.score for fact in folding.written if isinstance(fact, LeadScored)] == [15, 25, 35, 45]
    assert {line.rule: line.times for line in scored(folding).receipt} == {"company_mail": 1, "came_back": 3}
    assert scored(folding).before == 35


def test_nothing_is_published_while_the_receipt_stays_the_same() -> None:
    folding = Folding(scoring)
    folding.feed(captured(), status_changed(), LeadUpdated(lead=LEAD, version=4, fields=("phone",), actor="u"))
    assert len(folding.written) == 1


def test_quiet_leads_are_scored() -> None:
    folding = Folding(scoring)
    folding.feed(captured(quiet=True))
    assert scored(folding).score == 15


def test_a_company_that_a_colleague_fills_in_counts() -> None:
    folding = Folding(scoring)
    folding.feed(captured(), LeadUpdated(lead=LEAD, version=4, fields=("company",), changes={"company": "Harbour"}, actor="u"))
    assert points(scored(folding)) == {"company_mail": 15, "company": 10}


def test_rules_can_ask_for_the_status() -> None:
    in_force = documents(("default", 1, rules(rule("won", "status", "won", 40), rule("sent"))))
    folding = Folding(scoring, in_force)
    folding.feed(captured(), status_changed("won"))
    assert points(scored(folding)) == {"won": 40, "sent": 10}


def test_a_group_gives_its_cap_at_most_and_the_receipt_says_so() -> None:
    body = rules(
        rule("a", give=30, group="fit"),
        rule("b", give=20, group="fit"),
        rule("c", give=5),
        groups=[{"id": "fit", "label": "Fit", "points_max": 40}],
    )
    folding = Folding(scoring, documents(("default", 1, body)))
    folding.feed(captured())
    assert points(scored(folding)) == {"a": 30, "b": 20, "c": 5, "cap:fit": -10}
    assert scored(folding).score == 45
    assert scored(folding).receipt[-1].label == "Fit: 40 at most"


def test_new_rules_weigh_what_was_counted_at_the_leads_next_event() -> None:
    folding = Folding(scoring)
    folding.feed(published(rules(rule("once"), rule("often", times_max=5)), version=1))
    folding.feed(captured(), captured(first=False), captured(first=False))
    assert points(scored(folding)) == {"once": 10, "often": 30}
    folding.feed(published(rules(rule("once", give=7, times_max=2), rule("fresh", give=1)), version=2))
    assert len(folding.written) == 3, "publishing alone decides nothing"
    folding.feed(status_changed())
    assert points(scored(folding)) == {"once": 14}
    assert (scored(folding).rules_version, scored(folding).before) == (2, 40)
    folding.feed(captured(first=False))
    assert points(scored(folding)) == {"once": 14, "fresh": 1}


def test_a_rule_that_comes_back_brings_its_counts_back() -> None:
    folding = Folding(scoring)
    folding.feed(published(rules(rule("a"), rule("b")), version=1), captured())
    folding.feed(published(rules(rule("a")), version=2), status_changed())
    assert points(scored(folding)) == {"a": 10}
    folding.feed(published(rules(rule("a"), rule("b")), version=3), status_changed())
    assert points(scored(folding)) == {"a": 10, "b": 10}


def test_new_grades_alone_are_worth_a_fact_and_a_new_version_alone_is_not() -> None:
    folding = Folding(scoring)
    folding.feed(captured(), published(ScoringRules(), version=1), status_changed())
    assert len(folding.written) == 1
    assert folding.state().rules_version == 1
    grades = ScoringRules.model_validate({"grades": [{"grade": "hot", "score_min": 10}, {"grade": "cold", "score_min": 0}]})
    folding.feed(published(grades, version=2), status_changed())
    assert (scored(folding).grade, scored(folding).score, scored(folding).before) == ("hot", 15, 15)


def test_an_erased_lead_is_forgotten_and_never_scored_again() -> None:
    folding = Folding(scoring)
    folding.feed(captured(), erased())
    assert folding.state() == ScoreState(erased=True)
    folding.feed(captured(first=False), status_changed())
    assert len(folding.written) == 1
    assert folding.state() == ScoreState(erased=True)


def test_counts_of_rules_that_are_gone_do_not_pile_up_for_ever() -> None:
    counts = {f"old-{number}": 1 for number in range(COUNTED_RULES_MAX)}
    assert counted(counts, {"event": "submission"}, rules(rule("a"))) == {"a": 1}


def test_the_lowest_grade_is_for_everything_below() -> None:
    body = ScoringRules(grades=(Grade(grade="high", score_min=50), Grade(grade="low", score_min=10)))
    assert [body.grade_of(score) for score in (-5, 10, 49, 50)] == ["low", "low", "low", "high"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"rules": [rule("a"), rule("a")]}, "rules: a is there twice"),
        ({"rules": [rule("a", group="fit")], "groups": []}, "a is in the group fit, which is not among the groups"),
        ({"rules": [rule("total:cap")]}, "rules.0.id"),
        ({"rules": [rule("a", give=10_001)]}, "less than or equal to 10000"),
        ({"rules": [{"id": "a", "label": "A", "when": {"all": [{"field": "x"}]}, "points": 1}]}, r"all\[0\].operator"),
        ({"grades": []}, "at least 1"),
        ({"grades": [{"grade": "A", "score_min": 5}, {"grade": "B", "score_min": 5}]}, "score_min 5 is there twice"),
    ],
)
def test_rules_that_make_no_sense_are_refused(body: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ScoringRules.model_validate(body)


def test_the_rules_in_code_are_as_good_as_published_ones() -> None:
    assert ScoringRules.model_validate(ScoringRules().model_dump(mode="json")) == ScoringRules()


fields = st.sampled_from([("event", "submission"), ("event", "status"), ("status", "won"), ("first", True), ("quiet", True)])


@st.composite
def any_rules(draw: st.DrawFn) -> ScoringRules:
    groups = [
        {"id": id_, "label": id_, "points_max": draw(st.integers(0, 60))}
        for id_ in draw(st.sets(st.sampled_from(["fit", "intent"])))
    ]
    group_ids = st.sampled_from([None, *(str(group["id"]) for group in groups)])
    rows = []
    for number in range(draw(st.integers(0, 6))):
        field, value = draw(fields)
        more = {"group": draw(group_ids), "times_max": draw(st.integers(1, 4))}
        rows.append(rule(f"r{number}", field, value, draw(st.integers(-50, 50)), **more))
    caps = {"score_max": draw(st.none() | st.integers(0, 100)), "score_min": draw(st.none() | st.integers(-100, 0))}
    return rules(*rows, **{**caps, "groups": groups})


facts = st.lists(
    st.one_of(
        st.builds(captured, first=st.booleans(), quiet=st.booleans()),
        st.builds(status_changed, st.sampled_from(["contacted", "won", "lost"])),
        any_rules(),
    ),
    max_size=12,
)


def fold(history: list[Any]) -> Folding:
    folding = Folding(scoring)
    for version, fact in enumerate(history, start=1):
        folding.feed(published(fact, version=version) if isinstance(fact, ScoringRules) else fact)
    return folding


@settings(deadline=None)
@given(facts)
def test_under_any_rules_and_events_receipts_add_up_and_scores_form_a_chain(history: list[Any]) -> None:
    folding = fold(history)
    before = 0
    for fact in folding.written:
        assert isinstance(fact, LeadScored)
        assert sum(line.points for line in fact.receipt) == fact.score
        assert fact.before == before
        before = fact.score
    assert folding.state().score == before


@settings(deadline=None)
@given(facts)
def test_folding_the_same_events_again_comes_to_the_same_states_and_facts(history: list[Any]) -> None:
    once, twice = fold(history), fold(history)
    assert once.states == twice.states
    assert once.written == twice.written


@settings(deadline=None)
@given(any_rules(), st.dictionaries(st.sampled_from([f"r{n}" for n in range(6)]), st.integers(0, 9)))
def test_a_score_stays_within_its_bounds(body: ScoringRules, counts: dict[str, int]) -> None:
    receipt = add_up(counts, body)
    assert sum(line.points for line in receipt.lines) == receipt.score
    assert body.score_max is None or receipt.score <= body.score_max
    assert body.score_min is None or receipt.score >= body.score_min


def test_what_a_merged_lead_did_counts_until_it_is_released() -> None:
    folding = Folding(scoring, documents(("default", 1, rules(rule("wrote", times_max=5), rule("moved", value="status")))))
    folding.feed(captured())
    folding.feed(absorbed(captured()), absorbed(status_changed()))
    assert points(scored(folding)) == {"wrote": 20, "moved": 10}
    folding.feed(LeadReleased(lead=LEAD, version=6, origin="other", actor="ann"))
    assert points(scored(folding)) == {"wrote": 10}


def test_submissions_of_both_are_counted_together() -> None:
    again = {"id": "again", "label": "Again", "points": 7, "when": {"field": "submissions", "operator": "gte", "value": 3}}
    folding = Folding(scoring, documents(("default", 1, rules(again))))
    folding.feed(captured(), absorbed(captured()), captured(first=False))
    assert points(scored(folding)) == {"again": 7}


def test_nothing_is_said_of_what_brings_no_points() -> None:
    folding = Folding(scoring)
    folding.feed(captured())
    noted = LeadNoted(lead=LEAD, version=3, note_id="n", actor="ann")
    released = LeadReleased(lead=LEAD, version=6, origin="nobody", actor="ann")
    assert folding.feed(absorbed(noted)).events == ()
    assert folding.feed(released).events == ()
