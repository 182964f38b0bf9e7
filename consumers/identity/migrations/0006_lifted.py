"""Whose wish a block was, and blocks that were lifted."""

from alembic import op

revision = "identity_0006"
down_revision = "identity_0005"
branch_labels = None
depends_on = None

# In one statement, since history may be made after this.
WHOSE = """
    do $$ begin
        if to_regclass('history.records') is not null then
            update identity.claims c set blocked_by = said.lead
            from (
                select r.lead, one ->> 'kind' as kind, one ->> 'hash' as hash
                from history.records r, jsonb_array_elements(convert_from(r.value, 'UTF8')::jsonb -> 'blocked') as one
                where r.event_type = 'lead.erased.v1'
            ) said
            where c.kind = said.kind and c.hash = said.hash and c.blocked_alone is not null and c.blocked_by is null;
        end if;
    end $$
"""


def upgrade() -> None:
    # `blocked_ms` is null for what was blocked here; where the log told it, requests that are older are about something else.
    op.execute('alter table identity.claims add column blocked_by text collate "C", add column blocked_ms bigint')
    op.execute("create index claims_blocked_by on identity.claims (blocked_by) where blocked_by is not null")
    op.execute(
        """
        create table identity.lifted (
            lead text collate "C" not null,
            kind text collate "C" not null,
            hash text collate "C" not null,
            alone boolean not null,
            command_id text collate "C" not null,
            until_ms bigint,
            primary key (lead, kind, hash)
        )
        """
    )
    op.execute("create index lifted_command on identity.lifted (command_id)")
    # Whose wish the blocks of before were stands in the facts of their erasures.
    op.execute(WHOSE)


def downgrade() -> None:
    op.execute("drop table identity.lifted")
    op.execute("alter table identity.claims drop column blocked_by, drop column blocked_ms")
