"""The runtime's tables of `leads.merging`."""

from alembic import op

from infra.postgres import runtime_tables

revision = "leads_0002"
down_revision = "leads_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    runtime_tables.create(op, "leads_merging")


def downgrade() -> None:
    runtime_tables.drop(op, "leads_merging")
