"""Claims, deliveries and submissions."""

from alembic import op

from infra.postgres import runtime_tables

revision = "identity_0001"
down_revision = None
branch_labels = ("identity",)
depends_on = None


def upgrade() -> None:
    runtime_tables.create(op, "identity")
    op.execute(
        """
        create table identity.claims (
            kind text collate "C" not null,
            hash text collate "C" not null,
            lead text collate "C",
            claimed_at timestamptz not null default now(),
            primary key (kind, hash)
        )
        """
    )
    op.execute("create index claims_lead on identity.claims (lead)")
    op.execute(
        """
        create table identity.suggestions (
            lead text collate "C" not null,
            other text collate "C" not null,
            suggested_at timestamptz not null default now(),
            primary key (lead, other)
        )
        """
    )
    op.execute(
        """
        create table identity.deliveries (
            delivery text collate "C" primary key,
            submission_id text not null,
            lead text,
            seen_at timestamptz not null default now()
        )
        """
    )
    op.execute(
        """
        create table identity.submissions (
            submission_id text collate "C" primary key,
            status text not null,
            lead text collate "C",
            first_submission text,
            source_id text not null,
            partition int not null,
            "offset" bigint not null,
            at timestamptz not null default now()
        )
        """
    )
    op.execute("create index submissions_lead on identity.submissions (lead)")


def downgrade() -> None:
    runtime_tables.drop(op, "identity")
