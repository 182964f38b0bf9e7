"""Leads that go on as others."""

from alembic import op

revision = "identity_0004"
down_revision = "identity_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Claims stay with the lead that made them; `top` is whom they lead to: the end of the chain of survivors.
    op.execute(
        """
        create table identity.merges (
            loser text collate "C" primary key,
            survivor text collate "C" not null,
            top text collate "C" not null,
            merged_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index merges_survivor on identity.merges (survivor)")
    op.execute("create index merges_top on identity.merges (top)")


def downgrade() -> None:
    op.execute("drop table identity.merges")
