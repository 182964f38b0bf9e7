"""Activity: which came before, and that of visitors whom nobody knows yet. Tables of the runtime for the step that reads it."""

from alembic import op

from infra.postgres import runtime_tables

revision = "identity_0004"
down_revision = "identity_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    runtime_tables.create(op, "identity_activities")
    op.execute(
        """
        create table identity.activities (
            activity_id text collate "C" primary key,
            submission_id text,
            lead text collate "C",
            seen_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index activities_age on identity.activities using brin (seen_at)")
    op.execute(
        """
        create table identity.held_activities (
            activity_id text collate "C" primary key,
            visitor text collate "C" not null,
            "offset" bigint not null,
            body bytea not null,
            held_at timestamptz not null default now()
        )
        """
    )
    op.execute('create index held_activities_visitor on identity.held_activities (visitor, "offset")')
    op.execute("create index held_activities_age on identity.held_activities using brin (held_at)")


def downgrade() -> None:
    op.execute("drop table identity.held_activities")
    op.execute("drop table identity.activities")
    op.execute("delete from identity.claims where kind = 'visitor'")
    runtime_tables.drop(op, "identity_activities")
