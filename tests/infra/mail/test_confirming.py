"""The mail that asks for a confirmation: its link is made when it is handed over, and opens nothing else."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from consumers.communication.documents import DEFAULTS
from infra.mail.confirming import DAY_SECONDS, GOOD_DAYS, Asked, Confirmations
from tests.infra.mail.catching import Catcher, catching
from tests.infra.mail.test_smtp import LEAD, Post, mail
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
CONFIRM = {"source_id": "src_1", "agreement": "agreement-1", "wording": "I agree to <mails>."}
LINK = re.compile(r"http://leads\.example/f/src_1/confirm/([A-Za-z0-9_-]+)")


@pytest_asyncio.fixture
async def catcher() -> AsyncIterator[Catcher]:
    async with catching() as ready:
        yield ready


async def test_the_mail_shows_the_words_and_a_link_that_holds_them_sealed(db: Opened, catcher: Catcher) -> None:
    template = DEFAULTS["confirmation"]
    wish = mail(template="confirmation", subject=template.subject, text=template.text, html=template.html, confirm=CONFIRM)
    assert await Post(db, catcher).send(wish) == "done"
    [message] = catcher.messages
    text, html = (part.get_content() for part in message.iter_parts())  # type: ignore[attr-defined]
    found = LINK.search(text)
    assert found is not None
    assert found[0] in html
    assert "I agree to <mails>." in text
    assert "I agree to &lt;mails&gt;." in html
    assert LEAD not in found[1]
    confirmations = Confirmations(db.keyring, "http://leads.example/")
    sent_at = message["Date"].datetime.timestamp()
    asked = confirmations.read(found[1], "src_1", sent_at + GOOD_DAYS * DAY_SECONDS - 60)
    assert asked == Asked(LEAD, "agreement-1", "I agree to <mails>.")


async def test_a_template_that_leaves_the_link_out_is_not_sent_and_says_so(db: Opened, catcher: Catcher) -> None:
    post = Post(db, catcher)
    wish = mail(template="confirmation", text="Please confirm.", confirm=CONFIRM)
    assert await post.send(wish) == "failed"
    assert "confirm_url" in await post.detail(wish)
    assert catcher.messages == []
