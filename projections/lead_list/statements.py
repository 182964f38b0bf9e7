"""The statements of the projector, for a schema of any name."""

from typing import Final

from projections.lead_list.model import LEAD_TABLES

LEAD_COLUMNS: Final = (
    ("id", "text"),
    ("partition", "int"),
    ("version", "bigint"),
    ("status", "text"),
    ("score", "int"),
    ("grade", "text"),
    ("owner", "text"),
    ("company_id", "text"),
    ("company", "text"),
    ("vendor", "text"),
    ("source_id", "text"),
    ("quiet", "boolean"),
    ("created_at", "timestamptz"),
    ("updated_at", "timestamptz"),
    ("name", "text"),
    ("first_name", "text"),
    ("last_name", "text"),
    ("email", "text"),
    ("phone", "text"),
    ("phone_e164", "text"),
    ("mail_domain", "text"),
    ("free_mail", "boolean"),
    ("campaign", "jsonb"),
    ("custom", "jsonb"),
    ("consent", "boolean"),
    ("unconfirmed", "jsonb"),
    ("merged_into", "text"),
    ("parts", "jsonb"),
)
NAME_COLUMNS: Final = ("lead", "name_key", "surname_key", "email_key", "company_key")

FOLDED_COLUMNS: Final = tuple((name, kind) for name, kind in LEAD_COLUMNS[2:] if name not in ("company_id", "parts"))
"""What a row gives back to the fold as it is; the rest is made from it."""

Column = tuple[str, str, str]
"""Name, type, and what becomes of it on a row that is there: `new` replaces, `known` replaces unless nothing is known, `first`
keeps the earlier one."""

BESIDE: Final[tuple[tuple[str, tuple[str, ...], tuple[Column, ...]], ...]] = (
    ("identifiers", ("kind", "hash"), (("kind", "text", "new"), ("hash", "text", "new"))),
    ("consents", ("purpose",), (("purpose", "text", "new"), ("given", "boolean", "new"), ("at", "timestamptz", "new"))),
    (
        "answers",
        ("key",),
        (("key", "text", "new"), ("question", "text", "new"), ("value", "jsonb", "new"), ("at", "timestamptz", "new")),
    ),
    ("tags", ("tag",), (("tag", "text", "new"), ("at", "timestamptz", "new"))),
    (
        "assignments",
        ("position",),
        (
            ("position", "bigint", "new"),
            ("at", "timestamptz", "new"),
            ("before", "text", "new"),
            ("owner", "text", "new"),
            ("actor", "text", "new"),
            ("reason", "text", "new"),
        ),
    ),
    (
        "messages",
        ("id",),
        (
            ("id", "text", "new"),
            ("template", "text", "known"),
            ("template_version", "int", "known"),
            ('"to"', "text", "known"),
            ("reason", "text", "known"),
            ("planned_at", "timestamptz", "known"),
            ("outcome", "text", "known"),
            ("decided_at", "timestamptz", "known"),
            ("detail", "text", "known"),
            ("delivered_at", "timestamptz", "first"),
            ("opened_at", "timestamptz", "first"),
            ("clicked_at", "timestamptz", "first"),
            ("bounced_at", "timestamptz", "first"),
            ("replied_at", "timestamptz", "first"),
            ("origin", "text", "known"),
        ),
    ),
    (
        "tasks",
        ("id",),
        (
            ("id", "text", "new"),
            ("title", "text", "known"),
            ("due_at", "timestamptz", "known"),
            ("owner", "text", "known"),
            ("added_at", "timestamptz", "known"),
            ("state", "text", "new"),
            ("origin", "text", "known"),
        ),
    ),
    (
        "notes",
        ("id",),
        (
            ("id", "text", "new"),
            ("at", "timestamptz", "new"),
            ("actor", "text", "new"),
            ("text", "text", "new"),
            ("origin", "text", "known"),
        ),
    ),
)


TAKEN_ALONG: Final = ("messages", "tasks", "notes")
"""Tables whose rows go with a lead that is merged into another, as copies that name their `origin`."""

MADE_OF_PARTS: Final = ("identifiers", "consents", "answers")
"""Tables whose rows are made anew where a lead consists of several."""

COLUMNS: Final = {
    "leads": tuple(name for name, _ in LEAD_COLUMNS),
    "names": NAME_COLUMNS,
    **{table: ("lead", *(name.strip('"') for name, _, _ in columns)) for table, _, columns in BESIDE},
}
"""The columns that rows have, by table."""


def statements(schema: str) -> dict[str, str]:
    """Every statement, by what it does."""
    names = [name for name, _ in LEAD_COLUMNS]
    sql = {
        "load": f"select {', '.join(names)} from {schema}.leads where id = any($1::text[])",
        "known": f"select id, version, owner from {schema}.leads where id = any($1::text[])",
        "identifiers of": f"select lead, kind, hash from {schema}.identifiers where lead = any($1::text[])",
        "consents of": f"select lead, purpose, given, at from {schema}.consents where lead = any($1::text[])",
        "answers of": f"select lead, question, value, at from {schema}.answers where lead = any($1::text[])",
        "gone": f"select lead from {schema}.erased where lead = any($1::text[])",
        "leads": f"insert into {schema}.leads ({', '.join(names)}) select * from {_unnest(*(kind for _, kind in LEAD_COLUMNS))} "
        f"on conflict (id) do update set {', '.join(f'{name} = excluded.{name}' for name in names[1:])}",
        "names": f"insert into {schema}.names ({', '.join(NAME_COLUMNS)}) select * from {_unnest(*['text'] * len(NAME_COLUMNS))} "
        f"on conflict (lead) do update set {', '.join(f'{name} = excluded.{name}' for name in NAME_COLUMNS[1:])}",
        "narrow": f"""
            update {schema}.leads l set
                version = greatest(l.version, c.version), updated_at = greatest(l.updated_at, c.updated_at),
                status = coalesce(c.status, l.status), score = coalesce(c.score, l.score), grade = coalesce(c.grade, l.grade),
                owner = case when c.assigned then c.owner else l.owner end
            from (
                select u.*, o.status as old_status, o.grade as old_grade, o.owner as old_owner
                from {_unnest("text", "bigint", "timestamptz", "text", "int", "text", "boolean", "text")}
                    as u(id, version, updated_at, status, score, grade, assigned, owner)
                join {schema}.leads o on o.id = u.id
            ) c where l.id = c.id
            returning l.id, l.version, l.status, c.old_status, l.grade, c.old_grade, l.owner, c.old_owner, l.merged_into""",
        # Only rows that change are locked: partitions that name the same companies don't wait for each other.
        "companies": f"""
            insert into {schema}.companies (id, name, domain, created_at)
            select u.* from {_unnest("text", "text", "text", "timestamptz")} as u(id, name, domain, created_at)
            left join {schema}.companies c on c.id = u.id
            where c.id is null or u.name collate "C" < c.name or u.created_at < c.created_at
                or u.domain is not null and (c.domain is null or u.domain < c.domain)
            order by u.id
            on conflict (id) do update set name = least(companies.name collate "C", excluded.name),
                domain = least(companies.domain, excluded.domain),
                created_at = least(companies.created_at, excluded.created_at)""",
        "drop": f"delete from {schema}.leads where id = any($1::text[]) "
        "returning partition, status, grade, vendor, owner, created_at, merged_into",
        "erased": f"insert into {schema}.erased (lead, at) select * from {_unnest('text', 'timestamptz')} on conflict do nothing",
        "untag": f"delete from {schema}.tags t using {_unnest('text', 'text')} as u(lead, tag) "
        "where t.lead = u.lead and t.tag = u.tag",
        "counters": f"insert into {schema}.counters (partition, dimension, value, n) "
        "select * from unnest($1::int[], $2::text[], $3::text[], $4::bigint[]) "
        "on conflict (partition, dimension, value) do update set n = counters.n + excluded.n",
        "counted down": f"delete from {schema}.counters where partition = any($1::int[]) and n = 0",
    }
    sql |= {
        f"release {table}": f"delete from {schema}.{table} t using {_unnest('text', 'text')} as u(lead, origin) "
        "where t.lead = u.lead and t.origin = u.origin"
        for table in TAKEN_ALONG
    }
    sql |= {f"drop {table}": f"delete from {schema}.{table} where lead = any($1::text[])" for table in LEAD_TABLES}
    for table, key, columns in BESIDE:
        sql[table] = _beside(schema, table, key, columns)
    return sql


def _beside(schema: str, table: str, key: tuple[str, ...], columns: tuple[Column, ...]) -> str:
    """Upsert into a table that hangs on leads."""
    names = [name for name, _, _ in columns]
    how_to = {
        "new": "{name} = excluded.{name}",
        "known": "{name} = coalesce(excluded.{name}, {table}.{name})",
        "first": "{name} = least(excluded.{name}, {table}.{name})",
    }
    updates = [how_to[how].format(name=name, table=table) for name, _, how in columns if name not in key]
    return (
        f"insert into {schema}.{table} (lead, {', '.join(names)}) select * "
        f"from {_unnest('text', *(kind for _, kind, _ in columns))} "
        f"on conflict (lead, {', '.join(key)}) do " + (f"update set {', '.join(updates)}" if updates else "nothing")
    )


def _unnest(*kinds: str) -> str:
    return f"unnest({', '.join(f'${n}::{kind}[]' for n, kind in enumerate(kinds, 1))})"
