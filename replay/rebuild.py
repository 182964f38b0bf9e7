"""leads.events -> a read model, built beside the live one and switched in: people go on working meanwhile.

The very runtime that serves live traffic reads the log from its beginning into the schema `<name>_next`. Once it has caught
up, one short transaction stops the live one's commits, brings the new one to exactly the same positions, and renames. The live
process goes on with its next batch: same epoch, same position, new tables.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg

from infra.crypto.keyring import Keyring
from infra.kafka import admin
from infra.kafka.partition import Partition, Status
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import Destination, LogUnavailable, Outgoing, Reader, Record
from infra.kafka.projection import Projection, ProjectionStep
from infra.kafka.reading import KafkaReader, reader
from infra.kafka.rounds import decide
from infra.settings import Kafka
from schemas.topics import CATALOGUE

SWITCH_ATTEMPTS_MAX = 10
SWITCH_SECONDS_MAX = 10
BEHIND_MAX = 2000
"""Records to go when the live one is stopped: a fraction of a second's work."""
ROUNDS_MAX = 200
AWAIT_LIVE_ATTEMPTS_MAX = 50
AWAIT_LIVE_PAUSE_SECONDS = 0.1


class RebuildFailed(Exception):
    """What stood in the way; the live read model is as it was."""


class Declare(Protocol):
    """A projection's factory."""

    def __call__(self, *, schema: str = ..., announce: Any = ...) -> Projection:
        """Declare it for a schema."""


Create = Callable[[Any, str], Awaitable[None]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did.

    Attributes:
        skipped: records that can't be applied, dead letters of the live one.
        differences: names of tables whose rows are not those of the live one; empty for equal models.
    """

    records: int
    skipped: int
    seconds: float
    differences: tuple[str, ...]


class _ReplayLog:
    """The log port for a rebuild: read by us, never written."""

    def __init__(self, settings: Kafka, topic: str) -> None:
        self._settings, self._topic = settings, topic

    async def topic_id(self) -> str:
        name = self._settings.prefix + self._topic
        return (await admin.topic_ids(self._settings, [name]))[name]

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        raise LogUnavailable(f"a rebuild writes nothing, and was asked to write to {batches[0][0].topic}")

    async def seek(self, partition: int, offset: int) -> None:
        """Records are fed from the watermark on."""

    def pause(self, partition: int) -> None:
        """What stands still is noticed by its position."""

    def resume(self, partition: int) -> None:
        """See pause."""

    def partitions(self, topic: str) -> int:
        return CATALOGUE[topic].partitions(self._settings.partitions)

    def reader(self, topic: str) -> AbstractAsyncContextManager[Reader]:
        return reader(self._settings, CATALOGUE[topic])


class _Clock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class Rebuild:
    """One rebuild of one read model."""

    def __init__(self, pool: asyncpg.Pool, kafka: Kafka, keyring: Keyring, declare: Declare, create: Create, say: Say) -> None:
        self._pool, self._kafka, self._keyring, self._create, self._say = pool, kafka, keyring, create, say
        self._live = declare().schema
        self._next = f"{self._live}_next"
        self._projection = declare(schema=self._next, announce=None)
        self._partitions: dict[int, Partition] = {}
        self._records = 0
        self._skipped = 0

    async def run(self, *, switch: bool = True) -> Rebuilt:
        """Build, compare, and switch unless told not to. Raises RebuildFailed, KafkaError, PostgresError."""
        started = time.monotonic()
        await self._pool.execute(f"drop schema if exists {self._next} cascade")
        async with self._pool.acquire() as connection, connection.transaction():
            await self._create(connection, self._next)
        async with reader(self._kafka, self._projection.reads) as log:
            await self._take(log)
            await self._catch_up(log)
            differences = await self._settle(log, switch)
        return Rebuilt(self._records, self._skipped, time.monotonic() - started, differences)

    async def _take(self, log: KafkaReader) -> None:
        step = ProjectionStep(self._projection, self._keyring)
        store = PgStore(self._pool, self._next, topic=self._projection.reads.name, plan=self._skip, bury=self._skip)
        port = _ReplayLog(self._kafka, self._projection.reads.name)
        for number in log.numbers:
            partition = Partition(number, step, port, store, _Clock())
            await partition.assigned()
            self._partitions[number] = partition
        log.seek(await log.beginnings())

    async def _skip(self, _connection: Any, letters: Sequence[Any]) -> None:
        """What can't be applied is a dead letter of the live one already: count it, keep none."""
        self._skipped += len(letters)

    async def _catch_up(self, log: KafkaReader) -> None:
        told = time.monotonic()
        for _ in range(ROUNDS_MAX):
            ends = await log.ends()
            if sum(ends[number] - partition.position for number, partition in self._partitions.items()) <= BEHIND_MAX:
                return
            while any(partition.position < ends[number] for number, partition in self._partitions.items()):
                await self._feed(await log.poll())
                if time.monotonic() - told > 5:
                    told = time.monotonic()
                    self._say(f"{self._live}: {self._records} records so far")
        raise RebuildFailed("the log grows faster than it can be read")

    async def _feed(self, polled: Mapping[int, Sequence[Record]]) -> None:
        before = sum(partition.position for partition in self._partitions.values())
        await decide({self._partitions[number]: records for number, records in polled.items()})
        for number in polled:
            partition = self._partitions[number]
            if partition.status is not Status.OWNED or partition.waiting_reason is not None:
                raise RebuildFailed(f"partition {number} stands at offset {partition.position}: {partition.waiting_reason}")
        self._records += sum(partition.position for partition in self._partitions.values()) - before

    async def _settle(self, log: KafkaReader, switch: bool) -> tuple[str, ...]:
        """Stop the live one's commits, get to the same positions, compare, rename."""
        await self._await_live()
        for attempt in range(1, SWITCH_ATTEMPTS_MAX + 1):
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    await connection.execute(f"lock table {self._live}.watermarks in share row exclusive mode")
                    await connection.execute("set local idle_in_transaction_session_timeout = 0")
                    live = await connection.fetch(f"select partition, epoch, position from {self._live}.watermarks")
                    await self._reach(log, {row["partition"]: row["position"] for row in live})
                    differences = await self._compare(connection)
                    if switch:
                        await self._rename(connection, live)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                self._say(f"{self._live} is busy, attempt {attempt} to switch failed")
                continue
            if not switch:
                await self._pool.execute(f"drop schema if exists {self._next} cascade")
            return differences
        raise RebuildFailed(f"{self._live} was too busy to switch in {SWITCH_ATTEMPTS_MAX} attempts")

    async def _await_live(self) -> None:
        """The new one may be ahead by now: give the live one a moment, so that both stand at the same positions.

        One that does not run never comes; then the new one is simply further on, and differs.
        """
        for _ in range(AWAIT_LIVE_ATTEMPTS_MAX):
            live = await self._pool.fetch(f"select partition, position from {self._live}.watermarks")
            positions = {row["partition"]: row["position"] for row in live}
            if all(positions.get(number, 0) >= partition.position for number, partition in self._partitions.items()):
                return
            await asyncio.sleep(AWAIT_LIVE_PAUSE_SECONDS)

    async def _reach(self, log: KafkaReader, positions: dict[int, int]) -> None:
        deadline = time.monotonic() + SWITCH_SECONDS_MAX
        held: dict[int, list[Record]] = {}
        while any(self._partitions[number].position < position for number, position in positions.items()):
            if time.monotonic() > deadline:
                raise RebuildFailed("the new one did not reach the live one's positions in time")
            for number, records in (await log.poll()).items():
                target = positions.get(number, 0)
                await self._feed({number: [record for record in records if record.offset < target]})
                held.setdefault(number, []).extend(record for record in records if record.offset >= target)
        # What was read too far is read again, should this attempt to switch fail.
        log.seek({number: records[0].offset for number, records in held.items() if records})

    async def _compare(self, connection: Any) -> tuple[str, ...]:
        """Tables whose rows differ, by a checksum over rows in their own order."""
        names = await connection.fetch(
            "select table_name from information_schema.tables where table_schema = $1 order by table_name", self._next
        )
        different = []
        for name in (row["table_name"] for row in names):
            if name in RUNTIME_TABLES or name in self._projection.backlog:
                continue
            sums = [await checksum(connection, schema, name) for schema in (self._live, self._next)]
            if sums[0] != sums[1]:
                different.append(name)
        return tuple(different)

    async def _rename(self, connection: Any, live: Sequence[Any]) -> None:
        """Dropping the old tables makes every prepared statement look its tables up again, by name."""
        for row in live:
            await connection.execute(
                f"update {self._next}.watermarks set epoch = $2 where partition = $1", row["partition"], row["epoch"]
            )
        await connection.execute(f"drop schema {self._live} cascade")
        await connection.execute(f"alter schema {self._next} rename to {self._live}")


RUNTIME_TABLES = frozenset({"watermarks", "states", "timers", "outbox", "documents", "outcomes", "dirty"})
"""Not compared: how far somebody is, and (`dirty`) what is still to be indexed."""


async def checksum(connection: Any, schema: str, table: str) -> str:
    """One text for the set of rows of a table, columns by name: equal sets, equal texts."""
    columns = await connection.fetch(
        """select column_name from information_schema.columns
           where table_schema = $1 and table_name = $2 and is_identity = 'NO' order by column_name""",
        schema,
        table,
    )
    row = ", ".join(f'"{column["column_name"]}"' for column in columns)
    found = await connection.fetchrow(
        f"""select count(*) as rows, coalesce(sum(('x' || substr(md5(r::text), 1, 15))::bit(60)::bigint), 0)::text as sum
            from (select row({row}) as r from {schema}.{table}) as all_rows"""
    )
    return f"{found['rows']}:{found['sum']}"
