"""Imports, their rows and what was wrong with some."""

from alembic import op

revision = "imports_0001"
down_revision = None
branch_labels = ("imports",)
depends_on = None

TABLES = (
    """
    create table imports.imports (
        id text collate "C" primary key,
        name text not null,
        size bigint not null,
        state text not null default 'waiting',
        problem text,
        quiet boolean not null default true,
        encoding text,
        delimiter text,
        header text[] not null default '{}',
        mapping jsonb not null default '{}',
        sealed boolean not null default false,
        cleaned boolean not null default false,
        "offset" bigint not null default 0,
        rows_read bigint not null default 0,
        errors bigint not null default 0,
        published bigint not null default 0,
        accepted bigint not null default 0,
        duplicates bigint not null default 0,
        rejected bigint not null default 0,
        erased bigint not null default 0,
        kept_existing bigint not null default 0,
        kept_changed bigint not null default 0,
        lease uuid,
        lease_until timestamptz,
        created_by text collate "C" not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    )
    """,
    "create index imports_created on imports.imports (created_at desc, id desc)",
    """
    create table imports.rows (
        import text collate "C" not null references imports.imports (id) on delete cascade,
        row bigint not null,
        submission_id text collate "C" not null,
        verdict text,
        lead text collate "C",
        undone text,
        primary key (import, row)
    )
    """,
    "create index rows_unsettled on imports.rows (import) where verdict is null",
    "create index rows_lead on imports.rows (lead)",
    """
    create table imports.errors (
        import text collate "C" not null references imports.imports (id) on delete cascade,
        row bigint not null,
        field text not null,
        reason text not null,
        primary key (import, row, field)
    )
    """,
)


def upgrade() -> None:
    op.execute("create schema if not exists imports")
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop schema imports cascade")
