"""What is ticked counts once it is confirmed: submission -> lead -> mail -> command -> fact -> list, on real servers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from infra.kafka.ports import Outgoing
from infra.settings import Settings
from schemas import topics
from schemas.commands import ConfirmConsent
from schemas.envelope import Envelope, derived_id
from schemas.message import LeadId
from schemas.person import Agreement
from tests.needing import needs
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
WORDS = Agreement(overall=True, purposes=("news",), wording="I agree.")
LIST = """
    select l.consent, l.unconfirmed <> '[]' as awaits, (select given from lead_list.consents where lead = l.id) as news
    from lead_list.leads l where id = $1
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(settings: Settings) -> AsyncIterator[System]:
    async with running(settings) as started:
        yield started


async def confirm(system: System, lead: str) -> None:
    """As the page's button does."""
    asked = ConfirmConsent(lead=LeadId(lead), command_id=derived_id(lead, "test", 0), actor="source:s1", agreement=WORDS.id)
    envelope = Envelope(asked.command_id, asked.TYPE, "gateway", datetime.now(UTC), subject=lead)
    record = Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode())
    number = topics.partition(lead, system.has.settings.kafka.partitions)
    await system.has.producer.publish(topics.COMMANDS, number, record)


@needs("communication")
async def test_a_tick_is_confirmed_by_mail_and_only_then_the_sender_is_acknowledged(system: System) -> None:
    pool = system.has.pool
    lead = await system.lead_of(await system.submit("opt-in@engines.example", unconfirmed=WORDS))
    await system.until_value(True, "select exists(select 1 from lead_list.leads where id = $1)", lead)
    await system.submit("opt-in@engines.example", unconfirmed=WORDS)
    await system.settled()
    reasons = "select array_agg(reason order by reason) from effects.effects where lead = $1 and reason <> 'assignment'"
    assert await pool.fetchval(reasons, lead) == ["confirmation"]
    assert dict(await pool.fetchrow(LIST, lead)) == {"consent": None, "awaits": True, "news": None}
    await confirm(system, lead)
    await confirm(system, lead)
    await system.until_value(True, "select consent from lead_list.leads where id = $1", lead)
    await system.settled()
    assert dict(await pool.fetchrow(LIST, lead)) == {"consent": True, "awaits": False, "news": True}
    assert await pool.fetchval(reasons, lead) == ["acknowledgement", "confirmation"]
    facts = "select count(*) from history.records where lead = $1 and event_type = 'consent.confirmed.v1'"
    assert await pool.fetchval(facts, lead) == 1
