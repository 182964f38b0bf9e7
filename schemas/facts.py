"""What conditions may ask about a submission, by the names that a rule builder shows. Nothing here tells a person."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from schemas.activities import Activity
from schemas.person import Answers, Source, Traits

SUBMISSION_FACTS: Final[Mapping[str, str]] = {
    "vendor": "form tool, or `api`, `csv`",
    "source_id": "our source",
    "form_id": "the form tool's id of the form",
    "form_name": "name of the form",
    "campaign": "campaign.utm_source, campaign.utm_medium, click ids ...",
    "consent": "true or false as answered, missing where nobody asked",
    "consents": "consents.<purpose>: true or false",
    "mail_domain": "domain of the e-mail address",
    "free_mail": "true where the domain is a mail provider's, false where it is a company's, missing without an address",
    "phone_country": "ISO 3166 alpha-2",
    "company": "name of the firm",
    "answers": "answers.<question>, answers.* for any of them",
    "filled": "names of the personal fields that are known",
    "team_size": "a number, from the answer to a question about the size of team or company (the lower end of a range)",
}

ACTIVITY_FACTS: Final[Mapping[str, str]] = {
    "event": "activity",
    "vendor": "`tracking`, or whose mail service told it",
    "source_id": "our source",
    "campaign": "campaign.utm_source ... of the page's address",
    "activity": "activity.kind (page_view, delivered, bounced, opened, clicked, complained, unsubscribed, replied), "
    "activity.path and activity.host of the page seen or the link followed, activity.referrer (a host), "
    "activity.permanent (of a bounce), activity.automatic (of a reply that no person wrote)",
}

_SIZE_QUESTION = re.compile(
    r"(team|company|firm|organi[sz]ation|business)[\s_-]*size|how (big|large) is your (team|company|firm|business)"
    r"|how many (people|employees|users|drivers)"
    r"|\bemployees\b|headcount|size of (your|the)",
    re.IGNORECASE,
)
_FIRST_NUMBER = re.compile(r"\d{1,3}(?:[ ,.' ]\d{3})+(?!\d)|\d{1,9}")
_QUESTION_CHARACTERS_MAX = 200


def submission_facts(
    source: Source, traits: Traits, campaign: Mapping[str, str], consent: bool | None, consents: Mapping[str, bool]
) -> dict[str, Any]:
    """Facts named as in SUBMISSION_FACTS; None where unknown."""
    return {
        "vendor": source.vendor,
        "source_id": source.source_id,
        "form_id": source.form_id,
        "form_name": source.form_name,
        "campaign": campaign,
        "consent": consent,
        "consents": consents,
        "mail_domain": traits.mail_domain,
        "free_mail": traits.free_mail if traits.mail_domain else None,
        "phone_country": traits.phone_country,
        "company": traits.company,
        "answers": traits.answers,
        "filled": traits.filled,
        "team_size": team_size(traits.answers),
    }


def activity_facts(activity: Activity) -> dict[str, Any]:
    """Facts named as in ACTIVITY_FACTS; None where unknown."""
    return {
        "event": "activity",
        "vendor": activity.source.vendor,
        "source_id": activity.source.source_id,
        "campaign": activity.campaign,
        "activity": {
            "kind": activity.kind,
            "path": activity.path,
            "host": activity.host,
            "referrer": activity.referrer,
            "permanent": activity.permanent,
            "automatic": activity.automatic,
        },
    }


def team_size(answers: Answers) -> int | None:
    """`51-200` under `How big is your team?` -> 51; None where no answer tells."""
    for question, answer in answers.items():
        if _asks_for_size(question):
            size = _lower_end(answer)
            if size is not None:
                return size
    return None


@lru_cache(maxsize=4_096)
def _asks_for_size(question: str) -> bool:
    return _SIZE_QUESTION.search(question[:_QUESTION_CHARACTERS_MAX]) is not None


def _lower_end(answer: Any) -> int | None:
    if isinstance(answer, bool):
        return None
    if isinstance(answer, int | float):
        return int(answer) if 0 <= answer < 1e9 else None
    if not isinstance(answer, str):
        return None
    found = _FIRST_NUMBER.search(answer[:_QUESTION_CHARACTERS_MAX])
    return None if found is None else int(re.sub(r"\D", "", found[0]))
