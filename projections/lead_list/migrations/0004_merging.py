"""Leads that go on as others, and what came from them."""

from alembic import op

revision = "lead_list_0004"
down_revision = "lead_list_0003"
branch_labels = None
depends_on = None

COPIES = ("messages", "tasks", "notes")


def upgrade() -> None:
    # Over an empty database, 0001 has made the tables as they are meant to be now.
    op.execute(
        'alter table lead_list.leads add column if not exists merged_into text collate "C", add column if not exists parts jsonb'
    )
    for table in COPIES:
        op.execute(f'alter table lead_list.{table} add column if not exists origin text collate "C"')


def downgrade() -> None:
    for table in COPIES:
        op.execute(f"delete from lead_list.{table} where origin is not null")
        op.execute(f"alter table lead_list.{table} drop column if exists origin")
    op.execute("alter table lead_list.leads drop column if exists merged_into, drop column if exists parts")
