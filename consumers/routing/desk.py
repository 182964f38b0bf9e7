"""All teams while one record is decided: who is there at that moment, and what they are given.

A lead that is given counts at once, as an open lead and as one of the day; the log says later only where it came out otherwise.
So of the last leads it is remembered whom they were given to.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from consumers.routing import hours, turns
from consumers.routing.state import Colleague, Pool, Pools, Share, Waiting
from infra.kafka.fold import Decision, Timer
from schemas.commands import AssignLead
from schemas.envelope import derived_id
from schemas.message import LeadId
from schemas.routing import Availability, LoadChanged, RosterPublished, WhenNobody

NAME: Final = "routing.pools"
LOOK: Final = "look"
"""The timer that looks for somebody again."""

WAITING_MAX: Final = 1_000
"""Of a team."""
PATH_MEMBERS_MAX: Final = 20
GIVEN_MAX: Final = 1_000
NO_TEAM: Final = Pool()
UNKNOWN: Final = Colleague()
ALWAYS: Final = Availability()


class Place(IntEnum):
    """How soon somebody is given a lead."""

    THERE = 0
    OFF_HOURS = 1
    FULL = 2
    AWAY = 3


SAID: Final = {Place.THERE: "there", Place.OFF_HOURS: "off hours", Place.FULL: "at capacity"}


@dataclass(frozen=True, slots=True)
class Look:
    """A member at one moment; `why` not, unless they are there."""

    place: Place
    why: str = ""


THERE: Final = Look(Place.THERE)


class Desk:
    """See the module. One per record."""

    def __init__(self, state: Pools, at: datetime) -> None:
        self._at = at
        self._wakes_at = state.wakes_at
        self._teams, self._colleagues, self._given = dict(state.teams), dict(state.colleagues), dict(state.given)
        self._clock: dict[str, Look] = {}
        self._commands: list[AssignLead] = []

    # --- what records say ---

    def ask(self, waiting: Waiting, team: str, command_id: str) -> None:
        """Give the lead to whose turn it is; where nobody is there, say so, and keep the request."""
        known = self._given.get(waiting.lead)
        if known is not None:
            # It asked once more before it heard: the first answer holds, and counts already.
            path = (*waiting.path, f"{known}: given to them before")
            self._say(waiting, command_id, known, f"round-robin in team {team}", path)
            return
        since = self._withdraw({waiting.lead})
        waiting = waiting if since is None else waiting.model_copy(update={"since": since})
        if self._give(waiting, team, command_id):
            return
        pool = self._pool(team)
        reason = f"nobody in team {team} is there" if pool.shares else f"team {team} has no members"
        path = (*waiting.path, *_skipped(self._look(pool)), reason)
        if len(pool.waiting) < WAITING_MAX:
            queue = sorted((*pool.waiting, waiting), key=lambda other: other.since)
            self._teams[team] = pool.model_copy(update={"waiting": tuple(queue)})
        else:
            path = (*path, f"{WAITING_MAX} leads wait already, so this one does not: assign it by hand")
        self._say(waiting, command_id, None, reason, path)

    def hand_out(self) -> None:
        """Give what waits to whoever is there by now, oldest first.

        These requests were answered once (by nobody), so each goes on under another id, which the fold of the log knows too.
        """
        queue = [(waiting.since, team, waiting) for team, pool in self._teams.items() for waiting in pool.waiting]
        nobody: set[str] = set()
        done: set[str] = set()
        for _, team, waiting in sorted(queue, key=lambda place: place[:2]):
            id_ = later(waiting.request_id)
            path = (*waiting.path, "waited until somebody was there")
            if team in nobody or not self._give(waiting.model_copy(update={"request_id": id_, "path": path}), team, id_):
                nobody.add(team)
            else:
                done.add(waiting.lead)
        self._withdraw(done)

    def change_roster(self, roster: RosterPublished) -> None:
        """Take the members over."""
        pool = self._pool(roster.team)
        known = {share.person: share for share in pool.shares}
        joined = {member.person: member for member in roster.members}
        shares = []
        for member in roster.members:
            before = known.get(member.person, Share(person=member.person))
            shares.append(before.model_copy(update={"weight": member.weight, "away": member.away}))
            self._meet(member.person, member.availability)
        # Whoever left still counts for where the others' levels are.
        left = [share for share in pool.shares if share.person not in joined]
        there = {share.person for share in shares if self._see(share).place is Place.THERE}
        settled = turns.seen((*shares, *left), there)[: len(shares)]
        self._teams[roster.team] = pool.model_copy(update={"shares": settled, "when_nobody": roster.when_nobody})
        still = {share.person for other in self._teams.values() for share in other.shares}
        for share in left:
            if share.person not in still:
                self._meet(share.person, None)

    def change_load(self, change: LoadChanged) -> None:
        """Count what the log says."""
        given = self._given.pop(change.lead, None)
        self._withdraw({change.lead})
        if given is not None and change.before is None:
            self._decline(given)
        if change.before is not None:
            self._hold(change.before, -1)
        if change.after is not None:
            self._hold(change.after, 1)

    def decision(self) -> Decision[Pools]:
        """What comes of it all; the timer is for those who wait."""
        wakes_at = min(self._returns(), default=None)
        state = Pools(teams=self._teams, colleagues=self._colleagues, given=self._given, wakes_at=wakes_at)
        timers = () if wakes_at == self._wakes_at else (Timer(LOOK, wakes_at),)
        return Decision(state, events=self._commands, timers=timers)

    # --- giving ---

    def _give(self, waiting: Waiting, team: str, command_id: str) -> bool:
        pool = self._pool(team)
        seen = self._look(pool)
        shares = turns.seen(pool.shares, {person for person, look in seen.items() if look.place is Place.THERE})
        place = min((look.place for look in seen.values()), default=Place.AWAY)
        if place > (Place.FULL if pool.when_nobody == "anyone" else Place.THERE):
            if shares != pool.shares:
                self._teams[team] = pool.model_copy(update={"shares": shares})
            return False
        able = [share for share in shares if seen[share.person].place is place]
        chosen = turns.next_of(able)
        self._teams[team] = pool.model_copy(update={"shares": turns.taken(shares, chosen)})
        self._take(chosen.person)
        self._remember(waiting.lead, chosen.person)
        skipped = _skipped({person: look for person, look in seen.items() if look.place is not place})
        path = (*waiting.path, *skipped, _why(chosen, able, place))
        self._say(waiting, command_id, chosen.person, f"round-robin in team {team}", path)
        return True

    def _say(self, waiting: Waiting, command_id: str, owner: str | None, reason: str, path: tuple[str, ...]) -> None:
        self._commands.append(
            AssignLead(
                lead=LeadId(waiting.lead),
                command_id=command_id,
                actor=NAME,
                owner=owner,
                request_id=waiting.request_id,
                reason=reason,
                path=path,
            )
        )

    def _withdraw(self, leads: Collection[str]) -> int | None:
        """They wait for nobody any more; since when the oldest did."""
        since: list[int] = []
        for team, pool in self._teams.items():
            gone = [waiting.since for waiting in pool.waiting if waiting.lead in leads]
            if gone:
                since += gone
                staying = tuple(waiting for waiting in pool.waiting if waiting.lead not in leads)
                self._teams[team] = pool.model_copy(update={"waiting": staying})
        return min(since, default=None)

    def _remember(self, lead: str, person: str) -> None:
        self._given[lead] = person
        if len(self._given) > GIVEN_MAX:
            del self._given[next(iter(self._given))]

    # --- how much somebody has ---

    def _hold(self, person: str, leads: int) -> None:
        known = self._colleagues.get(person, UNKNOWN)
        # What they held before it was counted is not taken off what was counted since.
        self._keep(person, open=max(0, known.open + leads))

    def _take(self, person: str) -> None:
        known = self._colleagues.get(person, UNKNOWN)
        day = hours.day_of(known.availability or ALWAYS, self._at)
        self._keep(person, open=known.open + 1, day=day, today=1 + (known.today if known.day == day else 0))

    def _decline(self, person: str) -> None:
        """A lead that was given to them is another's, or nobody's: it is none of the day's either."""
        known = self._colleagues.get(person, UNKNOWN)
        same = known.day == hours.day_of(known.availability or ALWAYS, self._at)
        self._keep(person, open=max(0, known.open - 1), today=max(0, known.today - (1 if same else 0)))

    def _meet(self, person: str, availability: Availability | None) -> None:
        if self._colleagues.get(person, UNKNOWN).availability != availability:
            self._keep(person, availability=availability, back=None)
            self._clock.pop(person, None)

    def _keep(self, person: str, **changed: object) -> None:
        known = self._colleagues.get(person, UNKNOWN).model_copy(update=changed)
        if known.open == 0 and known.availability is None:
            self._colleagues.pop(person, None)
        else:
            self._colleagues[person] = known

    # --- who is there ---

    def _pool(self, team: str) -> Pool:
        return self._teams.get(team, NO_TEAM)

    def _look(self, pool: Pool) -> dict[str, Look]:
        return {share.person: self._see(share) for share in pool.shares}

    def _see(self, share: Share) -> Look:
        if share.away is not None:
            return Look(Place.AWAY, share.away)
        known = self._colleagues.get(share.person, UNKNOWN)
        if known.availability is None:
            return THERE
        look = self._by_clock(share.person, known, known.availability)
        full = None if look.place is Place.AWAY else self._full(known, known.availability)
        return look if full is None else Look(Place.FULL, full)

    def _by_clock(self, person: str, known: Colleague, availability: Availability) -> Look:
        found = self._clock.get(person)
        if found is None:
            back = known.back
            if not _ahead(back, self._at):
                back = hours.next_there(availability, self._at)
                kept = back if _ahead(back, self._at) else None
                if kept != known.back:
                    self._keep(person, back=kept)
            found = self._clock[person] = _by_clock(availability, self._at, back)
        return found

    def _full(self, known: Colleague, limits: Availability) -> str | None:
        if limits.open_max is not None and known.open >= limits.open_max:
            return f"{known.open} of {limits.open_max} open"
        if limits.day_max is not None and known.today >= limits.day_max and known.day == hours.day_of(limits, self._at):
            return f"{known.today} of {limits.day_max} given today"
        return None

    def _returns(self) -> Iterator[datetime]:
        """When time may bring somebody back whom a lead waits for."""
        waited_for = {
            (share.person, pool.when_nobody)
            for pool in self._teams.values()
            if pool.waiting
            for share in pool.shares
            if share.away is None
        }
        for person, when_nobody in waited_for:
            known = self._colleagues.get(person, UNKNOWN)
            if known.availability is not None:
                back = self._return(known, known.availability, when_nobody)
                if back is not None and _ahead(back, self._at):
                    yield back

    def _return(self, known: Colleague, limits: Availability, when_nobody: WhenNobody) -> datetime | None:
        if when_nobody == "anyone":
            return hours.next_there(limits.model_copy(update={"hours": {}}), self._at)
        if limits.open_max is not None and known.open >= limits.open_max:
            return None
        if self._full(known, limits) is not None:
            return hours.next_there(limits, hours.next_day(limits, self._at))
        return known.back if _ahead(known.back, self._at) else hours.next_there(limits, self._at)


def later(request_id: str) -> str:
    """What a request is called that nobody could take at first. Not as its first answer, which is derived from the same id."""
    return derived_id(request_id, f"{NAME}, later", 0)


def _ahead(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and moment > at


def _by_clock(availability: Availability, at: datetime, back: datetime | None) -> Look:
    if back == at:
        return THERE
    place = Place.OFF_HOURS if hours.days_off(availability, hours.day_of(availability, at)) is None else Place.AWAY
    return Look(place, hours.why_away(availability, at, back))


def _skipped(seen: Mapping[str, Look]) -> list[str]:
    return [f"{person} skipped: {look.why}" for person, look in seen.items() if look.why][:PATH_MEMBERS_MAX]


def _why(chosen: Share, able: Sequence[Share], place: Place) -> str:
    had = "lead" if chosen.given == 1 else "leads"
    if len(able) == 1:
        return f"{chosen.person}: the only one {SAID[place]} ({chosen.given} {had} before)"
    weight = f" at weight {chosen.weight}" if any(share.weight != chosen.weight for share in able) else ""
    among = "" if place is Place.THERE else f" {SAID[place]}"
    return f"{chosen.person}: next of {len(able)}{among} ({chosen.given} {had} before{weight})"
