"""GET /v1/mailbox over a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.settings import Settings
from producers.mailbox.positions import Position, Positions
from tests.infra.gateway.running import Running, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


async def test_how_far_a_mailbox_is_read_and_what_is_in_the_way_can_be_asked(here: Running) -> None:
    headers = here.token("manager")
    assert (await here.client.get("/v1/mailbox", headers=headers)).json() == {"items": []}
    positions = Positions(here.services.pool)
    await positions.looked("hello@imap.example:993/INBOX", "gaierror")
    (before,) = (await here.client.get("/v1/mailbox", headers=headers)).json()["items"]
    assert (before["uid"], before["told_at"], before["problem"]) == (None, None, "gaierror")
    assert await positions.of("hello@imap.example:993/INBOX") is None
    await positions.advance("hello@imap.example:993/INBOX", Position(7, 12))
    await positions.advance("hello@imap.example:993/INBOX", Position(7, 9))
    await positions.looked("hello@imap.example:993/INBOX", None)
    (after,) = (await here.client.get("/v1/mailbox", headers=headers)).json()["items"]
    assert (after["name"], after["uid"], after["problem"]) == ("hello@imap.example:993/INBOX", 12, None)
    assert after["told_at"] is not None


async def test_a_rep_does_not_see_how_a_mailbox_fares(here: Running) -> None:
    assert (await here.client.get("/v1/mailbox", headers=here.token("rep"))).status_code == 403
