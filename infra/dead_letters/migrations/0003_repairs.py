"""Repairs of many letters at once: what is to be changed (sealed), who asked, and which letters each has in hand."""

from alembic import op

revision = "dead_letters_0003"
down_revision = "dead_letters_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table dead_letters.repairs (
            id uuid primary key,
            actor text collate "C" not null,
            change bytea not null,
            how text not null,
            state text not null default 'running',
            total int not null,
            redriven int not null default 0,
            refused int not null default 0,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index repairs_newest on dead_letters.repairs (created_at desc, id desc)")
    op.execute("create index repairs_running on dead_letters.repairs (updated_at) where state = 'running'")
    op.execute("alter table dead_letters.letters add column repair uuid")
    op.execute("alter table dead_letters.letters add column refused text")
    op.execute(
        "create index letters_in_hand on dead_letters.letters (repair, created_at, id) "
        "where resolved_at is null and refused is null and repair is not null"
    )


def downgrade() -> None:
    op.execute("drop index if exists dead_letters.letters_in_hand")
    op.execute("alter table dead_letters.letters drop column if exists refused")
    op.execute("alter table dead_letters.letters drop column if exists repair")
    op.execute("drop table if exists dead_letters.repairs")
