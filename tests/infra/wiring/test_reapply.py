"""A backup from before an erasure, restored after it: the person is gone again before anything is decided."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from infra.kafka.reading import reader
from infra.settings import Settings
from infra.wiring import host, processes
from infra.wiring.reapply import reapply
from schemas import topics
from tests.infra.cli.invoking import done, leadflow
from tests.system import running
from tests.test_erase import erase

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

EMAIL = "gone.again@rare-name.example"
Dump = dict[str, list[asyncpg.Record]]


async def dump(url: str) -> Dump:
    """Every row of every table, as a backup has them; the audit is only ever added to, so it can't be put back here."""
    connection = await asyncpg.connect(url)
    tables = await connection.fetch(
        """select format('%I.%I', table_schema, table_name) as name from information_schema.tables
           where table_schema not in ('pg_catalog', 'information_schema', 'audit') and table_type = 'BASE TABLE'"""
    )
    found = {row["name"]: await connection.fetch(f"select * from {row['name']}") for row in tables}
    await connection.close()
    return found


async def restore(url: str, backup: Dump) -> None:
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute(f"truncate {', '.join(backup)} cascade")
        for name, rows in backup.items():
            if rows:
                schema, _, table = name.partition(".")
                columns = list(rows[0].keys())
                records = [tuple(row) for row in rows]
                await connection.copy_records_to_table(table, schema_name=schema, columns=columns, records=records)
    await connection.close()


async def forget_submissions(settings: Settings) -> None:
    """As retention does after seven days: nobody can read the request to erase again."""
    async with reader(settings.kafka, topics.SUBMISSIONS) as log:
        ends = await log.ends()
    name = settings.kafka.prefix + topics.SUBMISSIONS.name
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap)
    await client.start()
    await client.delete_records(
        {TopicPartition(name, number): RecordsToDelete(before_offset=end) for number, end in ends.items()}
    )
    await client.close()


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[None]:
    """`leadflow consume` and `leadflow project`."""
    stop = asyncio.Event()
    host.STOP.set(stop)
    tasks = [asyncio.create_task(main(settings)) for main in (processes.consume, processes.project)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)
        host.STOP.set(None)


async def until(url: str, wanted: Any, query: str, *values: Any) -> None:
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(40):
            while await connection.fetchval(query, *values) != wanted:
                await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def test_a_restored_backup_comes_up_erased(settings: Settings) -> None:
    url = settings.postgres.url
    async with running(settings, team=False) as system:
        lead = await system.lead_of(await system.submit(EMAIL, name="Gone Again"))
        kept = await system.lead_of(await system.submit("stays@rare-name.example"))
        await system.settled()
        backup = await dump(url)
        await erase(system, lead)
        await system.settled()
    await forget_submissions(settings)
    await restore(url, backup)
    assert await _traces(url, lead) == {"key": 1, "claims": 1, "ledger": 0, "row": 1}, "the backup has the person"

    async with started(settings):
        await until(url, 0, "select count(*) from lead_list.leads where id = $1", lead)
        assert await _traces(url, lead) == {"key": 0, "claims": 0, "ledger": 1, "row": 0}
        assert await _traces(url, kept) == {"key": 1, "claims": 1, "ledger": 0, "row": 1}
    async with running(settings, team=False) as system:
        anew = await system.lead_of(await system.submit(EMAIL))
        assert anew not in (lead, kept), "the address is a new lead's"
        assert await reapply(system.has) == 0
        assert await reapply(system.has, everything=True) == 0, "and is not erased again with the first"
        await system.until_value(1, "select count(*) from lead_list.leads where id = $1", anew)
        assert (await _traces(url, anew))["key"] == 1

    await restore(url, backup)
    assert "1 leads had come back" in done(await leadflow(settings, "lead", "reapply-erasures"))
    found = await _traces(url, lead)
    assert (found["key"], found["claims"], found["ledger"]) == (0, 0, 1)
    assert "every lead that the log calls erased is erased" in done(await leadflow(settings, "lead", "reapply-erasures"))


async def _traces(url: str, lead: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        return {
            name: await connection.fetchval(f"select count(*) from {table} where {column} = $1", lead)
            for name, table, column in (
                ("key", "crypto.lead_keys", "lead"),
                ("claims", "identity.claims", "lead"),
                ("ledger", "crypto.erasures", "lead"),
                ("row", "lead_list.leads", "id"),
            )
        }
    finally:
        await connection.close()
