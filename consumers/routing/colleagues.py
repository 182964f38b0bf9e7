"""Everybody who may own leads, while one record is decided: whether they are there, and how much they have."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from consumers.routing import hours
from consumers.routing.state import Colleague, Pool, Share
from schemas.routing import Availability, WhenNobody

UNKNOWN: Final = Colleague()
ALWAYS: Final = Availability()


class Place(IntEnum):
    """How soon somebody is given a lead."""

    THERE = 0
    OFF_HOURS = 1
    FULL = 2
    AWAY = 3


@dataclass(frozen=True, slots=True)
class Look:
    """A member at one moment; `why` not, unless they are there."""

    place: Place
    why: str = ""


THERE: Final = Look(Place.THERE)


class Colleagues:
    """See the module. `at` is when the record was recorded."""

    def __init__(self, known: Mapping[str, Colleague], at: datetime) -> None:
        self._at = at
        self._known = dict(known)
        self._clock: dict[str, Look] = {}

    @property
    def known(self) -> dict[str, Colleague]:
        """All that is to be remembered of them."""
        return self._known

    # --- how much somebody has ---

    def hold(self, person: str, leads: int) -> None:
        """They have so many more, or less, than was thought."""
        known = self._of(person)
        # What they held before it was counted is not taken off what was counted since.
        self._keep(person, open=max(0, known.open + leads))

    def take(self, person: str) -> None:
        """They are given a lead."""
        known = self._of(person)
        day = hours.day_of(known.availability or ALWAYS, self._at)
        self._keep(person, open=known.open + 1, day=day, today=1 + (known.today if known.day == day else 0))

    def decline(self, person: str) -> None:
        """A lead that was given to them is another's, or nobody's: it is none of the day's either."""
        known = self._of(person)
        same = known.day == hours.day_of(known.availability or ALWAYS, self._at)
        self._keep(person, open=max(0, known.open - 1), today=max(0, known.today - (1 if same else 0)))

    def meet(self, person: str, availability: Availability | None) -> None:
        """This is when they are there, and how much they take; None is always, and any number."""
        if self._of(person).availability != availability:
            self._keep(person, availability=availability, back=None)
            self._clock.pop(person, None)

    def _of(self, person: str) -> Colleague:
        return self._known.get(person, UNKNOWN)

    def _keep(self, person: str, **changed: object) -> None:
        known = self._of(person).model_copy(update=changed)
        if known.open == 0 and known.availability is None:
            self._known.pop(person, None)
        else:
            self._known[person] = known

    # --- who is there ---

    def look(self, pool: Pool) -> dict[str, Look]:
        """Every member of a team, in the roster's order."""
        return {share.person: self.see(share) for share in pool.shares}

    def see(self, share: Share) -> Look:
        """One member."""
        if share.away is not None:
            return Look(Place.AWAY, share.away)
        known = self._of(share.person)
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

    def returns(self, pools: Iterable[Pool]) -> Iterator[datetime]:
        """When time may bring somebody back whom a lead waits for."""
        waited_for = {
            (share.person, pool.when_nobody) for pool in pools if pool.waiting for share in pool.shares if share.away is None
        }
        for person, when_nobody in waited_for:
            known = self._of(person)
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


def _ahead(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and moment > at


def _by_clock(availability: Availability, at: datetime, back: datetime | None) -> Look:
    if back == at:
        return THERE
    place = Place.OFF_HOURS if hours.days_off(availability, hours.day_of(availability, at)) is None else Place.AWAY
    return Look(place, hours.why_away(availability, at, back))
