"""Activity finds its lead: by mail, address or browser; what nobody is known for waits."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from consumers.identity import held
from schemas.activities import Activity, ActivityReceived, RecordActivity
from schemas.commands import CaptureLead
from schemas.envelope import Envelope
from schemas.message import Sealed
from tests.consumers.identity.acting import PROVIDER, VISITOR, Acting, acting, news, outgoing, view
from tests.consumers.identity.feeding import erasure
from tests.infra.kafka.logs import recorded, work

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(loop_scope="session")
async def site(database: str) -> AsyncIterator[Acting]:
    async with acting(database) as made:
        yield made


def paths(commands: list[Any]) -> list[str]:
    return [command.activity.path for command in commands if isinstance(command, RecordActivity)]


async def lead_of(site: Acting, email: str, **more: Any) -> str:
    _, command, *_ = await site.submits(email, **more)
    assert isinstance(command, CaptureLead)
    return str(command.lead)


async def erase(site: Acting, lead: str, offset: int) -> None:
    await work(site.people, [recorded(erasure(lead), offset)])
    site.keep()


async def test_news_of_a_mail_belong_to_whom_the_address_belongs(site: Acting) -> None:
    lead = await lead_of(site, "ada@x.example")
    (command,) = await site.does(news("opened", "Ada@X.example"))
    assert (command.lead, command.activity.kind, command.actor) == (lead, "opened", "source:mails")
    assert command.address == site.keyring.hash("email", "ada@x.example")


async def test_a_repeat_is_told_once_in_one_request_or_later(site: Acting) -> None:
    await lead_of(site, "ada@x.example")
    once = news("opened", "ada@x.example")
    assert len(await site.does(once, once)) == 1
    assert await site.does(once) == []
    assert len(await site.does(news("opened", "ada@x.example", "e2"))) == 1


async def test_what_is_personal_goes_from_the_intake_key_to_the_leads_own(site: Acting) -> None:
    await lead_of(site, "ada@x.example", visitor=VISITOR)
    (command,) = await site.does(view("/pricing"))
    assert "secret=ada" not in command.model_dump_json()
    details = await site.opened(command)
    assert (details.url, details.title) == ("https://www.quayline.example/pricing?secret=ada", "The page /pricing")


async def test_an_unknown_visitors_pages_wait_and_are_told_in_order_with_the_submission(site: Acting) -> None:
    assert await site.does(view("/a"), view("/b"), view("/c", visitor="somebody-else-9876")) == []
    assert await site.held() == ["/a", "/b", "/c"]
    _, capture, *told = await site.submits("ada@x.example", visitor=VISITOR)
    assert capture.visitor == site.keyring.hash("visitor", VISITOR)
    assert paths(told) == ["/a", "/b"]
    assert {command.lead for command in told} == {capture.lead}
    assert (await site.opened(told[0])).title == "The page /a"
    sent = [Envelope.read(record.headers) for _, record in site.log.appended[-2:]]
    assert [one.occurred_at for one in sent] == [view("/a").occurred_at] * 2, "when it was seen, not when the form was sent"
    assert await site.held() == ["/c"]
    assert paths(await site.does(view("/d"))) == ["/d"]
    assert await site.does(view("/a")) == [], "told already"


async def test_a_browser_stays_with_the_lead_that_it_was_first_known_by(site: Acting) -> None:
    ada = await lead_of(site, "ada@x.example", visitor=VISITOR)
    _, second = await site.submits("bob@x.example", visitor=VISITOR)
    assert second.visitor is None
    assert second.lead != ada, "a shared computer makes nobody the same person"
    (command,) = await site.does(view("/a"))
    assert command.lead == ada


async def test_no_more_than_the_newest_pages_of_one_visitor_wait(site: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "HELD_MAX", 3)
    await site.does(*(view(f"/{nth}") for nth in range(4)), view("/other", visitor="somebody-else-9876"))
    await site.does(view("/4"))
    assert await site.held() == ["/2", "/3", "/other", "/4"]


@pytest.mark.parametrize(
    ("kind", "permanent", "suppressed"),
    [
        ("bounced", True, True),
        ("bounced", False, False),
        ("complained", None, True),
        ("unsubscribed", None, True),
        ("opened", None, False),
    ],
)
async def test_who_can_not_or_will_not_be_written_to_is_suppressed(
    site: Acting, kind: str, permanent: bool | None, suppressed: bool
) -> None:
    await site.does(news(kind, "stranger@x.example", permanent=permanent))
    wanted = {site.keyring.hash("email", "stranger@x.example"): kind} if suppressed else {}
    assert await site.suppressed() == wanted, "also of somebody who is no lead"


async def test_a_reply_from_another_address_is_found_by_the_mail_that_it_answers(site: Acting) -> None:
    lead = await lead_of(site, "ada@x.example")
    message = await site.mailed(lead, "ada@x.example")
    (command,) = await site.does(news("replied", "ada.private@y.example", message=message))
    assert (command.lead, command.message_id) == (lead, "m-1")


async def test_what_becomes_of_a_mail_to_the_owner_is_nothing_that_the_lead_did(site: Acting) -> None:
    lead = await lead_of(site, "ada@x.example")
    message = await site.mailed(lead, "owner@us.example", to="owner")
    assert await site.does(news("opened", "owner@us.example", message=message)) == []


async def test_whoever_was_answered_with_an_id_can_ask_what_became_of_it(site: Acting) -> None:
    lead = await lead_of(site, "ada@x.example")
    first, repeat = (news("opened", "ada@x.example", submission_id=f"sub-{nth}") for nth in (1, 2))
    (command,) = await site.does(first, repeat, news("opened", "nobody@x.example", "e2", submission_id="sub-3"))
    assert command.command_id == "sub-1"
    rows = await site.pool.fetch("select * from identity.submissions where submission_id like 'sub-%' order by 1")
    assert [(row["status"], row["lead"], row["first_submission"]) for row in rows] == [
        ("activity", lead, None),
        ("duplicate", lead, "sub-1"),
        ("stranger", None, None),
    ]


async def test_what_can_not_be_opened_is_a_dead_letter_and_no_repeat_when_it_is_repaired(site: Acting) -> None:
    await lead_of(site, "ada@x.example")
    activity = Activity(id="a1", kind="opened", occurred_at=datetime(2026, 3, 2, tzinfo=UTC), source=PROVIDER)
    address = site.keyring.hash("email", "ada@x.example")
    broken = ActivityReceived(activity=activity, address=address, personal=Sealed("1.lead.abcd"))
    await work(site.acts, [recorded(outgoing(broken), 0)])
    assert site.keep() == []
    assert await site.pool.fetchval("select count(*) from dead_letters.letters") == 1
    await work(site.acts, [recorded(outgoing(broken.model_copy(update={"personal": None})), 1)])
    (command,) = site.keep()
    assert command.activity == activity


async def test_who_is_forgotten_leaves_no_visitor_behind(site: Acting) -> None:
    lead = await lead_of(site, "ada@x.example", visitor=VISITOR)
    await site.does(view("/a"))
    await erase(site, lead, 1)
    assert await site.pool.fetchval("select count(*) from identity.claims where lead is not null") == 0
    assert await site.does(view("/b")) == []
    assert await site.held() == ["/b"], "the browser may come to be somebody's again"


async def test_over_an_empty_database_nothing_is_told_again_and_nobody_is_written_to(site: Acting) -> None:
    await site.does(view("/a"))
    lead = await lead_of(site, "ada@x.example", visitor=VISITOR)
    await site.does(view("/b"), news("unsubscribed", "ada@x.example"))
    suppressed = await site.suppressed()
    await site.forget()
    assert await site.suppressed() == suppressed, "before anything is read"
    assert await site.read() == []
    assert await site.held() == []
    (command,) = await site.does(view("/c"))
    assert command.lead == lead


async def test_over_an_empty_database_what_waited_waits_again(site: Acting) -> None:
    await site.does(view("/a"), view("/b"))
    await site.forget()
    assert await site.read() == []
    assert await site.held() == ["/a", "/b"]
    _, _, *told = await site.submits("ada@x.example", visitor=VISITOR)
    assert paths(told) == ["/a", "/b"]


async def test_what_a_merged_lead_does_is_told_of_the_one_that_it_goes_on_as(site: Acting) -> None:
    loser = await lead_of(site, "ada@x.example", visitor=VISITOR)
    survivor = await lead_of(site, "ada@y.example")
    mail = await site.mailed(loser, "ada@x.example")
    await site.pool.execute("insert into identity.merges (loser, survivor, top) values ($1, $2, $2)", loser, survivor)
    asked = await site.does(
        view("/a"), news("opened", "ada@x.example"), news("clicked", "ada@x.example", "e2", message=mail), view("/b")
    )
    assert {command.lead for command in asked} == {survivor}
    assert (await site.opened(asked[0])).title == "The page /a"
