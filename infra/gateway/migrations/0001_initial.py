"""Idempotency keys."""

from alembic import op

revision = "gateway_0001"
down_revision = None
branch_labels = ("gateway",)
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists gateway")
    op.execute(
        """
        create table gateway.idempotency (
            id text collate "C" primary key,
            fingerprint bytea not null,
            created_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index idempotency_age on gateway.idempotency (created_at)")


def downgrade() -> None:
    op.execute("drop schema gateway cascade")
