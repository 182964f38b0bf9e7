"""The rules that ship in code (version 0), as the JSON that a rule builder would have written.

Fit says whether the firm is one for us, intent whether somebody there wants something now. Either alone stays below an A.
"""

from typing import Any, Final

GROUPS: Final[list[dict[str, Any]]] = [
    {"id": "fit", "label": "Fit", "points_max": 55},
    {"id": "intent", "label": "Intent", "points_max": 60},
]

GRADES: Final[list[dict[str, Any]]] = [
    {"grade": "A", "score_min": 70},
    {"grade": "B", "score_min": 45},
    {"grade": "C", "score_min": 20},
    {"grade": "D", "score_min": 0},
]

_ASKS_FOR_DEMO: Final[dict[str, Any]] = {
    "any": [
        {"field": "form_name", "operator": "contains", "value": "demo"},
        {"field": "form_name", "operator": "contains", "value": "quote"},
        {"field": "form_name", "operator": "contains", "value": "pricing"},
        {"field": "answers.*", "operator": "contains", "value": "demo"},
    ]
}

RULES: Final[list[dict[str, Any]]] = [
    {
        "id": "company_mail",
        "label": "Writes from a company's e-mail address",
        "when": {"field": "free_mail", "operator": "eq", "value": False},
        "points": 15,
        "group": "fit",
    },
    {
        "id": "free_mail",
        "label": "Writes from a free mail provider",
        "when": {"field": "free_mail", "operator": "eq", "value": True},
        "points": -10,
        "group": "fit",
    },
    {
        "id": "company",
        "label": "Says which company",
        "when": {"field": "company", "operator": "exists"},
        "points": 10,
        "group": "fit",
    },
    {
        "id": "team_of_50",
        "label": "Team of 50 or more",
        "when": {"field": "team_size", "operator": "gte", "value": 50},
        "points": 15,
        "group": "fit",
    },
    {
        "id": "team_of_200",
        "label": "Team of 200 or more",
        "when": {"field": "team_size", "operator": "gte", "value": 200},
        "points": 15,
        "group": "fit",
    },
    {
        "id": "demo_request",
        "label": "Asks for a demo, a quote or prices",
        "when": _ASKS_FOR_DEMO,
        "points": 30,
        "group": "intent",
    },
    {
        "id": "phone",
        "label": "Gives a phone number",
        "when": {"field": "filled", "operator": "eq", "value": "phone"},
        "points": 10,
        "group": "intent",
    },
    {
        "id": "paid_campaign",
        "label": "Came through a paid campaign",
        "when": {
            "field": "campaign.utm_medium",
            "operator": "in",
            "value": ["cpc", "ppc", "paid", "paid_search", "paid_social", "paidsearch", "paidsocial"],
        },
        "points": 5,
        "group": "intent",
    },
    {
        "id": "came_back",
        "label": "Wrote again",
        "when": {
            "all": [
                {"field": "event", "operator": "eq", "value": "submission"},
                {"field": "submissions", "operator": "gte", "value": 2},
            ]
        },
        "points": 10,
        "times_max": 3,
        "group": "intent",
    },
    {
        "id": "pricing_page",
        "label": "Looked at prices",
        "when": {
            "all": [
                {"field": "activity.kind", "operator": "eq", "value": "page_view"},
                {"field": "activity.path", "operator": "contains", "value": "pricing"},
            ]
        },
        "points": 5,
        "times_max": 2,
        "group": "intent",
    },
    {
        "id": "mail_answered",
        "label": "Follows or answers our mail",
        "when": {
            "all": [
                {"field": "activity.kind", "operator": "in", "value": ["clicked", "replied"]},
                {"not": {"field": "activity.automatic", "operator": "eq", "value": True}},
            ]
        },
        "points": 5,
        "times_max": 2,
        "group": "intent",
    },
    {
        "id": "consent",
        "label": "Agrees to be contacted",
        "when": {"field": "consent", "operator": "eq", "value": True},
        "points": 5,
    },
]
