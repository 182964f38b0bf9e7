"""The statements that make a read model in a schema of any name: its own, or the one of a rebuild beside it."""

from typing import Final

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from infra.postgres import runtime_tables

DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects carry no annotations


class _Collected:
    """Stands where alembic's `op` would, and keeps what it is told."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, sqltext: str) -> None:
        """Remember one statement."""
        self.statements.append(sqltext)


def statements(schema: str, tables: MetaData) -> list[str]:
    """Everything from the schema to the last index, in order: the runtime's tables first."""
    collected = _Collected()
    runtime_tables.create(collected, schema)
    for table in tables.sorted_tables:
        collected.execute(str(CreateTable(table).compile(dialect=DIALECT)))
        for index in sorted(table.indexes, key=lambda made: str(made.name)):
            collected.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
    return collected.statements


async def create(connection: asyncpg.Connection, schema: str, tables: MetaData) -> None:
    """Make all of it. Raises asyncpg.DuplicateTableError where it exists already."""
    async with connection.transaction():
        for statement in statements(schema, tables):
            await connection.execute(statement)
