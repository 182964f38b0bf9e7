"""seed -> submissions: half a year of a company's inbound leads, and then one every few seconds.

Who writes what, and in which order of ids, depends on the seed alone; when, on `now` too (weekdays, hours of the visitor's day).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Literal

from infra.demo import forms, world
from infra.demo.company import REPS
from infra.demo.visitors import Visitor, draw, visitor

Kind = Literal["lead", "repeat", "test", "spam"]
Status = Literal["contacted", "qualified", "won", "lost"]

WEEKDAY_WEIGHTS: Final = (10, 12, 12, 11, 8, 2, 2)
HOUR_WEIGHTS: Final = (1, 1, 0, 0, 0, 1, 3, 6, 10, 13, 14, 12, 8, 11, 13, 12, 10, 7, 4, 4, 4, 3, 2, 1)
REPEATS_MAX: Final = 3
REPEAT_SHARE: Final = 0.16
FORM_WEIGHTS: Final[dict[forms.Form, int]] = {"demo": 42, "contact": 30, "webinar": 18, "newsletter": 10}
WAIT_SECONDS: Final = (6.0, 20.0)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What our people did with a lead since: given to whom, moved how far, what they wrote down."""

    owner: str | None
    statuses: tuple[Status, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoSubmission:
    """One request to the intake.

    Attributes:
        vendor: whose form it is, and so who signs it how.
        event_id: the sender's id; a repeat of the same submission is recognised by it.
        email: whose it is, for tests and reports.
        follow_up: only with a person's first submission, and only for some.
    """

    kind: Kind
    form: forms.Form
    vendor: forms.Vendor
    event_id: str
    email: str
    submitted_at: datetime
    content_type: str
    body: bytes
    follow_up: FollowUp | None = None


def simulate(seed: int, days: int, companies: int, leads: int, now: datetime) -> Iterator[DemoSubmission]:
    """`leads` people over the last `days` days before `now` (aware), with their repeats and some test and spam, in order of time.

    The same arguments give the same bytes.
    """
    found: list[DemoSubmission] = []
    for number in range(leads):
        found += _history_of(seed, number, companies, days, now)
    for number in range(max(1, leads // 30) if leads else 0):
        found.append(_noise(seed, number, days, now))
    yield from sorted(found, key=lambda submission: (submission.submitted_at, submission.event_id))


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who is about to write: `submission` says what, once it is known when."""

    wait_seconds: float
    visitor: Visitor
    form: forms.Form
    event_id: str
    kind: Kind

    def submission(self, now: datetime) -> DemoSubmission:
        """Written at `now` (aware)."""
        return _submission(self.kind, self.form, self.visitor, self.event_id, now)


def trickle(seed: int, companies: int = 120) -> Iterator[Arrival]:
    """Without end: one arrival every 6 to 20 seconds, now and then of somebody who was here before.

    Give each run a seed of its own: event ids depend on it, and the intake recognises those that it has seen.
    """
    for number in itertools.count():
        chance = draw(seed, "arrival", number)
        again = number > 5 and chance.random() < REPEAT_SHARE
        who = visitor(seed, chance.randrange(number) if again else number, companies)
        yield Arrival(
            wait_seconds=round(chance.uniform(*WAIT_SECONDS), 1),
            visitor=who,
            form=_form(chance, who),
            event_id=forms.event_id(seed, "arrival", number),
            kind="repeat" if again else "lead",
        )


def _history_of(seed: int, number: int, companies: int, days: int, now: datetime) -> list[DemoSubmission]:
    who = visitor(seed, number, companies)
    # Times have chances of their own, so that another `now` changes nothing else.
    times, chance = draw(seed, "times", number), draw(seed, "story", number)
    first_at = moment(times, who.country, days, now)
    first = _submission(
        "lead", _form(chance, who), who, forms.event_id(seed, number, 0), first_at, _follow_up(chance, who, first_at, now)
    )
    found = [first]
    returns = chance.randint(1, REPEATS_MAX) if chance.random() < REPEAT_SHARE else 0
    at = first_at
    for nth in range(1, returns + 1):
        form = _form(chance, who)
        at += timedelta(days=min(times.expovariate(1 / 9), 60), minutes=times.randrange(5, 300))
        if at < now:
            found.append(_submission("repeat", form, who, forms.event_id(seed, number, nth), at))
    return found


def _noise(seed: int, number: int, days: int, now: datetime) -> DemoSubmission:
    chance = draw(seed, "noise", number)
    # No company: numbers below those of the leads would be theirs.
    who = visitor(seed, 1_000_000 + number, 0)._replace(phone=None)
    kind: Kind = "test" if number % 4 == 0 else "spam"
    at = moment(chance, who.country, days, now)
    return _submission(kind, "newsletter", who, forms.event_id(seed, "noise", number), at)


def _submission(
    kind: Kind, form: forms.Form, who: Visitor, event_id: str, at: datetime, follow_up: FollowUp | None = None
) -> DemoSubmission:
    mark: Literal["test", "spam"] | None = kind if kind in ("test", "spam") else None
    body = forms.fill_in(form, who, event_id, at, mark)
    return DemoSubmission(kind, form, forms.VENDORS[form], event_id, who.email, at, body.content_type, body.content, follow_up)


def moment(chance: Random, country: world.Country, days: int, now: datetime) -> datetime:
    """A time of the last `days` days: more lately than long ago, more on weekdays, in the hours of the visitor's day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ages = range(max(1, days))
    weights = [WEEKDAY_WEIGHTS[(today - timedelta(days=age)).weekday()] * (1.0 - 0.5 * age / len(ages)) for age in ages]
    age = chance.choices(ages, weights)[0]
    hour = chance.choices(range(24), HOUR_WEIGHTS)[0]
    at = today - timedelta(days=age) + timedelta(hours=hour - country.hours_east, seconds=chance.randrange(3_600))
    while at >= now:
        at -= timedelta(days=1)
    return at


def _form(chance: Random, who: Visitor) -> forms.Form:
    weights = dict(FORM_WEIGHTS)
    if who.keenness < 0.35:
        weights["newsletter"] *= 4
    return chance.choices(list(weights), list(weights.values()))[0]


def _follow_up(chance: Random, who: Visitor, first_at: datetime, now: datetime) -> FollowUp | None:
    """How far our people got: the older and keener, the farther. Always draws as much, whatever comes of it."""
    taken, speed, fate = chance.random(), chance.random(), chance.random()
    owner, note = chance.choice(REPS), chance.sample(world.NOTES, 2)
    age_days = (now - first_at).total_seconds() / 86_400
    if taken > 0.82 or age_days < 0.5:
        return None
    statuses: tuple[Status, ...] = ()
    if age_days > 1 + 6 * speed:
        statuses = ("contacted",)
        if fate < 0.12 + 0.5 * who.keenness and age_days > 7:
            statuses = ("contacted", "qualified")
            if age_days > 20 and fate < 0.2 * who.keenness:
                statuses = ("contacted", "qualified", "won")
        elif age_days > 14 and fate > 0.75:
            statuses = ("contacted", "lost")
    notes = tuple(note[: len(statuses) - 1]) if len(statuses) > 1 and speed < 0.6 else ()
    return FollowUp(owner, statuses, notes)
