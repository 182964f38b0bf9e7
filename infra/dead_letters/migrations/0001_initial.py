"""Dead letters of all consumers."""

from alembic import op

revision = "dead_letters_0001"
down_revision = None
branch_labels = ("dead_letters",)
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists dead_letters")
    op.execute(
        """
        create table dead_letters.letters (
            id uuid primary key,
            consumer text not null,
            topic text not null,
            partition int not null,
            "offset" bigint not null,
            lead text collate "C",
            event_type text,
            identity_hash text collate "C",
            reason text not null,
            kind text not null,
            attempts int not null,
            record bytea not null,
            created_at timestamptz not null default now(),
            resolved_at timestamptz,
            resolution text
        )
        """
    )
    op.execute("alter table dead_letters.letters alter column record set storage external")
    op.execute("create index letters_newest on dead_letters.letters (created_at desc, id desc)")
    op.execute("create index letters_lead on dead_letters.letters (lead) where lead is not null")
    op.execute("create index letters_identity on dead_letters.letters (identity_hash) where identity_hash is not null")


def downgrade() -> None:
    op.execute("drop schema if exists dead_letters cascade")
