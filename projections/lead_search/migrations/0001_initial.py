"""lead_search: one document a lead, and which of them OpenSearch has not seen."""

from alembic import op

from infra.postgres import runtime_tables
from projections.lead_search.model import SCHEMA, statements

revision = "lead_search_0001"
down_revision = None
branch_labels = ("lead_search",)
depends_on = None


def upgrade() -> None:
    for statement in statements(SCHEMA):
        op.execute(statement)


def downgrade() -> None:
    runtime_tables.drop(op, SCHEMA)
