"""The entries in PostgreSQL. Neither they nor this module know anything personal of leads: objects are ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg

NOBODY: Final = "nobody"
"""The actor of a request that nobody was recognised behind."""
CLI: Final = "cli"
SYSTEM: Final = "system"

Outcome = Literal["done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written down.

    Attributes:
        actor: a user's id, `key:<id>`, or one of NOBODY, CLI, SYSTEM.
        action: what was asked for, such as `create_user`: the name of its operation in the API description.
        object: what it was about, such as `users/<id>`; "" where there is nothing to name.
        status: of the answer over HTTP.
        detail: why it was not done: the last part of the problem's type.
        address: of the machine it came from; kept for a while only.
    """

    actor: str
    action: str
    object: str = ""
    outcome: Outcome = "done"
    status: int | None = None
    detail: str = ""
    request_id: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it stands. `address` None: it was forgotten, or there was none."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    outcome: Outcome
    status: int | None
    detail: str
    request_id: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the entries is wanted; None for whatever."""

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


async def write(pool: asyncpg.Pool | asyncpg.Connection, entry: Entry) -> None:
    """Write it down. Raises asyncpg's errors."""
    await pool.execute(
        """
        with written as (
            insert into audit.entries (actor, action, object, outcome, status, detail, request_id)
            values ($1, $2, $3, $4, $5, $6, $7) returning id
        )
        insert into audit.addresses (entry, address) select id, $8 from written where $8 <> ''
        """,
        entry.actor,
        entry.action,
        entry.object,
        entry.outcome,
        entry.status,
        entry.detail,
        entry.request_id,
        entry.address,
    )


async def page(pool: asyncpg.Pool, filters: Filters, *, before: int | None, limit: int) -> list[Written]:
    """The newest first; `before` is the id of the last one that was seen."""
    arguments: list[Any] = []

    def argument(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    conditions = [
        f"e.{column} = {argument(value)}"
        for column, value in (
            ("actor", filters.actor),
            ("action", filters.action),
            ("object", filters.object),
            ("outcome", filters.outcome),
        )
        if value is not None
    ]
    if filters.since is not None:
        conditions.append(f"e.at >= {argument(filters.since)}")
    if filters.until is not None:
        conditions.append(f"e.at < {argument(filters.until)}")
    if before is not None:
        conditions.append(f"e.id < {argument(before)}")
    where = f"where {' and '.join(conditions)}" if conditions else ""
    rows: Sequence[asyncpg.Record] = await pool.fetch(
        f"""select e.id, e.at, e.actor, e.action, e.object, e.outcome, e.status, e.detail, e.request_id, a.address
            from audit.entries e left join audit.addresses a on a.entry = e.id {where}
            order by e.id desc limit {argument(limit)}""",
        *arguments,
    )
    return [Written(**dict(row)) for row in rows]
