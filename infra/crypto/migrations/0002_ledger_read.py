"""How far the erasure ledger was compared with the log; a restored backup brings back how far it was then."""

from alembic import op

revision = "crypto_0002"
down_revision = "crypto_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table crypto.ledger_read (
            partition int primary key,
            topic_id text not null,
            position bigint not null
        )
        """
    )


def downgrade() -> None:
    op.execute("drop table if exists crypto.ledger_read")
