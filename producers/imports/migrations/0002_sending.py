"""How far rows may have been published, so that none is unknown to an undo."""

from alembic import op

revision = "imports_0002"
down_revision = "imports_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table imports.imports add column sending bigint not null default 0")
    op.execute("update imports.imports set sending = rows_read")


def downgrade() -> None:
    op.execute("alter table imports.imports drop column sending")
