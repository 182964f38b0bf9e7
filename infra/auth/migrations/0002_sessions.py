"""Sessions say where they are: device, address, last use."""

from alembic import op

revision = "auth_0002"
down_revision = "auth_0001"
branch_labels = None
depends_on = None

CHANGES = (
    """
    alter table auth.families
        add column device text not null default '',
        add column address text collate "C" not null default '',
        add column last_used_at timestamptz not null default now()
    """,
    "create index families_revoked on auth.families (revoked_at) where revoked_at is not null",
)


def upgrade() -> None:
    for change in CHANGES:
        op.execute(change)


def downgrade() -> None:
    op.execute("drop index auth.families_revoked")
    op.execute("alter table auth.families drop column device, drop column address, drop column last_used_at")
