import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from infra.effects.gate import effect_id
from infra.effects.store import EffectStore
from infra.effects.worker import Worker
from infra.kafka.fold import Effect
from infra.mail.message import BadAddress
from infra.mail.people import Contact
from infra.mail.smtp import SmtpPerformer
from infra.settings import Mail
from tests.infra.effects.making import FAST, Reports, knows_all, planned, row, state
from tests.infra.effects.making import effect as some_effect
from tests.infra.mail.catching import Catcher, Directory, catching
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
LEAD = "0190a6b0-0000-7000-8000-000000000001"
ANNA = Contact(id=LEAD, email="anna@example.com", name="Anna Smith", first_name="Anna", answers={"budget": "10k"})
BOB = Contact(id="bob", email="bob@seller.example", name="Bob")
TEXT = "Hello {{ lead.first_name }}, see {{ lead.url }}. {{ company_name }}"


class Post:
    """A worker that mails to a catcher."""

    def __init__(self, db: Opened, catcher: Catcher, **mail: Any) -> None:
        self.db, self.catcher, self.reports = db, catcher, Reports()
        self.people = Directory({LEAD: ANNA}, {"bob": BOB})
        timeout_seconds = mail.pop("timeout_seconds", 10.0)
        self.performer = SmtpPerformer(
            Mail(host="127.0.0.1", port=mail.pop("port", catcher.port), timeout_seconds=timeout_seconds, **mail),
            self.people,
            db.keyring,
            public_url="http://leads.example/",
            company_name="Example Ltd",
        )
        limits = replace(FAST, lease_seconds=60.0, prepare_seconds_max=30.0)
        self.worker = Worker(EffectStore(db.pool, db.keyring), {"mail": self.performer}, self.reports.publish, knows_all, limits)

    async def send(self, wish: Effect) -> str:
        await planned(self.db, wish)
        await self.worker.work_once()
        await self.worker.report()
        return await state(self.db, wish)

    async def detail(self, wish: Effect) -> str:
        return str((await row(self.db, wish))["detail"])


@pytest_asyncio.fixture
async def catcher() -> AsyncIterator[Catcher]:
    async with catching() as ready:
        yield ready


def mail(to: str = "lead", **changes: Any) -> Effect:
    payload = {
        "template": "acknowledgement",
        "template_version": 0,
        "to": to,
        "message_id": "m-1",
        "owner": "bob",
        "score": 42,
        "grade": "A",
        "subject": "Your request, {{ lead.first_name }}",
        "text": TEXT,
        "html": "<p>{{ lead.name }}</p>",
    }
    return some_effect(lead=LEAD, payload={**payload, **changes})


async def give_up_waiting(post: Post) -> None:
    """Let the deadlines pass, and see what can be said of what was being handed over."""
    await post.db.pool.execute("update effects.effects set lease_until = now() - interval '1 ms'")
    await post.worker.sweep()
    await post.worker.work_once()
    await post.worker.report()


async def test_a_planned_mail_arrives_and_leads_is_told(db: Opened, catcher: Catcher) -> None:
    post, wish = Post(db, catcher), mail()
    assert await post.send(wish) == "done"
    [message] = catcher.messages
    [envelope] = catcher.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("leadflow@example.com", ["anna@example.com"])
    assert message["Subject"] == "Your request, Anna"
    assert message["Message-ID"] == f"<{effect_id(wish)}@example.com>"
    assert catcher.texts == [f"Hello Anna, see http://leads.example/leads/{LEAD}. Example Ltd"]
    assert (post.reports.commands[0].outcome, post.reports.commands[0].message_id) == ("sent", "m-1")
    assert (await row(db, wish))["message_id"] == message["Message-ID"]
    await post.performer.close()


async def test_an_owner_is_written_to_about_the_lead(db: Opened, catcher: Catcher) -> None:
    post = Post(db, catcher)
    wish = mail("owner", text="{{ owner.name }}: {{ lead.name }} has {{ score }} points, {{ lead.grade }}")
    assert await post.send(wish) == "done"
    assert catcher.texts == ["Bob: Anna Smith has 42 points, A"]
    assert catcher.envelopes[0].rcpt_tos == ["bob@seller.example"]


async def test_a_staging_system_sends_everything_to_one_address(db: Opened, catcher: Catcher) -> None:
    post = Post(db, catcher, redirect_to="Staging <staging@example.com>")
    assert await post.send(mail()) == "done"
    assert await post.send(mail("owner")) == "done"
    assert [envelope.rcpt_tos for envelope in catcher.envelopes] == [["staging@example.com"]] * 2
    assert {message["X-Leadflow-Redirected"] for message in catcher.messages} == {"yes"}
    assert all(b"anna@example.com" not in (envelope.content or b"") for envelope in catcher.envelopes)


async def test_nothing_that_a_lead_typed_becomes_a_header(db: Opened, catcher: Catcher) -> None:
    post = Post(db, catcher)
    post.people.leads[LEAD] = replace(ANNA, name="A\r\nBcc: v@example.com", first_name="A\nBcc: v@example.com\n\n.\n")
    assert await post.send(mail()) == "done"
    [message] = catcher.messages
    assert message["Bcc"] is None
    assert message["Subject"] == "Your request, A Bcc: v@example.com ."
    assert catcher.envelopes[0].rcpt_tos == ["anna@example.com"]


async def test_the_address_really_used_is_looked_up_among_the_suppressions(db: Opened, catcher: Catcher) -> None:
    hashed = db.keyring.hash("email", "Anna@Example.com")
    await db.pool.execute("insert into effects.suppressions (recipient, reason) values ($1, 'unsubscribed')", hashed)
    post = Post(db, catcher)
    assert await post.send(mail()) == "suppressed"
    assert catcher.envelopes == []
    assert await post.send(mail("owner")) == "done"  # on the same connection, after a reset


@pytest.mark.parametrize(
    ("command", "answer", "end", "detail"),
    [
        ("MAIL", "451 come back later", "planned", "the mail server answered 451"),
        ("MAIL", "550 you may not send", "planned", "the mail server answered 550"),
        ("RCPT", "450 greylisted", "planned", "the mail server answered 450"),
        ("RCPT", "550 no such user anna@example.com", "failed", "the mail server answered 550"),
        ("DATA", "452 disk full", "planned", "the mail server answered 452"),
        ("DATA", "554 spam", "failed", "the mail server answered 554"),
    ],
)
async def test_a_refusal_is_tried_again_or_not_as_the_server_says(
    db: Opened, catcher: Catcher, command: str, answer: str, end: str, detail: str
) -> None:
    catcher.answers[command] = [answer]
    post, wish = Post(db, catcher), mail()
    assert await post.send(wish) == end
    assert await post.detail(wish) == detail
    assert catcher.envelopes == []
    if end == "planned":
        await asyncio.sleep(FAST.retry_seconds_max)
        await post.worker.work_once()
        assert await state(db, wish) == "done"
        assert len(catcher.envelopes) == 1


async def test_a_connection_cut_after_the_message_was_sent_is_unknown_and_not_repeated(db: Opened, catcher: Catcher) -> None:
    async def cut() -> None:
        catcher.hang_up()

    catcher.on_data = cut
    post, wish = Post(db, catcher), mail()
    assert await post.send(wish) == "handing_over"
    await give_up_waiting(post)
    assert await state(db, wish) == "unknown"
    assert len(catcher.envelopes) == 1
    assert post.reports.outcomes == ["unknown"]


async def test_a_server_that_takes_too_long_to_answer_leaves_it_unknown(db: Opened, catcher: Catcher) -> None:
    catcher.on_data = lambda: asyncio.sleep(3.0)
    post, wish = Post(db, catcher, timeout_seconds=1.0), mail()
    assert await post.send(wish) == "handing_over"
    await give_up_waiting(post)
    assert await state(db, wish) == "unknown"
    assert len(catcher.envelopes) == 1


async def test_a_server_that_is_away_is_tried_again(db: Opened, catcher: Catcher) -> None:
    post, wish = Post(db, catcher, port=1), mail()
    assert await post.send(wish) == "planned"
    assert await post.detail(wish) == "the mail server can't be reached: SMTPConnectError"


async def test_connections_are_used_again_and_replaced_when_the_server_dropped_them(db: Opened, catcher: Catcher) -> None:
    post = Post(db, catcher)
    for _ in range(3):
        assert await post.send(mail()) == "done"
    assert len(catcher.transports) == 1
    catcher.hang_up()
    await asyncio.sleep(0.05)
    assert await post.send(mail()) == "done"
    assert len(catcher.transports) == 2
    catcher.answers["MAIL"] = ["421 closing, idle too long"]
    assert await post.send(mail()) == "done"
    assert len(catcher.envelopes) == 5


async def test_forty_mails_go_over_a_few_connections(db: Opened, catcher: Catcher) -> None:
    post = Post(db, catcher)
    await planned(db, *(mail() for _ in range(40)))
    while await post.worker.work_once():
        pass
    assert len(catcher.envelopes) == 40
    assert len(catcher.transports) <= 4
    assert len({message["Message-ID"] for message in catcher.messages}) == 40


@pytest.mark.parametrize(
    ("contact", "end", "detail"),
    [
        (None, "planned", "the lead is not in the read model yet"),
        (replace(ANNA, email=None), "failed", "the lead has no e-mail address"),
        (replace(ANNA, email="no address"), "failed", "not an e-mail address"),
    ],
)
async def test_a_lead_that_cannot_be_written_to(
    db: Opened, catcher: Catcher, contact: Contact | None, end: str, detail: str
) -> None:
    post, wish = Post(db, catcher), mail()
    post.people.leads = {} if contact is None else {LEAD: contact}
    assert await post.send(wish) == end
    assert await post.detail(wish) == detail


async def test_an_owner_who_is_not_published_yet_is_waited_for(db: Opened, catcher: Catcher) -> None:
    post, wish = Post(db, catcher), mail("owner", owner="nobody")
    assert await post.send(wish) == "planned"
    assert await post.detail(wish) == "the owner is not published yet"


async def test_a_template_that_is_broken_fails_with_its_place(db: Opened, catcher: Catcher) -> None:
    post, wish = Post(db, catcher), mail(text="{% set x = 1 %}")
    assert await post.send(wish) == "failed"
    assert await post.detail(wish) == ("template acknowledgement version 0: line 1: assign is not allowed in mail templates")


async def test_a_payload_of_another_shape_fails(db: Opened, catcher: Catcher) -> None:
    post, wish = Post(db, catcher), some_effect(lead=LEAD, payload={"to": "everybody"})
    assert await post.send(wish) == "failed"
    assert (await post.detail(wish)).startswith("not the payload of a mail: ")


async def test_a_sender_that_is_no_address_is_said_at_start(db: Opened, catcher: Catcher) -> None:
    with pytest.raises(BadAddress):
        Post(db, catcher, sender="nobody")
