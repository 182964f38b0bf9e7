"""What waits for the confirmation of the address's owner."""

from alembic import op

revision = "lead_list_0006"
down_revision = "lead_list_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Over an empty database, 0001 has made the tables as they are meant to be now.
    op.execute("alter table lead_list.leads add column if not exists unconfirmed jsonb not null default '[]'::jsonb")


def downgrade() -> None:
    op.execute("alter table lead_list.leads drop column if exists unconfirmed")
