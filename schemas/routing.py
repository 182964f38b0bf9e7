"""leads.routing: everything that changes or asks for a share of somebody's time, in one order."""

from typing import ClassVar

from schemas import topics
from schemas.message import LeadId, Message, registry
from schemas.person import Source, Traits


@registry.add
class OwnerRequested(Message):
    """A lead needs an owner. By `routing`."""

    TYPE: ClassVar[str] = "owner.requested.v1"
    TOPIC: ClassVar[topics.Topic] = topics.ROUTING

    lead: LeadId
    request_id: str
    team: str
    source: Source
    traits: Traits

    def key(self) -> str:
        """All requests to one team stay together if routing is ever spread over partitions."""
        return self.team
