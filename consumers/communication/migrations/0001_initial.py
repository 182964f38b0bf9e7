"""Tables of the runtime for communication."""

from alembic import op

from infra.postgres import runtime_tables

revision = "communication_0001"
down_revision = None
branch_labels = ("communication",)
depends_on = None


def upgrade() -> None:
    runtime_tables.create(op, "communication")


def downgrade() -> None:
    runtime_tables.drop(op, "communication")
