"""All teams while one record is decided: who is given what, and what waits.

A lead that is given counts at once, as an open lead and as one of the day; the log says later only where it came out otherwise.
So of the last leads it is remembered whom they were given to.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from consumers.routing import turns
from consumers.routing.colleagues import Colleagues, Look, Place
from consumers.routing.state import Pool, Pools, Share, Waiting
from infra.kafka.fold import Decision, Timer
from schemas.commands import AssignLead
from schemas.envelope import derived_id
from schemas.message import LeadId
from schemas.routing import LoadChanged, RosterPublished

NAME: Final = "routing.pools"
LOOK: Final = "look"
"""The timer that looks for somebody again."""

WAITING_MAX: Final = 1_000
"""Of a team."""
PATH_MEMBERS_MAX: Final = 20
GIVEN_MAX: Final = 1_000
NO_TEAM: Final = Pool()
SAID: Final = {Place.THERE: "there", Place.OFF_HOURS: "off hours", Place.FULL: "at capacity"}


class Desk:
    """See the module. One per record."""

    def __init__(self, state: Pools, at: datetime) -> None:
        self._wakes_at = state.wakes_at
        self._teams, self._given = dict(state.teams), dict(state.given)
        self._colleagues = Colleagues(state.colleagues, at)
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
        path = (*waiting.path, *_skipped(self._colleagues.look(pool)), reason)
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
            self._colleagues.meet(member.person, member.availability)
        # Whoever left still counts for where the others' levels are.
        left = [share for share in pool.shares if share.person not in joined]
        there = {share.person for share in shares if self._colleagues.see(share).place is Place.THERE}
        settled = turns.seen((*shares, *left), there)[: len(shares)]
        self._teams[roster.team] = pool.model_copy(update={"shares": settled, "when_nobody": roster.when_nobody})
        still = {share.person for other in self._teams.values() for share in other.shares}
        for share in left:
            if share.person not in still:
                self._colleagues.meet(share.person, None)

    def change_load(self, change: LoadChanged) -> None:
        """Count what the log says."""
        given = self._given.pop(change.lead, None)
        self._withdraw({change.lead})
        if given is not None and change.before is None:
            self._colleagues.decline(given)
        if change.before is not None:
            self._colleagues.hold(change.before, -1)
        if change.after is not None:
            self._colleagues.hold(change.after, 1)

    def decision(self) -> Decision[Pools]:
        """What comes of it all; the timer is for those who wait."""
        wakes_at = min(self._colleagues.returns(self._teams.values()), default=None)
        state = Pools(teams=self._teams, colleagues=self._colleagues.known, given=self._given, wakes_at=wakes_at)
        timers = () if wakes_at == self._wakes_at else (Timer(LOOK, wakes_at),)
        return Decision(state, events=self._commands, timers=timers)

    # --- giving ---

    def _give(self, waiting: Waiting, team: str, command_id: str) -> bool:
        pool = self._pool(team)
        seen = self._colleagues.look(pool)
        shares = turns.seen(pool.shares, {person for person, look in seen.items() if look.place is Place.THERE})
        place = min((look.place for look in seen.values()), default=Place.AWAY)
        if place > (Place.FULL if pool.when_nobody == "anyone" else Place.THERE):
            if shares != pool.shares:
                self._teams[team] = pool.model_copy(update={"shares": shares})
            return False
        able = [share for share in shares if seen[share.person].place is place]
        chosen = turns.next_of(able)
        self._teams[team] = pool.model_copy(update={"shares": turns.taken(shares, chosen)})
        self._colleagues.take(chosen.person)
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

    def _pool(self, team: str) -> Pool:
        return self._teams.get(team, NO_TEAM)


def later(request_id: str) -> str:
    """What a request is called that nobody could take at first. Not as its first answer, which is derived from the same id."""
    return derived_id(request_id, f"{NAME}, later", 0)


def _skipped(seen: Mapping[str, Look]) -> list[str]:
    return [f"{person} skipped: {look.why}" for person, look in seen.items() if look.why][:PATH_MEMBERS_MAX]


def _why(chosen: Share, able: Sequence[Share], place: Place) -> str:
    had = "lead" if chosen.given == 1 else "leads"
    if len(able) == 1:
        return f"{chosen.person}: the only one {SAID[place]} ({chosen.given} {had} before)"
    weight = f" at weight {chosen.weight}" if any(share.weight != chosen.weight for share in able) else ""
    among = "" if place is Place.THERE else f" {SAID[place]}"
    return f"{chosen.person}: next of {len(able)}{among} ({chosen.given} {had} before{weight})"
