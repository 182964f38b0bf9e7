"""Identifiers that nobody is to become a lead by again, and why a submission was rejected."""

from alembic import op

revision = "identity_0003"
down_revision = "identity_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # True: also beside an address that is not blocked. Such a row is nobody's (lead is null).
    op.execute("alter table identity.claims add column blocked_alone boolean")
    op.execute("alter table identity.submissions add column reason text")


def downgrade() -> None:
    op.execute("delete from identity.claims where blocked_alone is not null")
    op.execute("alter table identity.claims drop column blocked_alone")
    op.execute("alter table identity.submissions drop column reason")
