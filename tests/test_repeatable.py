"""Decisions can be repeated: the same topics over an empty database, and the same submissions in another order, doubled."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from infra.kafka.ports import Outgoing
from infra.local.addresses import Addresses
from infra.postgres import database as databases
from infra.postgres import migrate
from infra.settings import Settings
from infra.wiring import discovery
from infra.wiring.work import worker
from replay.rebuild import RUNTIME_TABLES, checksum
from schemas import topics
from schemas.commands import AssignLead, ChangeStatus, Command
from schemas.envelope import Envelope
from schemas.submissions import MergeRequested, UnmergeRequested
from tests.conftest import settings_for
from tests.needing import needs
from tests.people import PEOPLE, Form, send
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

FOLDS = tuple(fold.schema for fold in discovery.folds())


async def ask(system: System, command: Command) -> None:
    """As the gateway would."""
    envelope = Envelope(command.command_id, command.TYPE, "gateway", datetime.now(UTC), subject=command.lead)
    record = Outgoing(command.lead.encode(), envelope.headers(), command.model_dump_json().encode())
    number = topics.partition(command.lead, system.has.settings.kafka.partitions)
    await system.has.producer.publish(topics.COMMANDS, number, record)


async def work_on(system: System, leads: list[Any]) -> None:
    """People at work: statuses, owners, a command that is sent twice and one that is declined."""
    for nth, lead in enumerate(leads):
        moved = ChangeStatus(lead=lead, command_id=str(uuid.uuid4()), actor="ann", status=("contacted", "qualified")[nth % 2])
        await ask(system, moved)
        if nth % 3 == 0:
            await ask(system, moved)
        if nth % 4 == 0:
            await ask(system, AssignLead(lead=lead, command_id=str(uuid.uuid4()), actor="ann", owner="cyd"))
        stale = moved.model_copy(update={"command_id": str(uuid.uuid4()), "status": "lost", "expected_version": 0})
        await ask(system, stale)


async def merge(system: System, asked: MergeRequested | UnmergeRequested) -> None:
    """As the gateway would, until it is done."""
    envelope = Envelope(asked.command_id, asked.TYPE, "gateway", datetime.now(UTC), subject=asked.lead)
    record = Outgoing(asked.lead.encode(), envelope.headers(), asked.model_dump_json().encode())
    number = topics.partition(asked.lead, system.has.settings.kafka.partitions)
    await system.has.producer.publish(topics.SUBMISSIONS, number, record)
    await system.until_value("done", "select status from leads.outcomes where command_id = $1", asked.command_id)


async def find_duplicates(system: System, leads: list[Any]) -> None:
    """A chain of three leads that are one person, a pair, and a pair that are two people after all."""
    for survivor, loser in ((leads[6], leads[7]), (leads[5], leads[6]), (leads[9], leads[10]), (leads[1], leads[2])):
        await merge(system, MergeRequested(lead=survivor, loser=loser, command_id=str(uuid.uuid4()), actor="ann"))
    await merge(system, UnmergeRequested(lead=leads[1], loser=leads[2], command_id=str(uuid.uuid4()), actor="ann"))


@dataclass(frozen=True)
class Everything:
    """What is known at the end, in a form that two runs can be compared by."""

    tables: dict[str, str]
    states: dict[str, dict[str, bytes]]
    outcomes: set[tuple[Any, ...]]
    owners: dict[str, str | None]
    effects: set[tuple[str, str, str]]
    merges: set[tuple[str, str, str]]


async def everything(pool: asyncpg.Pool) -> Everything:
    names = await pool.fetch("select table_name from information_schema.tables where table_schema = 'lead_list'")
    async with pool.acquire() as connection:
        tables = {
            row["table_name"]: await checksum(connection, "lead_list", row["table_name"])
            for row in names
            if row["table_name"] not in RUNTIME_TABLES
        }
    states = {}
    for schema in FOLDS:
        states[schema] = {row["key"]: row["body"] for row in await pool.fetch(f"select key, body from {schema}.states")}
    outcomes = await pool.fetch("select command_id, lead, status, version, position from leads.outcomes")
    owners = await pool.fetch("select id, owner from lead_list.leads")
    effects = await pool.fetch("select recipient, reason, cause from effects.effects")
    merges = await pool.fetch("select loser, survivor, top from identity.merges")
    return Everything(
        tables,
        states,
        {tuple(row) for row in outcomes},
        {row["id"]: row["owner"] for row in owners},
        {tuple(row) for row in effects},
        {tuple(row) for row in merges},
    )


@asynccontextmanager
async def another_database(servers: Addresses, beside: str) -> AsyncIterator[str]:
    """A fresh one, migrated, on the same server."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    head, _, query = beside.partition("?")
    url = f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
    await databases.ensure(servers.postgres_url, name)
    try:
        await migrate.upgrade(url)
        yield url
    finally:
        await databases.drop(servers.postgres_url, name)


async def copy_schema(source: str, target: str, schema: str) -> None:
    """All rows of one schema: what a restored backup of the keys would hold."""
    here, there = await asyncpg.connect(source), await asyncpg.connect(target)
    try:
        tables = await here.fetch("select table_name from information_schema.tables where table_schema = $1", schema)
        for table in (row["table_name"] for row in tables):
            rows = await here.fetch(f'select * from "{schema}"."{table}"')
            if rows:
                await there.copy_records_to_table(
                    table, schema_name=schema, columns=list(rows[0].keys()), records=map(tuple, rows)
                )
    finally:
        await here.close()
        await there.close()


@needs("routing", "communication")
async def test_the_same_topics_over_an_empty_database_come_to_the_same_decisions(
    servers: Addresses, database: str, settings: Settings
) -> None:
    forms = [(f"{number}-{nth}", form) for number, sent in PEOPLE.items() for nth, form in enumerate(sent)]
    random.Random(1).shuffle(forms)
    async with running(settings) as system:
        await send(system, forms)
        await system.settled()
        leads = [row["id"] for row in await system.has.pool.fetch("select id from lead_list.leads order by email, id limit 12")]
        await work_on(system, leads)
        await system.settled()
        await find_duplicates(system, leads)
        await system.settled()
        before = await everything(system.has.pool)
    assert len(before.owners) == 38, "32 have an address, 4 only a number, and colleagues are two"
    assert sum(owner == "cyd" for owner in before.owners.values()) == 3
    assert {owner for owner in before.owners.values() if owner not in (None, "cyd")} == {"ann", "bob"}
    assert {row[2] for row in before.outcomes} == {"done", "conflict"}
    assert before.effects
    assert before.merges == {(leads[7], leads[6], leads[5]), (leads[6], leads[5], leads[5]), (leads[10], leads[9], leads[9])}

    async with another_database(servers, database) as fresh:
        await copy_schema(database, fresh, "crypto")
        again = settings_for(servers, fresh, settings.kafka.prefix)
        async with running(again, team=False) as system:
            await system.settled()
            after = await everything(system.has.pool)
    assert after == before


@needs("routing", "communication")
async def test_people_who_were_known_in_one_order_stay_the_same_people(
    servers: Addresses, database: str, settings: Settings
) -> None:
    """A number alone and later an address with it stand in different partitions, which an empty database reads in any order."""
    numbers = [f"+32255522{n:02d}" for n in range(40)]
    prefix = f"{settings.kafka.prefix}joined."
    async with another_database(servers, database) as first, another_database(servers, database) as fresh:
        async with running(settings_for(servers, first, prefix)) as system:
            await send(system, [(f"a{n}", Form(None, phone=phone)) for n, phone in enumerate(numbers)])
            await system.settled()
            await send(system, [(f"b{n}", Form(f"j{n}@joined.example", phone=phone)) for n, phone in enumerate(numbers)])
            await system.settled()
            before, claims = await everything(system.has.pool), await claimed(system.has.pool)
        assert len(before.owners) == 40
        assert len(claims) == 80
        await copy_schema(first, fresh, "crypto")
        async with running(settings_for(servers, fresh, prefix), team=False) as system:
            await system.settled()
            assert await everything(system.has.pool) == before
            assert await claimed(system.has.pool) == claims


@needs("communication")
async def test_nobody_is_written_to_again_over_an_empty_database(servers: Addresses, database: str, settings: Settings) -> None:
    prefix = f"{settings.kafka.prefix}mailed."
    settled = "select count(*) from effects.effects where reported is not null"
    async with another_database(servers, database) as first, another_database(servers, database) as fresh:
        async with running(settings_for(servers, first, prefix), team=False) as system, working(system):
            await send(system, [(f"m{n}", Form(f"m{n}@mailed.example")) for n in range(10)])
            await system.until_value(10, settled)
            await system.settled()
        await copy_schema(first, fresh, "crypto")
        async with running(settings_for(servers, fresh, prefix), team=False) as system:
            await system.until_value(True, "select exists(select 1 from effects.effects)")
            async with working(system):
                await system.until_value(10, settled)
                await system.settled()
            rows = await system.has.pool.fetch("select state, detail, count(*) from effects.effects group by 1, 2")
            assert [tuple(row) for row in rows] == [("done", "the log says so", 10)]


@asynccontextmanager
async def working(system: System) -> AsyncIterator[None]:
    """With a worker beside."""
    stop = asyncio.Event()
    task = asyncio.create_task((await worker(system.has)).run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task


async def claimed(pool: asyncpg.Pool) -> set[tuple[str, str, str]]:
    return {tuple(row) for row in await pool.fetch("select kind, hash, lead from identity.claims where lead is not null")}


async def test_doubled_and_in_another_order_they_come_to_the_same_leads(
    servers: Addresses, database: str, settings: Settings
) -> None:
    async with another_database(servers, database) as first, another_database(servers, database) as second:
        one = settings_for(servers, first, f"{settings.kafka.prefix}one.")
        two = settings_for(servers, second, f"{settings.kafka.prefix}two.")
        in_order = [(f"{number}-{nth}", form) for number, sent in PEOPLE.items() for nth, form in enumerate(sent)]
        async with running(one) as system:
            await send(system, in_order)
            await system.settled()
            expected = await by_email(system)
        async with running(two) as system:
            await send(system, doubled_and_shuffled(random.Random(2)))
            await system.settled()
            found = await by_email(system)
            repeats = await system.has.pool.fetchval("select count(*) from identity.submissions where status = 'duplicate'")
    assert repeats == len(in_order)
    assert len(expected) == 34
    assert found == expected


def doubled_and_shuffled(chance: random.Random) -> list[tuple[str, Form]]:
    """Each person's forms in their order, each a second time somewhere after it; people in any order among each other."""
    queues = []
    for number, sent in PEOPLE.items():
        queue = [(f"{number}-{nth}", form) for nth, form in enumerate(sent)]
        for again in list(queue):
            queue.insert(chance.randint(queue.index(again) + 1, len(queue)), again)
        queues.append(queue)
    mixed = []
    while queues:
        queue = chance.choice(queues)
        mixed.append(queue.pop(0))
        queues = [left for left in queues if left]
    return mixed


async def by_email(system: System) -> dict[str, dict[str, Any]]:
    rows = await system.has.pool.fetch(
        """select lower(email) as email, name, company, phone, phone_e164, score, grade, status, consent, campaign::text,
               (select jsonb_object_agg(question, value) from lead_list.answers where lead = leads.id)::text as answers
           from lead_list.leads where email is not null"""
    )
    found = {row["email"]: dict(row) for row in rows}
    assert len(found) == len(rows), "one lead for one address"
    return found
