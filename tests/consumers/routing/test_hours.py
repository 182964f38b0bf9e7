"""When somebody is there: by the wall clock of their zone, through changes of clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.routing.hours import WEEKDAYS, is_there, minutes, next_day, next_there, why_away, zone_of, zones
from schemas.routing import Availability, DaysOff

MINUTE = timedelta(minutes=1)
BERLIN = "Europe/Berlin"
ZONES = (
    "UTC",
    BERLIN,
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Cairo",
    "Pacific/Apia",
    "America/St_Johns",
)


def at(text: str, zone: str = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone_of(zone), fold=fold).astimezone(UTC)


def office(zone: str = BERLIN, **more: object) -> Availability:
    hours = dict.fromkeys(WEEKDAYS[:5], ("09:00-12:30", "13:30-17:30"))
    return Availability.model_validate({"zone": zone, "hours": hours, **more})


def off(first: str, last: str) -> DaysOff:
    return DaysOff(first=date.fromisoformat(first), last=date.fromisoformat(last))


def test_a_range_holds_from_its_first_minute_up_to_its_last() -> None:
    moments = ("2026-11-30T08:59", "2026-11-30T09:00", "2026-11-30T12:29", "2026-11-30T12:30", "2026-11-30T17:29")
    assert [is_there(office(), at(moment)) for moment in moments] == [False, True, True, False, True]
    assert not is_there(office(), at("2026-11-29T10:00")), "a Sunday"


def test_somebody_without_hours_is_always_there() -> None:
    assert is_there(Availability(zone=BERLIN), at("2026-11-29T03:00"))


def test_leave_is_whole_days_of_ones_own_zone_both_included() -> None:
    anna = Availability(zone="America/New_York", leave=(off("2026-11-26", "2026-11-27"),))
    there = {text: is_there(anna, at(text, "America/New_York")) for text in ("2026-11-25T23:59", "2026-11-26T00:00")}
    assert there == {"2026-11-25T23:59": True, "2026-11-26T00:00": False}
    assert next_there(anna, at("2026-11-26T12:00", "America/New_York")) == at("2026-11-28T00:00", "America/New_York")


def test_a_night_is_two_ranges() -> None:
    night = Availability(zone=BERLIN, hours={"monday": ("22:00-24:00",), "tuesday": ("00:00-06:00",)})
    assert is_there(night, at("2026-11-30T23:59"))
    assert is_there(night, at("2026-12-01T00:00"))
    assert not is_there(night, at("2026-12-01T06:00"))
    assert next_there(night, at("2026-12-01T06:00")) == at("2026-12-07T22:00")


def test_where_clocks_go_forward_work_begins_with_the_first_minute_that_there_is() -> None:
    early = Availability(zone=BERLIN, hours={"sunday": ("02:30-04:00",)})
    assert next_there(early, at("2026-03-29T01:00")) == at("2026-03-29T03:00")
    never = Availability(zone=BERLIN, hours={"sunday": ("02:10-02:50",)})
    assert next_there(never, at("2026-03-29T01:00")) == at("2026-04-05T02:10")


def test_where_clocks_go_back_the_hour_that_comes_twice_counts_twice() -> None:
    late = Availability(zone=BERLIN, hours={"sunday": ("02:00-02:30",)})
    assert next_there(late, at("2026-10-25T02:40", fold=0)) == at("2026-10-25T02:00", fold=1)
    assert is_there(late, at("2026-10-25T02:10", fold=1))


def test_a_day_that_was_left_out_has_no_hours() -> None:
    """Samoa went from Thursday to Saturday."""
    hours = {"friday": ("00:30-00:45",), "saturday": ("00:15-00:45",)}
    samoan = Availability.model_validate({"zone": "Pacific/Apia", "hours": hours})
    assert next_there(samoan, datetime(2011, 12, 30, 0, 0, tzinfo=UTC)) == datetime(2011, 12, 30, 10, 15, tzinfo=UTC)


def test_an_evening_that_comes_twice_counts_twice() -> None:
    """Newfoundland put clocks back a minute after midnight, to the day before."""
    evening = Availability.model_validate({"zone": "America/St_Johns", "hours": {"saturday": ("22:00-23:10", "23:15-23:50")}})
    assert next_there(evening, at("2010-11-06T23:55", "America/St_Johns")) == datetime(2010, 11, 7, 2, 31, tzinfo=UTC)


def test_hours_are_those_of_the_season() -> None:
    assert next_there(office(), at("2026-03-27T18:00")) == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)
    assert next_there(office(), at("2026-10-23T18:00")) == datetime(2026, 10, 26, 8, 0, tzinfo=UTC)


def test_somebody_may_never_come_back() -> None:
    assert next_there(Availability(hours={"monday": ()}), at("2026-11-30T10:00")) is None


def test_one_working_day_a_week_and_leave_on_each_of_the_next_ones_is_still_an_end() -> None:
    mondays = [date(2026, 11, 30) + timedelta(weeks=week) for week in range(30)]
    leave = tuple(DaysOff(first=day, last=day) for day in mondays)
    rare = Availability(hours={"monday": ("09:00-10:00",)}, leave=leave)
    assert next_there(rare, datetime(2026, 11, 29, tzinfo=UTC)) == datetime(2027, 6, 28, 9, tzinfo=UTC)


def said(availability: Availability, moment: str) -> str:
    return why_away(availability, at(moment), next_there(availability, at(moment)))


def test_people_are_told_why_and_until_when() -> None:
    on_leave = office(leave=[off("2026-11-30", "2026-12-01")])
    assert said(on_leave, "2026-11-30T10:00") == "on leave until 2026-12-01"
    assert said(office(), "2026-11-30T08:00") == "off hours until 09:00 Europe/Berlin"
    assert said(office(), "2026-11-30T18:00") == "off hours until Tuesday 09:00 Europe/Berlin"
    away = office(leave=[off("2026-12-05", "2026-12-20")])
    assert said(away, "2026-12-04T18:00") == "off hours until 2026-12-21 09:00 Europe/Berlin"
    assert said(Availability(hours={"monday": ()}), "2026-11-30T10:00") == "off hours"


@pytest.mark.parametrize(
    "wrong",
    ["9:00-17:00", "09:00", "09:00-25:00", "09:60-10:00", "09:00 - 10:00", "", "24:00-24:00", "a9:00-10:00", "²3:00-24:00"],
)
def test_what_is_no_range_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is no range of hours|ends before it starts"):
        minutes(wrong)


def test_a_range_over_midnight_is_refused_and_shown_how_to_be_written() -> None:
    with pytest.raises(ValueError, match="22:00-24:00 and 00:00-06:00 on the day after"):
        minutes("22:00-06:00")


def test_zones_are_those_of_the_package_and_an_unknown_one_is_utc() -> None:
    assert {BERLIN, "UTC", "Asia/Kolkata"} <= zones()
    assert zone_of("Mars/Olympus") is UTC
    assert zone_of("../../etc/passwd") is UTC
    assert isinstance(zone_of(BERLIN), ZoneInfo)


def test_where_clocks_are_put_back_over_midnight_the_day_before_comes_once_more() -> None:
    away = (DaysOff(first=date(2010, 11, 7), last=date(2010, 11, 7)),)
    somebody = Availability(zone="America/St_Johns", leave=away)
    midnight, back, again = (datetime(2010, 11, 7, hour, minute, tzinfo=UTC) for hour, minute in ((2, 30), (2, 31), (3, 30)))
    assert (is_there(somebody, midnight), is_there(somebody, back), is_there(somebody, again)) == (False, True, False)
    assert next_there(somebody, midnight) == back
    assert (next_day(somebody, back), next_day(somebody, back - 2 * MINUTE)) == (again, midnight)


clocks = st.integers(0, 24 * 4).map(lambda quarter: quarter * 15)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


ranges = st.lists(st.tuples(clocks, clocks).filter(lambda pair: pair[0] < pair[1]), max_size=2).map(
    lambda pairs: tuple(f"{_clock(start)}-{_clock(stop)}" for start, stop in pairs)
)
EDGES = {  # days around changes of clocks, or a day that was left out
    BERLIN: date(2026, 3, 29),
    "America/New_York": date(2026, 11, 1),
    "Australia/Lord_Howe": date(2026, 4, 5),
    "America/Havana": date(2026, 3, 8),
    "Africa/Cairo": date(2026, 4, 24),
    "Pacific/Apia": date(2011, 12, 30),
    "America/St_Johns": date(2010, 11, 7),
}


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Availability, datetime]:
    """Somebody, and a moment near which something happens."""
    zone = draw(st.sampled_from(ZONES))
    day = EDGES.get(zone, date(2026, 6, 1)) + timedelta(days=draw(st.integers(-2, 1)))
    hours = draw(st.dictionaries(st.sampled_from(WEEKDAYS), ranges, max_size=7))
    first = day + timedelta(days=draw(st.integers(-1, 3)))
    leave = (DaysOff(first=first, last=first + timedelta(days=draw(st.integers(0, 2)))),) if draw(st.booleans()) else ()
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 24 * 60)))
    return Availability(zone=zone, hours=hours, leave=leave), moment


@settings(deadline=None, max_examples=150)
@given(calendars())
def test_the_next_moment_is_the_first_one_that_looking_minute_by_minute_finds(drawn: tuple[Availability, datetime]) -> None:
    somebody, moment = drawn
    horizon = 3 * 24 * 60
    found = next((moment + n * MINUTE for n in range(horizon) if is_there(somebody, moment + n * MINUTE)), None)
    back = next_there(somebody, moment)
    if found is not None:
        assert back == found
    else:
        assert back is None or back >= moment + horizon * MINUTE


@settings(deadline=None)
@given(calendars())
def test_the_next_day_is_the_first_moment_of_another_date(drawn: tuple[Availability, datetime]) -> None:
    somebody, moment = drawn
    zone = zone_of(somebody.zone)
    later = next_day(somebody, moment)
    today = moment.astimezone(zone).date()
    assert later > moment
    assert later.astimezone(zone).date() > today
    assert (later - timedelta(seconds=1)).astimezone(zone).date() == today


@settings(deadline=None)
@given(calendars())
def test_whoever_is_not_there_has_a_reason(drawn: tuple[Availability, datetime]) -> None:
    somebody, moment = drawn
    back = next_there(somebody, moment)
    if back is not None and back > moment:
        assert not is_there(somebody, moment)
        assert is_there(somebody, back)
        assert why_away(somebody, moment, back).startswith(("on leave until", "off hours until"))
