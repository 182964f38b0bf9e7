"""A lead is written to, answers by mail, and the timeline says so: IMAP -> mailbox -> identity -> leads -> history."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import orjson
import pytest
import pytest_asyncio

from infra.settings import Settings
from producers.mailbox import jobs
from tests.needing import needs
from tests.producers.mailbox.letters import reply, report
from tests.producers.mailbox.server import MailServer, serving
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
RECORDED = "history.records where lead = $1 and event_type = 'activity.recorded.v1'"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with serving(tmp_path_factory.mktemp("greenmail")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(settings: Settings, server: MailServer) -> AsyncIterator[System]:
    async with running(settings.model_copy(update={"mailbox": server.mailbox(folder="INBOX")})) as started:
        yield started


@needs("communication")
async def test_a_reply_and_a_bounce_stand_in_the_leads_timeline_once(system: System, server: MailServer) -> None:
    pool = system.has.pool
    lead = await system.lead_of(await system.submit("ana@acme.example"))
    await system.until_value(
        True, "select exists(select 1 from effects.effects where lead = $1 and reason <> 'assignment')", lead
    )
    await pool.execute("update effects.effects set state = 'done', reported = 'done'")
    effect = await pool.fetchval("select id from effects.effects where lead = $1 and reason <> 'assignment'", lead)
    about = f"<{effect}@quayline.example>"
    mails = (
        reply(about=about),
        report(about=about),
        reply(sender="who@elsewhere.example", about=None, Message_ID="<w@x.example>"),
    )
    await asyncio.to_thread(server.put, *mails, folder="INBOX")
    (job,) = jobs.jobs(system.has)
    stop = asyncio.Event()
    working = asyncio.create_task(job(stop))
    await system.until_value(2, f"select count(*) from {RECORDED}", lead)
    stop.set()
    await working
    await pool.execute("truncate mailbox.positions")
    assert await jobs.reader(system.has).look() == {"replied": 1, "bounced": 1, "stranger": 1}
    await system.settled()
    rows = await pool.fetch(f'select value from {RECORDED} order by "offset"', lead)
    facts = [orjson.loads(row["value"]) for row in rows]
    assert {fact["activity"]["kind"] for fact in facts} == {"replied", "bounced"}
    assert len(facts) == 2
    assert all(fact["message_id"] is not None and fact["personal"] is not None for fact in facts)
    hash_ = system.has.keyring.hash("email", "ana@acme.example")
    assert await pool.fetchval("select reason from effects.suppressions where recipient = $1", hash_) == "bounced"


async def test_where_no_mailbox_is_set_there_is_no_job(system: System, settings: Settings) -> None:
    class Bare:
        pool, keyring, producer = system.has.pool, system.has.keyring, system.has.producer

    Bare.settings = settings  # type: ignore[attr-defined]
    assert jobs.jobs(Bare()) == []  # type: ignore[arg-type]
