"""All teams become one state: shares and waiting requests stay as they are, and levels meet at the next look.

The way back forgets what everybody holds.
"""

from alembic import op

revision = "routing_0002"
down_revision = "routing_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        with teams as (delete from routing_pools.states returning key, convert_from(body, 'UTF8')::jsonb as body)
        insert into routing_pools.states (key, partition, body)
        select 'pools', 0, convert_to(jsonb_build_object('teams', jsonb_object_agg(key, body))::text, 'UTF8')
        from teams having count(*) > 0
        """
    )


def downgrade() -> None:
    op.execute("delete from routing_pools.timers")
    op.execute(
        """
        with pools as (delete from routing_pools.states returning convert_from(body, 'UTF8')::jsonb->'teams' as teams)
        insert into routing_pools.states (key, partition, body)
        select key, 0, convert_to(value::text, 'UTF8') from pools, jsonb_each(teams)
        """
    )
