"""Repairs of many letters at once in PostgreSQL: a letter is in one running repair at most, and settled in it once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID, uuid4

import asyncpg
import orjson

from infra.audit.store import Entry, Outcome, write
from infra.crypto.keyring import Keyring
from infra.dead_letters import store
from infra.dead_letters.finding import FITS, Filter
from infra.dead_letters.redriving import Change

How = Literal["mapping", "patch", "unchanged"]
State = Literal["running", "done", "cancelled"]
LETTERS_MAX: Final = 10_000
LISTED_MAX: Final = 50
_FREE: Final = """(repair is null or refused is not null
    or not exists (select from dead_letters.repairs as r where r.id = letters.repair and r.state = 'running'))"""
_IN_HAND: Final = "resolved_at is null and refused is null"
FREE: Final = f"select count(*) from dead_letters.letters where {FITS} and {_FREE}"
TAKE: Final = f"""
with wanted as (
    select id from dead_letters.letters where {FITS} and resolved_at is null and {_FREE}
    order by created_at, id limit $10 for update skip locked
)
update dead_letters.letters as taken set repair = $9, refused = null from wanted where taken.id = wanted.id
"""
BEGIN: Final = "insert into dead_letters.repairs (id, actor, change, how, total) values ($1, $2, $3, $4, $5)"
_COLUMNS: Final = """id, actor, how, state, total, redriven, refused, created_at, updated_at,
    (select count(*) from dead_letters.letters as l where l.repair = repairs.id and l.resolved_at is null and l.refused is null
        and repairs.state = 'running') as "left" """
ONE: Final = f"select {_COLUMNS} from dead_letters.repairs where id = $1"
LIST: Final = f"select {_COLUMNS} from dead_letters.repairs order by created_at desc, id desc limit {LISTED_MAX}"
NEXT: Final = "select id, actor, change from dead_letters.repairs where state = 'running' order by updated_at limit 1"
LETTER: Final = f"""
select id from dead_letters.letters where repair = $1 and {_IN_HAND} order by created_at, id limit 1 for update skip locked
"""
REFUSE: Final = "update dead_letters.letters set refused = $2 where id = $1"
COUNT: Final = """
update dead_letters.repairs set redriven = redriven + $2, refused = refused + $3, updated_at = now() where id = $1
"""
END: Final = f"""
update dead_letters.repairs set state = 'done', updated_at = now() where id = $1 and state = 'running'
    and not exists (select from dead_letters.letters where repair = $1 and {_IN_HAND})
"""
CANCEL: Final = "update dead_letters.repairs set state = 'cancelled', updated_at = now() where id = $1 and state = 'running'"


@dataclass(frozen=True, slots=True)
class Repair:
    """How far one is.

    Attributes:
        refused: how many could not be driven again like this; they are open still, with the reason.
        left: how many it has still to do.
    """

    id: UUID
    actor: str
    how: How
    state: State
    total: int
    redriven: int
    refused: int
    created_at: datetime
    updated_at: datetime
    left: int


@dataclass(frozen=True, slots=True)
class Running:
    """One that is to be worked on."""

    id: UUID
    actor: str
    change: Change


async def begin(
    pool: asyncpg.Pool, keyring: Keyring, wanted: Filter, change: Change, actor: str, *, limit: int = LETTERS_MAX
) -> UUID | None:
    """Take the oldest of those that fit and that no other has in hand; None where there is none."""
    id_ = uuid4()
    key = await keyring.dead_letter_key()
    said = orjson.dumps({"patch": change.patch, "mapping": change.mapping})
    how: How = "mapping" if change.mapping is not None else "patch" if change.patch is not None else "unchanged"
    async with pool.acquire() as connection, connection.transaction():
        taken = await connection.execute(TAKE, *wanted.values(), id_, min(limit, LETTERS_MAX))
        count = int(taken.rsplit(" ", 1)[1])
        if count == 0:
            return None
        await connection.execute(BEGIN, id_, actor, key.seal_bytes(said, id_.bytes), how, count)
    return id_


async def free(pool: asyncpg.Pool, wanted: Filter) -> int:
    """How many fit and are in nobody's hand."""
    found: int = await pool.fetchval(FREE, *wanted.values())
    return found


async def one(pool: asyncpg.Pool, id_: UUID) -> Repair | None:
    """None: there is none."""
    row = await pool.fetchrow(ONE, id_)
    return None if row is None else Repair(**row)


async def newest(pool: asyncpg.Pool) -> list[Repair]:
    """The last LISTED_MAX."""
    return [Repair(**row) for row in await pool.fetch(LIST)]


async def cancel(pool: asyncpg.Pool, id_: UUID) -> None:
    """Those it has not come to are free again. One that has ended stays as it is."""
    await pool.execute(CANCEL, id_)


async def running(pool: asyncpg.Pool, keyring: Keyring) -> Running | None:
    """The one that waited longest. Raises WrongKey."""
    row = await pool.fetchrow(NEXT)
    if row is None:
        return None
    said = orjson.loads((await keyring.dead_letter_key()).open_bytes(row["change"], row["id"].bytes))
    return Running(row["id"], row["actor"], Change(patch=said["patch"], mapping=said["mapping"]))


async def next_letter(connection: asyncpg.Connection, repair: UUID) -> UUID | None:
    """The next one of its letters, locked until the transaction ends; None where nothing is left that nobody works on."""
    found: UUID | None = await connection.fetchval(LETTER, repair)
    return found


async def settle(connection: asyncpg.Connection, repair: Running, letter: UUID, done: str | None, refused: str | None) -> None:
    """What became of it, the count, and the line in the audit: in the transaction that locked it."""
    if done is not None:
        await store.resolve(connection, [letter], done)
    else:
        await connection.execute(REFUSE, letter, store.storable_text(refused or ""))
    await connection.execute(COUNT, repair.id, int(done is not None), int(done is None))
    outcome: Outcome = "refused" if done is None else "done"
    entry = Entry(repair.actor, "redrive_rejection", f"rejections/{letter}", outcome, detail=f"repair {repair.id}")
    await write(connection, entry)


async def end(pool: asyncpg.Pool, repair: UUID) -> None:
    """It is done, if it is."""
    await pool.execute(END, repair)
