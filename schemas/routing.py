"""leads.routing: everything that changes or asks for a share of somebody's time, in one order."""

from typing import ClassVar

from schemas import topics
from schemas.message import Frozen, LeadId, Message, registry
from schemas.person import Source, Traits


@registry.add
class OwnerRequested(Message):
    """A lead needs an owner. By `routing`.

    `path` says why this team.
    """

    TYPE: ClassVar[str] = "owner.requested.v1"
    TOPIC: ClassVar[topics.Topic] = topics.ROUTING

    lead: LeadId
    request_id: str
    team: str
    source: Source
    traits: Traits
    path: tuple[str, ...] = ()

    def key(self) -> str:
        """All requests to one team stay together if routing is ever spread over partitions."""
        return self.team


class RosterMember(Frozen):
    """Somebody who may be given leads, `weight` times as many as one with weight 1.

    `away` says why not now ("inactive"); None if they may be given one.
    """

    person: str
    weight: int = 1
    away: str | None = None


@registry.add
class RosterPublished(Message):
    """Who is in a team from here on. By `routing`, from the documents published into partition 0 of the log.

    Markers of documents stand in leads.events alone, so this is how they reach the one order that owners are picked in.
    """

    TYPE: ClassVar[str] = "roster.published.v1"
    TOPIC: ClassVar[topics.Topic] = topics.ROUTING

    team: str
    members: tuple[RosterMember, ...]

    def key(self) -> str:
        """With the requests to this team."""
        return self.team
