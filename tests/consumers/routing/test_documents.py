"""What people may write about when somebody is there, and what they are told when it can't be so."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from consumers.routing.documents import LEAVE_MAX, RANGES_MAX, Person, Team
from infra.kafka.batch import reason_of
from tests.house.files import ROOT


def refusal(**body: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Person.model_validate(body)
    return reason_of(refused.value)


def test_a_person_with_hours_leave_and_capacity_reads_back_as_written() -> None:
    body = {
        "name": "Ana Ferreira",
        "email": "ana@quayline.example",
        "active": True,
        "hours": {"monday": ["09:00-12:30", "13:30-17:30"], "friday": ["22:00-24:00"], "saturday": ["00:00-06:00"]},
        "leave": [{"first": "2026-12-24", "last": "2027-01-02", "label": "Christmas"}],
        "capacity": {"open_max": 40, "day_max": 12},
        "zone": "Europe/Lisbon",
    }
    assert Person.model_validate(body).model_dump(mode="json") == body


def test_a_person_from_before_there_were_hours_is_always_there() -> None:
    person = Person.model_validate({"name": "Ana", "zone": "Europe/Lisbon"})
    assert (person.hours, person.leave, person.capacity.open_max, person.capacity.day_max) == ({}, (), None, None)
    assert Team().when_nobody == "wait"


def test_hours_have_to_be_ranges_of_a_day() -> None:
    assert refusal(hours={"monday": ["9-17"]}).startswith("hours.monday.0: ")
    assert "write it as 09:00-17:30" in refusal(hours={"monday": ["9-17"]})
    assert "a night is two ranges" in refusal(hours={"monday": ["22:00-06:00"]})
    assert refusal(hours={"mon": ["09:00-17:00"]}).startswith("hours.mon.")


def test_ranges_of_a_day_may_touch_and_not_overlap() -> None:
    Person.model_validate({"hours": {"monday": ["12:00-17:00", "09:00-12:00"]}})
    said = refusal(hours={"monday": ["12:00-17:00", "09:00-12:01"]})
    assert said == "hours: Value error, monday: 09:00-12:01 and 12:00-17:00 overlap: make one range of them"


def test_hours_without_a_range_are_a_mistake() -> None:
    assert "leave hours out for always, or set active to false" in refusal(hours={"monday": []})


def test_a_leave_ends_on_the_day_it_begins_or_later() -> None:
    Person.model_validate({"leave": [{"first": "2026-12-24", "last": "2026-12-24"}]})
    said = refusal(leave=[{"first": "2026-12-24", "last": "2026-12-23"}])
    assert said.startswith("leave.0: ")
    assert "last (2026-12-23) is before first (2026-12-24)" in said


def test_leaves_do_not_overlap() -> None:
    leave = [{"first": "2026-12-24", "last": "2026-12-27"}, {"first": "2026-12-01", "last": "2026-12-24"}]
    assert "2026-12-01 to 2026-12-24 and 2026-12-24 to 2026-12-27 overlap: make one leave of them" in refusal(leave=leave)


def test_a_date_has_to_be_one_that_somebody_means() -> None:
    assert refusal(leave=[{"first": "0001-01-01", "last": "2026-12-24"}]).startswith("leave.0.first: ")
    assert refusal(leave=[{"first": "2026-12-24", "last": "9999-12-31"}]).startswith("leave.0.last: ")


def test_nobody_takes_less_than_one_lead() -> None:
    assert refusal(capacity={"open_max": 0}).startswith("capacity.open_max: ")
    assert refusal(capacity={"day_max": -1}).startswith("capacity.day_max: ")


@pytest.mark.parametrize(
    "more",
    [
        {"hours": {"monday": ["09:00-17:00"]}},
        {"leave": [{"first": "2026-12-24", "last": "2026-12-24"}]},
        {"capacity": {"day_max": 3}},
    ],
)
def test_where_something_depends_on_the_zone_it_has_to_be_one(more: dict[str, Any]) -> None:
    said = refusal(zone="Europe/Berln", **more)
    assert said == "zone: Value error, 'Europe/Berln' is no IANA time zone: write one such as Europe/Berlin"
    assert Person.model_validate({"zone": "Europe/Berlin", **more})


def test_where_nothing_depends_on_the_zone_what_was_accepted_once_stays_readable() -> None:
    assert Person.model_validate({"zone": "Hamburg", "capacity": {"open_max": 3}}).zone == "Hamburg"


def test_there_is_an_end_to_ranges_and_leaves() -> None:
    ranges = [f"{hour:02}:00-{hour:02}:30" for hour in range(RANGES_MAX + 1)]
    assert refusal(hours={"monday": ranges}).startswith("hours.monday: ")
    days = [{"first": f"2{year:03}-01-01", "last": f"2{year:03}-01-01"} for year in range(LEAVE_MAX + 1)]
    assert refusal(leave=days).startswith("leave: ")


def test_a_team_waits_or_takes_anyone() -> None:
    assert Team.model_validate({"when_nobody": "anyone"}).when_nobody == "anyone"
    with pytest.raises(ValidationError, match="'wait' or 'anyone'"):
        Team.model_validate({"when_nobody": "somebody"})


def test_the_examples_for_people_can_be_published() -> None:
    person, team = re.findall(r"<<'END'\n(.*?)\nEND", (ROOT / "docs" / "people.md").read_text(encoding="utf-8"), re.DOTALL)
    assert Person.model_validate_json(person).capacity.open_max == 40
    assert Team.model_validate_json(team).members[0].weight == 2
