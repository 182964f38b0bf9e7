"""A lead that is folded anew after a dead letter: the pools are told what they missed, and nothing that they have counted."""

import dataclasses
from typing import Any

import pytest

from consumers.routing.consumer import routing
from infra.kafka.fold import Decision, Documents, Event, Reject
from infra.kafka.folding import FoldStep
from infra.kafka.ports import Record
from schemas.envelope import Envelope, derived_id
from schemas.events import LeadStatusChanged, RefoldRequested
from schemas.message import Message, to_json
from schemas.routing import LoadChanged, OwnerRequested
from tests.consumers.making import LEAD, START, assigned, captured
from tests.schemas.memory import Consuming

pytestmark = pytest.mark.asyncio

REQUEST = derived_id("event-0", "routing", 0)
ALIVE = -1
BY_HAND = assigned("bob", actor="user-1")
BY_ROUTING = assigned("ann", request_id=REQUEST)
WON = LeadStatusChanged(lead=LEAD, version=3, before="new", status="won", actor="user-1")


def record(offset: int, body: Message) -> Record:
    envelope = Envelope(f"event-{offset}", body.TYPE, "leads", START, subject=LEAD)
    return Record(0, offset, 1_000 + offset, LEAD.encode(), envelope.headers(), to_json(body))


class Dying:
    """Handlers of `routing` that can't handle one record, until they are mended."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.fold = dataclasses.replace(
            routing, handlers={cls: self._around(handler) for cls, handler in routing.handlers.items()}
        )

    def _around(self, handler: Any) -> Any:
        def handle(state: Any, event: Event[Any], documents: Documents) -> Decision[Any]:
            if event.offset == self.offset:
                raise Reject("not yet")
            decision: Decision[Any] = handler(state, event, documents)
            return decision

        return handle


async def said_anew(dead: int, *story: Message) -> list[tuple[str | None, ...]]:
    """What the pools are told once a lead is folded anew because its record at `dead` had died: (type, before, after)."""
    dying = Dying(dead)
    consuming = Consuming(FoldStep(dying.fold))
    await consuming.feed([record(nth, body) for nth, body in enumerate(story)])
    assert len(consuming.store.dead) == (dead != ALIVE)
    sent = [outgoing for batch in consuming.log.sent.values() for outgoing in batch]
    dying.offset = ALIVE
    await consuming.feed([record(len(story), RefoldRequested(lead=LEAD, consumer="routing", offset=max(0, dead)))])
    now = [outgoing for batch in consuming.log.sent.values() for outgoing in batch][len(sent) :]
    told: list[tuple[str | None, ...]] = []
    for outgoing in now:
        type_ = dict(outgoing.headers)["ce_type"].decode()
        if type_ == LoadChanged.TYPE:
            change = LoadChanged.model_validate_json(outgoing.value)
            told.append((type_, change.before, change.after))
        else:
            told.append((type_,))
    return told


async def test_where_nothing_died_nothing_is_said() -> None:
    assert await said_anew(ALIVE, captured(), BY_HAND, WON) == []
    assert await said_anew(ALIVE, captured()) == [], "a request that is open was asked"


async def test_an_owner_who_was_missed_is_told() -> None:
    assert await said_anew(1, captured(), BY_HAND) == [(LoadChanged.TYPE, None, "bob")]


async def test_an_end_that_was_missed_is_told() -> None:
    assert await said_anew(2, captured(), BY_ROUTING, WON) == [(LoadChanged.TYPE, "ann", None)]


async def test_an_owner_who_was_missed_and_has_nothing_any_more_is_only_withdrawn() -> None:
    assert await said_anew(1, captured(), BY_HAND, WON) == []


async def test_a_capture_that_died_asks_for_an_owner_unless_there_is_one_by_now() -> None:
    assert await said_anew(0, captured()) == [(OwnerRequested.TYPE,)]
    assert await said_anew(0, captured(), BY_HAND) == []
