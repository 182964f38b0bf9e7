from datetime import timedelta
from uuid import uuid4

import pytest

from infra.dead_letters import store
from infra.dead_letters.letters import owner_of
from infra.kafka.ports import DeadLetter, Record
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
LEAD = "0190a6b0-0000-7000-8000-000000000001"
HASH = "ab" * 32


def record(offset: int = 5, key: bytes | None = LEAD.encode(), subject: str | None = LEAD) -> Record:
    headers = [("ce_type", b"lead.captured.v1"), ("x", b"\xff\x00")]
    if subject is not None:
        headers.append(("ce_subject", subject.encode()))
    return Record(partition=3, offset=offset, recorded_ms=1_700_000_000_000, key=key, headers=headers, value=b'{"a":1}\n\0\xff')


def dead(of: Record, reason: str = "no such field", kind: str = "reject", attempts: int = 1) -> DeadLetter:
    return DeadLetter(of, reason, kind, attempts)


async def keep(db: Opened, *letters: DeadLetter, consumer: str = "scoring") -> None:
    await db.keyring.dead_letter_key()
    async with db.pool.acquire() as connection, connection.transaction():
        await store.add(connection, letters, consumer=consumer, topic="leads.events", keyring=db.keyring)


async def test_a_letter_is_listed_with_its_reason_and_opens_to_the_very_record(db: Opened) -> None:
    await keep(db, dead(record(), kind="bug", attempts=3))
    async with db.pool.acquire() as connection:
        [letter] = await store.newest(connection)
        assert (letter.consumer, letter.topic, letter.partition, letter.offset) == ("scoring", "leads.events", 3, 5)
        assert (letter.lead, letter.event_type, letter.reason, letter.kind, letter.attempts) == (
            LEAD,
            "lead.captured.v1",
            "no such field",
            "bug",
            3,
        )
        shown = await store.show(connection, letter.id, db.another_process())
    assert shown == (letter, record())


async def test_the_stored_record_does_not_show_what_it_holds(db: Opened) -> None:
    await keep(db, dead(record()))
    stored = await db.pool.fetchval("select record from dead_letters.letters")
    assert b'{"a":1}' not in stored
    assert LEAD.encode() not in stored


async def test_one_record_that_dies_twice_is_one_open_letter(db: Opened) -> None:
    await keep(db, dead(record(), reason="first"), dead(record(), reason="second"))
    async with db.pool.acquire() as connection:
        [letter] = await store.newest(connection)
        assert letter.reason == "second"
        assert await store.resolve(connection, [letter.id], "skipped") == 1
        assert await store.resolve(connection, [letter.id], "skipped") == 0
        await keep(db, dead(record(), reason="third"))
        await keep(db, dead(record()), consumer="routing")
        letters = await store.newest(connection)
    assert {(letter.consumer, letter.reason, letter.resolution) for letter in letters} == {
        ("scoring", "third", None),
        ("routing", "no such field", None),
    }


async def test_letters_are_listed_newest_first_page_by_page(db: Opened) -> None:
    for offset in range(5):
        await keep(db, dead(record(offset)))
    async with db.pool.acquire() as connection:
        first = await store.newest(connection, limit=3)
        rest = await store.newest(connection, limit=3, after=first[-1])
        assert [letter.offset for letter in first + rest] == [4, 3, 2, 1, 0]
        assert await store.newest(connection, consumer="routing") == []
        await store.resolve(connection, [first[0].id], "mended and sent again")
        assert len(await store.newest(connection)) == 4
        assert (await store.newest(connection, resolved=True))[0].resolution == "mended and sent again"
        assert await store.waiting(connection) == {("scoring", "reject"): 4}


async def test_what_is_kept_about_a_person_can_be_erased(db: Opened) -> None:
    await keep(db, dead(record(1)), dead(record(2, key=HASH.encode(), subject=None)), dead(record(3, key=None, subject=None)))
    async with db.pool.acquire() as connection:
        assert await store.erase(connection, LEAD, [HASH]) == 2
        [left] = await store.newest(connection)
        assert left.offset == 3
        assert await store.show(connection, uuid4(), db.keyring) is None
        opened = await store.show(connection, left.id, db.keyring)
    assert opened is not None
    assert opened[1].key is None


async def test_letters_are_kept_for_ninety_days(db: Opened) -> None:
    await keep(db, dead(record(1)), dead(record(2)))
    await db.pool.execute("update dead_letters.letters set created_at = now() - interval '91 days' where \"offset\" = 1")
    async with db.pool.acquire() as connection:
        assert await store.purge(connection) == 1
        assert await store.purge(connection, timedelta(0)) == 1


async def test_a_reason_that_quotes_what_postgresql_refuses_is_kept_all_the_same(db: Opened) -> None:
    await keep(db, dead(record(), reason="NUL \0 and a half \ud800 " + "long" * 2000))
    async with db.pool.acquire() as connection:
        [letter] = await store.newest(connection)
    assert letter.reason.startswith("NUL \ufffd and a half ? long")
    assert len(letter.reason) == store.REASON_CHARACTERS_MAX


async def test_no_letters_need_no_statement(db: Opened) -> None:
    await keep(db)
    assert await db.pool.fetchval("select count(*) from dead_letters.letters") == 0


@pytest.mark.parametrize(
    ("key", "subject", "owner"),
    [
        (LEAD.encode(), None, (LEAD, None)),
        (HASH.encode(), None, (None, HASH)),
        (HASH.encode(), LEAD, (LEAD, HASH)),
        (b"\xff\xfe", LEAD, (LEAD, None)),
        (None, None, (None, None)),
        (b"a team", None, (None, None)),
    ],
)
async def test_the_owner_is_read_from_key_and_subject(
    key: bytes | None, subject: str | None, owner: tuple[str | None, str | None]
) -> None:
    assert owner_of(record(key=key, subject=subject)) == owner
