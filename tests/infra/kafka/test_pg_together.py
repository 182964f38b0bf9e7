"""Several partitions in one transaction, over a real PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from infra.kafka.pg_store import PgStore
from infra.kafka.ports import Changes, Destination, Fenced, Outgoing, Stand, StoredDocument, StoredTimer, Watermark
from infra.postgres.pool import open_pool

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

HERE = Destination("leads.events", 0)


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(database, name="test", size=3)
    yield opened
    for table in ("watermarks", "states", "timers", "outbox", "documents"):
        await opened.execute(f"truncate leads.{table}")
    await opened.close()


async def nothing(_connection: Any, _what: Any) -> None:
    return None


@pytest.fixture
def store(pool: asyncpg.Pool) -> PgStore:
    return PgStore(pool, "leads", topic="leads.commands", plan=nothing, bury=nothing)


def record(text: str) -> Outgoing:
    return Outgoing(b"lead", (("ce_id", text.encode()),), text.encode())


async def test_several_partitions_commit_together_each_with_what_is_its_own(store: PgStore, pool: asyncpg.Pool) -> None:
    stands = [Stand(number, (await store.take(number, "topic")).epoch, 0) for number in range(3)]
    async with store.transaction(stands) as transaction:
        await transaction.advance({number: Watermark(number + 7, number) for number in range(3)})
        changes = {
            number: Changes(
                states={f"lead-{number}": b"x"},
                timers={(f"lead-{number}", "t"): number},
                outbox={HERE: [record(f"r{number}")]},
                documents=[StoredDocument("k", "n", number, b"{}")],
            )
            for number in range(3)
        }
        rows = await transaction.write(changes)
        assert await transaction.due({0: 9, 1: 0, 2: 2}, 5) == {
            number: [StoredTimer(number, f"lead-{number}", "t")] for number in (0, 2)
        }
    for number in range(3):
        found = await store.take(number, "topic")
        assert found.watermark == Watermark(number + 7, number)
        assert list(found.outbox) == rows[number]
        assert found.outbox[0].records == (record(f"r{number}"),)
        assert [document.version for document in found.documents] == [number]
    assert dict(await pool.fetch("select key, partition from leads.states")) == {f"lead-{number}": number for number in range(3)}


async def test_if_one_of_several_is_fenced_nothing_of_any_is_kept(store: PgStore) -> None:
    stands = [Stand(number, (await store.take(number, "topic")).epoch, 0) for number in range(3)]
    await store.take(1, "topic")
    with pytest.raises(Fenced):
        async with store.transaction(stands) as transaction:
            await transaction.advance({number: Watermark(7) for number in range(3)})
    assert [(await store.take(number, "topic")).watermark.position for number in range(3)] == [0, 0, 0]
