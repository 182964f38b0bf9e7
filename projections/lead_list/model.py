"""The tables of lead_list: a normalised schema that dashboards and analysts can read as it is.

`origin` names the merged lead that a row came from.

There are no foreign keys: every row is written by the projector, which drops a lead's rows everywhere when it is erased.
"""

from typing import Any, Final

import asyncpg
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from projections import ddl

SCHEMA: Final = "lead_list"
VERSION: Final = 1
SCORE_UNKNOWN: Final = -2_147_483_648
"""Stands for "not scored yet" where leads are sorted by score."""

DUE: Final = "coalesce(due_at, 'infinity'::timestamptz)"
"""What is due some time comes after all that has its time."""

ROOM_FOR_UPDATES: Final = {"fillfactor": 80}
"""Space on each page for the next version of a row: then an update that moves nothing in an index touches none."""

LEAD_TABLES: Final = (
    "names",
    "identifiers",
    "consents",
    "answers",
    "tags",
    "assignments",
    "messages",
    "tasks",
    "meetings",
    "notes",
)
"""Tables whose rows belong to one lead, by a column `lead`."""


def _text() -> Text:
    return Text(collation="C")


def _time(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _of_lead(name: str, metadata: MetaData, *rest: Any, room: dict[str, int] | None = None) -> None:
    """A table of rows that belong to a lead."""
    Table(name, metadata, Column("lead", _text(), nullable=False), *rest, postgresql_with=room or {})


def tables(schema: str) -> MetaData:
    """All of them, in `schema`."""
    metadata = MetaData(schema=schema)
    _leads(metadata)
    _of_lead(
        "identifiers", metadata, Column("kind", _text()), Column("hash", _text()), PrimaryKeyConstraint("lead", "kind", "hash")
    )
    _of_lead(
        "consents",
        metadata,
        Column("purpose", _text()),
        Column("given", Boolean, nullable=False),
        _time("at"),
        PrimaryKeyConstraint("lead", "purpose"),
    )
    _of_lead(
        "answers",
        metadata,
        # What people ask can be longer than an index takes; the key is the question, or its beginning and a digest.
        Column("key", _text()),
        Column("question", Text, nullable=False),
        Column("value", JSONB, nullable=False),
        _time("at"),
        PrimaryKeyConstraint("lead", "key"),
    )
    _of_lead(
        "tags",
        metadata,
        Column("tag", _text()),
        _time("at"),
        PrimaryKeyConstraint("lead", "tag"),
        Index("tags_tag", "tag", "lead"),
    )
    _of_lead(
        "assignments",
        metadata,
        Column("position", BigInteger, autoincrement=False),
        _time("at"),
        Column("before", _text()),
        Column("owner", _text()),
        Column("actor", _text(), nullable=False),
        Column("reason", Text, nullable=False),
        PrimaryKeyConstraint("lead", "position"),
    )
    _of_lead(
        "messages",
        metadata,
        Column("id", _text()),
        Column("template", _text()),
        Column("template_version", Integer),
        Column("to", _text()),
        Column("reason", _text()),
        _time("planned_at", nullable=True),
        Column("outcome", _text()),
        _time("decided_at", nullable=True),
        Column("detail", Text),
        *(_time(f"{what}_at", nullable=True) for what in ("delivered", "opened", "clicked", "bounced", "replied")),
        Column("origin", _text()),
        PrimaryKeyConstraint("lead", "id"),
        room=ROOM_FOR_UPDATES,
    )
    _of_lead(
        "tasks",
        metadata,
        Column("id", _text()),
        Column("title", Text),
        _time("due_at", nullable=True),
        Column("owner", _text()),
        Column("state", _text(), nullable=False),
        _time("added_at", nullable=True),
        Column("origin", _text()),
        PrimaryKeyConstraint("lead", "id"),
        Index("tasks_due", text(DUE), "lead", "id"),
        Index("tasks_owner", "owner", text(DUE), "lead", "id"),
    )
    _of_lead(
        "meetings",
        metadata,
        Column("id", _text()),
        Column("title", Text, nullable=False),
        _time("starts_at", nullable=True),
        Column("owner", _text()),
        Column("state", _text(), nullable=False),
        PrimaryKeyConstraint("lead", "id"),
    )
    _of_lead(
        "notes",
        metadata,
        Column("id", _text()),
        _time("at"),
        Column("actor", _text(), nullable=False),
        Column("text", Text),
        Column("origin", _text()),
        PrimaryKeyConstraint("lead", "id"),
    )
    _beside(metadata)
    return metadata


def _leads(metadata: MetaData) -> None:
    json = text("'{}'::jsonb")
    Table(
        "leads",
        metadata,
        Column("id", _text(), primary_key=True),
        Column("partition", Integer, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("status", _text(), nullable=False),
        Column("score", Integer),
        Column("grade", _text()),
        Column("owner", _text()),
        Column("company_id", _text()),
        Column("company", Text),
        Column("vendor", _text(), nullable=False),
        Column("source_id", _text(), nullable=False),
        Column("quiet", Boolean, nullable=False),
        _time("created_at"),
        _time("updated_at"),
        Column("name", Text),
        Column("first_name", Text),
        Column("last_name", Text),
        Column("email", Text),
        Column("phone", Text),
        Column("phone_e164", _text()),
        Column("mail_domain", _text()),
        Column("free_mail", Boolean, nullable=False),
        Column("campaign", JSONB, nullable=False, server_default=json),
        Column("custom", JSONB, nullable=False, server_default=json),
        Column("consent", Boolean),
        Column("unconfirmed", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
        # Of a lead that was merged into another: which; nobody is shown it then.
        Column("merged_into", _text()),
        # Of a lead that others were merged into: what is its own, and what is theirs (projections/parts.py).
        Column("parts", JSONB),
        Index("leads_created_at", "created_at", "id"),
        Index("leads_score", text(f"coalesce(score, {SCORE_UNKNOWN})"), "id"),
        # What is beside the key is what leads are counted by: those of an owner are counted from the index alone.
        Index(
            "leads_owner",
            "owner",
            "created_at",
            "id",
            postgresql_include=["status", "grade", "vendor"],
            postgresql_where=text("merged_into is null"),
        ),
        # Most leads are new, and walking them all in order finds some at once; the others are few.
        Index("leads_status", "status", "created_at", "id", postgresql_where=text("status <> 'new'")),
        postgresql_with=ROOM_FOR_UPDATES,
    )
    # Apart from `leads`, because scores and owners change often, and every index of a row that moves is written again.
    Table(
        "names",
        metadata,
        Column("lead", _text(), primary_key=True),
        # In folded case, for sorting and for finding what somebody begins to type; "C" order lets a range find a prefix.
        Column("name_key", _text(), nullable=False),
        Column("surname_key", _text()),
        Column("email_key", _text()),
        Column("company_key", _text()),
        Index("names_name_key", "name_key", "lead"),
        Index("names_surname_key", "surname_key"),
        Index("names_email_key", "email_key"),
        Index("names_company_key", "company_key"),
    )


def _beside(metadata: MetaData) -> None:
    Table(
        "companies",
        metadata,
        Column("id", _text(), primary_key=True),
        Column("name", Text, nullable=False),
        Column("domain", _text()),
        _time("created_at"),
    )
    Table("erased", metadata, Column("lead", _text(), primary_key=True), _time("at"))
    # Counted per partition, because partitions commit side by side and would wait for each other on one row.
    Table(
        "counters",
        metadata,
        Column("partition", Integer, autoincrement=False),
        Column("dimension", _text()),
        Column("value", _text()),
        Column("n", BigInteger, nullable=False),
        PrimaryKeyConstraint("partition", "dimension", "value"),
        postgresql_with={"fillfactor": 50},
    )


def statements(schema: str) -> list[str]:
    """What the migration runs."""
    return ddl.statements(schema, tables(schema))


async def create(connection: asyncpg.Connection, schema: str) -> None:
    """What a rebuild runs, for the schema beside."""
    await ddl.create(connection, schema, tables(schema))
