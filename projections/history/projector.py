"""leads.events -> history -> PostgreSQL

Keeps every record of the log, markers too, so that one lead's records are found without reading a topic. Nothing is opened:
values stay the bytes that were published.
"""

from typing import Any, Final

import asyncpg
import orjson

from infra.kafka.fold import LONG_BREATH_MS
from infra.kafka.ports import from_ms
from infra.kafka.projection import ProjectedRecord, Projection, ProjectionBatch
from projections.history.model import COLUMNS, SCHEMA, VERSION
from schemas import topics

COPY_TIMEOUT_SECONDS: Final = 60.0


class Projector:
    """Writes one schema."""

    def __init__(self, schema: str = SCHEMA) -> None:
        self._schema = schema
        self._last = f"""
            select n.partition, last.recorded_at from unnest($1::int[]) as n(partition) cross join lateral (
                select recorded_at from {schema}.records where partition = n.partition order by "offset" desc limit 1
            ) last"""

    async def apply(self, connection: asyncpg.Connection, batch: ProjectionBatch) -> None:
        """COPY the batch within the caller's transaction."""
        last = await connection.fetch(self._last, sorted({item.record.partition for item in batch.records}))
        clocks_ms = {partition: round(recorded_at.timestamp() * 1000) for partition, recorded_at in last}
        found = []
        for item in batch.records:
            # A broker's clock may step back; a partition's time doesn't (as_of reads a prefix).
            clock_ms = max(clocks_ms.get(item.record.partition, 0), item.record.recorded_ms)
            clocks_ms[item.record.partition] = clock_ms
            found.append(row(item, clock_ms))
        await connection.copy_records_to_table(
            "records", schema_name=self._schema, records=found, columns=COLUMNS, timeout=COPY_TIMEOUT_SECONDS
        )


def row(item: ProjectedRecord, clock_ms: int) -> tuple[Any, ...]:
    """In the order of model.COLUMNS."""
    record, envelope = item.record, item.envelope
    return (
        envelope.subject if item.body is None else item.body.lead,
        record.partition,
        record.offset,
        envelope.id,
        envelope.type,
        None if envelope.sequence is None else envelope.sequence.offset,
        envelope.origin,
        envelope.source,
        envelope.occurred_at,
        from_ms(clock_ms),
        orjson.dumps([(name, value.decode("utf-8", "replace")) for name, value in record.headers]),
        record.value,
    )


def projection(*, schema: str = SCHEMA, version: int = VERSION, announce: object = None) -> Projection:  # noqa: ARG001
    """The read model, declared. It is internal: nobody is told (`announce`) of what it stored."""
    projector = Projector(schema)
    return Projection(
        name=SCHEMA,
        reads=topics.EVENTS,
        apply=projector.apply,
        opens=False,
        breath_ms=LONG_BREATH_MS,
        version=version,
        schema=schema,
    )
