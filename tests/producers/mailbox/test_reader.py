"""A mailbox is read from a real IMAP server, over TLS, into PostgreSQL and a publisher in memory."""

import asyncio
import imaplib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from infra.activities.publishing import ActivityWriter
from infra.effects.gate import effect_id, plan
from infra.kafka.fold import Effect
from infra.kafka.ports import LogUnavailable
from producers.mailbox import reader as reading
from producers.mailbox.imap import BODY_BYTES_MAX, CannotRead, opened
from producers.mailbox.known import Known
from producers.mailbox.positions import Positions
from producers.mailbox.reader import LOOK_BACK, Reader
from schemas.activities import ActivityReceived
from tests.infra.gateway.fakes import MemoryPublisher
from tests.infra.gateway.running import read
from tests.infra.opened import Opened
from tests.infra.opened import opened as opened_database
from tests.producers.mailbox.letters import reply, report
from tests.producers.mailbox.server import MailServer, serving

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
LEAD = "018f0000-0000-7000-8000-000000000001"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with serving(tmp_path_factory.mktemp("greenmail")) as started:
        yield started


@dataclass
class Box:
    """A mailbox that is read, and a mail of ours that was sent to Ana."""

    server: MailServer
    db: Opened
    publisher: MemoryPublisher
    about: str

    def reader(self, **changes: Any) -> Reader:
        writer = ActivityWriter(self.db.keyring, self.publisher, 6)
        mailbox = self.server.mailbox(**changes)
        return Reader(mailbox, Positions(self.db.pool), Known(self.db.pool), writer, self.db.keyring)

    async def look(self) -> Counter[str]:
        return await self.reader().look()

    def told(self) -> list[ActivityReceived]:
        found = [read(one.record) for one in self.publisher.records]
        assert all(isinstance(one, ActivityReceived) for one in found)
        return found  # type: ignore[return-value]


@pytest_asyncio.fixture
async def box(server: MailServer, database: str) -> AsyncIterator[Box]:
    await asyncio.to_thread(server.begin)
    async with opened_database(database) as db:
        await db.pool.execute("truncate mailbox.positions, identity.claims")
        recipient = db.keyring.hash("email", "ana@acme.example")
        sent = Effect("mail", LEAD, recipient, "acknowledgement", "submission-1", {"to": "lead"})
        async with db.pool.acquire() as connection:
            await plan(connection, [sent])
        await db.pool.execute("update effects.effects set state = 'done'")
        yield Box(server, db, MemoryPublisher(), f"<{effect_id(sent)}@quayline.example>")


async def test_replies_and_bounces_are_told_and_strangers_counted_and_nothing_is_marked_as_read(box: Box) -> None:
    box.server.put(
        reply(about=box.about),
        report(about=box.about),
        reply(about=box.about, Message_ID="<away@acme.example>", Auto_Submitted="auto-replied"),
        reply(about=None, sender="spam@elsewhere.example", Message_ID="<s@elsewhere.example>"),
        b"\xff\xfe broken \x00" * 50,
    )
    assert await box.look() == {"replied": 1, "bounced": 1, "automatic": 1, "stranger": 2}
    found = box.told()
    assert [one.activity.kind for one in found] == ["replied", "bounced", "replied"]
    assert [one.activity.automatic for one in found] == [False, False, True]
    assert all(one.mail is not None and one.mail in box.about for one in found)
    assert len({one.key() for one in found}) == 1, "what becomes of mail to one address is in one order"
    assert found[0].address == box.db.keyring.hash("email", "ana@acme.example")
    assert not any(word in box.publisher.records[0].record.value for word in (b"acme", b"please", b"your message"))
    assert not any(b"Seen" in line for line in box.server.flags())


async def test_what_was_told_is_not_told_again_and_what_is_new_is(box: Box) -> None:
    box.server.put(reply(about=box.about))
    assert await box.look() == {"replied": 1}
    assert await box.look() == {}
    box.server.put(reply(about=box.about, Message_ID="<second@acme.example>"))
    assert await box.look() == {"replied": 1}
    assert len({one.activity.id for one in box.told()}) == 2


async def test_without_kafka_the_mail_waits_and_then_is_told_once(box: Box) -> None:
    box.server.put(reply(about=box.about))
    box.publisher.away = True
    with pytest.raises(LogUnavailable):
        await box.look()
    box.publisher.away = False
    assert await box.look() == {"replied": 1}
    assert await box.look() == {}


async def test_a_reader_that_was_killed_before_it_remembered_tells_the_same_again(box: Box) -> None:
    box.server.put(reply(about=box.about))
    await box.look()
    await box.db.pool.execute("truncate mailbox.positions")
    await box.look()
    first, again = box.told()
    assert first.activity.id == again.activity.id, "so that it is recognised"


async def test_mails_that_were_numbered_anew_are_read_again_and_told_under_their_own_ids(box: Box) -> None:
    box.server.put(reply(about=box.about), reply(about=box.about, Message_ID="<second@acme.example>"))
    await box.look()
    await asyncio.sleep(1.1)  # the server makes the next validity of the second
    box.server.begin()
    box.server.put(reply(about=box.about, Message_ID="<second@acme.example>"), reply(about=box.about, Message_ID="<3@x.example>"))
    assert await box.look() == {"replied": 2}
    ids = [one.activity.id for one in box.told()]
    assert (len(ids), len(set(ids))) == (4, 3)
    assert await box.look() == {}


async def test_a_mailbox_that_was_never_read_is_read_from_a_fortnight_back(box: Box) -> None:
    old = imaplib.Time2Internaldate(time.time() - LOOK_BACK.total_seconds() - 2 * 86_400)
    box.server.put(reply(about=box.about, Message_ID="<old@acme.example>"), at=old)
    box.server.put(reply(about=box.about))
    assert await box.look() == {"replied": 1}
    at = box.told()[0].activity.occurred_at
    assert datetime.now(UTC) - at < timedelta(minutes=5)


async def test_many_mails_are_told_in_batches_and_gaps_in_their_numbers_are_passed(box: Box) -> None:
    many = reading.MAILS_AT_ONCE * 2 + 3
    box.server.put(*(reply(about=box.about, Message_ID=f"<{n}@acme.example>") for n in range(many)))
    for uid in (1, 2, many - 1, many):
        box.server.remove(uid)
    assert await box.look() == {"replied": many - 4}
    assert len({one.activity.id for one in box.told()}) == many - 4
    assert await box.look() == {}


async def test_of_a_large_mail_only_the_beginning_is_fetched(box: Box) -> None:
    large = reply("Yes.\n\n" + "x" * 70 + "\n", about=box.about) + b"y" * 70 + b"\r\n" * (2 * BODY_BYTES_MAX)
    box.server.put(large)
    with opened(box.server.mailbox()) as folder:
        fetched = folder.fetch(1)
    assert fetched is not None
    assert len(fetched.raw) == BODY_BYTES_MAX < len(large)
    assert await box.look() == {"replied": 1}


async def test_a_lead_is_known_by_its_address_too(box: Box) -> None:
    hash_ = box.db.keyring.hash("email", "ana@acme.example")
    await box.db.pool.execute("insert into identity.claims (kind, hash, lead) values ('email', $1, $2)", hash_, LEAD)
    box.server.put(reply(about=None))
    assert await box.look() == {"replied": 1}
    assert box.told()[0].mail is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"password": "wrong"}, "LEADFLOW_MAILBOX__USERNAME, LEADFLOW_MAILBOX__PASSWORD"),
        ({"folder": "None"}, "LEADFLOW_MAILBOX__FOLDER"),
        ({"port": 9}, "LEADFLOW_MAILBOX__HOST, LEADFLOW_MAILBOX__PORT"),
        ({"ca": None}, "LEADFLOW_MAILBOX__CA.*SSLCertVerificationError"),
    ],
    ids=["a wrong password", "no such folder", "nobody listens", "a certificate of nobody known"],
)
async def test_a_server_that_can_not_be_read_is_waited_for_and_the_setting_named(
    box: Box, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(CannotRead, match=named):
        await box.reader(**changes).look()
    stop = asyncio.Event()
    running = asyncio.create_task(box.reader(**changes, poll_seconds=1.0).run(stop))
    async with asyncio.timeout(10):
        while not (states := await Positions(box.db.pool).listed()):
            await asyncio.sleep(0.05)
    assert "LEADFLOW_MAILBOX__" in (states[0].problem or "")
    stop.set()
    await asyncio.wait_for(running, 5)


async def test_new_mail_is_found_while_the_job_runs(box: Box) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(box.reader(poll_seconds=1.0).run(stop))
    await asyncio.to_thread(box.server.put, reply(about=box.about))
    async with asyncio.timeout(15):
        await box.publisher.heard.wait()
    stop.set()
    await asyncio.wait_for(running, 10)
    assert len(box.told()) == 1
    (state,) = await Positions(box.db.pool).listed()
    assert (state.uid, state.problem) == (1, None)
    assert state.told_at is not None
