"""lead_list: leads and everything that hangs on them."""

from alembic import op

from infra.postgres import runtime_tables
from projections.lead_list.model import SCHEMA, statements

revision = "lead_list_0001"
down_revision = None
branch_labels = ("lead_list",)
depends_on = None


def upgrade() -> None:
    for statement in statements(SCHEMA):
        op.execute(statement)


def downgrade() -> None:
    runtime_tables.drop(op, SCHEMA)
