"""Quayline as a user of Leadflow: who logs in, and what it has published. Data alone."""

from typing import Any, Final, Literal, NamedTuple

from infra.demo.world import COMPANY_DOMAIN, PRIVATE_MAIL


class DemoUser(NamedTuple):
    """Somebody who logs in. `person` is whose leads are theirs."""

    email: str
    name: str
    role: Literal["admin", "manager", "rep", "analyst"]
    person: str | None = None


class DemoDocument(NamedTuple):
    """One document to publish."""

    kind: str
    name: str
    body: dict[str, Any]


USERS: Final = (
    DemoUser(f"admin@{COMPANY_DOMAIN}", "Ines Albers", "admin"),
    DemoUser(f"manager@{COMPANY_DOMAIN}", "Marco Lind", "manager"),
    DemoUser(f"ana.ferreira@{COMPANY_DOMAIN}", "Ana Ferreira", "rep", "ana-ferreira"),
    DemoUser(f"analyst@{COMPANY_DOMAIN}", "Noor Haas", "analyst"),
)
"""One of each role."""


class _Person(NamedTuple):
    """A colleague; `hours` by day of their week in `zone`."""

    name: str
    zone: str
    hours: dict[str, list[str]]
    active: bool = True


def _week(*ranges: str, friday: str | None = None) -> dict[str, list[str]]:
    """The same hours on every working day, or fewer on Friday."""
    week = {day: [*ranges] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    return week if friday is None else {**week, "friday": [friday]}


_PEOPLE: Final = {
    "ana-ferreira": _Person("Ana Ferreira", "Europe/Lisbon", _week("09:00-12:30", "13:30-18:00")),
    "bruno-keller": _Person("Bruno Keller", "Europe/Berlin", _week("08:00-12:00", "12:45-16:45")),
    "carla-jensen": _Person("Carla Jensen", "Europe/Copenhagen", _week("08:30-16:30", friday="08:30-14:00")),
    "dan-okafor": _Person("Dan Okafor", "America/New_York", _week("08:30-17:00")),
    "ellen-park": _Person("Ellen Park", "America/New_York", _week("11:00-19:30", friday="11:00-17:00")),
    "farid-haddad": _Person("Farid Haddad", "Europe/Paris", _week("09:00-17:30"), active=False),
}
REPS: Final = tuple(id_ for id_, person in _PEOPLE.items() if person.active)
"""Who may own leads now; one is on leave."""

_TEAMS: Final = {
    "sales": ("Sales", (("ana-ferreira", 2), ("bruno-keller", 2), ("carla-jensen", 1), ("farid-haddad", 2))),
    "enterprise": ("Enterprise", (("dan-okafor", 1), ("bruno-keller", 1))),
    "americas": ("Americas", (("dan-okafor", 1), ("ellen-park", 2))),
}
_WHEN_NOBODY: Final = "anyone"
"""At whatever hour somebody tries the demo, its leads get owners."""

_ROUTING: Final = {
    "rules": [
        {
            "id": "large-teams",
            "label": "Teams of 200 and more",
            "when": {"field": "team_size", "operator": "gte", "value": 200},
            "team": "enterprise",
        },
        {
            "id": "americas",
            "label": "Numbers from North America",
            "when": {"field": "phone_country", "operator": "in", "value": ["US", "CA", "MX"]},
            "team": "americas",
        },
    ],
    "team": "sales",
}


def _rule(id_: str, label: str, field: str, operator: str, value: Any, points: int, **more: Any) -> dict[str, Any]:
    when = {"field": field, "operator": operator, "value": value}
    return {"id": id_, "label": label, "when": when, "points": points, **more}


_SCORING: Final = {
    "rules": [
        _rule("company", "Says which company", "company", "exists", True, 15, group="fit"),
        _rule(
            "private-mail", "Writes from a private address", "mail_domain", "matches_domain", [*PRIVATE_MAIL], -10, group="fit"
        ),
        _rule("team-of-50", "Team of 50 or more", "team_size", "gte", 50, 15, group="fit"),
        _rule("team-of-200", "Team of 200 or more", "team_size", "gte", 200, 15, group="fit"),
        _rule("customs", "Asks about customs papers", "answers.*", "eq", "Customs papers", 5, group="fit"),
        _rule("demo", "Requests a demo", "form_name", "contains", "demo", 25, group="intent"),
        _rule("contact", "Uses the contact form", "form_name", "eq", "Contact", 15, group="intent"),
        _rule("webinar", "Signs up for a webinar", "form_name", "starts_with", "Webinar", 10, group="intent", times_max=2),
        _rule("soon", "Needs it this quarter", "answers.*", "in", ["This month", "This quarter"], 15, group="intent"),
        _rule("phone", "Gives a phone number", "filled", "eq", "phone", 10, group="intent"),
        _rule("paid", "Came through an advert", "campaign.utm_medium", "in", ["cpc", "paid_social"], 5, group="intent"),
        _rule("came-back", "Writes again", "submissions", "gte", 2, 10, group="intent", times_max=3),
        _rule("consent", "Agrees to be contacted", "consent", "eq", True, 5),
    ],
    "groups": [{"id": "fit", "label": "Fit", "points_max": 45}, {"id": "intent", "label": "Intent", "points_max": 60}],
    "score_max": 100,
    "score_min": 0,
    "grades": [
        {"grade": "A", "score_min": 70},
        {"grade": "B", "score_min": 45},
        {"grade": "C", "score_min": 20},
        {"grade": "D", "score_min": 0},
    ],
}

_ACKNOWLEDGEMENT: Final = {
    "subject": "{% if lead.first_name %}{{ lead.first_name }}, your{% else %}Your{% endif %} message is with us",
    "text": """\
Hello{% if lead.first_name %} {{ lead.first_name }}{% endif %},

thank you for your interest in Quayline. One of us will answer you within a working day, in person and without a script.

If you like, reply with a time that suits you, and how many shipments a month we are talking about.

Fair winds
The people of Quayline Software

--
You get this one mail because your address was entered in a form on www.quayline.example. It signs you up for nothing.
If that was not you, or you want to hear no more from us, reply with "unsubscribe".
""",
    "html": None,
}


def documents() -> list[DemoDocument]:
    """In the order to publish: people before the teams that they are in."""
    people = [
        DemoDocument("person", id_, {**person._asdict(), "email": f"{id_.replace('-', '.')}@{COMPANY_DOMAIN}"})
        for id_, person in _PEOPLE.items()
    ]
    teams = [
        DemoDocument(
            "team",
            team,
            {
                "label": label,
                "members": [{"person": person, "weight": weight} for person, weight in members],
                "when_nobody": _WHEN_NOBODY,
            },
        )
        for team, (label, members) in _TEAMS.items()
    ]
    return [
        *people,
        *teams,
        DemoDocument("routing_rules", "default", _ROUTING),
        DemoDocument("scoring_rules", "default", _SCORING),
        DemoDocument("template", "acknowledgement", _ACKNOWLEDGEMENT),
    ]
