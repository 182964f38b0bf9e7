"""Tables of the runtime for both folds of routing."""

from alembic import op

from infra.postgres import runtime_tables

revision = "routing_0001"
down_revision = None
branch_labels = ("routing",)
depends_on = None

SCHEMAS = ("routing", "routing_pools")


def upgrade() -> None:
    for schema in SCHEMAS:
        runtime_tables.create(op, schema)


def downgrade() -> None:
    for schema in reversed(SCHEMAS):
        runtime_tables.drop(op, schema)
