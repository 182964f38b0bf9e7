"""A list that has forgotten what was done asks the log before anybody is written to."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.effects.recorded import Recorded
from infra.kafka.fold import Effect
from infra.kafka.ports import LogUnavailable, Outgoing, Record
from schemas import topics
from schemas.commands import ChangeStatus, RecordMessage
from schemas.envelope import Envelope
from schemas.events import MessageRecorded
from schemas.message import LeadId, Message
from tests.infra.effects.making import FakePerformer, Reports, effect, planned, row, state, worker
from tests.infra.kafka.logs import MemoryLog
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

LEAD = LeadId("0198a000-0000-7000-8000-000000000001")


def message_of(wish: Effect) -> str:
    return str(wish.payload["message_id"])


def reported(wish: Effect, outcome: str) -> RecordMessage:
    return RecordMessage(lead=LEAD, command_id="c", actor="work", message_id=message_of(wish), outcome=outcome)


def logged(*bodies: Message, ago_seconds: float = 0) -> MemoryLog:
    """A log that has these, each in its own topic."""
    log = MemoryLog()
    at = round((datetime.now(UTC).timestamp() - ago_seconds) * 1000)
    for body in bodies:
        kept = log.kept.setdefault(body.TOPIC.name, [])
        outgoing = Outgoing(
            None, Envelope("id", body.TYPE, "leads", datetime.now(UTC), subject=LEAD).headers(), body.model_dump_json().encode()
        )
        kept.append(Record(0, len(kept), at, None, list(outgoing.headers), outgoing.value))
    return log


async def worked(db: Opened, log: Any) -> tuple[FakePerformer, Reports]:
    performer, reports = FakePerformer(), Reports()
    one = worker(db, performer, reports, look_back=Recorded(db.pool, log.reader).look_back)
    while await one.work_once():
        pass
    await one.report()
    return performer, reports


@pytest.mark.parametrize(
    ("outcome", "ends"), [("sent", "done"), ("failed", "failed"), ("suppressed", "suppressed"), ("unknown", "unknown")]
)
async def test_what_the_log_knows_is_not_done_again_and_not_reported_again(db: Opened, outcome: str, ends: str) -> None:
    old, new = effect(), effect()
    await planned(db, old, new)
    performer, reports = await worked(db, logged(reported(old, outcome)))
    assert performer.handed_over == [(await row(db, new))["id"]]
    assert (await state(db, old), await state(db, new)) == (ends, "done")
    assert [command.message_id for command in reports.commands] == [message_of(new)]


async def test_facts_count_as_commands_do_and_the_last_word_counts(db: Opened) -> None:
    wish = effect()
    await planned(db, wish)
    fact = MessageRecorded(lead=LEAD, version=1, message_id=message_of(wish), outcome="unknown")
    performer, _ = await worked(db, logged(fact, reported(wish, "sent")))
    assert performer.handed_over == []
    assert await state(db, wish) == "done"


async def test_it_reads_from_the_last_report_that_the_list_knows_of(db: Opened) -> None:
    known, wish = effect(), effect()
    await planned(db, known)
    await worked(db, MemoryLog())
    await planned(db, wish)
    performer, _ = await worked(db, logged(reported(wish, "sent"), ago_seconds=3600))
    assert len(performer.handed_over) == 1, "older than what the list knows, and not on it: it can't be"


async def test_what_is_asked_again_before_the_worker_starts_hides_nothing(db: Opened) -> None:
    old = effect()
    await planned(db, old)
    performer, _ = await worked(db, logged(reported(old, "sent"), ago_seconds=86_400 * 20))
    assert performer.handed_over == []


async def test_what_is_no_report_or_cant_be_read_is_passed_over(db: Opened) -> None:
    wish = effect()
    await planned(db, wish)
    log = logged(ChangeStatus(lead=LEAD, command_id="c", actor="ann", status="won"), reported(wish, "sent"))
    broken = log.kept[topics.COMMANDS.name]
    broken.append(broken[1]._replace(offset=2, value=b"{"))
    performer, _ = await worked(db, log)
    assert performer.handed_over == []


async def test_nothing_is_done_while_the_log_cant_be_asked(db: Opened) -> None:
    @asynccontextmanager
    async def away(_topic: str) -> AsyncIterator[Any]:
        raise LogUnavailable("no broker")
        yield

    await planned(db, effect())
    performer = FakePerformer()
    with pytest.raises(LogUnavailable):
        await worker(db, performer, look_back=Recorded(db.pool, away).look_back).work_once()
    assert performer.prepared == []


async def test_it_looks_once(db: Opened) -> None:
    looked: list[Sequence[object]] = []

    async def look() -> None:
        looked.append(())

    one = worker(db, FakePerformer(), look_back=look)
    await planned(db, effect(), effect())
    await one.work_once()
    await one.work_once()
    assert len(looked) == 1
