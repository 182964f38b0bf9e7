"""history: the records of the log, found by lead."""

from alembic import op

from infra.postgres import runtime_tables
from projections.history.model import SCHEMA, statements

revision = "history_0001"
down_revision = None
branch_labels = ("history",)
depends_on = None


def upgrade() -> None:
    for statement in statements(SCHEMA):
        op.execute(statement)


def downgrade() -> None:
    runtime_tables.drop(op, SCHEMA)
