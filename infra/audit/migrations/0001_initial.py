"""Entries that nobody changes, and beside them the addresses they came from, which are forgotten."""

from alembic import op

revision = "audit_0001"
down_revision = None
branch_labels = ("audit",)
depends_on = None

STATEMENTS = (
    """
    create table audit.entries (
        id bigint generated always as identity primary key,
        at timestamptz not null default clock_timestamp(),
        actor text collate "C" not null,
        action text collate "C" not null,
        object text collate "C" not null default '',
        outcome text not null check (outcome in ('done', 'refused', 'failed')),
        status smallint,
        detail text not null default '',
        request_id text collate "C" not null default ''
    )
    """,
    "create index entries_actor on audit.entries (actor, id)",
    "create index entries_action on audit.entries (action, id)",
    "create index entries_object on audit.entries (object, id)",
    "create index entries_at on audit.entries (at)",
    """
    create table audit.addresses (
        entry bigint primary key references audit.entries,
        address text collate "C" not null,
        at timestamptz not null default now()
    )
    """,
    "create index addresses_age on audit.addresses (at)",
    """
    create function audit.refuse() returns trigger language plpgsql as $$
    begin
        raise exception 'audit.entries is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
    end
    $$
    """,
    """
    create trigger append_only before update or delete or truncate on audit.entries
    for each statement execute function audit.refuse()
    """,
)


def upgrade() -> None:
    op.execute("create schema if not exists audit")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop schema audit cascade")
