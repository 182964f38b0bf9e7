"""Tokens that let somebody set a new password: hashed, good once, for a while."""

from alembic import op

revision = "auth_0004"
down_revision = "auth_0003"
branch_labels = None
depends_on = None

CHANGES = (
    """
    create table auth.resets (
        hash bytea primary key,
        user_id text collate "C" not null references auth.users on delete cascade,
        made_at timestamptz not null default now(),
        expires_at timestamptz not null,
        used_at timestamptz
    )
    """,
    "create index resets_user on auth.resets (user_id, made_at)",
    "create index resets_expiry on auth.resets (expires_at)",
)


def upgrade() -> None:
    for change in CHANGES:
        op.execute(change)


def downgrade() -> None:
    op.execute("drop table auth.resets")
