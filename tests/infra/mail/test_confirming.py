"""The mail that asks for a confirmation: its link is made when it is handed over, and has to be in it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.infra.mail.catching import Catcher, catching
from tests.infra.mail.test_smtp import Post, mail
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
CONFIRM = {"source_id": "src_1", "agreement": "agreement-1", "wording": "I agree to <mails>."}


@pytest_asyncio.fixture
async def catcher() -> AsyncIterator[Catcher]:
    async with catching() as ready:
        yield ready


async def test_a_template_that_leaves_the_link_out_is_not_sent_and_says_so(db: Opened, catcher: Catcher) -> None:
    post = Post(db, catcher)
    wish = mail(template="confirmation", text="Please confirm.", confirm=CONFIRM)
    assert await post.send(wish) == "failed"
    assert "confirm_url" in await post.detail(wish)
    assert catcher.messages == []
