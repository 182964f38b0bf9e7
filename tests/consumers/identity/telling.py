"""Three partitions of identity, and a log that a look back finds everything in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg

from consumers.identity.consumer import IdentityStep
from infra.crypto.keyring import Keyring
from infra.dead_letters import store as dead_letters
from infra.effects import gate
from infra.kafka.partition import Partition
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import Outgoing, Record
from infra.postgres.pool import open_pool
from schemas.envelope import Envelope
from schemas.message import Message, registry
from schemas.topics import COMMANDS, SUBMISSIONS
from tests.consumers.identity.feeding import TABLES
from tests.infra.kafka.logs import START_MS, HandClock, MemoryLog, work
from tests.submitting import submission

FORGOTTEN = (
    "identity.claims, identity.lifted, identity.merges, identity.suggestions, identity.deliveries, identity.submissions, "
    "identity.watermarks, identity.outbox"
)


class Told:
    """Identity's three partitions on a log that keeps what is written, so that a look back finds it."""

    def __init__(self, pool: asyncpg.Pool, keyring: Keyring) -> None:
        self.pool, self.keyring, self.log = pool, keyring, MemoryLog()
        self.partitions: list[Partition] = []
        self.sent: dict[str, Any] = {}
        self._kept = 0

    async def start(self, *, together: bool = False) -> None:
        """A new process takes all partitions, one by one or at once."""
        bury = partial(dead_letters.add, consumer="identity", topic="leads.submissions", keyring=self.keyring)
        store = PgStore(self.pool, "identity", topic="leads.submissions", plan=gate.plan, bury=bury)
        step = IdentityStep(self.keyring)
        self.partitions = [Partition(number, step, self.log, store, HandClock()) for number in range(3)]
        if together:
            await asyncio.gather(*(partition.assigned() for partition in self.partitions))
            return
        for partition in self.partitions:
            await partition.assigned()

    async def forget(self, tables: str = FORGOTTEN) -> None:
        """The database is new, but for the keys; a new process takes the partitions."""
        await self.pool.execute(f"truncate {tables}")
        await self.start()

    def came(self, number: int, *outgoing: Outgoing) -> None:
        """Submissions arrive in a partition."""
        kept = self.log.kept.setdefault(SUBMISSIONS.name, [])
        at = sum(record.partition == number for record in kept)
        kept.extend(record_at(one, number, at + nth, len(kept) + nth) for nth, one in enumerate(outgoing))

    async def read(self, *numbers: int) -> list[Any]:
        """Partitions decide, one after the other, all that they have not; the commands that came of it, which the log keeps."""
        for number in numbers:
            kept = self.log.kept.get(SUBMISSIONS.name, [])
            await work(self.partitions[number], [record for record in kept if record.partition == number])
        return self.keep()

    def keep(self) -> list[Any]:
        """What was sent lands in the log of commands."""
        kept = self.log.kept.setdefault(COMMANDS.name, [])
        news = self.log.appended[self._kept :]
        self._kept = len(self.log.appended)
        for destination, outgoing in news:
            kept.append(record_at(outgoing, destination.partition, sum(r.partition == destination.partition for r in kept), 100))
        return [_body(outgoing) for _, outgoing in news]

    async def claims(self) -> set[tuple[str, str, str | None]]:
        """Whose everything is."""
        return {
            tuple(row) for row in await self.pool.fetch("select kind, hash, lead from identity.claims where lead is not null")
        }


def record_at(outgoing: Outgoing, number: int, offset: int, seconds: int) -> Record:
    return Record(number, offset, START_MS + seconds * 1000, outgoing.key, list(outgoing.headers), outgoing.value)


def message_in(record: Record) -> Any:
    return _body(Outgoing(record.key, tuple(record.headers), record.value))


def _body(outgoing: Outgoing) -> Any:
    cls = registry.get(Envelope.read(outgoing.headers).type)
    assert cls is not None
    return cls.model_validate_json(outgoing.value)


async def sent(told: Told, email: str | None, phone: str | None = None, delivery: str | None = None) -> Outgoing:
    more = {} if delivery is None else {"delivery": delivery}
    return (await submission(told.keyring, email, phone=phone, **more))[1]


def write(told: Told, topic: str, body: Message, source: str, origin: str | None = None, sequence: str = "0.0") -> None:
    """A record that somebody wrote."""
    headers = Envelope("id", body.TYPE, source, datetime.now(UTC), subject=body.lead).headers()
    if origin is not None:
        headers = (*headers, ("ce_origin", origin.encode()), ("ce_sequence", sequence.encode()))
    kept = told.log.kept.setdefault(topic, [])
    at = sum(record.partition == 0 for record in kept)
    kept.append(record_at(Outgoing(None, headers, body.model_dump_json().encode()), 0, at, 200))


@asynccontextmanager
async def telling(database: str) -> AsyncIterator[Told]:
    """Over empty tables."""
    pool, keys = await open_pool(database, name="test", size=4), await open_pool(database, name="test-keys", size=2)
    await pool.execute(f"truncate {TABLES}")
    keyring = Keyring(keys, bytes(32))
    await keyring.dead_letter_key()
    made = Told(pool, keyring)
    await made.start()
    yield made
    await pool.close()
    await keys.close()
