"""When somebody is there, in their own time zone: weekly hours and days off. Pure computation, by the wall clock.

A range such as `09:00-17:30` holds from its first minute up to its last, not included; `24:00` is the end of the day, so a
night is two ranges: `22:00-24:00`, and `00:00-06:00` on the day after. Where clocks are put forward, the hour that is left out is
nobody's; where they are put back, the hour that comes twice counts twice.

Time zones are those of the package `tzdata`, never the machine's: an answer must not depend on where it is worked out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Protocol, get_args
from zoneinfo import ZoneInfo

from schemas.routing import DaysOff, Weekday

DAY: Final = timedelta(days=1)
DAY_MINUTES: Final = 24 * 60
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)


class Calendar(Protocol):
    """See schemas.routing.Availability."""

    @property
    def zone(self) -> str:
        """An IANA name."""

    @property
    def hours(self) -> Mapping[Weekday, Sequence[str]]:
        """Ranges by weekday; none at all is always."""

    @property
    def leave(self) -> Sequence[DaysOff]:
        """Days off."""


@cache
def zones() -> frozenset[str]:
    """Names of all time zones."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@lru_cache(maxsize=1_000)
def zone_of(name: str) -> tzinfo:
    """A time zone; UTC for a name that is none."""
    if name == "UTC" or name not in zones():
        return UTC
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as found:
        return ZoneInfo.from_file(found, key=name)


@lru_cache(maxsize=10_000)
def minutes(range_: str) -> tuple[int, int]:
    """`09:00-17:30` as minutes of the day. Raises ValueError, saying what to write."""
    begin, dash, end = range_.partition("-")
    start, stop = _minute(begin), _minute(end)
    if not dash or start is None or stop is None:
        raise ValueError(f"{range_!r} is no range of hours: write it as 09:00-17:30")
    if stop <= start:
        raise ValueError(f"{range_} ends before it starts: a night is two ranges, 22:00-24:00 and 00:00-06:00 on the day after")
    return start, stop


def _minute(clock: str) -> int | None:
    hour, colon, minute = clock.partition(":")
    if not (colon and len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()):
        return None
    found = int(hour) * 60 + int(minute)
    return found if int(minute) < 60 and found <= DAY_MINUTES else None


def day_of(calendar: Calendar, at: datetime) -> date:
    """What day it is there."""
    return at.astimezone(zone_of(calendar.zone)).date()


def next_day(calendar: Calendar, at: datetime) -> datetime:
    """When the next day begins there; where clocks are put back over midnight it does so twice, and the one to come counts."""
    zone, day = zone_of(calendar.zone), day_of(calendar, at) + DAY
    first = _midnight(zone, day)
    return first if first > at else datetime.combine(day, time(fold=1), zone).astimezone(UTC)


def is_there(calendar: Calendar, at: datetime) -> bool:
    """Within their hours, and not on leave."""
    local = at.astimezone(zone_of(calendar.zone))
    if days_off(calendar, local.date()) is not None:
        return False
    minute = local.hour * 60 + local.minute
    return not calendar.hours or any(start <= minute < stop for start, stop in _ranges(calendar, local.date()))


def next_there(calendar: Calendar, at: datetime) -> datetime | None:
    """The first moment from `at` on that they are there; None if that never comes."""
    if is_there(calendar, at):
        return at
    zone = zone_of(calendar.zone)
    day = day_of(calendar, at)
    edges: dict[date, list[datetime]] = {}
    # Each leave is left behind once, and after it somebody who has hours is there within a week, unless on leave again.
    for _ in range((len(WEEKDAYS) + 1) * (len(calendar.leave) + 2)):
        off = days_off(calendar, day)
        if off is not None:
            day = max(day, off.last) + DAY
            continue
        # The day before and the one after, too: clocks are put back over midnight in some places, and once a day was left out.
        edges = {near: edges.get(near) or list(_edges(calendar, zone, near)) for near in (day - DAY, day, day + DAY)}
        coming = (edge for found in edges.values() for edge in found if edge > at)
        first = min((edge for edge in coming if is_there(calendar, edge)), default=None)
        if first is not None and first.astimezone(zone).date() <= day:
            return first
        day += DAY
    return None


def days_off(calendar: Calendar, day: date) -> DaysOff | None:
    """The leave that a day belongs to."""
    return next((off for off in calendar.leave if off.first <= day <= off.last), None)


def why_away(calendar: Calendar, at: datetime, back: datetime | None) -> str:
    """For people: why somebody is not there, and until when; `back` is when they are there next."""
    off = days_off(calendar, day_of(calendar, at))
    if off is not None:
        return f"on leave until {off.last.isoformat()}"
    if back is None:
        return "off hours"
    zone = zone_of(calendar.zone)
    here, there = at.astimezone(zone), back.astimezone(zone)
    days = (there.date() - here.date()).days
    day = "" if days == 0 else f"{there:%A} " if days < len(WEEKDAYS) else f"{there:%Y-%m-%d} "
    return f"off hours until {day}{there:%H:%M} {calendar.zone}"


def _ranges(calendar: Calendar, day: date) -> Iterator[tuple[int, int]]:
    return map(minutes, calendar.hours.get(WEEKDAYS[day.weekday()], ()))


def _edges(calendar: Calendar, zone: tzinfo, day: date) -> Iterator[datetime]:
    """Moments of a day at which somebody may begin to be there: when a range starts, and when clocks are changed."""
    begin, end = _midnight(zone, day), _midnight(zone, day + DAY)
    yield begin
    for start, _ in _ranges(calendar, day):
        for fold in (0, 1):
            wall = datetime.combine(day, time(start // 60, start % 60, fold=fold), zone)
            yield wall.astimezone(UTC)
    if begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
        yield _change(zone, begin, end)


def _change(zone: tzinfo, begin: datetime, end: datetime) -> datetime:
    """When clocks are changed, to the second."""
    before = begin.astimezone(zone).utcoffset()
    while end - begin > timedelta(seconds=1):
        middle = begin + timedelta(seconds=(end - begin) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            begin = middle
        else:
            end = middle
    return end


def _midnight(zone: tzinfo, day: date) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
