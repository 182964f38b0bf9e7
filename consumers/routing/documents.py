"""The documents that routing decides by; their defaults are version 0."""

from typing import Annotated, ClassVar, Final

from pydantic import Field, field_validator

from infra.kafka.fold import Document
from schemas.message import Frozen
from schemas.predicates import Predicate

MEMBERS_MAX: Final = 200
RULES_MAX: Final = 200
WEIGHT_MAX: Final = 10

Id = Annotated[str, Field(min_length=1, max_length=64)]


class Person(Document):
    """A colleague who may own leads; the document's name is the person's id.

    `zone` is an IANA time zone. Somebody who is not `active` is given nothing, whatever team they are in.
    """

    KIND: ClassVar[str] = "person"

    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=320)] = ""
    zone: Annotated[str, Field(max_length=64)] = "UTC"
    active: bool = True


class Member(Frozen):
    """A person's place in a team: `weight` leads for every one that a weight of 1 gets."""

    person: Id
    weight: Annotated[int, Field(ge=1, le=WEIGHT_MAX)] = 1
    active: bool = True


class Team(Document):
    """Who shares the leads of a team; the document's name is the team's. Ties go to whom stands first."""

    KIND: ClassVar[str] = "team"

    label: Annotated[str, Field(max_length=200)] = ""
    members: Annotated[tuple[Member, ...], Field(max_length=MEMBERS_MAX)] = ()

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
