"""What a rebuild does when something stands in its way: the live read model is as it was."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from infra.kafka.ports import Outgoing
from infra.settings import Settings
from infra.wiring import discovery
from replay import rebuild as module
from replay.rebuild import Rebuild, RebuildFailed, checksum
from schemas.topics import EVENTS
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(settings: Settings) -> AsyncIterator[System]:
    async with running(settings) as started:
        for number in range(20):
            await started.submit(f"p{number}@rebuilt.example")
        await started.settled()
        yield started


def rebuild(system: System, name: str = "lead_list", **changed: Any) -> tuple[Rebuild, list[str]]:
    declare, create = discovery.projection_models()[name]
    said: list[str] = []
    has = system.has
    return Rebuild(has.pool, changed.get("kafka", has.settings.kafka), has.keyring, declare, create, said.append), said


async def schemas(system: System) -> set[str]:
    rows = await system.has.pool.fetch("select schema_name from information_schema.schemata")
    return {row["schema_name"] for row in rows}


@pytest.mark.parametrize("name", ["history", "lead_list", "lead_search"])
async def test_every_read_model_can_be_built_anew_and_equals_the_live_one(system: System, name: str) -> None:
    work, _ = rebuild(system, name)
    done = await work.run(switch=False)
    assert (done.differences, done.skipped) == ((), 0)
    assert done.records == await system.has.pool.fetchval(f"select sum(position) from {name}.watermarks")
    assert f"{name}_next" not in await schemas(system)


async def test_the_live_one_goes_on_in_the_new_tables_where_it_stood(system: System) -> None:
    pool = system.has.pool
    places = "select partition, epoch, position, topic_id from lead_list.watermarks order by partition"
    before = [tuple(row) for row in await pool.fetch(places)]
    await pool.execute("update lead_list.leads set company = 'wrong' where email = 'p3@rebuilt.example'")
    work, _ = rebuild(system)
    assert (await work.run()).differences == ("leads",)
    assert [tuple(row) for row in await pool.fetch(places)] == before
    assert await pool.fetchval("select count(*) from lead_list.leads where company = 'wrong'") == 0
    lead = await system.lead_of(await system.submit("after@rebuilt.example"))
    await system.until_value(True, "select exists(select 1 from lead_list.leads where id = $1)", lead)
    await system.settled()


async def test_leftovers_of_a_rebuild_that_was_killed_are_cleared_away(system: System) -> None:
    await system.has.pool.execute("create schema lead_list_next create table leads (nonsense int)")
    work, _ = rebuild(system)
    assert (await work.run(switch=False)).differences == ()


async def test_a_live_one_that_is_too_busy_is_told_and_left_alone(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWITCH_ATTEMPTS_MAX", 1)
    work, said = rebuild(system)
    async with system.has.pool.acquire() as connection, connection.transaction():
        await connection.execute("lock table lead_list.watermarks in row exclusive mode")
        with pytest.raises(RebuildFailed, match="too busy to switch in 1 attempts"):
            await work.run()
    assert said == ["lead_list is busy, attempt 1 to switch failed"]
    assert await system.has.pool.fetchval("select count(*) from lead_list.leads") >= 20


async def test_a_lost_key_stops_a_rebuild_before_it_switches(system: System) -> None:
    pool = system.has.pool
    lead = await pool.fetchval("select id from lead_list.leads where email = 'p1@rebuilt.example'")
    key = await pool.fetchrow("delete from crypto.lead_keys where lead = $1 returning *", lead)
    system.has.keyring.forget(lead)
    try:
        work, _ = rebuild(system)
        with pytest.raises(RebuildFailed, match=r"partition \d stands at offset \d+: .*neither a key nor an entry"):
            await work.run()
    finally:
        await pool.execute("insert into crypto.lead_keys select ($1::crypto.lead_keys).*", tuple(key))
    assert await pool.fetchval("select exists(select 1 from lead_list.leads where id = $1)", lead)
    again, _ = rebuild(system)
    assert (await again.run(switch=False)).differences == ()


async def test_a_record_that_cannot_be_applied_is_counted_and_becomes_no_second_letter(system: System) -> None:
    count = "select count(*) from dead_letters.letters where consumer = 'lead_list'"
    headers = (("ce_type", b"lead.scored.v1"),)
    await system.has.producer.publish(EVENTS, 0, Outgoing(None, headers, b"{}"))
    await system.until_value(1, count)
    await system.settled()
    work, _ = rebuild(system)
    done = await work.run(switch=False)
    assert (done.skipped, done.differences) == (1, ())
    assert await system.has.pool.fetchval(count) == 1


async def test_a_checksum_is_of_the_set_of_rows_whatever_their_order_and_columns_order(system: System) -> None:
    async with system.has.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("create schema one create table t (id bigint generated always as identity, a int, b text)")
        await connection.execute("create schema two create table t (b text, a int, id bigint generated always as identity)")
        await connection.execute("insert into one.t (a, b) values (1, 'x'), (2, null), (2, null)")
        await connection.execute("insert into two.t (a, b) values (2, null), (1, 'x'), (2, null)")
        assert await checksum(connection, "one", "t") == await checksum(connection, "two", "t")
        for change in (
            "update two.t set b = '' where a = 2",
            "delete from two.t where a = 1",
            "insert into two.t values ('x', 1)",
        ):
            async with connection.transaction():
                before = await checksum(connection, "two", "t")
                await connection.execute(change)
                assert await checksum(connection, "two", "t") != before
        await transaction.rollback()


async def test_a_rebuild_writes_nothing_to_the_log(system: System) -> None:
    from infra.kafka.ports import Destination, LogUnavailable

    log = module._ReplayLog(system.has.settings.kafka, EVENTS.name)
    with pytest.raises(LogUnavailable, match=r"was asked to write to leads\.commands"):
        await log.append([(Destination("leads.commands", 0), [])])
    assert (log.partitions("leads.events"), log.partitions("leads.routing")) == (6, 1)
    log.pause(0)
    log.resume(0)


async def test_nobodys_traffic_is_lost_by_a_switch(system: System) -> None:
    async def traffic() -> list[str]:
        ids = []
        for number in range(60):
            ids.append(await system.submit(f"busy{number}@rebuilt.example"))
            await asyncio.sleep(0.01)
        return ids

    going = asyncio.create_task(traffic())
    work, _ = rebuild(system)
    assert (await work.run()).differences == ()
    for id_ in await going:
        lead = await system.lead_of(id_)
        await system.until_value(True, "select exists(select 1 from lead_list.leads where id = $1)", lead)
