"""Where a submission came from that died, and the index that groups what is open by its cause."""

from alembic import op

revision = "dead_letters_0002"
down_revision = "dead_letters_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table dead_letters.letters add column source_id text")
    op.execute("create index letters_open on dead_letters.letters (consumer, kind, created_at desc) where resolved_at is null")


def downgrade() -> None:
    op.execute("drop index if exists dead_letters.letters_open")
    op.execute("alter table dead_letters.letters drop column if exists source_id")
