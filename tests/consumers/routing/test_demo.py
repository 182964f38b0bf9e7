"""The demo's people keep hours, and whenever somebody tries it, its leads get owners."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from consumers.routing import rules
from consumers.routing.documents import Person, Team
from consumers.routing.state import RequestState
from infra.demo.company import REPS, documents
from infra.kafka.fold import Document, Documents, Event
from schemas.events import DocumentPublished
from schemas.routing import RosterPublished
from tests.consumers.routing.playing import Playing, request

KINDS: dict[str, type[Document]] = {kind.KIND: kind for kind in (Person, Team)}
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
TEAMS = ("sales", "enterprise", "americas")


def rosters() -> Iterator[RosterPublished]:
    """As `routing` tells them while the demo's documents are published."""
    known = Documents()
    for place, document in enumerate(documents()):
        if document.kind in KINDS:
            known = known.replaced(document.kind, document.name, 1, KINDS[document.kind].model_validate(document.body))
            marker = DocumentPublished(kind=document.kind, name=document.name, version=1, body=document.body, actor="demo")
            event = Event(f"marker-{place}", marker.TYPE, marker, MONDAY, MONDAY, rules.ROSTER_PARTITION, place)
            for message in rules.publish_rosters(RequestState(), event, known).events:
                assert isinstance(message, RosterPublished)
                yield message


@pytest.mark.parametrize("team", TEAMS)
def test_at_every_hour_of_the_week_a_lead_gets_an_owner(team: str) -> None:
    playing = Playing(MONDAY)
    playing.feed(*rosters())
    for hour in range(7 * 24):
        playing.until(MONDAY + timedelta(hours=hour, minutes=5))
        playing.feed(request(hour, team))
    assert len(playing.owners) == 7 * 24
    assert set(playing.owners) <= set(REPS)


def test_in_the_morning_of_one_the_other_still_sleeps_and_the_path_says_so() -> None:
    playing = Playing(MONDAY)
    playing.feed(*rosters())
    playing.until(datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Berlin")))
    for number in range(4):
        playing.feed(request(number, "enterprise"))
    assert playing.owners == ["bruno-keller"] * 4
    assert any("dan-okafor skipped: off hours until 08:30 America/New_York" in line for line in playing.answers[0].path)
