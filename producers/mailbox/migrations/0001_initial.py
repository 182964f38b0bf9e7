"""How far a mailbox was read."""

from alembic import op

revision = "mailbox_0001"
down_revision = None
branch_labels = ("mailbox",)
depends_on = None

TABLE = """
    create table mailbox.positions (
        mailbox text collate "C" primary key,
        uid_validity bigint,
        uid bigint,
        told_at timestamptz,
        looked_at timestamptz not null default now(),
        problem text
    )
"""


def upgrade() -> None:
    op.execute("create schema if not exists mailbox")
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop schema mailbox cascade")
