"""Versions of documents, and which partitions still lack one."""

from alembic import op

revision = "documents_0001"
down_revision = None
branch_labels = ("documents",)
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists documents")
    op.execute(
        """
        create table documents.versions (
            kind text collate "C" not null,
            name text collate "C" not null,
            version int not null,
            body jsonb not null,
            state text not null default 'published',
            actor text not null,
            published_at timestamptz not null default now(),
            pending int[] not null,
            primary key (kind, name, version)
        )
        """
    )
    op.execute("create index versions_pending on documents.versions (kind, name, version) where pending <> '{}'")


def downgrade() -> None:
    op.execute("drop schema if exists documents cascade")
