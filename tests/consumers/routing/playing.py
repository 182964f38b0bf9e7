"""The fold of leads.routing under a clock, as the runtime would drive it: every timer due by a record fires before it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from consumers.routing.consumer import routing_pools
from consumers.routing.desk import NAME
from consumers.routing.state import Pool, Pools
from infra.kafka.fold import Decision, Documents, Due, Event, Timer
from schemas.commands import AssignLead
from schemas.envelope import derived_id
from schemas.message import LeadId, Message
from schemas.person import Source
from schemas.routing import LoadChanged, OwnerRequested, RosterMember, RosterPublished
from tests.consumers.making import traits

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
OFFICE = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), ("09:00-17:00",))
TIMERS_MAX = 1_000


class Playing:
    """States, timers and answers after the records so far. `now` only goes on."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now
        self.state = Pools()
        self.timers: dict[str, datetime] = {}
        self.answers: list[AssignLead] = []
        self.decisions: list[Decision[Pools]] = []
        self.fired = 0
        self._offset = 0

    def feed(self, *bodies: Message) -> Decision[Pools]:
        """Decide each, now; the last decision."""
        for body in bodies:
            self.take(f"event-{self._offset}", body)
        return self.decisions[-1]

    def take(self, id_: str, body: Message) -> None:
        """As `feed`, a record of this id."""
        self._fire()
        event = Event(id_, body.TYPE, body, self.now, self.now, 0, self._offset)
        self._keep(routing_pools.handlers[type(body)](self.state, event, Documents()))
        self._offset += 1

    def until(self, moment: datetime) -> None:
        """Time passes: whenever a timer is due, there is a tick."""
        while self.timers and min(self.timers.values()) <= moment:
            self.now = max(self.now, min(self.timers.values()))
            self._fire()
        self.now = max(self.now, moment)

    def later(self, **by: int) -> None:
        """As `until`, by a span."""
        self.until(self.now + timedelta(**by))

    def pool(self, team: str = "sales") -> Pool:
        return self.state.teams.get(team, Pool())

    @property
    def owners(self) -> list[str | None]:
        return [answer.owner for answer in self.answers]

    def open(self, person: str) -> int:
        known = self.state.colleagues.get(person)
        return 0 if known is None else known.open

    def _fire(self) -> None:
        while due := [(at, name) for name, at in self.timers.items() if at <= self.now]:
            at, name = min(due)
            del self.timers[name]
            self.fired += 1
            assert self.fired < TIMERS_MAX, "a timer sets itself again and again"
            id_ = derived_id(f"pools|{name}|{at}|{self._offset}", NAME, 0)
            fired = Due(id_, "pools", name, at, self.now, 0, self._offset)
            self._keep(routing_pools.timers[name](self.state, fired, Documents()))

    def _keep(self, decision: Decision[Pools]) -> None:
        # As the store would: only what survives JSON is remembered.
        self.state = Pools.model_validate_json(decision.state.model_dump_json())
        for timer in decision.timers:
            self._set(timer)
        assert self.state.wakes_at == self.timers.get("look"), "the state says when the timer fires"
        self.answers += [message for message in decision.events if isinstance(message, AssignLead)]
        self.decisions.append(decision)

    def _set(self, timer: Timer) -> None:
        if timer.due_at is None:
            self.timers.pop(timer.name, None)
        else:
            self.timers[timer.name] = timer.due_at


def request(number: int, team: str = "sales", lead: str | None = None) -> OwnerRequested:
    return OwnerRequested(
        lead=LeadId(lead or f"lead-{number}"),
        request_id=f"request-{number}",
        team=team,
        source=Source(vendor="typeform", source_id="s"),
        traits=traits(),
        path=("team sales: the default, there are no rules",),
    )


def roster(*members: str | RosterMember, team: str = "sales", **more: Any) -> RosterPublished:
    known = tuple(RosterMember(person=member) if isinstance(member, str) else member for member in members)
    return RosterPublished(team=team, members=known, **more)


def away(person: str) -> RosterMember:
    return RosterMember(person=person, away="inactive")


def weighing(person: str, weight: int) -> RosterMember:
    return RosterMember(person=person, weight=weight)


def keeping(person: str, **availability: Any) -> RosterMember:
    """Somebody with hours, leave or limits."""
    return RosterMember.model_validate({"person": person, "availability": availability})


def load(lead: int, before: str | None, after: str | None) -> LoadChanged:
    return LoadChanged(lead=LeadId(f"lead-{lead}"), before=before, after=after)
