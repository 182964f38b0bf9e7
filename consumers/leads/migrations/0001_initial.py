"""The runtime's tables of `leads`."""

from alembic import op

from infra.postgres import runtime_tables

revision = "leads_0001"
down_revision = None
branch_labels = ("leads",)
depends_on = None


def upgrade() -> None:
    runtime_tables.create(op, "leads")


def downgrade() -> None:
    runtime_tables.drop(op, "leads")
