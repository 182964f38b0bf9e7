"""The documents that routing decides by; their defaults are version 0."""

from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, ClassVar, Final, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from consumers.routing.hours import minutes, zones
from infra.kafka.fold import Document
from schemas.message import Frozen
from schemas.predicates import Predicate
from schemas.routing import Weekday, WhenNobody

MEMBERS_MAX: Final = 200
RULES_MAX: Final = 200
WEIGHT_MAX: Final = 10
RANGES_MAX: Final = 8
"""Of one day."""
LEAVE_MAX: Final = 100
CAPACITY_MAX: Final = 100_000


def _range(text: str) -> str:
    minutes(text)
    return text


Id = Annotated[str, Field(min_length=1, max_length=64)]
Range = Annotated[str, Field(max_length=11), AfterValidator(_range)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class Leave(Frozen):
    """Days off, `first` and `last` among them. The label is for who plans, and goes no further: not every reason is anybody's."""

    first: Day
    last: Day
    label: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last ({self.last}) is before first ({self.first}): swap them, or write one day as both")
        return self


class Capacity(Frozen):
    """How much somebody takes: open leads held at once, and leads given by routing in a day of theirs. None has no limit."""

    open_max: Annotated[int, Field(ge=1, le=CAPACITY_MAX)] | None = None
    day_max: Annotated[int, Field(ge=1, le=CAPACITY_MAX)] | None = None


class Person(Document):
    """A colleague who may own leads; the document's name is the person's id.

    `hours` are ranges of the week such as `{"monday": ["09:00-12:30", "13:30-17:30"]}`, a night being two of them ("22:00-24:00",
    and "00:00-06:00" on the day after); none at all is always. They, `leave` and the days of `capacity` are in `zone`, an IANA
    time zone. Somebody who is not `active` is given nothing, whatever team they are in.
    """

    KIND: ClassVar[str] = "person"

    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=320)] = ""
    active: bool = True
    hours: dict[Weekday, Annotated[tuple[Range, ...], Field(max_length=RANGES_MAX)]] = {}
    leave: Annotated[tuple[Leave, ...], Field(max_length=LEAVE_MAX)] = ()
    capacity: Capacity = Capacity()
    zone: Annotated[str, Field(max_length=64)] = "UTC"

    @field_validator("hours")
    @classmethod
    def _apart(cls, hours: dict[Weekday, tuple[str, ...]]) -> dict[Weekday, tuple[str, ...]]:
        for day, ranges in hours.items():
            ordered = sorted(ranges, key=minutes)
            for one, other in pairwise(ordered):
                if minutes(other)[0] < minutes(one)[1]:
                    raise ValueError(f"{day}: {one} and {other} overlap: make one range of them")
        if hours and not any(hours.values()):
            raise ValueError("no day has a range, so nothing is ever given: leave hours out for always, or set active to false")
        return hours

    @field_validator("leave")
    @classmethod
    def _once_away(cls, leave: tuple[Leave, ...]) -> tuple[Leave, ...]:
        for one, other in pairwise(sorted(leave, key=lambda off: off.first)):
            if other.first <= one.last:
                raise ValueError(f"{one.first} to {one.last} and {other.first} to {other.last} overlap: make one leave of them")
        return leave

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str, info: ValidationInfo) -> str:
        # Where nothing depends on it, any text was accepted once, and what stands in the log has to stay readable.
        matters = info.data.get("hours") or info.data.get("leave") or info.data.get("capacity", Capacity()).day_max
        if matters and zone not in zones():
            alike = get_close_matches(zone, zones(), 1, 0.5) or ["Europe/Berlin"]
            raise ValueError(f"{zone!r} is no IANA time zone: write one such as {alike[0]}")
        return zone


class Member(Frozen):
    """A person's place in a team: `weight` leads for every one that a weight of 1 gets."""

    person: Id
    weight: Annotated[int, Field(ge=1, le=WEIGHT_MAX)] = 1
    active: bool = True


class Team(Document):
    """Who shares the leads of a team; the document's name is the team's. Ties go to whom stands first.

    While nobody is there (off hours, at capacity), a lead waits, or with `when_nobody` "anyone" goes to whoever is active and not
    on leave, those at capacity last.
    """

    KIND: ClassVar[str] = "team"

    label: Annotated[str, Field(max_length=200)] = ""
    members: Annotated[tuple[Member, ...], Field(max_length=MEMBERS_MAX)] = ()
    when_nobody: WhenNobody = "wait"

    @field_validator("members")
    @classmethod
    def _once_each(cls, members: tuple[Member, ...]) -> tuple[Member, ...]:
        persons = [member.person for member in members]
        twice = sorted({person for person in persons if persons.count(person) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice[:5])} is in the team twice: raise the weight instead")
        return members


class TeamRule(Frozen):
    """Leads for which `when` holds go to `team`."""

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=200)]
    when: Predicate
    team: Id


class RoutingRules(Document):
    """The first rule that holds decides the team; `team` where none does."""

    KIND: ClassVar[str] = "routing_rules"

    rules: Annotated[tuple[TeamRule, ...], Field(max_length=RULES_MAX)] = ()
    team: Id = "sales"
