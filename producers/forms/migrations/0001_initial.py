"""Intake sources."""

from alembic import op

revision = "forms_0001"
down_revision = None
branch_labels = ("forms",)
depends_on = None

TABLE = """
    create table forms.sources (
        id text collate "C" primary key,
        name text not null,
        vendor text not null,
        secret bytea not null,
        signed boolean not null,
        scheme jsonb,
        mapping jsonb not null default '{}',
        open_answers jsonb not null default '[]',
        quiet boolean not null default false,
        created_by text collate "C" not null,
        created_at timestamptz not null default now()
    )
"""


def upgrade() -> None:
    op.execute("create schema if not exists forms")
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop schema forms cascade")
