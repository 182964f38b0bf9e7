"""The runtime's tables in the schema of every consumer and projection: where it is, what it knows, what it must send.

Called by migrations: `runtime_tables.create(op, "scoring")`.
"""

import re
from typing import Final, Protocol


class Operations(Protocol):
    """The part of alembic's `op` that is needed."""

    def execute(self, sqltext: str) -> None:
        """Run one statement."""


TABLES: Final = (
    """
    create table {schema}.watermarks (
        partition int primary key,
        topic_id text not null,
        epoch bigint not null,
        position bigint not null,
        clock_ms bigint not null,
        origins text not null default '{{}}',
        waiting_offset bigint,
        waiting_reason text,
        waiting_since timestamptz,
        paused boolean not null default false,
        skip_offset bigint,
        updated_at timestamptz not null default now()
    ) with (fillfactor = 50)
    """,
    """
    create table {schema}.states (
        key text collate "C" primary key,
        partition int not null,
        body bytea not null
    ) with (fillfactor = 80)
    """,
    """
    create table {schema}.timers (
        partition int not null,
        key text collate "C" not null,
        name text collate "C" not null,
        due_ms bigint not null,
        primary key (key, name)
    )
    """,
    "create index timers_due on {schema}.timers (partition, due_ms, key, name)",
    """
    create table {schema}.outbox (
        id bigint generated always as identity primary key,
        partition int not null,
        topic text collate "C" not null,
        destination int not null,
        records bytea not null
    )
    """,
    "create index outbox_order on {schema}.outbox (partition, id)",
    # Rows live for milliseconds: what is read back is never worth compressing.
    "alter table {schema}.outbox alter column records set storage external",
    """
    create table {schema}.documents (
        partition int not null,
        kind text collate "C" not null,
        name text collate "C" not null,
        version int not null,
        body bytea not null,
        primary key (partition, kind, name)
    )
    """,
    """
    create table {schema}.outcomes (
        command_id text collate "C" not null,
        lead text collate "C" not null,
        status text not null,
        detail text not null,
        version bigint,
        position bigint not null,
        decided_at timestamptz not null default now(),
        primary key (command_id, lead)
    )
    """,
    "create index outcomes_decided_at on {schema}.outcomes (decided_at)",
)


def create(op: Operations, schema: str) -> None:
    """Make the schema and the runtime's tables in it."""
    _checked(schema)
    op.execute(f"create schema if not exists {schema}")
    for statement in TABLES:
        op.execute(statement.format(schema=schema))


def drop(op: Operations, schema: str) -> None:
    """Drop the schema with everything in it: the folder's own tables too."""
    _checked(schema)
    op.execute(f"drop schema if exists {schema} cascade")


def _checked(schema: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", schema):
        raise ValueError(f"{schema!r} can't name a PostgreSQL schema: lower-case letters, digits and underscores")
