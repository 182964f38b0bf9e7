"""Leads by tag."""

from alembic import op

revision = "lead_list_0002"
down_revision = "lead_list_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Over an empty database, 0001 has made the tables as they are meant to be now.
    op.execute("create index if not exists tags_tag on lead_list.tags (tag, lead)")


def downgrade() -> None:
    op.execute("drop index if exists lead_list.tags_tag")
