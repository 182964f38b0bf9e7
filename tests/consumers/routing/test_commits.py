"""Timers of leads.routing in the runtime itself: where commits end makes no difference to who is given what."""

import asyncio
from datetime import timedelta
from typing import Any

from hypothesis import given, settings

from consumers.routing.consumer import routing_pools
from infra.kafka.folding import FoldStep
from infra.kafka.ports import Record
from infra.kafka.ticks import TICKS
from schemas.envelope import Envelope
from schemas.message import Message, to_json
from schemas.topics import COMMANDS, ROUTING
from tests.consumers.routing.playing import MONDAY, OFFICE, keeping, request, roster
from tests.consumers.routing.test_waiting import histories
from tests.schemas.memory import Consuming

TICK = TICKS[ROUTING.name]


def records(history: list[tuple[Message, int]]) -> list[Record]:
    """One after another, so many seconds apart, and a tick a week later."""
    found: list[Record] = []
    now = MONDAY
    for body, seconds in [*history, (TICK(), 7 * 24 * 3600)]:
        now += timedelta(seconds=seconds)
        envelope = Envelope(f"event-{len(found)}", body.TYPE, "routing", now, subject=body.lead)
        found.append(Record(0, len(found), round(now.timestamp() * 1000), None, envelope.headers(), to_json(body)))
    return found


def consumed(found: list[Record], records_per_commit: int) -> Consuming:
    consuming = Consuming(FoldStep(routing_pools), records_per_commit=records_per_commit)
    asyncio.run(consuming.feed(found))
    assert consuming.store.dead == []
    return consuming


@settings(deadline=None, max_examples=40)
@given(histories)
def test_where_commits_end_makes_no_difference(history: Any) -> None:
    found = records(history)
    at_once, one_by_one = consumed(found, 1000), consumed(found, 1)
    assert one_by_one.tables() == at_once.tables()
    assert one_by_one.log.sent == at_once.log.sent


def test_a_tick_lets_a_lead_go_out_and_the_fold_says_when_it_wants_one() -> None:
    waiting = [(roster(keeping("ann", hours=OFFICE, zone="America/Lima")), 0), (request(1), 1)]
    found = records(waiting)
    consuming = consumed(found[:-1], 1000)
    due = asyncio.run(consuming.store.next_due(0))
    assert due == round((MONDAY + timedelta(hours=6)).timestamp() * 1000), "nine o'clock in Lima"
    tick = FoldStep(routing_pools).tick(due)
    assert tick is not None
    asyncio.run(consuming.feed([Record(0, len(found) - 1, due, tick.key, tick.headers, tick.value)]))
    (answers,) = [sent for destination, sent in consuming.log.sent.items() if destination.topic == COMMANDS.name]
    assert [b'"owner":"ann"' in answer.value for answer in answers] == [False, True]
    assert consuming.store.timers == {}
