"""What conditions may ask about a submission."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.activities import Activity
from schemas.facts import ACTIVITY_FACTS, SUBMISSION_FACTS, activity_facts, submission_facts, team_size
from schemas.person import Source, Traits


@pytest.mark.parametrize(
    ("answers", "size"),
    [
        ({"How big is your team?": "51-200"}, 51),
        ({"team_size": "1,000+ people"}, 1000),
        ({"Company size": "More than 500"}, 500),
        ({"Number of employees": 120}, 120),
        ({"employees": 12.0}, 12),
        ({"Team size": "just me", "Employees": "7"}, 7),
        ({"Team size": True}, None),
        ({"Team size": ["1-10"]}, None),
        ({"Team size": -3}, None),
        ({"How big is your discount?": "51"}, None),
        ({"Favourite number": "51"}, None),
        ({}, None),
    ],
)
def test_the_size_of_a_team_is_read_from_the_answer_to_such_a_question(answers: dict[str, Any], size: int | None) -> None:
    assert team_size(answers) == size


def test_every_fact_is_described() -> None:
    facts = submission_facts(Source(vendor="typeform", source_id="s"), Traits(), {}, None, {})
    assert facts.keys() == SUBMISSION_FACTS.keys()


def test_every_fact_of_an_activity_is_described() -> None:
    source = Source(vendor="tracking", source_id="s")
    activity = Activity(id="a", kind="page_view", occurred_at=datetime(2026, 3, 2, tzinfo=UTC), source=source, path="/p")
    facts = activity_facts(activity)
    assert facts.keys() == ACTIVITY_FACTS.keys()
    assert all(f"activity.{name}" in ACTIVITY_FACTS["activity"] for name in facts["activity"])


def test_without_an_address_nobody_knows_whether_mail_is_free() -> None:
    source = Source(vendor="typeform", source_id="s")
    assert submission_facts(source, Traits(), {}, None, {})["free_mail"] is None
    assert submission_facts(source, Traits(mail_domain="acme.example"), {}, None, {})["free_mail"] is False
    assert submission_facts(source, Traits(mail_domain="mail.example", free_mail=True), {}, None, {})["free_mail"] is True
