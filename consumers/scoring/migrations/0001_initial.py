"""Tables of the runtime for scoring."""

from alembic import op

from infra.postgres import runtime_tables

revision = "scoring_0001"
down_revision = None
branch_labels = ("scoring",)
depends_on = None


def upgrade() -> None:
    runtime_tables.create(op, "scoring")


def downgrade() -> None:
    runtime_tables.drop(op, "scoring")
