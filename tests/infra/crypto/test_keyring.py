import asyncio
import json
import os
import uuid
from datetime import date

import asyncpg
import pytest

from infra.crypto.keyring import DestroyedKey, ErasedLead, Keyring, MissingKey, normal_email
from infra.crypto.seal import WrongKey
from schemas.message import Sealed
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
DAY = date(2026, 11, 22)


def some_leads(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


async def made(db: Opened, count: int = 1) -> list[str]:
    leads = some_leads(count)
    async with db.pool.acquire() as connection, connection.transaction():
        await db.keyring.create_lead_keys(connection, leads)
    return leads


async def erase(db: Opened, lead: str, keyring: Keyring | None = None) -> None:
    async with db.pool.acquire() as connection, connection.transaction():
        await (keyring or db.keyring).destroy(connection, lead, actor="admin", reason="asked for it")


async def test_two_gateways_creating_the_key_of_one_day_end_with_one(db: Opened) -> None:
    keys = await asyncio.gather(*(db.another_process().intake(DAY) for _ in range(6)))
    sealed = keys[0].seal(b"Anna", b"s")
    assert all(key.open(sealed, b"s") == b"Anna" for key in keys)
    assert keys[0].id == "intake-2026-11-22"
    assert await db.pool.fetchval("select count(*) from crypto.intake_keys") == 1


async def test_the_intake_key_of_a_sealed_text_is_found_and_cached(db: Opened) -> None:
    sealed = (await db.keyring.intake(DAY)).seal(b"Anna", b"s")
    reader = db.another_process()
    key = await reader.intake_of(sealed)
    assert key is not None
    assert key.open(sealed, b"s") == b"Anna"
    assert await reader.intake_of(sealed) is key
    assert await db.keyring.intake(DAY) is await db.keyring.intake_of(sealed)


async def test_a_destroyed_intake_key_opens_nothing_and_is_not_made_again(db: Opened) -> None:
    sealed = (await db.keyring.intake(DAY)).seal(b"Anna", b"s")
    await db.keyring.intake(date(2026, 11, 23))
    async with db.pool.acquire() as connection:
        assert await db.keyring.destroy_intake(connection, date(2026, 11, 23)) == [DAY]
        assert await db.keyring.destroy_intake(connection, date(2026, 11, 23)) == []
    for keyring in (db.keyring, db.another_process()):
        assert await keyring.intake_of(sealed) is None
        with pytest.raises(DestroyedKey):
            await keyring.intake(DAY)


@pytest.mark.parametrize("id_", ["lead", "intake-2026-02-30", "intake-x"])
async def test_a_text_that_no_intake_key_sealed_is_a_wrong_key(db: Opened, id_: str) -> None:
    with pytest.raises(WrongKey):
        await db.keyring.intake_of(Sealed(f"1.{id_}.AAAA"))


async def test_an_intake_key_that_is_lost_stops_loudly(db: Opened) -> None:
    with pytest.raises(MissingKey):
        await db.keyring.intake_of(Sealed("1.intake-2020-01-01.AAAA"))


async def test_lead_keys_are_created_once_and_found_by_another_process(db: Opened) -> None:
    leads = some_leads(300)
    async with db.pool.acquire() as connection, connection.transaction():
        first = await db.keyring.create_lead_keys(connection, leads[:200] + leads[:5])
        again = await db.keyring.create_lead_keys(connection, leads)
    found = await db.another_process().lead_keys(leads)
    for lead in leads[:200]:
        sealed = first[lead].seal(b"x", lead.encode())
        assert again[lead].open(sealed, lead.encode()) == b"x"
    for lead in leads:
        key = found[lead]
        assert key is not None
        assert key.id == "lead"
        assert key.open(again[lead].seal(b"x", lead.encode()), lead.encode()) == b"x"


async def test_two_identity_processes_making_one_leads_key_end_with_one(db: Opened) -> None:
    leads = some_leads(40)

    async def create(order: list[str]) -> dict[str, bytes]:
        async with db.pool.acquire() as connection, connection.transaction():
            keys = await db.another_process().create_lead_keys(connection, order)
            await asyncio.sleep(0.05)
            return {lead: keys[lead].seal(b"x", b"") for lead in order}

    sealed = await asyncio.gather(create(leads), create(leads[::-1]), create(leads[10:] + leads[:10]))
    found = await db.keyring.lead_keys(leads)
    for lead in leads:
        key = found[lead]
        assert key is not None
        assert [key.open(Sealed(one[lead]), b"") for one in sealed] == [b"x", b"x", b"x"]


async def test_a_key_that_was_rolled_back_is_never_used(db: Opened) -> None:
    [lead] = some_leads(1)
    async with db.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await db.keyring.create_lead_keys(connection, [lead])
        assert (await db.keyring.lead_keys([lead], connection))[lead] is not None
        await transaction.rollback()
    with pytest.raises(MissingKey):
        await db.keyring.lead_keys([lead])


async def test_keys_are_cached_once_they_are_committed(db: Opened) -> None:
    leads = await made(db, 3)
    found = await db.keyring.lead_keys(leads)
    await db.pool.execute("truncate crypto.lead_keys")
    again = await db.keyring.lead_keys(leads)
    assert all(again[lead] is found[lead] for lead in leads)


async def test_a_connection_outside_a_transaction_fills_the_cache_too(db: Opened) -> None:
    leads = await made(db, 2)
    async with db.pool.acquire() as connection:
        found = await db.keyring.lead_keys(leads, connection)
    assert (await db.keyring.lead_keys(leads))[leads[0]] is found[leads[0]]


async def test_a_lead_with_neither_key_nor_ledger_entry_stops_loudly(db: Opened) -> None:
    [lead] = await made(db)
    [lost] = some_leads(1)
    with pytest.raises(MissingKey) as missing:
        await db.keyring.lead_keys([lead, lost])
    assert missing.value.leads == (lost,)


async def test_an_erased_lead_has_no_key_anywhere(db: Opened) -> None:
    lead, other = await made(db, 2)
    reader = db.another_process()
    await reader.lead_keys([lead])
    await erase(db, lead)
    reader.forget(lead)
    for keyring in (db.keyring, reader, db.another_process()):
        found = await keyring.lead_keys([lead, other])
        assert found[lead] is None
        assert found[other] is not None
    assert await db.pool.fetchval("select count(*) from crypto.lead_keys where lead = $1", lead) == 0
    async with db.pool.acquire() as connection:
        assert await db.keyring.erased(connection, [lead, other]) == {lead}


async def test_a_lead_that_never_had_a_key_can_be_erased_and_stays_so(db: Opened) -> None:
    [lead] = some_leads(1)
    await erase(db, lead)
    await erase(db, lead)
    assert await db.keyring.lead_keys([lead]) == {lead: None}
    async with db.pool.acquire() as connection:
        keys = await db.keyring.create_lead_keys(connection, [lead, *some_leads(2)])
    assert keys.pop(lead) is None
    assert None not in keys.values()
    assert await db.pool.fetchval("select count(*) from crypto.lead_keys") == len(keys) == 2


async def test_the_ledger_says_who_why_and_what_is_still_to_be_destroyed(db: Opened) -> None:
    [lead] = await made(db)
    await db.keyring.intake(DAY)
    await erase(db, lead)
    async with db.pool.acquire() as connection, connection.transaction():
        await db.keyring.destroy(connection, lead, actor="somebody else", reason="again")
    row = await db.pool.fetchrow("select * from crypto.erasures where lead = $1", lead)
    assert (row["actor"], row["reason"]) == ("admin", "asked for it")
    assert json.loads(row["certificate"]) == {
        "lead_key": "destroyed",
        "intake_keys_still_to_be_destroyed": ["2026-11-22"],
        "destroyed": {},
    }


async def test_an_erasure_can_be_read_again_and_knows_how_its_intake_keys_stand(db: Opened) -> None:
    [lead] = await made(db)
    await db.keyring.intake(DAY)
    async with db.pool.acquire() as connection, connection.transaction():
        await db.keyring.destroy(connection, lead, actor="admin", reason="asked for it", done={"identifiers": 2})
    async with db.pool.acquire() as connection:
        found = await db.keyring.erasure(connection, lead)
        assert found is not None
        assert (found.actor, found.had_key, found.destroyed) == ("admin", True, {"identifiers": 2})
        assert found.intake_keys == {DAY: None}
        await db.keyring.destroy_intake(connection, date.max)
        again = await db.keyring.erasure(connection, lead)
        assert again is not None
        assert again.intake_keys[DAY] is not None
        assert await db.keyring.erasure(connection, some_leads(1)[0]) is None


@pytest.mark.parametrize("erasing_first", [True, False])
async def test_a_key_made_while_its_lead_is_being_erased_does_not_survive(db: Opened, erasing_first: bool) -> None:
    [lead] = some_leads(1)
    creator, eraser = db.another_process(), db.another_process()
    async with db.pool.acquire() as one, db.pool.acquire() as two:
        first = one.transaction()
        await first.start()
        if erasing_first:
            await eraser.destroy(one, lead, actor="a", reason="r")
        else:
            await creator.create_lead_keys(one, [lead])

        async def second() -> None:
            async with two.transaction():
                if erasing_first:
                    await creator.create_lead_keys(two, [lead])
                else:
                    await eraser.destroy(two, lead, actor="a", reason="r")

        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await first.commit()
        if erasing_first:
            with pytest.raises(ErasedLead):
                await waiting
        else:
            await waiting
    assert await db.pool.fetchval("select count(*) from crypto.lead_keys") == 0
    assert await db.keyring.lead_keys([lead]) == {lead: None}


async def test_the_dead_letter_key_is_one_for_all(db: Opened) -> None:
    keys = await asyncio.gather(*(db.another_process().dead_letter_key() for _ in range(3)))
    assert keys[2].open(keys[0].seal(b"x", b""), b"") == b"x"
    assert await db.keyring.dead_letter_key() is await db.keyring.dead_letter_key()


async def test_keys_wrapped_by_another_master_are_said_to_be_so(db: Opened) -> None:
    leads = await made(db)
    with pytest.raises(WrongKey, match="was not wrapped by this master key"):
        await Keyring(db.pool, os.urandom(32)).lead_keys(leads)


async def test_a_wrapped_key_moved_to_another_lead_is_noticed(db: Opened) -> None:
    one, two = await made(db, 2)
    await db.pool.execute("update crypto.lead_keys set wrapped = (select wrapped from crypto.lead_keys where lead = $1)", one)
    with pytest.raises(WrongKey):
        await db.another_process().lead_keys([two])


async def test_hashes_are_equal_for_one_address_however_it_is_written(db: Opened) -> None:
    hashed = db.keyring.hash("email", "Anna@Example.COM ")
    assert hashed == db.another_process().hash("email", normal_email(" anna@example.com"))
    assert len(hashed) == 64
    assert hashed != db.keyring.hash("delivery", "anna@example.com")
    assert hashed != Keyring(db.pool, os.urandom(32)).hash("email", "anna@example.com")
    assert db.keyring.hash("phone", "+491701234567") != db.keyring.hash("phone", "+491701234568")


async def test_a_hash_of_no_known_kind_is_refused(db: Opened) -> None:
    with pytest.raises(ValueError, match="not a kind of hash"):
        db.keyring.hash("name", "Anna")  # type: ignore[arg-type]


async def test_a_master_key_of_another_length_is_refused(db: Opened) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(db.pool, b"short")


async def test_a_connection_that_is_broken_is_no_missing_key(db: Opened) -> None:
    async with db.pool.acquire() as connection:
        await connection.close()
        with pytest.raises(asyncpg.InterfaceError):
            await db.keyring.lead_keys(some_leads(1), connection)
