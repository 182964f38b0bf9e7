"""The store port over PostgreSQL: one schema a consumer, one row of watermarks a partition.

Every statement is set-based. Error classes decide what a failure means: data that PostgreSQL can't hold is Refused, a
connection that went away (perhaps inside COMMIT) is StoreUnavailable, anything else is a bug and passes through.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from infra.kafka.fold import Effect
from infra.kafka.ports import (
    Changes,
    DeadLetter,
    Destination,
    Fenced,
    Orders,
    OutboxRow,
    Outgoing,
    Record,
    Refused,
    StoredDocument,
    StoredTimer,
    StoreUnavailable,
    Taken,
    TopicRemade,
    Transaction,
    Watermark,
)
from infra.postgres.together import Statement, together
from schemas.envelope import SequenceNumber
from schemas.events import DocumentPublished

HISTORY_RECORDS_MAX = 100_000
OUTBOX_ROW_BYTES_MAX = 900 * 1024
"""A row is sent as one Kafka batch, and a batch has to fit the broker's limit with headers and framing."""

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

    def __init__(self, pool: asyncpg.Pool, schema: str, *, topic: str, plan: Plan, bury: Bury) -> None:
        """`plan` stores effects at the gate and `bury` stores dead letters, both in the transaction they are given."""
        self._pool, self._schema, self._topic = pool, schema, topic
        self._plan, self._bury = plan, bury

    async def take(self, partition: int, topic_id: str) -> Taken:
        """See ports.Store."""
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
            outbox=tuple(OutboxRow(o["id"], Destination(o["topic"], o["destination"]), _unpack(o["records"])) for o in outbox),
            documents=tuple(StoredDocument(d["kind"], d["name"], d["version"], d["body"]) for d in documents),
        )

    @asynccontextmanager
    async def transaction(self, partition: int, epoch: int, position: int) -> AsyncIterator[Transaction]:
        """See ports.Store."""
        with _translated():
            async with self._pool.acquire() as connection, connection.transaction():
                yield _PgTransaction(self, connection, partition, epoch, position)

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
        with _translated():
            row = await self._pool.fetchrow(
                f"select paused, skip_offset from {self._schema}.watermarks where partition = $1", partition
            )
        return Orders() if row is None else Orders(row["paused"], row["skip_offset"])

    async def hold(self, partition: int) -> None:
        """See ports.Store."""
        with _translated():
            await self._pool.execute(f"update {self._schema}.watermarks set paused = true where partition = $1", partition)


class _PgTransaction:
    """One transaction. Implements ports.Transaction."""

    def __init__(self, store: PgStore, connection: Any, partition: int, epoch: int, position: int) -> None:
        self.connection = connection
        self._store, self._schema = store, store._schema
        self._partition, self._epoch, self._position = partition, epoch, position

    async def advance(self, watermark: Watermark) -> None:
        origins = orjson.dumps({origin: [seq.offset, seq.nth] for origin, seq in watermark.origins.items()}).decode()
        status = await self.connection.execute(
            f"""update {self._schema}.watermarks
                set position = $4, clock_ms = $5, origins = $6, updated_at = now(),
                    waiting_offset = null, waiting_reason = null, waiting_since = null
                where partition = $1 and epoch = $2 and position = $3""",
            self._partition,
            self._epoch,
            self._position,
            watermark.position,
            watermark.clock_ms,
            origins,
        )
        if status != "UPDATE 1":
            raise Fenced(f"{self._schema}/{self._partition}: epoch {self._epoch} is over")

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        rows = await self.connection.fetch(f"select key, body from {self._schema}.states where key = any($1::text[])", list(keys))
        return {row["key"]: row["body"] for row in rows}

    async def due(self, until_ms: int, limit: int) -> list[StoredTimer]:
        rows = await self.connection.fetch(
            f"""select due_ms, key, name from {self._schema}.timers
                where partition = $1 and due_ms <= $2 order by due_ms, key, name limit $3""",
            self._partition,
            until_ms,
            limit,
        )
        return [StoredTimer(row["due_ms"], row["key"], row["name"]) for row in rows]

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

    async def write(self, changes: Changes) -> list[OutboxRow]:
        await self._write_documents(changes)
        if changes.effects:
            await self._store._plan(self.connection, changes.effects)
        if changes.dead_letters:
            await self._store._bury(self.connection, changes.dead_letters)
        pending = [(destination, part) for destination, records in changes.outbox.items() for part in _parts(records)]
        statements = [*self._states(changes), *self._timers(changes), *self._answers(changes), *self._outbox(pending)]
        if not statements:
            return []
        sql, arguments = together(statements)
        rows = await self.connection.fetch(sql, *arguments)
        return [OutboxRow(row["id"], destination, tuple(part)) for row, (destination, part) in zip(rows, pending, strict=True)]

    async def forget(self, outbox_ids: Sequence[int]) -> None:
        await self.connection.execute(
            f"delete from {self._schema}.outbox where partition = $1 and id = any($2::bigint[])",
            self._partition,
            list(outbox_ids),
        )

    def _states(self, changes: Changes) -> Iterator[Statement]:
        kept = {key: body for key, body in changes.states.items() if body is not None}
        if kept:
            yield (
                f"""insert into {self._schema}.states (key, partition, body)
                    select key, $3, body from unnest($1::text[], $2::bytea[]) as new(key, body)
                    on conflict (key) do update set body = excluded.body, partition = excluded.partition""",
                (list(kept), list(kept.values()), self._partition),
            )
        dropped = [key for key, body in changes.states.items() if body is None]
        if dropped:
            yield f"delete from {self._schema}.states where key = any($1::text[])", (dropped,)

    def _timers(self, changes: Changes) -> Iterator[Statement]:
        gone = [pair for pair, due_ms in changes.timers.items() if due_ms is None]
        kept = [(key, name, due_ms) for (key, name), due_ms in changes.timers.items() if due_ms is not None]
        if gone:
            yield (
                f"""delete from {self._schema}.timers t using unnest($1::text[], $2::text[]) as gone(key, name)
                where t.key = gone.key and t.name = gone.name""",
                ([key for key, _ in gone], [name for _, name in gone]),
            )
        if kept:
            yield (
                f"""insert into {self._schema}.timers (partition, key, name, due_ms)
                    select $4, key, name, due_ms from unnest($1::text[], $2::text[], $3::bigint[]) as new(key, name, due_ms)
                    on conflict (key, name) do update set due_ms = excluded.due_ms, partition = excluded.partition""",
                (
                    [key for key, _, _ in kept],
                    [name for _, name, _ in kept],
                    [due_ms for _, _, due_ms in kept],
                    self._partition,
                ),
            )

    def _answers(self, changes: Changes) -> Iterator[Statement]:
        if changes.answers:
            yield (
                f"""insert into {self._schema}.outcomes (command_id, lead, status, detail, version, position)
                    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
                    on conflict do nothing""",
                (
                    [answer.command_id for answer in changes.answers],
                    [answer.lead for answer in changes.answers],
                    [answer.outcome.status for answer in changes.answers],
                    [answer.outcome.detail for answer in changes.answers],
                    [answer.outcome.version for answer in changes.answers],
                    [answer.position for answer in changes.answers],
                ),
            )

    async def _write_documents(self, changes: Changes) -> None:
        for document in changes.documents:
            await self.connection.execute(
                f"""insert into {self._schema}.documents (partition, kind, name, version, body) values ($1, $2, $3, $4, $5)
                    on conflict (partition, kind, name) do update set version = excluded.version, body = excluded.body""",
                self._partition,
                document.kind,
                document.name,
                document.version,
                document.body,
            )

    def _outbox(self, pending: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> Iterator[Statement]:
        """The last, for the ids that it returns."""
        if pending:
            yield (
                f"""insert into {self._schema}.outbox (partition, topic, destination, records)
                    select $4, topic, destination, records
                    from unnest($1::text[], $2::int[], $3::bytea[]) with ordinality as new(topic, destination, records, nth)
                    order by nth returning id""",
                (
                    [destination.topic for destination, _ in pending],
                    [destination.partition for destination, _ in pending],
                    [_pack(part) for _, part in pending],
                    self._partition,
                ),
            )


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


def _parts(records: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Split so that each part fits one Kafka batch; a single record larger than that stands alone."""
    parts: list[list[Outgoing]] = [[]]
    size = 0
    for record in records:
        bytes_ = len(record.value) + 512
        if parts[-1] and size + bytes_ > OUTBOX_ROW_BYTES_MAX:
            parts.append([])
            size = 0
        parts[-1].append(record)
        size += bytes_
    return parts


def _pack(records: Sequence[Outgoing]) -> bytes:
    """Records as a JSON array: everything that we publish is UTF-8."""
    return orjson.dumps(
        [
            [
                None if record.key is None else record.key.decode(),
                [(name, value.decode()) for name, value in record.headers],
                record.value.decode(),
            ]
            for record in records
        ]
    )


def _unpack(packed: bytes) -> tuple[Outgoing, ...]:
    return tuple(
        Outgoing(None if key is None else key.encode(), tuple((name, text.encode()) for name, text in headers), value.encode())
        for key, headers, value in orjson.loads(packed)
    )
