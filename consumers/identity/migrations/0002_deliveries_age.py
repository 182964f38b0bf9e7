"""Deliveries by age, for forgetting them."""

from alembic import op

revision = "identity_0002"
down_revision = "identity_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows stand in the order they came in, so that a summary of blocks is enough and costs nothing to keep.
    op.execute("create index deliveries_age on identity.deliveries using brin (seen_at)")


def downgrade() -> None:
    op.execute("drop index identity.deliveries_age")
