"""Forgetting a person: nothing that is left, read with every key that is left, tells who it was."""

import uuid
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
import pytest_asyncio
from opensearchpy import AsyncOpenSearch

from infra.activities.publishing import ActivityWriter, NewActivity
from infra.crypto.codec import seal_person
from infra.crypto.seal import WrongKey, key_id
from infra.kafka.batch import decode
from infra.kafka.ports import Outgoing, Range
from infra.kafka.reading import reader
from infra.settings import Settings
from infra.wiring import discovery
from replay.rebuild import Rebuild
from schemas import commands, topics
from schemas.activities import ActivityDetails
from schemas.envelope import Envelope
from schemas.message import Frozen
from schemas.person import Note, Source, Task
from schemas.submissions import ErasureRequested
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

EMAIL, NAME, PHONE = "Xanthippe.Quill@rare-name.example", "Xanthippe Quillfeather", "+3225550142"
WRITTEN = ("Quillfeather-Noted", "Quillfeather-Tasked", "Quillfeather-Viewed", "Quillfeather-Replied")
VISITOR = "browser-of-the-erased"
NEEDLES = (b"xanthippe", b"quillfeather", b"3225550142", *(text.lower().encode() for text in WRITTEN))
PLANTED, PLANTED_NEEDLE = "planted.witness@rare-name.example", b"planted.witness"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(settings: Settings) -> AsyncIterator[System]:
    async with running(settings) as started:
        yield started


async def erase(system: System, lead: str) -> None:
    command_id = str(uuid.uuid4())
    asked = ErasureRequested(lead=lead, command_id=command_id, actor="test", reason="asked")
    envelope = Envelope(command_id, asked.TYPE, "test", datetime.now(UTC), subject=lead)
    record = Outgoing(lead.encode(), envelope.headers(), orjson.dumps(asked.model_dump(mode="json")))
    partitions = system.has.settings.kafka.partitions
    await system.has.producer.publish(topics.SUBMISSIONS, topics.partition(lead, partitions), record)
    await system.until_value("done", "select status from leads.outcomes where command_id = $1", command_id)


async def write(system: System, command: commands.Command, person: Frozen) -> None:
    """What somebody wrote about a person, sealed with the lead's key."""
    key = (await system.has.keyring.lead_keys([command.lead]))[command.lead]
    assert key is not None
    command = command.model_copy(update={"personal": seal_person(key, person, command.lead)})
    envelope = Envelope(command.command_id, command.TYPE, "test", datetime.now(UTC), subject=command.lead)
    record = Outgoing(command.lead.encode(), envelope.headers(), command.model_dump_json().encode())
    number = topics.partition(command.lead, system.has.settings.kafka.partitions)
    await system.has.producer.publish(topics.COMMANDS, number, record)
    await system.until_value("done", "select status from leads.outcomes where command_id = $1", command.command_id)


async def act(system: System, kind: Any, **more: Any) -> None:
    """What somebody did."""
    writer = ActivityWriter(system.has.keyring, system.has.producer, system.has.settings.kafka.partitions)
    source = Source(vendor="tracking", source_id="site")
    url = f"https://shop.example/?who={EMAIL}"
    await writer.publish([NewActivity(kind, kind, datetime.now(UTC), source, url=url, **more)])


async def test_an_erased_lead_is_never_revived_and_the_address_is_a_new_lead(system: System) -> None:
    first = await system.lead_of(await system.submit("again@rare-name.example"))
    await erase(system, first)
    second = await system.lead_of(await system.submit("again@rare-name.example"))
    assert second != first
    await system.settled()
    assert not await system.has.pool.fetchval("select exists(select 1 from lead_list.leads where id = $1)", first)


async def test_after_erasure_nothing_that_is_left_tells_the_person(system: System) -> None:
    await act(system, "page_view", visitor=VISITOR, person=ActivityDetails(title=f"Hello {WRITTEN[2]}"))
    await system.until_value(1, "select count(*) from identity.held_activities")
    lead = await system.lead_of(await system.submit(EMAIL, name=NAME, phone=PHONE, visitor=VISITOR))
    await act(system, "replied", email=EMAIL, person=ActivityDetails(text=f"Yours, {WRITTEN[3]}", email=EMAIL))
    await system.until_value("done", "select status from leads.outcomes where lead = $1", lead)
    asker = {"lead": lead, "actor": "ann"}
    await write(system, commands.NoteLead(**asker, command_id=str(uuid.uuid4()), note_id="n"), Note(text=f"Called {WRITTEN[0]}"))
    await write(system, commands.AddTask(**asker, command_id=str(uuid.uuid4()), task_id="t"), Task(title=f"Call {WRITTEN[1]}"))
    witness = await system.lead_of(await system.submit(PLANTED, name="Planted Witness"))
    await _poison(system)
    await system.until_value(1, "select count(*) from dead_letters.letters")
    await system.settled()
    search = AsyncOpenSearch(hosts=[system.has.settings.opensearch.url])
    try:
        await system.until_value(False, "select exists(select 1 from lead_search.dirty)")
        before = b"".join([chunk async for chunk in _everything(system, search)]).lower()
        assert all(needle in before for needle in NEEDLES), "the search finds what is there"

        await erase(system, lead)
        await system.settled()
        # The day's intake key is destroyed when retention has passed: seven days later.
        async with system.has.pool.acquire() as connection:
            await system.has.keyring.destroy_intake(connection, date.max)
        system.has.keyring.forget(lead)

        async def gone() -> bool:
            found = b"".join([chunk async for chunk in _everything(system, search)]).lower()
            assert PLANTED_NEEDLE in found, "the search would find somebody"
            return not [needle for needle in NEEDLES if needle in found]

        await system.until(gone, "nothing is found of the person")
    finally:
        await search.close()
    assert await system.has.pool.fetchval("select count(*) from dead_letters.letters") == 0
    assert await system.has.pool.fetchval("select exists(select 1 from crypto.erasures where lead = $1)", lead)
    assert await system.has.pool.fetchval("select exists(select 1 from lead_list.leads where id = $1)", witness)


async def test_a_rebuild_after_an_erasure_gives_the_same_rows(system: System) -> None:
    declare, create = discovery.projection_models()["lead_list"]
    kafka, keyring = system.has.settings.kafka, system.has.keyring
    done = await Rebuild(system.has.pool, kafka, keyring, declare, create, lambda _: None).run(switch=False)
    assert done.differences == ()


async def _poison(system: System) -> None:
    """A dead letter of the same person."""
    from tests.submitting import publish, submission

    body, record = await submission(system.has.keyring, EMAIL, name=NAME)
    broken = orjson.dumps({**body.model_dump(mode="json"), "kind": "nonsense"})
    partitions = system.has.settings.kafka.partitions
    await publish(system.has.producer, partitions, (body, Outgoing(record.key, record.headers, broken)))


async def _everything(system: System, search: AsyncOpenSearch) -> AsyncIterator[bytes]:
    """All records with every header, key and whatever can be opened; all rows of all tables; all documents; all of Redis."""
    async for chunk in _topics(system):
        yield chunk
    pool = system.has.pool
    tables = await pool.fetch(
        """select table_schema, table_name from information_schema.tables
           where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'"""
    )
    for table in tables:
        for row in await pool.fetch(f'select * from "{table["table_schema"]}"."{table["table_name"]}"'):
            yield _text(row.values())
    prefix = system.has.settings.opensearch.prefix
    await search.indices.refresh(index=f"{prefix}*")
    found = await search.search(index=f"{prefix}*", body={"query": {"match_all": {}}, "size": 1000})
    yield orjson.dumps(found["hits"]["hits"])
    redis = system.has.redis
    async for key in redis.scan_iter(f"{system.has.settings.redis.prefix}*"):
        yield key + (await redis.dump(key) or b"")


async def _topics(system: System) -> AsyncIterator[bytes]:
    for topic in topics.CATALOGUE.values():
        async with reader(system.has.settings.kafka, topic) as log:
            starts, ends = await log.beginnings(), await log.ends()
            async for batch in log.read({number: Range(starts[number], ends[number]) for number in log.numbers}):
                for record in batch:
                    yield (record.key or b"") + record.value + b"".join(value for _, value in record.headers)
                    yield await _opened(system, record)


async def _opened(system: System, record: Any) -> bytes:
    envelope = Envelope.read(record.headers)
    try:
        body = decode(envelope.type, record.value)
    except ValueError:
        return b""  # the poisoned one
    if body is None or body.personal is None:
        return b""
    keyring = system.has.keyring
    if key_id(body.personal) == "lead":
        key, aad = (await keyring.lead_keys([str(body.lead)]))[str(body.lead)], str(body.lead)
    else:
        key, aad = await keyring.intake_of(body.personal), envelope.id
    try:
        return b"" if key is None else key.open(body.personal, aad.encode())
    except WrongKey:
        return b""


def _text(values: Iterable[Any]) -> bytes:
    return b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
