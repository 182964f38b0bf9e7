"""Which files there are; what they are called is sealed."""

from alembic import op

revision = "files_0001"
down_revision = None
branch_labels = ("files",)
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists files")
    op.execute(
        """
        create table files.files (
            id text collate "C" primary key,
            lead text collate "C" not null,
            described bytea not null,
            size bigint not null,
            stored boolean not null default false,
            created_by text collate "C" not null,
            created_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index files_lead on files.files (lead, created_at)")
    op.execute("create index files_waiting on files.files (created_at) where not stored")


def downgrade() -> None:
    op.execute("drop schema files cascade")
