"""The SQL of the worker, one statement each."""

from typing import Final

SENDING_PAUSED: Final = "sending_paused"
"""Name of the big switch."""

CLAIM: Final = f"""
with due as (
    select id from effects.effects
    where state = 'planned' and due_at <= now() and kind = any($1::text[])
        and not exists (select from effects.switches where name = '{SENDING_PAUSED}' and "on")
    order by due_at limit $2
    for update skip locked
)
update effects.effects as e
set state = 'claimed', claim = $4::uuid, lease_until = now() + make_interval(secs => $3::float8), attempts = attempts + 1,
    updated_at = now()
from due where e.id = due.id
returning e.id, e.kind, e.lead, e.recipient, e.reason, e.cause, e.payload, e.attempts
"""

_MESSAGE: Final = "coalesce(payload ->> 'message_id', id::text)"

LOOK: Final = f"""
select exists (select from effects.switches where name = '{SENDING_PAUSED}' and "on") as paused,
    exists (select from effects.recorded as r where r.message_id = {_MESSAGE}) as recorded,
    exists (select from effects.suppressions where recipient = any($3::text[])) as suppressed
from effects.effects where id = $1 and claim = $2 and state = 'claimed'
"""
LOOK_AND_LOCK: Final = f"{LOOK} for update"

SETTLE_AS_RECORDED: Final = f"""
update effects.effects
set state = r.state, reported = r.state, detail = 'the log says so', lease_until = null, updated_at = now()
from effects.recorded as r
where r.message_id = {_MESSAGE} and id = $1 and claim = $2 and effects.state = 'claimed'
"""
"""It was reported before, so nobody is to be told."""

LAST_REPORT: Final = """
select coalesce(extract(epoch from max(updated_at)) * 1000, 0)::bigint from effects.effects where reported is not null
"""
"""When an effect last came to its end, in ms; 0 where none did."""

LEARN: Final = """
insert into effects.recorded (message_id, state) select * from unnest($1::text[], $2::text[])
on conflict (message_id) do update set state = excluded.state
"""

BEGIN: Final = """
update effects.effects
set state = 'handing_over', message_id = $2, lease_until = now() + make_interval(secs => $3::float8), updated_at = now()
where id = $1
"""

SETTLE: Final = """
update effects.effects
set state = $3, detail = $4, lease_until = null, updated_at = now()
where id = $1 and claim = $2 and state in ('claimed', 'handing_over', 'unknown')
returning true
"""
"""An effect called unknown may still be settled by the worker that learns the outcome late."""

RELEASE: Final = """
update effects.effects
set state = 'planned', claim = null, lease_until = null, due_at = now() + make_interval(secs => $3::float8), detail = $4,
    attempts = attempts - $5::int, updated_at = now()
where id = $1 and claim = $2 and state in ('claimed', 'handing_over')
returning true
"""

RETURN_EXPIRED: Final = """
update effects.effects set state = 'planned', claim = null, lease_until = null, updated_at = now()
where state = 'claimed' and lease_until < now()
returning id
"""

STRANDED: Final = """
select id, claim, kind, message_id from effects.effects
where state = 'handing_over' and lease_until < now() and kind = any($1::text[])
order by lease_until limit $2
"""

UNREPORTED: Final = f"""
select id, lead, {_MESSAGE} as message_id, state, detail from effects.effects
where state in ('done', 'failed', 'unknown', 'suppressed') and reported is distinct from state
order by updated_at limit $1
"""

REPORTED: Final = """
update effects.effects as e set reported = told.state
from unnest($1::uuid[], $2::text[]) as told (id, state)
where e.id = told.id and e.state = told.state
"""
