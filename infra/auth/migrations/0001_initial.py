"""Users, refresh tokens in families, API keys."""

from alembic import op

revision = "auth_0001"
down_revision = None
branch_labels = ("auth",)
depends_on = None

TABLES = (
    """
    create table auth.users (
        id text collate "C" primary key,
        email text collate "C" not null unique check (email = lower(email)),
        name text not null,
        role text not null,
        person text collate "C",
        password_hash text not null,
        disabled boolean not null default false,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    )
    """,
    """
    create table auth.families (
        id text collate "C" primary key,
        user_id text collate "C" not null references auth.users on delete cascade,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        revoked_at timestamptz,
        reason text
    )
    """,
    "create index families_user on auth.families (user_id)",
    "create index families_expiry on auth.families (expires_at)",
    """
    create table auth.refresh_tokens (
        hash bytea primary key,
        family text collate "C" not null references auth.families on delete cascade,
        issued_at timestamptz not null default now(),
        used_at timestamptz
    )
    """,
    "create index refresh_tokens_family on auth.refresh_tokens (family)",
    """
    create table auth.api_keys (
        id text collate "C" primary key,
        hash bytea not null unique,
        name text not null,
        role text not null,
        created_by text collate "C" not null,
        created_at timestamptz not null default now(),
        revoked_at timestamptz
    )
    """,
)


def upgrade() -> None:
    op.execute("create schema if not exists auth")
    for table in TABLES:
        op.execute(table)


def downgrade() -> None:
    op.execute("drop schema auth cascade")
