"""Publishing documents: a version is stored with the list of partitions that lack it, and a job sends it until none does.

A job that dies half-way goes on where it stopped; a partition that is sent a version twice ignores the second one.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson

from infra.kafka.ports import LogUnavailable, Outgoing
from infra.kafka.publisher import Publisher
from infra.postgres.pool import UNAVAILABLE
from schemas import topics
from schemas.commands import PublishDocument
from schemas.envelope import Envelope, derived_id

POLL_SECONDS: Final = 1.0
BATCH_MAX: Final = 20
_AWAY: Final[tuple[type[Exception], ...]] = (LogUnavailable, *UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Version:
    """One published version."""

    kind: str
    name: str
    version: int
    body: dict[str, Any]


async def publish(pool: asyncpg.Pool, kind: str, name: str, body: dict[str, Any], *, actor: str, partitions: int) -> int:
    """Store the next version of a (validated) document; returns its number. An unchanged body is no new version."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"document {kind}/{name}")
        last = await connection.fetchrow(
            "select version, body from documents.versions where kind = $1 and name = $2 order by version desc limit 1", kind, name
        )
        if last is not None and orjson.loads(last["body"]) == orjson.loads(orjson.dumps(body)):
            return int(last["version"])
        version = 1 if last is None else last["version"] + 1
        await connection.execute(
            """insert into documents.versions (kind, name, version, body, actor, pending)
               values ($1, $2, $3, $4::jsonb, $5, $6)""",
            kind,
            name,
            version,
            orjson.dumps(body).decode(),
            actor,
            list(range(partitions)),
        )
    return int(version)


async def latest(pool: asyncpg.Pool, kind: str) -> dict[str, Version]:
    """The newest published version of every document of a kind, by name."""
    rows = await pool.fetch(
        """select distinct on (name) kind, name, version, body from documents.versions
           where kind = $1 and state = 'published' order by name, version desc""",
        kind,
    )
    return {row["name"]: Version(row["kind"], row["name"], row["version"], orjson.loads(row["body"])) for row in rows}


async def send_pending(pool: asyncpg.Pool, publisher: Publisher) -> int:
    """Send versions to partitions that lack them, oldest version of a document first; returns how many records were sent.

    Raises LogUnavailable; what was acknowledged until then is remembered.
    """
    sent = 0
    rows = await pool.fetch(
        """select kind, name, version, body, actor, pending, published_at from documents.versions
           where pending <> '{}' order by published_at, kind, name, version limit $1""",
        BATCH_MAX,
    )
    for row in rows:
        for number in row["pending"]:
            command = PublishDocument(
                kind=row["kind"],
                name=row["name"],
                version=row["version"],
                body=orjson.loads(row["body"]),
                actor=row["actor"],
                partition=number,
            )
            id_ = derived_id(f"{row['kind']}/{row['name']}/{row['version']}", "documents", number)
            envelope = Envelope(id_, command.TYPE, "work", row["published_at"])
            record = Outgoing(None, envelope.headers(), command.model_dump_json().encode())
            await publisher.publish(topics.COMMANDS, number, record)
            await pool.execute(
                """update documents.versions set pending = array_remove(pending, $4)
                   where kind = $1 and name = $2 and version = $3""",
                row["kind"],
                row["name"],
                row["version"],
                number,
            )
            sent += 1
    return sent


async def keep_sending(pool: asyncpg.Pool, publisher: Publisher, stop: asyncio.Event) -> None:
    """The job: until `stop`."""
    while not stop.is_set():
        try:
            sent = await send_pending(pool, publisher)
        except _AWAY:
            sent = 0  # not lost: the pending partitions stand in the table
        if not sent:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue
