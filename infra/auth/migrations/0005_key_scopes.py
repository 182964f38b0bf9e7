"""API keys have scopes, an end, and a last use."""

from alembic import op

revision = "auth_0005"
down_revision = "auth_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table auth.api_keys
            add column scopes text[],
            add column expires_at timestamptz,
            add column last_used_at timestamptz
        """
    )


def downgrade() -> None:
    op.execute("alter table auth.api_keys drop column scopes, drop column expires_at, drop column last_used_at")
