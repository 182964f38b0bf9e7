"""What was asked of many leads at once."""

from alembic import op

revision = "commands_0001"
down_revision = None
branch_labels = ("commands",)
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists commands")
    op.execute(
        """
        create table commands.bulks (
            id text collate "C" primary key,
            actor text not null,
            leads text[] not null,
            refused jsonb not null,
            created_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index bulks_age on commands.bulks (created_at)")


def downgrade() -> None:
    op.execute("drop schema commands cascade")
