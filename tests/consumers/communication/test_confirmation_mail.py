"""The mail that asks for a confirmation, as its default template words it: its link is sealed, and opens nothing else."""

import re

import pytest

from consumers.communication.documents import DEFAULTS
from infra.mail.confirming import DAY_SECONDS, GOOD_DAYS, Asked, Confirmations
from tests.infra.mail.catching import catching
from tests.infra.mail.test_confirming import CONFIRM
from tests.infra.mail.test_smtp import LEAD, Post, mail
from tests.infra.opened import opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
LINK = re.compile(r"http://leads\.example/f/src_1/confirm/([A-Za-z0-9_-]+)")


async def test_the_mail_shows_the_words_and_a_link_that_holds_them_sealed(database: str) -> None:
    template = DEFAULTS["confirmation"]
    wish = mail(template="confirmation", subject=template.subject, text=template.text, html=template.html, confirm=CONFIRM)
    async with opened(database) as db, catching() as catcher:
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
