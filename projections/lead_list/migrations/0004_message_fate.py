"""What became of a message, by its provider: when it was first delivered, opened, clicked, bounced, replied to."""

from alembic import op

revision = "lead_list_0004"
down_revision = "lead_list_0003"
branch_labels = None
depends_on = None

COLUMNS = ("delivered_at", "opened_at", "clicked_at", "bounced_at", "replied_at")


def upgrade() -> None:
    # Over an empty database, 0001 has made the tables as they are meant to be now.
    op.execute(f"alter table lead_list.messages {', '.join(f'add column if not exists {name} timestamptz' for name in COLUMNS)}")


def downgrade() -> None:
    op.execute(f"alter table lead_list.messages {', '.join(f'drop column if exists {name}' for name in COLUMNS)}")
