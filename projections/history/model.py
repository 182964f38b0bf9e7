"""The table of history. It holds what the log holds: personal parts stay sealed in it."""

from typing import Final

import asyncpg
from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text

from projections import ddl

SCHEMA: Final = "history"
VERSION: Final = 1
COLUMNS: Final = (
    "lead",
    "partition",
    "offset",
    "event_id",
    "event_type",
    "cause_offset",
    "origin",
    "source",
    "occurred_at",
    "recorded_at",
    "headers",
    "value",
)


def tables(schema: str) -> MetaData:
    """`lead` is None for markers and ticks; `headers` is a JSON list of [name, value]."""
    metadata = MetaData(schema=schema)
    sorted_text = Text(collation="C")
    Table(
        "records",
        metadata,
        Column("lead", sorted_text),
        Column("partition", Integer, nullable=False, autoincrement=False),
        Column("offset", BigInteger, nullable=False, autoincrement=False),
        Column("event_id", sorted_text, nullable=False),
        Column("event_type", sorted_text, nullable=False),
        Column("cause_offset", BigInteger),
        Column("origin", sorted_text),
        Column("source", sorted_text, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False),
        Column("headers", LargeBinary, nullable=False),
        Column("value", LargeBinary, nullable=False),
        PrimaryKeyConstraint("partition", "offset"),
        Index("records_lead", "lead", "offset"),
        Index("records_event_id", "event_id"),
    )
    return metadata


def statements(schema: str) -> list[str]:
    """What the migration runs."""
    return ddl.statements(schema, tables(schema))


async def create(connection: asyncpg.Connection, schema: str) -> None:
    """What a rebuild runs, for the schema beside."""
    await ddl.create(connection, schema, tables(schema))
