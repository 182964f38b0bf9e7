"""The gate's work list, suppressions and switches."""

from alembic import op

revision = "effects_0001"
down_revision = None
branch_labels = ("effects",)
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists effects")
    op.execute(
        """
        create table effects.effects (
            id uuid primary key,
            kind text not null,
            lead text collate "C" not null,
            recipient text collate "C" not null,
            reason text collate "C" not null,
            cause text collate "C" not null,
            payload jsonb not null,
            state text not null default 'planned'
                check (state in ('planned', 'claimed', 'handing_over', 'done', 'failed', 'unknown', 'suppressed')),
            due_at timestamptz not null,
            lease_until timestamptz,
            claim uuid,
            attempts int not null default 0,
            message_id text,
            detail text not null default '',
            reported text,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            unique (recipient, reason, cause)
        ) with (fillfactor = 80)
        """
    )
    op.execute("create index effects_due on effects.effects (due_at) where state = 'planned'")
    op.execute("create index effects_leased on effects.effects (lease_until) where state in ('claimed', 'handing_over')")
    op.execute(
        """
        create index effects_unreported on effects.effects (updated_at)
        where state in ('done', 'failed', 'unknown', 'suppressed') and reported is distinct from state
        """
    )
    op.execute("create index effects_lead on effects.effects (lead)")
    op.execute("create index effects_unknown on effects.effects (updated_at) where state = 'unknown'")
    op.execute(
        """
        create table effects.suppressions (
            recipient text collate "C" primary key,
            reason text not null,
            at timestamptz not null default now()
        )
        """
    )
    op.execute(
        """
        create table effects.switches (
            name text primary key,
            "on" boolean not null,
            actor text not null,
            at timestamptz not null default now()
        )
        """
    )


def downgrade() -> None:
    op.execute("drop schema if exists effects cascade")
