"""What is asked of lead_list: one statement each, pages by keyset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import orjson

from infra.auth.roles import User
from projections import paging
from projections.lead import Lead
from projections.lead_list.columns import folded_case
from projections.lead_list.model import SCORE_UNKNOWN
from projections.lead_list.shapes import Overview
from projections.parts import whole

Sort = Literal["-created_at", "created_at", "-score", "score", "name", "-name"]
NOBODY: Final = "none"
"""As a filter by owner: leads that nobody owns."""

_COLUMNS: Final = """l.id, l.version, l.status, l.score, l.grade, l.owner, l.company, l.vendor, l.source_id, l.created_at,
    l.updated_at, l.name, l.first_name, l.last_name, l.email, l.phone, l.campaign, l.custom, l.consent, l.merged_into,
    l.unconfirmed <> '[]' as awaits_confirmation"""
_HANGING: Final = """
    (select jsonb_object_agg(a.question, a.value) from lead_list.answers a where a.lead = l.id) as answers,
    (select jsonb_object_agg(c.purpose, c.given) from lead_list.consents c where c.lead = l.id) as consents,
    (select jsonb_agg(t.tag order by t.tag) from lead_list.tags t where t.lead = l.id) as tags,
    (select jsonb_agg(part -> 0 order by part -> 0) from jsonb_array_elements(l.parts -> 'absorbed') part) as merged"""
_KEYS: Final = {
    "created_at": ("l.created_at", "l.id"),
    "score": (f"coalesce(l.score, {SCORE_UNKNOWN})", "l.id"),
    "name": ("n.name_key", "n.lead"),
}
"""By what an order goes, as an index has it: the key, and the id that tells equals apart."""
_JSON: Final = ("campaign", "custom", "answers", "consents")
_LAST_CHARACTER: Final = "\U0010ffff"

ONE: Final = f"select {_COLUMNS}, {_HANGING} from lead_list.leads l where l.id = $1"
MERGED_INTO: Final = "select merged_into from lead_list.leads where id = $1"
MERGES_MAX: Final = 100
"""No chain is longer: a person has that many leads at most."""
OWNER: Final = "select owner from lead_list.leads where id = $1"
MESSAGES: Final = """
    select id, template, "to", outcome, planned_at, decided_at, detail, delivered_at, opened_at, clicked_at, bounced_at,
        replied_at
    from lead_list.messages where lead = $1
    order by coalesce(planned_at, decided_at) desc, id limit $2
"""
SEEN: Final = "select origins from lead_list.watermarks where partition = $1"
COUNTERS: Final = """
    select dimension, value, sum(n)::bigint as n from lead_list.counters
    where dimension <> 'day' or value = (now() at time zone 'utc')::date::text
    group by dimension, value having sum(n) <> 0
"""
_COUNTED: Final = "status, grade, vendor, (created_at at time zone 'utc')::date = (now() at time zone 'utc')::date as today"
# Two branches, because either is read from an index alone (leads_owner, once vacuumed), and an `or` of both is not.
COUNTED_OF: Final = f"""
    select status, grade, vendor, today, nobodys, count(*) as n from (
        select {_COUNTED}, true as nobodys from lead_list.leads where merged_into is null and owner is null
        union all
        select {_COUNTED}, false from lead_list.leads where merged_into is null and owner = any($1::text[])
    ) seen group by status, grade, vendor, today, nobodys
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which leads; None asks nothing. `source` is a vendor or one of our sources, `q` the beginning of a name, surname, address
    or company.
    """

    q: str | None = None
    status: str | None = None
    owner: str | None = None
    source: str | None = None
    grade: str | None = None
    tag: str | None = None


async def page(
    pool: asyncpg.Pool, user: User, filters: Filters, *, sort: Sort, limit: int, after: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Leads that `user` may see, and the cursor of the next page. Raises Problem 422 for a foreign cursor."""
    sql, arguments = statement(user, filters, sort=sort, limit=limit, after=after)
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        # How rare a name is, an owner has or a status is found decides between walking an order and collecting hits.
        await connection.execute("set local plan_cache_mode = force_custom_plan")
        rows = await connection.fetch(sql, *arguments)
    found = [shaped(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return found, None
    last = rows[limit - 1]
    return found, paging.cursor(sort, _key_of(last, sort), last["id"])


def statement(user: User, filters: Filters, *, sort: Sort, limit: int, after: str | None) -> tuple[str, list[Any]]:
    """The statement of one page and its arguments; it asks for one row more than the page takes."""
    arguments: list[Any] = []

    def argument(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    conditions = _conditions(user, filters, argument)
    descending = sort.startswith("-")
    key, id_key = _KEYS[sort.removeprefix("-")]
    direction = "desc" if descending else "asc"
    if after is not None:
        value, id_ = _place(after, sort)
        conditions.append(f"({key}, {id_key}) {'<' if descending else '>'} ({argument(value)}, {argument(id_)})")
    where = f"where {' and '.join(conditions)}"
    # What hangs on leads is fetched for those of the page alone.
    sql = f"""
        with page as materialized (
            select l.*, n.name_key from lead_list.leads l join lead_list.names n on n.lead = l.id {where}
            order by {key} {direction}, {id_key} {direction} limit {argument(limit + 1)}
        )
        select {_COLUMNS}, l.name_key, {_HANGING} from page l order by {key.replace("n.", "l.")} {direction}, l.id {direction}
    """
    return sql, arguments


def _conditions(user: User, filters: Filters, argument: Any) -> list[str]:
    conditions = ["l.merged_into is null"]
    if not user.sees_all:
        conditions.append(f"(l.owner is null or l.owner = any({argument(sorted(user.persons))}::text[]))")
    if filters.owner == NOBODY:
        conditions.append("l.owner is null")
    elif filters.owner is not None:
        conditions.append(f"l.owner = {argument(filters.owner)}")
    for column, wanted in (("status", filters.status), ("grade", filters.grade)):
        if wanted is not None:
            conditions.append(f"l.{column} = {argument(wanted)}")
    if filters.source is not None:
        source = argument(filters.source)
        conditions.append(f"(l.vendor = {source} or l.source_id = {source})")
    if filters.tag is not None:
        conditions.append(f"exists (select from lead_list.tags t where t.tag = {argument(filters.tag)} and t.lead = l.id)")
    if beginning := folded_case(filters.q):
        low, high = argument(beginning), argument(beginning + _LAST_CHARACTER)
        columns = ("name_key", "surname_key", "email_key", "company_key")
        conditions.append(f"({' or '.join(f'(n.{column} >= {low} and n.{column} < {high})' for column in columns)})")
    return conditions


def _place(after: str, sort: Sort) -> tuple[Any, str]:
    if sort.endswith("created_at"):
        text, id_ = paging.place(after, sort, str, str)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise paging.bad_cursor() from None
        if moment.tzinfo is None:
            raise paging.bad_cursor()
        return moment, id_
    if sort.endswith("score"):
        score, id_ = paging.place(after, sort, int, str)
        if not SCORE_UNKNOWN <= score < -SCORE_UNKNOWN:
            raise paging.bad_cursor()
        return score, id_
    value, id_ = paging.place(after, sort, str, str)
    return value, id_


def _key_of(row: Any, sort: Sort) -> Any:
    if sort.endswith("created_at"):
        return row["created_at"].isoformat()
    if sort.endswith("score"):
        return SCORE_UNKNOWN if row["score"] is None else row["score"]
    return row["name_key"]


async def one(pool: asyncpg.Pool, lead: str) -> dict[str, Any] | None:
    """A lead as it stands."""
    row = await pool.fetchrow(ONE, lead)
    return None if row is None else shaped(row)


async def goes_on_as(pool: asyncpg.Pool, lead: str) -> str:
    """The lead at the end of the chain of those that this one was merged into; itself where it was not."""
    for _ in range(MERGES_MAX):
        into = await pool.fetchval(MERGED_INTO, lead)
        if into is None:
            return lead
        lead = into
    return lead


def shaped(row: Any) -> dict[str, Any]:
    """A row in the shape of the API."""
    found = {name: value for name, value in row.items() if name not in {"name_key", "vendor"}}
    found["source"] = row["vendor"]
    for name in _JSON:
        found[name] = orjson.loads(found[name]) if found[name] is not None else {}
    for name in ("tags", "merged"):
        found[name] = [] if found[name] is None else orjson.loads(found[name])
    return found


def shaped_lead(lead: Lead) -> dict[str, Any]:
    """A folded lead in the shape of the API."""
    names = ("id", "version", "status", "score", "grade", "owner", "company", "source_id", "created_at", "updated_at", "name")
    more = ("first_name", "last_name", "email", "phone", "campaign", "custom", "consent", "answers", "consents", "tags")
    seen = whole(lead)
    found = {name: getattr(seen, name) for name in (*names, *more)}
    merges = {"merged_into": lead.merged_into, "merged": sorted(lead.absorbed)}
    return found | merges | {"source": lead.vendor, "awaits_confirmation": bool(seen.unconfirmed)}


async def owner_of(pool: asyncpg.Pool, lead: str) -> tuple[bool, str | None]:
    """(There is such a lead, its owner)."""
    row = await pool.fetchrow(OWNER, lead)
    return (False, None) if row is None else (True, row["owner"])


async def messages(pool: asyncpg.Pool, lead: str, limit: int) -> Sequence[Any]:
    """Messages of a lead, newest first."""
    found: Sequence[Any] = await pool.fetch(MESSAGES, lead, limit)
    return found


async def has_seen(pool: asyncpg.Pool, partition: int, offset: int) -> bool:
    """Whether the facts that `leads` wrote under the command at (partition, offset), or later ones of its partition, are in here.

    Commands and facts of a lead have the same partition number, as their topics have the same count and the same keys.
    """
    text = await pool.fetchval(SEEN, partition)
    if text is None:
        return False
    origins: dict[str, list[int]] = orjson.loads(text)
    return any(
        origin.startswith("leads.") and origin.endswith(f"/{partition}") and sequence[0] >= offset
        for origin, sequence in origins.items()
    )


async def overview(pool: asyncpg.Pool, user: User) -> Overview:
    """The leads that `user` may see, counted: all by the counters, whose number does not grow, some by an index."""
    return await _counted_of_all(pool) if user.sees_all else await _counted_of(pool, user.persons)


async def _counted_of_all(pool: asyncpg.Pool) -> Overview:
    counted: dict[str, dict[str, int]] = {}
    for row in await pool.fetch(COUNTERS):
        counted.setdefault(row["dimension"], {})[row["value"]] = row["n"]
    return Overview(
        leads_total=counted.get("total", {}).get("", 0),
        leads_today=sum(counted.get("day", {}).values()),
        by_status=counted.get("status", {}),
        by_grade=counted.get("grade", {}),
        by_source=counted.get("source", {}),
        unassigned=counted.get("unassigned", {}).get("", 0),
    )


async def _counted_of(pool: asyncpg.Pool, persons: Iterable[str]) -> Overview:
    """Leads of nobody and of these persons."""
    found = Overview(leads_total=0, leads_today=0, by_status={}, by_grade={}, by_source={}, unassigned=0)
    for row in await pool.fetch(COUNTED_OF, sorted(persons)):
        n = row["n"]
        found.leads_total += n
        found.leads_today += n if row["today"] else 0
        found.unassigned += n if row["nobodys"] else 0
        for counts, value in ((found.by_status, row["status"]), (found.by_grade, row["grade"]), (found.by_source, row["vendor"])):
            if value is not None:
                counts[value] = counts.get(value, 0) + n
    return found
