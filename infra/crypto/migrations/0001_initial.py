"""Wrapped keys and the erasure ledger."""

from alembic import op

revision = "crypto_0001"
down_revision = None
branch_labels = ("crypto",)
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists crypto")
    op.execute("create table crypto.intake_keys (day date primary key, wrapped bytea, destroyed_at timestamptz)")
    op.execute(
        """
        create table crypto.lead_keys (
            lead text collate "C" primary key,
            wrapped bytea not null,
            created_at timestamptz not null default now()
        )
        """
    )
    op.execute(
        """
        create table crypto.named_keys (
            name text primary key,
            wrapped bytea not null,
            created_at timestamptz not null default now()
        )
        """
    )
    op.execute(
        """
        create table crypto.erasures (
            lead text collate "C" primary key,
            actor text not null,
            reason text not null,
            erased_at timestamptz not null default now(),
            certificate jsonb not null
        )
        """
    )


def downgrade() -> None:
    op.execute("drop schema if exists crypto cascade")
