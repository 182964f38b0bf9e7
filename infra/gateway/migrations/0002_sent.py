"""What senders who may not read leads have sent, so that they may follow it."""

from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table gateway.sent (
            id text collate "C" primary key,
            actor text collate "C" not null,
            sent_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index sent_age on gateway.sent (sent_at)")


def downgrade() -> None:
    op.execute("drop table gateway.sent")
