"""Sources can be changed, their secrets replaced, and themselves taken away; what was only named is fetched."""

from alembic import op

revision = "forms_0002"
down_revision = "forms_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table forms.sources
            add column old_secret bytea,
            add column old_secret_until timestamptz,
            add column credentials bytea,
            add column allowed_origins jsonb not null default '[]',
            add column form jsonb,
            add column deleted_at timestamptz,
            add column version int not null default 1
        """
    )
    op.execute(
        """
        create table forms.fetches (
            id text collate "C" primary key,
            source_id text collate "C" not null,
            delivery text collate "C" not null,
            object_id text not null,
            kind text not null check (kind in ('lead', 'lead_update')),
            submission_id text not null,
            state text not null default 'waiting' check (state in ('waiting', 'merged', 'done', 'failed')),
            attempts int not null default 0,
            due_at timestamptz not null default now(),
            leased_until timestamptz,
            error text,
            fetched_as text,
            created_at timestamptz not null default now(),
            unique (source_id, delivery)
        )
        """
    )
    op.execute("create index fetches_due on forms.fetches (due_at) where state = 'waiting'")
    op.execute("create index fetches_newest on forms.fetches (source_id, created_at desc)")


def downgrade() -> None:
    op.execute("drop table forms.fetches")
    op.execute(
        """
        alter table forms.sources
            drop column old_secret, drop column old_secret_until, drop column credentials,
            drop column allowed_origins, drop column form, drop column deleted_at, drop column version
        """
    )
