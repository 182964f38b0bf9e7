"""Second factor: one secret a user, sealed by us, and recovery codes."""

from alembic import op

revision = "auth_0003"
down_revision = "auth_0002"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table auth.totp (
        user_id text collate "C" primary key references auth.users on delete cascade,
        secret bytea not null,
        begun_at timestamptz not null default now(),
        confirmed_at timestamptz,
        last_step bigint not null default -1
    )
    """,
    """
    create table auth.recovery_codes (
        user_id text collate "C" not null references auth.users on delete cascade,
        hash bytea not null,
        used_at timestamptz,
        primary key (user_id, hash)
    )
    """,
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)


def downgrade() -> None:
    op.execute("drop table auth.recovery_codes")
    op.execute("drop table auth.totp")
