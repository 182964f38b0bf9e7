"""When a task was added, and tasks in the order in which they are due."""

from alembic import op

revision = "lead_list_0003"
down_revision = "lead_list_0002"
branch_labels = None
depends_on = None

DUE = "coalesce(due_at, 'infinity'::timestamptz)"


def upgrade() -> None:
    # Over an empty database, 0001 has made the tables as they are meant to be now.
    op.execute("alter table lead_list.tasks add column if not exists added_at timestamptz, alter column title drop not null")
    op.execute(f"create index if not exists tasks_due on lead_list.tasks (({DUE}), lead, id)")
    op.execute(f"create index if not exists tasks_owner on lead_list.tasks (owner, ({DUE}), lead, id)")


def downgrade() -> None:
    op.execute("drop index if exists lead_list.tasks_due, lead_list.tasks_owner")
    op.execute("alter table lead_list.tasks drop column if exists added_at")
