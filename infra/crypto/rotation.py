"""Wrap every key anew, under the master key in force. What the keys sealed stays as it is, and so do the keys.

It keeps no state of its own: a row under the master key in force is passed over. So it may be stopped anywhere and begun again,
and processes that know both master keys go on meanwhile.
"""

from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from infra.crypto.wrapping import Masters

ROWS_PER_BATCH: Final = 1_000
PASSES_MAX: Final = 10
"""A process that does not know the new master key yet goes on making keys under the old one: they are found in the next pass."""


class StillRotating(Exception):
    """Somebody goes on wrapping keys under the previous master key."""


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of wrapped keys: `id` orders and names its rows, `owner` is whom a key was wrapped for."""

    name: str
    id: str
    type: str
    owner: str

    @property
    def read(self) -> str:
        return f"""select {self.id} as id, {self.owner} as owner, wrapped from crypto.{self.name}
            where wrapped <> '' and ($1::{self.type} is null or {self.id} > $1) order by {self.id} limit {ROWS_PER_BATCH}"""

    @property
    def write(self) -> str:
        """Compare and set: a key that was destroyed meanwhile stays destroyed."""
        return f"""update crypto.{self.name} as k set wrapped = anew.after
            from unnest($1::{self.type}[], $2::bytea[], $3::bytea[]) as anew (id, before, after)
            where k.{self.id} = anew.id and k.wrapped = anew.before"""


TABLES: Final = (
    _Table("named_keys", "name", "text", "name"),
    _Table("intake_keys", "day", "date", "'intake-' || day::text"),
    _Table("lead_keys", "lead", "text", "lead"),
)


async def rotate(pool: asyncpg.Pool, masters: Masters) -> int:
    """Until nothing is left under another master key; returns how many keys were wrapped anew. Raises WrongKey, StillRotating.

    One short transaction a batch.
    """
    total = 0
    for _ in range(PASSES_MAX):
        changed = 0
        for table in TABLES:
            changed += await _pass(pool, masters, table)
        total += changed
        if not changed:
            return total
    raise StillRotating(
        f"{total} keys were wrapped anew, and more are still being made under the previous master key: "
        "start every process with the new one first"
    )


async def _pass(pool: asyncpg.Pool, masters: Masters, table: _Table) -> int:
    changed, after = 0, None
    while rows := await pool.fetch(table.read, after):
        anew: list[tuple[Any, bytes, bytes]] = []
        for row in rows:
            wrapped = masters.wrapped_anew(row["wrapped"], row["owner"])
            if wrapped is not None:
                anew.append((row["id"], row["wrapped"], wrapped))
        if anew:
            done = await pool.execute(table.write, *(list(column) for column in zip(*anew, strict=True)))
            changed += int(done.rpartition(" ")[2])
        after = rows[-1]["id"]
    return changed
