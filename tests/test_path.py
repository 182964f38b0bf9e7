"""An event's whole way on real servers: submission -> identity -> leads -> scoring, routing, communication -> read models."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
import pytest
import pytest_asyncio

from infra.crypto.codec import seal_person
from infra.dead_letters import store as letters
from infra.kafka.ports import Outgoing, Range
from infra.kafka.reading import reader
from infra.settings import Settings
from infra.wiring import discovery
from infra.wiring.redrive import Change, redrive
from replay.rebuild import Rebuild
from schemas import topics
from schemas.envelope import Envelope
from schemas.message import LeadId
from schemas.person import Person, Traits
from schemas.submissions import ContactEdited
from tests.needing import needs
from tests.submitting import publish, submission
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(settings: Settings) -> AsyncIterator[System]:
    async with running(settings) as started:
        yield started


@needs("scoring", "routing")
async def test_a_submission_becomes_a_scored_and_owned_lead_in_the_list(system: System) -> None:
    id_ = await system.submit("ada@engines.example", phone="+3225551234")
    lead = await system.lead_of(id_)
    await system.until_value(True, "select score is not null and owner is not null from lead_list.leads where id = $1", lead)
    row = await system.has.pool.fetchrow("select * from lead_list.leads where id = $1", lead)
    assert (row["email"], row["name"], row["vendor"], row["status"]) == ("ada@engines.example", "Ada Lovelace", "typeform", "new")
    assert row["owner"] in {"ann", "bob"}


@needs("communication", "routing")
async def test_a_lead_and_its_owner_are_each_written_to_once(system: System) -> None:
    lead = await system.lead_of(await system.submit("once@engines.example"))
    await system.until_value(2, "select count(*) from effects.effects where lead = $1", lead)
    await system.submit("once@engines.example")
    await system.settled()
    reasons = await system.has.pool.fetch("select reason from effects.effects where lead = $1 order by reason", lead)
    assert [row["reason"] for row in reasons] == ["acknowledgement", "assignment"]


async def test_two_submissions_of_one_address_are_one_lead(system: System) -> None:
    first, second = await asyncio.gather(system.submit("Twice@engines.example"), system.submit("twice@ENGINES.example"))
    assert await system.lead_of(first) == await system.lead_of(second)


async def test_a_delivery_that_comes_again_is_a_duplicate_and_changes_nothing(system: System) -> None:
    first = await system.submit("again@engines.example", delivery="d-1")
    lead = await system.lead_of(first)
    second = await system.submit("again@engines.example", delivery="d-1")
    await system.lead_of(second)
    status = await system.has.pool.fetchrow(
        "select status, lead, first_submission from identity.submissions where submission_id = $1", second
    )
    assert (status["status"], status["lead"], status["first_submission"]) == ("duplicate", lead, first)
    await system.settled()
    captured = "select count(*) from history.records where lead = $1 and event_type = 'lead.captured.v1'"
    assert await system.has.pool.fetchval(captured, lead) == 1


async def test_colleagues_who_share_a_phone_stay_two_leads_and_are_suggested(system: System) -> None:
    first = await system.lead_of(await system.submit("one@engines.example", phone="+3225550000"))
    second = await system.lead_of(await system.submit("two@engines.example", phone="+3225550000"))
    assert first != second
    await system.until_value(
        True, "select exists(select 1 from identity.suggestions where lead = $1 and other = $2)", second, first
    )


async def test_a_phone_alone_finds_its_lead_and_an_address_joins_it(system: System) -> None:
    by_phone = await system.lead_of(await system.submit(None, phone="+3225559999"))
    joined = await system.lead_of(await system.submit("late@engines.example", phone="+3225559999"))
    assert joined == by_phone


async def edit_email(system: System, lead: str, email: str) -> tuple[str, str]:
    """What became of giving a lead another address, as the gateway would ask for it."""
    keyring, partitions = system.has.keyring, system.has.settings.kafka.partitions
    key = (await keyring.lead_keys([lead]))[lead]
    assert key is not None
    command_id = str(uuid.uuid4())
    asked = ContactEdited(
        lead=LeadId(lead),
        personal=seal_person(key, Person(email=email), lead),
        command_id=command_id,
        actor="test",
        fields=("email",),
        traits=Traits(email_hash=keyring.hash("email", email), mail_domain=email.partition("@")[2]),
    )
    envelope = Envelope(command_id, asked.TYPE, "gateway", datetime.now(UTC), subject=lead)
    record = Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode())
    await system.has.producer.publish(topics.SUBMISSIONS, topics.partition(lead, partitions), record)
    await system.until_value(True, "select exists(select 1 from leads.outcomes where command_id = $1)", command_id)
    row = await system.has.pool.fetchrow("select status, detail from leads.outcomes where command_id = $1", command_id)
    return row["status"], row["detail"]


async def test_a_new_address_leads_to_the_same_lead_and_one_of_another_lead_is_declined(system: System) -> None:
    lead = await system.lead_of(await system.submit("old-address@engines.example"))
    other = await system.lead_of(await system.submit("somebody-else@engines.example"))
    assert await edit_email(system, lead, "new-address@engines.example") == ("done", "")
    await system.until_value("new-address@engines.example", "select email from lead_list.leads where id = $1", lead)
    assert await system.lead_of(await system.submit("New-Address@engines.example")) == lead
    assert await system.lead_of(await system.submit("old-address@engines.example")) == lead
    status, detail = await edit_email(system, lead, "somebody-else@engines.example")
    assert status == "declined"
    assert other in detail


async def test_spam_and_tests_are_filed_and_become_no_lead(system: System) -> None:
    id_ = await system.submit("bot@engines.example", kind="spam")
    await system.lead_of(id_)
    assert await system.has.pool.fetchval("select status from identity.submissions where submission_id = $1", id_) == "spam"
    await system.settled()
    assert not await system.has.pool.fetchval("select exists(select 1 from lead_list.leads where email = 'bot@engines.example')")


@needs("scoring")
async def test_a_score_adds_up_line_by_line(system: System) -> None:
    lead = await system.lead_of(await system.submit("sum@engines.example"))
    await system.until_value(True, "select score is not null from lead_list.leads where id = $1", lead)
    scored = "history.records where lead = $1 and event_type = 'lead.scored.v1'"
    await system.until_value(True, f"select exists(select 1 from {scored})", lead)
    value = await system.has.pool.fetchval(f'select value from {scored} order by "offset" desc limit 1', lead)
    fact = orjson.loads(value)
    assert sum(line["points"] for line in fact["receipt"]) == fact["score"]
    assert await system.has.pool.fetchval("select score from lead_list.leads where id = $1", lead) == fact["score"]


async def test_a_poisoned_record_dies_alone_and_ends_as_a_lead_once_repaired(system: System) -> None:
    kafka = system.has.settings.kafka
    body, record = await submission(system.has.keyring, "poison@engines.example")
    broken = Outgoing(record.key, record.headers, json.dumps({**body.model_dump(mode="json"), "kind": "nonsense"}).encode())
    await publish(system.has.producer, kafka.partitions, (body, broken))
    neighbour = await system.submit("neighbour@engines.example")
    await system.lead_of(neighbour)
    await system.until_value(1, "select count(*) from dead_letters.letters where resolved_at is null and consumer = 'identity'")
    async with system.has.pool.acquire() as connection:
        (letter,) = await letters.newest(connection, consumer="identity")
    assert "kind" in letter.reason
    assert "poison@" not in letter.reason

    await redrive(system.has, letter.id, Change(record.value))
    assert await system.lead_of(body.submission_id)
    await system.until_value(True, "select exists(select 1 from lead_list.leads where email = 'poison@engines.example')")
    assert await system.has.pool.fetchval("select resolved_at is not null from dead_letters.letters where id = $1", letter.id)


async def test_what_the_store_refuses_is_a_dead_letter_and_the_rest_of_the_batch_goes_on(system: System) -> None:
    body, record = await submission(system.has.keyring, "nul@engines.example")
    poisoned = body.model_copy(update={"submission_id": "with\0nul"})
    refused = Outgoing(record.key, record.headers, poisoned.model_dump_json().encode())
    kafka = system.has.settings.kafka
    await publish(system.has.producer, kafka.partitions, (body, refused))
    ids = [await system.submit(f"rest{number}@engines.example") for number in range(5)]
    for id_ in ids:
        assert await system.lead_of(id_)
    await system.until_value(True, "select exists(select 1 from dead_letters.letters where kind = 'refused')")


async def test_a_rebuilt_list_equals_the_live_one_under_traffic(system: System) -> None:
    declare, create = discovery.projection_models()["lead_list"]
    traffic = asyncio.create_task(_traffic(system, 150))
    rebuild = Rebuild(system.has.pool, system.has.settings.kafka, system.has.keyring, declare, create, lambda _: None)
    done = await rebuild.run()
    assert done.differences == ()
    assert done.records > 0
    last = (await traffic)[-1]
    # The live projector goes on in the new tables.
    lead = await system.lead_of(last)
    await system.until_value(True, "select exists(select 1 from lead_list.leads where id = $1)", lead)
    after = await system.lead_of(await system.submit("after-switch@engines.example"))
    await system.until_value(True, "select exists(select 1 from lead_list.leads where id = $1)", after)
    await system.settled()
    again = await Rebuild(system.has.pool, system.has.settings.kafka, system.has.keyring, declare, create, lambda _: None).run(
        switch=False
    )
    assert again.differences == ()


async def _traffic(system: System, count: int) -> list[str]:
    ids = []
    for number in range(count):
        ids.append(await system.submit(f"traffic{number}@engines.example"))
        await asyncio.sleep(0.01)
    return ids


async def test_no_record_key_or_header_shows_a_person(system: System) -> None:
    await system.submit("Secret.Person@engines.example", name="Zephyrine Quux", phone="+3225557777")
    await system.settled()
    needles = [b"secret.person", b"Secret.Person", b"Zephyrine", b"3225557777"]
    seen = 0
    for topic in topics.CATALOGUE.values():
        async with reader(system.has.settings.kafka, topic) as log:
            starts, ends = await log.beginnings(), await log.ends()
            async for batch in log.read({number: Range(starts[number], ends[number]) for number in log.numbers}):
                for record in batch:
                    seen += 1
                    everything = (record.key or b"") + record.value + b"".join(value for _, value in record.headers)
                    assert not [needle for needle in needles if needle in everything], topic.name
    assert seen > 0
