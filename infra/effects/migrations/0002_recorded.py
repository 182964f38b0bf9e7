"""What the log says was done, where the list itself doesn't know."""

from alembic import op

revision = "effects_0002"
down_revision = "effects_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table effects.recorded (
            message_id text collate "C" primary key,
            state text not null check (state in ('done', 'failed', 'unknown', 'suppressed'))
        )
        """
    )


def downgrade() -> None:
    op.execute("drop table effects.recorded")
