"""Writing, finding and settling dead letters (schema `dead_letters`)."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from infra.crypto.keyring import Keyring
from infra.dead_letters.letters import Letter, open_record, owner_of, seal_record, source_of
from infra.kafka.ports import DeadLetter, Record
from schemas.envelope import derived_id, type_of

KEPT: Final = timedelta(days=90)
REASON_CHARACTERS_MAX: Final = 2_000
LIST_MAX: Final = 500

ADD: Final = """
insert into dead_letters.letters
    (id, consumer, topic, partition, "offset", lead, event_type, identity_hash, reason, kind, attempts, record, source_id)
select id, $1, $2, partition, "offset", lead, event_type, identity_hash, reason, kind, attempts, record, source_id
from unnest(
    $3::uuid[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int[], $12::bytea[],
    $13::text[]
) as dead (id, partition, "offset", lead, event_type, identity_hash, reason, kind, attempts, record, source_id)
on conflict (id) do update set
    reason = excluded.reason, kind = excluded.kind, attempts = excluded.attempts, record = excluded.record,
    created_at = now(), resolved_at = null, resolution = null, repair = null, refused = null
"""
_COLUMNS: Final = ", ".join(f'"{field.name}"' for field in fields(Letter))
LIST: Final = f"""
select {_COLUMNS} from dead_letters.letters
where ($1::text is null or consumer = $1) and ($2 or resolved_at is null)
    and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
order by created_at desc, id desc limit $5
"""
SHOW: Final = f"select {_COLUMNS}, record from dead_letters.letters where id = $1"
RESOLVE: Final = """
update dead_letters.letters set resolved_at = now(), resolution = $2
where id = any($1::uuid[]) and resolved_at is null
"""
ERASE: Final = "delete from dead_letters.letters where lead = $1 or identity_hash = any($2::text[])"
PURGE: Final = "delete from dead_letters.letters where created_at < now() - $1::interval"
COUNT: Final = "select consumer, kind, count(*) from dead_letters.letters where resolved_at is null group by consumer, kind"


def letter_id(consumer: str, topic: str, partition: int, offset: int) -> UUID:
    """One letter for one record and consumer, however often it dies."""
    return UUID(derived_id(f"{topic}/{partition}/{offset}", consumer, 0))


async def add(
    connection: asyncpg.Connection, letters: Sequence[DeadLetter], *, consumer: str, topic: str, keyring: Keyring
) -> None:
    """Keep letters, in the consumer's own transaction and one statement. A letter kept before is replaced and open again.

    Asks the keyring for the dead-letter key, which is cached once it has been asked for outside a transaction.
    """
    if not letters:
        return
    key = await keyring.dead_letter_key()
    rows: dict[UUID, tuple[object, ...]] = {}
    for letter in letters:
        record = letter.record
        id_ = letter_id(consumer, topic, record.partition, record.offset)
        lead, identity = owner_of(record)
        rows[id_] = (
            id_,
            record.partition,
            record.offset,
            lead,
            _storable(type_of(record.headers)),
            identity,
            _storable(letter.reason),
            letter.kind,
            letter.attempts,
            seal_record(key, record, id_),
            _storable(source_of(record)),
        )
    await connection.execute(ADD, consumer, topic, *(list(column) for column in zip(*rows.values(), strict=True)))


async def newest(
    connection: asyncpg.Connection,
    *,
    consumer: str | None = None,
    resolved: bool = False,
    after: Letter | None = None,
    limit: int = 50,
) -> list[Letter]:
    """Letters, newest first, following `after`; `resolved` shows the settled ones too."""
    cursor = (None, None) if after is None else (after.created_at, after.id)
    rows = await connection.fetch(LIST, consumer, resolved, *cursor, min(limit, LIST_MAX))
    return [Letter(**row) for row in rows]


async def show(connection: asyncpg.Connection, letter: UUID, keyring: Keyring) -> tuple[Letter, Record] | None:
    """A letter with its record opened; None if it is not there (any more)."""
    row = await connection.fetchrow(SHOW, letter)
    if row is None:
        return None
    known: dict[str, Any] = dict(row)
    sealed = known.pop("record")
    return Letter(**known), open_record(await keyring.dead_letter_key(), sealed, letter)


async def resolve(connection: asyncpg.Connection, letters: Sequence[UUID], resolution: str) -> int:
    """Mark letters as settled; returns how many were open."""
    return _count(await connection.execute(RESOLVE, list(letters), resolution))


async def erase(connection: asyncpg.Connection, lead: str, identity_hashes: Sequence[str] = ()) -> int:
    """Delete what is kept about a person; returns how many."""
    return _count(await connection.execute(ERASE, lead, list(identity_hashes)))


async def purge(connection: asyncpg.Connection, kept: timedelta = KEPT) -> int:
    """Delete letters older than `kept`; returns how many."""
    return _count(await connection.execute(PURGE, kept))


async def waiting(connection: asyncpg.Connection) -> dict[tuple[str, str], int]:
    """Open letters by (consumer, kind), for metrics."""
    return {(row["consumer"], row["kind"]): row["count"] for row in await connection.fetch(COUNT)}


def storable_text(text: str) -> str:
    """PostgreSQL refuses NUL and half characters in text; a reason may quote the culprit."""
    return text.replace("\0", "\ufffd")[:REASON_CHARACTERS_MAX].encode("utf-8", "replace").decode()


def _storable(text: str | None) -> str | None:
    return None if text is None else storable_text(text)


def _count(status: str) -> int:
    return int(status.rsplit(" ", 1)[1])
