"""Leads of an owner are counted from an index alone."""

from alembic import op

revision = "lead_list_0007"
down_revision = "lead_list_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop index if exists lead_list.leads_owner")
    op.execute(
        "create index leads_owner on lead_list.leads (owner, created_at, id) "
        "include (status, grade, vendor) where merged_into is null"
    )


def downgrade() -> None:
    op.execute("drop index if exists lead_list.leads_owner")
    op.execute("create index leads_owner on lead_list.leads (owner, created_at, id)")
