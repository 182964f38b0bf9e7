"""Sources whose consents are confirmed by mail."""

from alembic import op

revision = "forms_0003"
down_revision = "forms_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table forms.sources add column double_opt_in boolean not null default false")


def downgrade() -> None:
    op.execute("alter table forms.sources drop column double_opt_in")
