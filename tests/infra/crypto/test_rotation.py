"""A new master key wraps what the old one wrapped, while everybody goes on."""

import asyncio
import os
from datetime import date
from typing import Any

import pytest

from infra.crypto import rotation
from infra.crypto.keyring import Keyring, NotStored
from infra.crypto.rotation import StillRotating, rotate
from infra.crypto.seal import WrongKey
from infra.crypto.wrapping import SECRETS, Masters, derived
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

NEW = bytes(range(32))
DAY = date(2026, 11, 26)


async def filled(db: Opened, count: int = 7) -> list[str]:
    """Keys of every kind, wrapped by the old master key."""
    await db.keyring.open()
    leads = [f"00000000-0000-7000-8000-{number:012d}" for number in range(count)]
    async with db.pool.acquire() as connection, connection.transaction():
        await db.keyring.create_lead_keys(connection, leads)
    await db.keyring.intake(DAY)
    await db.keyring.dead_letter_key()
    return leads


async def rows(db: Opened) -> dict[Any, bytes]:
    sql = "select name, wrapped from crypto.named_keys union all select day::text, wrapped from crypto.intake_keys union all select lead, wrapped from crypto.lead_keys"
    return {row["name"]: row["wrapped"] for row in await db.pool.fetch(sql)}


async def test_what_was_sealed_before_is_opened_after_by_who_knows_the_new_master_key_alone(
    db: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "ROWS_PER_BATCH", 3)
    leads = await filled(db)
    lead_keys = await db.keyring.lead_keys(leads)
    sealed = {lead: key.seal(lead.encode(), b"x") for lead, key in lead_keys.items() if key is not None}
    letter, day = (await db.keyring.dead_letter_key()).seal(b"letter", b""), (await db.keyring.intake(DAY)).seal(b"day", b"")
    hashed = db.keyring.hash("email", "anna@example.com")
    secrets = {purpose: db.keyring.secret(purpose) for purpose in SECRETS}

    assert await rotate(db.pool, Masters(NEW, db.master)) == len(leads) + 2 + len(SECRETS)
    after = Keyring(db.pool, NEW)
    await after.open()
    found = await after.lead_keys(leads)
    assert sorted(key.open(sealed[lead], b"x").decode() for lead, key in found.items() if key is not None) == leads
    assert (await after.dead_letter_key()).open(letter, b"") == b"letter"
    opened = await after.intake_of(day)
    assert opened is not None
    assert opened.open(day, b"") == b"day"
    assert after.hash("email", "anna@example.com") == hashed
    assert {purpose: after.secret(purpose) for purpose in SECRETS} == secrets
    with pytest.raises(WrongKey):
        await Keyring(db.pool, db.master).open()


async def test_a_deployment_keeps_what_it_derived_before_it_stored_anything(db: Opened) -> None:
    before = db.keyring.hash("email", "anna@example.com")
    await db.keyring.open()
    assert db.keyring.hash("email", "anna@example.com") == before
    assert {purpose: db.keyring.secret(purpose) for purpose in SECRETS} == {p: derived(db.master, p) for p in SECRETS}


async def test_two_first_starts_at_once_store_one_value(db: Opened) -> None:
    both = [db.another_process() for _ in range(4)]
    await asyncio.gather(*(one.open() for one in both))
    assert len({one.secret("source secrets") for one in both}) == 1


async def test_a_rotation_that_was_stopped_is_run_again_and_a_third_finds_nothing_to_do(
    db: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "ROWS_PER_BATCH", 2)
    leads = await filled(db, 9)
    masters, wrapped = Masters(NEW, db.master), []
    real = masters.wrapped_anew

    def dies(text: bytes, owner: str) -> bytes | None:
        wrapped.append(owner)
        if len(wrapped) == 12:
            raise ConnectionError("killed")
        return real(text, owner)

    monkeypatch.setattr(masters, "wrapped_anew", dies)
    with pytest.raises(ConnectionError):
        await rotate(db.pool, masters)
    halfway = Keyring(db.pool, NEW, db.master)
    await halfway.open()
    assert set(await halfway.lead_keys(leads)) == set(leads), "who knows both opens all, however far it came"
    rest = await rotate(db.pool, Masters(NEW, db.master))
    assert 0 < rest < len(leads) + 2 + len(SECRETS)
    before = await rows(db)
    assert await rotate(db.pool, Masters(NEW, db.master)) == 0
    assert await rows(db) == before


async def test_keys_made_and_destroyed_meanwhile_are_where_they_belong(db: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "ROWS_PER_BATCH", 1)
    leads = await filled(db, 12)
    old, both = Keyring(db.pool, db.master, NEW), Keyring(db.pool, NEW, db.master)
    gone, late = leads[6], ["00000000-0000-7000-8000-0000000000ff", "00000000-0000-6000-8000-000000000000"]

    async def live() -> None:
        async with db.pool.acquire() as connection:
            async with connection.transaction():
                await both.destroy(connection, gone, actor="a", reason="r")
            async with connection.transaction():
                await old.create_lead_keys(connection, late)

    await asyncio.gather(rotate(db.pool, Masters(NEW, db.master)), live())
    await rotate(db.pool, Masters(NEW, db.master))
    after = Keyring(db.pool, NEW)
    found = await after.lead_keys([*leads, *late])
    assert [lead for lead, key in found.items() if key is None] == [gone]


async def test_who_goes_on_under_the_old_master_key_is_told_of(db: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(db)
    masters = Masters(NEW, db.master)
    monkeypatch.setattr(masters, "wrapped_anew", lambda wrapped, _owner: wrapped)
    with pytest.raises(StillRotating, match="start every process with the new one first"):
        await rotate(db.pool, masters)


async def test_a_key_of_a_third_master_key_stops_it_and_is_named(db: Opened) -> None:
    await filled(db)
    with pytest.raises(WrongKey, match="the stored key of dead-letter was not wrapped"):
        await rotate(db.pool, Masters(NEW, os.urandom(32)))


async def test_a_first_start_in_the_midst_of_a_rotation_is_refused(db: Opened) -> None:
    with pytest.raises(NotStored, match="start once with the present"):
        await Keyring(db.pool, NEW, db.master).open()
