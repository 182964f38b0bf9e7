"""Several statements in one round trip.

At a low rate a transaction holds a record or two, and its cost is its round trips: two processes woken for each.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

Statement = tuple[str, Sequence[Any]]
"""SQL and what stands for its `$1`, `$2`, ..."""

_PARAMETER = re.compile(r"\$(\d+)")


def together(statements: Sequence[Statement]) -> tuple[str, list[Any]]:
    """One statement that does the same, and returns what the last of them returns.

    All see the database as it was before (PostgreSQL: data-modifying WITH), so none may read or write a row that another writes.
    """
    sql = _joined(tuple((sql, len(arguments)) for sql, arguments in statements))
    return sql, list(chain.from_iterable(arguments for _, arguments in statements))


@lru_cache(maxsize=1_000)
def _joined(statements: tuple[tuple[str, int], ...]) -> str:
    """Cached, because asyncpg finds a prepared statement by its text."""
    numbered, before = [], 0
    for sql, count in statements:
        numbered.append(_PARAMETER.sub(lambda found, by=before: f"${int(found[1]) + by}", sql))  # type: ignore[misc]
        before += count
    *first, last = numbered
    named = ", ".join(f"together_{number} as ({sql})" for number, sql in enumerate(first))
    return f"with {named} {last}" if first else last
