"""The SQL of the keyring, one statement each."""

from typing import Final

CREATE_INTAKE: Final = "insert into crypto.intake_keys (day, wrapped) values ($1, $2) on conflict (day) do nothing"
INTAKE: Final = "select wrapped from crypto.intake_keys where day = $1"
INTAKE_DAYS: Final = "select day, destroyed_at from crypto.intake_keys where day = any($1::date[]) order by day"
OPEN_INTAKE: Final = "select day from crypto.intake_keys where wrapped is not null order by day"
DESTROY_INTAKE: Final = """
update crypto.intake_keys set wrapped = null, destroyed_at = now()
where day < $1 and wrapped is not null
returning day
"""

CREATE_NAMED: Final = "insert into crypto.named_keys (name, wrapped) values ($1, $2) on conflict (name) do nothing"
NAMED: Final = "select wrapped from crypto.named_keys where name = $1"

CREATE_LEADS: Final = """
insert into crypto.lead_keys (lead, wrapped)
select lead, wrapped from unnest($1::text[], $2::bytea[]) as fresh (lead, wrapped)
where not exists (select from crypto.erasures as gone where gone.lead = fresh.lead)
on conflict (lead) do nothing
returning lead
"""
LEADS_AND_LEDGER: Final = """
select lead, wrapped from crypto.lead_keys where lead = any($1::text[])
union all
select lead, null from crypto.erasures where lead = any($2::text[])
"""
"""Keys first, erasures after: a plain append keeps that order."""

DELETE_LEAD: Final = "delete from crypto.lead_keys where lead = $1 returning wrapped <> ''"
ERASED: Final = "select lead from crypto.erasures where lead = any($1::text[])"
KNOWN: Final = """
select exists (select from crypto.lead_keys where lead = $1) or exists (select from crypto.erasures where lead = $1)
"""
LEDGER: Final = "select actor, erased_at, certificate from crypto.erasures where lead = $1"
ENTER_LEDGER: Final = """
insert into crypto.erasures (lead, actor, reason, certificate) values ($1, $2, $3, $4::jsonb)
on conflict (lead) do nothing
"""
