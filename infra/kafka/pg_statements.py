"""What one transaction writes, as statements of a consumer's schema: set-based, whatever the number of partitions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson

from infra.kafka.ports import Answer, Changes, Destination, Outgoing
from infra.postgres.together import Statement

OUTBOX_ROW_BYTES_MAX = 900 * 1024
"""A row is sent as one Kafka batch, and a batch has to fit the broker's limit with headers and framing."""

Pending = Sequence[tuple[int, Destination, Sequence[Outgoing]]]
"""Records to be sent, by the partition that caused them and where they go."""


def statements(schema: str, changes: Mapping[int, Changes], sent: Sequence[int], pending: Pending) -> list[Statement]:
    """All of it, disjoint; the last one returns the ids of outbox rows in the order of `pending`, if there are any."""
    return [
        *_forgotten(schema, sent),
        *_states(schema, changes),
        *_timers(schema, changes),
        *_documents(schema, changes),
        *_answers(schema, [answer for one in changes.values() for answer in one.answers]),
        *_outbox(schema, pending),
    ]


def pending_in(changes: Mapping[int, Changes]) -> Pending:
    """What is to be sent, in parts that fit one Kafka batch each."""
    return [
        (number, destination, part)
        for number, one in changes.items()
        for destination, records in one.outbox.items()
        for part in _parts(records)
    ]


def _forgotten(schema: str, sent: Sequence[int]) -> Iterator[Statement]:
    if sent:
        yield f"delete from {schema}.outbox where id = any($1::bigint[])", (list(sent),)


def _states(schema: str, changes: Mapping[int, Changes]) -> Iterator[Statement]:
    kept = [(key, number, body) for number, one in changes.items() for key, body in one.states.items() if body is not None]
    if kept:
        yield (
            f"""insert into {schema}.states (key, partition, body)
                select * from unnest($1::text[], $2::int[], $3::bytea[])
                on conflict (key) do update set body = excluded.body, partition = excluded.partition""",
            _columns(kept),
        )
    dropped = [key for one in changes.values() for key, body in one.states.items() if body is None]
    if dropped:
        yield f"delete from {schema}.states where key = any($1::text[])", (dropped,)


def _timers(schema: str, changes: Mapping[int, Changes]) -> Iterator[Statement]:
    gone = [pair for one in changes.values() for pair, due_ms in one.timers.items() if due_ms is None]
    if gone:
        yield (
            f"""delete from {schema}.timers t using unnest($1::text[], $2::text[]) as gone(key, name)
                where t.key = gone.key and t.name = gone.name""",
            _columns(gone),
        )
    kept = [
        (number, key, name, due_ms)
        for number, one in changes.items()
        for (key, name), due_ms in one.timers.items()
        if due_ms is not None
    ]
    if kept:
        yield (
            f"""insert into {schema}.timers (partition, key, name, due_ms)
                select * from unnest($1::int[], $2::text[], $3::text[], $4::bigint[])
                on conflict (key, name) do update set due_ms = excluded.due_ms, partition = excluded.partition""",
            _columns(kept),
        )


def _documents(schema: str, changes: Mapping[int, Changes]) -> Iterator[Statement]:
    newest = {(number, d.kind, d.name): (d.version, d.body) for number, one in changes.items() for d in one.documents}
    if newest:
        yield (
            f"""insert into {schema}.documents (partition, kind, name, version, body)
                select * from unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::bytea[])
                on conflict (partition, kind, name) do update set version = excluded.version, body = excluded.body""",
            _columns([(*place, *body) for place, body in newest.items()]),
        )


def _answers(schema: str, answers: Sequence[Answer]) -> Iterator[Statement]:
    if answers:
        yield (
            f"""insert into {schema}.outcomes (command_id, lead, status, detail, version, position)
                select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
                on conflict do nothing""",
            _columns(
                (
                    answer.command_id,
                    answer.lead,
                    answer.outcome.status,
                    answer.outcome.detail,
                    answer.outcome.version,
                    answer.position,
                )
                for answer in answers
            ),
        )


def _outbox(schema: str, pending: Pending) -> Iterator[Statement]:
    if pending:
        yield (
            f"""insert into {schema}.outbox (partition, topic, destination, records)
                select partition, topic, destination, records
                from unnest($1::int[], $2::text[], $3::int[], $4::bytea[])
                    with ordinality as new(partition, topic, destination, records, nth)
                order by nth returning id""",
            _columns((number, to.topic, to.partition, pack(part)) for number, to, part in pending),
        )


def _columns(rows: Iterable[Sequence[object]]) -> tuple[list[object], ...]:
    """Rows as the arrays that UNNEST takes."""
    return tuple(map(list, zip(*rows, strict=True)))


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


def pack(records: Sequence[Outgoing]) -> bytes:
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


def unpack(packed: bytes) -> tuple[Outgoing, ...]:
    """What was packed."""
    return tuple(
        Outgoing(None if key is None else key.encode(), tuple((name, text.encode()) for name, text in headers), value.encode())
        for key, headers, value in orjson.loads(packed)
    )
