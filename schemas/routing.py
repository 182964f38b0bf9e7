"""leads.routing: everything that changes or asks for a share of somebody's time, in one order."""

from datetime import date
from typing import ClassVar, Literal

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


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class DaysOff(Frozen):
    """Whole days, both included."""

    first: date
    last: date


class Availability(Frozen):
    """When somebody may be given leads, and how many.

    Attributes:
        zone: IANA time zone that hours, days off and the days of `day_max` are in.
        hours: ranges of wall-clock time such as `09:00-17:30` by weekday; empty is always.
        leave: days off.
        open_max: open leads held at once; None has no limit.
        day_max: leads given in a day of `zone`; None has no limit.
    """

    zone: str = "UTC"
    hours: dict[Weekday, tuple[str, ...]] = {}
    leave: tuple[DaysOff, ...] = ()
    open_max: int | None = None
    day_max: int | None = None


class RosterMember(Frozen):
    """Somebody who may be given leads, `weight` times as many as one with weight 1.

    Attributes:
        away: why not now, whatever the time ("inactive"); None if they may be given one.
        availability: None is always, and any number.
    """

    person: str
    weight: int = 1
    away: str | None = None
    availability: Availability | None = None


WhenNobody = Literal["wait", "anyone"]


@registry.add
class RosterPublished(Message):
    """Who is in a team from here on. By `routing`, from the documents published into partition 0 of the log.

    Markers of documents stand in leads.events alone, so this is how they reach the one order that owners are picked in.

    Attributes:
        when_nobody: what becomes of a lead while nobody is there: it waits, or goes to anyone who is active and not on leave.
    """

    TYPE: ClassVar[str] = "roster.published.v1"
    TOPIC: ClassVar[topics.Topic] = topics.ROUTING

    team: str
    members: tuple[RosterMember, ...]
    when_nobody: WhenNobody = "wait"

    def key(self) -> str:
        """With the requests to this team."""
        return self.team


@registry.add
class LoadChanged(Message):
    """An open lead is another's than its pick says, or nobody's: whoever picks counts picks, and hears of the rest. By `routing`.

    Whoever was picked and is not named as `before` never had it: the lead declined. And it waits for nobody.

    Attributes:
        before: who held it as an open lead, None if nobody did.
        after: who does from here on; None if nobody does, it is closed, erased or goes on as another.
    """

    TYPE: ClassVar[str] = "load.changed.v1"
    TOPIC: ClassVar[topics.Topic] = topics.ROUTING

    lead: LeadId
    before: str | None
    after: str | None


@registry.add
class RoutingClockTicked(Message):
    """Time passed with nothing to say; lets due timers fire, as clock.ticked does in the log. By `routing`, harmless twice."""

    TYPE: ClassVar[str] = "routing.clock_ticked.v1"
    TOPIC: ClassVar[topics.Topic] = topics.ROUTING
