"""The store port over PostgreSQL: one schema a consumer, one row of watermarks a partition.

Every statement is set-based. Error classes decide what a failure means: data that PostgreSQL can't hold is Refused, a
connection that went away (perhaps inside COMMIT) is StoreUnavailable, anything else is a bug and passes through.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from infra.kafka.fold import Effect
from infra.kafka.pg_statements import pending_in, statements, unpack
from infra.kafka.ports import (
    Changes,
    DeadLetter,
    Destination,
    Fenced,
    Orders,
    OutboxRow,
    Record,
    Refused,
    Stand,
    StoredDocument,
    StoredTimer,
    StoreUnavailable,
    Taken,
    TopicRemade,
    Transaction,
    Watermark,
)
from infra.postgres.together import together
from schemas.envelope import SequenceNumber
from schemas.events import DocumentPublished

HISTORY_RECORDS_MAX = 100_000
ORDERS_SECONDS = 1.0

AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What a connection says that was cut off in mid-operation: "cannot switch to state ...".
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
    TimeoutError,
    OSError,
)

Plan = Callable[[Any, Sequence[Effect]], Awaitable[None]]
Bury = Callable[[Any, Sequence[DeadLetter]], Awaitable[None]]


class PgStore:
    """Where one consumer keeps its partitions. Implements ports.Store."""

    def __init__(
        self, pool: asyncpg.Pool, schema: str, *, topic: str, plan: Plan, bury: Bury, orders_seconds: float = ORDERS_SECONDS
    ) -> None:
        """`plan` stores effects at the gate and `bury` stores dead letters, both in the transaction they are given.

        Operators' orders are read for all partitions at once, at most every `orders_seconds`.
        """
        self._pool, self._schema, self._topic = pool, schema, topic
        self._plan, self._bury = plan, bury
        self._orders: dict[int, Orders] = {}
        self._orders_until, self._orders_version = 0.0, 0
        self._orders_seconds = orders_seconds

    async def take(self, partition: int, topic_id: str) -> Taken:
        """See ports.Store."""
        self._forget_orders()
        s = self._schema
        with _translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    f"""insert into {s}.watermarks (partition, topic_id, epoch, position, clock_ms)
                        values ($1, $2, 0, 0, 0) on conflict do nothing""",
                    partition,
                    topic_id,
                )
                row = await connection.fetchrow(
                    f"""update {s}.watermarks set epoch = epoch + 1, waiting_offset = null, waiting_reason = null,
                            waiting_since = null
                        where partition = $1 returning topic_id, epoch, position, clock_ms, origins""",
                    partition,
                )
                if row["topic_id"] != topic_id:
                    raise TopicRemade(self._topic, row["topic_id"], topic_id)
                outbox = await connection.fetch(
                    f"select id, topic, destination, records from {s}.outbox where partition = $1 order by id", partition
                )
                documents = await connection.fetch(
                    f"select kind, name, version, body from {s}.documents where partition = $1 order by kind, name", partition
                )
        return Taken(
            epoch=row["epoch"],
            watermark=Watermark(row["position"], row["clock_ms"], _origins(row["origins"])),
            outbox=tuple(OutboxRow(o["id"], Destination(o["topic"], o["destination"]), unpack(o["records"])) for o in outbox),
            documents=tuple(StoredDocument(d["kind"], d["name"], d["version"], d["body"]) for d in documents),
        )

    @asynccontextmanager
    async def transaction(self, stands: Sequence[Stand]) -> AsyncIterator[Transaction]:
        """See ports.Store."""
        with _translated():
            async with self._pool.acquire() as connection, connection.transaction():
                yield _PgTransaction(self, connection, stands)

    async def forget(self, partition: int, outbox_ids: Sequence[int]) -> None:
        """See ports.Store."""
        with _translated():
            await self._pool.execute(
                f"delete from {self._schema}.outbox where partition = $1 and id = any($2::bigint[])", partition, list(outbox_ids)
            )

    async def next_due(self, partition: int) -> int | None:
        """See ports.Store."""
        with _translated():
            due: int | None = await self._pool.fetchval(
                f"select min(due_ms) from {self._schema}.timers where partition = $1", partition
            )
        return due

    async def report_waiting(self, partition: int, offset: int, reason: str | None) -> None:
        """See ports.Store."""
        with _translated():
            await self._pool.execute(
                f"""update {self._schema}.watermarks set waiting_offset = $2, waiting_reason = $3,
                        waiting_since = coalesce(waiting_since, now()) where partition = $1""",
                partition,
                offset,
                reason,
            )

    async def orders(self, partition: int) -> Orders:
        """See ports.Store."""
        if time.monotonic() >= self._orders_until:
            version = self._orders_version
            with _translated():
                rows = await self._pool.fetch(f"select partition, paused, skip_offset from {self._schema}.watermarks")
            self._orders = {row["partition"]: Orders(row["paused"], row["skip_offset"]) for row in rows}
            if version == self._orders_version:  # else somebody was held, or taken, after this was read
                self._orders_until = time.monotonic() + self._orders_seconds
        return self._orders.get(partition, Orders())

    async def hold(self, partition: int) -> None:
        """See ports.Store."""
        with _translated():
            await self._pool.execute(f"update {self._schema}.watermarks set paused = true where partition = $1", partition)
        self._forget_orders()

    def _forget_orders(self) -> None:
        self._orders_version += 1
        self._orders_until = 0.0


class _PgTransaction:
    """One transaction. Implements ports.Transaction."""

    def __init__(self, store: PgStore, connection: Any, stands: Sequence[Stand]) -> None:
        self.connection = connection
        self._store, self._schema = store, store._schema
        self._stands = stands

    async def advance(self, watermarks: Mapping[int, Watermark]) -> None:
        status = await self.connection.execute(
            f"""update {self._schema}.watermarks w
                set position = n.position, clock_ms = n.clock_ms, origins = n.origins, updated_at = now(),
                    waiting_offset = null, waiting_reason = null, waiting_since = null
                from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
                    as n(partition, epoch, stood, position, clock_ms, origins)
                where w.partition = n.partition and w.epoch = n.epoch and w.position = n.stood""",
            [stand.partition for stand in self._stands],
            [stand.epoch for stand in self._stands],
            [stand.position for stand in self._stands],
            [watermarks[stand.partition].position for stand in self._stands],
            [watermarks[stand.partition].clock_ms for stand in self._stands],
            [_origins_text(watermarks[stand.partition].origins) for stand in self._stands],
        )
        if status != f"UPDATE {len(self._stands)}":
            stands = ", ".join(f"{stand.partition} in epoch {stand.epoch}" for stand in self._stands)
            raise Fenced(f"{self._schema}: another owner has one of {stands}")

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        rows = await self.connection.fetch(f"select key, body from {self._schema}.states where key = any($1::text[])", list(keys))
        return {row["key"]: row["body"] for row in rows}

    async def due(self, until_ms: Mapping[int, int], limit: int) -> dict[int, list[StoredTimer]]:
        rows = await self.connection.fetch(
            f"""select n.partition, t.due_ms, t.key, t.name from unnest($1::int[], $2::bigint[]) as n(partition, until_ms)
                cross join lateral (
                    select due_ms, key, name from {self._schema}.timers
                    where partition = n.partition and due_ms <= n.until_ms order by due_ms, key, name limit $3
                ) t""",
            list(until_ms),
            list(until_ms.values()),
            limit,
        )
        found: dict[int, list[StoredTimer]] = {}
        for row in rows:
            found.setdefault(row["partition"], []).append(StoredTimer(row["due_ms"], row["key"], row["name"]))
        return {number: sorted(timers, key=_in_order) for number, timers in found.items()}

    async def answered(self, ids: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        rows = await self.connection.fetch(
            f"""select o.command_id, o.lead from {self._schema}.outcomes o
                join unnest($1::text[], $2::text[]) as asked(command_id, lead) using (command_id, lead)""",
            [command_id for command_id, _ in ids],
            [lead for _, lead in ids],
        )
        return {(row["command_id"], row["lead"]) for row in rows}

    async def history(self, partition: int, lead: str, before: int) -> list[Record] | None:
        reached = await self.connection.fetchval("select position from history.watermarks where partition = $1", partition)
        if reached is None or reached < before:
            return None
        rows = await self.connection.fetch(
            """select "offset", (extract(epoch from recorded_at) * 1000)::bigint as recorded_ms, headers, value
               from history.records
               where partition = $1 and "offset" < $3 and (lead = $2 or event_type = $4)
               order by "offset" limit $5""",
            partition,
            lead,
            before,
            DocumentPublished.TYPE,
            HISTORY_RECORDS_MAX,
        )
        return [
            Record(
                partition,
                row["offset"],
                row["recorded_ms"],
                lead.encode(),
                [(name, text.encode()) for name, text in orjson.loads(row["headers"])],
                row["value"],
            )
            for row in rows
        ]

    async def write(self, changes: Mapping[int, Changes], sent: Sequence[int] = ()) -> dict[int, list[OutboxRow]]:
        effects = [effect for one in changes.values() for effect in one.effects]
        if effects:
            await self._store._plan(self.connection, effects)
        letters = [letter for one in changes.values() for letter in one.dead_letters]
        if letters:
            await self._store._bury(self.connection, letters)
        pending = pending_in(changes)
        found = statements(self._schema, changes, sent, pending)
        written: dict[int, list[OutboxRow]] = {}
        if found:
            sql, arguments = together(found)
            rows = await self.connection.fetch(sql, *arguments)
            for row, (number, destination, part) in zip(rows, pending, strict=True):
                written.setdefault(number, []).append(OutboxRow(row["id"], destination, tuple(part)))
        return written


class _translated:  # noqa: N801 - reads as a word in `with`
    """PostgreSQL's errors in the runtime's words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, AWAY):
            raise StoreUnavailable(f"PostgreSQL went away: {type(error).__name__}") from error
        if isinstance(error, asyncpg.DataError | asyncpg.ProgramLimitExceededError):
            raise Refused(f"PostgreSQL refuses it: {type(error).__name__}") from error


def _origins(text: str) -> dict[str, SequenceNumber]:
    return {origin: SequenceNumber(offset, nth) for origin, (offset, nth) in orjson.loads(text).items()}


def _origins_text(origins: Mapping[str, SequenceNumber]) -> str:
    return orjson.dumps({origin: [seq.offset, seq.nth] for origin, seq in origins.items()}).decode()


def _in_order(timer: StoredTimer) -> tuple[int, str, str]:
    return timer.due_ms, timer.key, timer.name
