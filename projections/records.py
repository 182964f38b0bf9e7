"""Facts about one lead, read back from history and opened: behind timeline, receipts and `as_of`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
from pydantic import ValidationError

from infra.crypto.codec import open_person
from infra.crypto.keyring import Keyring
from infra.crypto.seal import Key, WrongKey
from infra.kafka.batch import decode
from projections.lead import Lead, fold
from schemas.message import Frozen, Message

PAGE: Final = 500
FACTS_MAX: Final = 100_000
"""Facts of one lead that are folded for one question: beyond any life of a lead, and still bounded."""

_COLUMNS: Final = 'partition, "offset", event_id, event_type, cause_offset, origin, source, occurred_at, recorded_at, value'

OF_LEAD: Final = f"""
    select {_COLUMNS} from history.records
    where lead = $1 and "offset" > $2 and ($3::timestamptz is null or recorded_at <= $3)
    order by "offset" limit $4
"""
NEWEST_OF_LEAD: Final = f"""
    select {_COLUMNS} from history.records
    where lead = $1 and "offset" < $2 and ($3::text[] is null or event_type = any($3))
    order by "offset" desc limit $4
"""


@dataclass(frozen=True, slots=True)
class StoredFact:
    """One record of the log. `body` None: a type that we don't know, or can't read; `person` None: none, or erased."""

    partition: int
    offset: int
    event_id: str
    event_type: str
    cause_offset: int | None
    origin: str | None
    source: str
    occurred_at: datetime
    recorded_at: datetime
    body: Message | None
    person: Frozen | None


async def facts(pool: asyncpg.Pool, keyring: Keyring, lead: str, until: datetime | None = None) -> AsyncIterator[StoredFact]:
    """Facts in order, recorded at or before `until`; at most FACTS_MAX."""
    after = -1
    for _ in range(FACTS_MAX // PAGE):
        rows = await pool.fetch(OF_LEAD, lead, after, until, PAGE)
        for fact in await _opened(keyring, rows):
            yield fact
        if len(rows) < PAGE:
            return
        after = rows[-1]["offset"]


async def newest(
    pool: asyncpg.Pool, keyring: Keyring, lead: str, *, before: int, limit: int, types: Sequence[str] | None = None
) -> list[StoredFact]:
    """The last `limit` facts at offsets below `before`, newest first; only of `types` if any are named."""
    rows = await pool.fetch(NEWEST_OF_LEAD, lead, before, None if types is None else list(types), limit)
    return await _opened(keyring, rows)


async def lead_at(pool: asyncpg.Pool, keyring: Keyring, lead: str, until: datetime) -> Lead | None:
    """The lead as it was at a recorded time, by the very fold that keeps it now. None if there was none yet, or no more."""
    known: Lead | None = None
    async for fact in facts(pool, keyring, lead, until):
        if fact.body is None:
            continue
        if known is None:
            known = Lead(lead, fact.partition)
        fold(known, fact.body, fact.person, fact.occurred_at)
    if known is None or known.erased or known.created_at is None:
        return None
    return known


async def _opened(keyring: Keyring, rows: Sequence[Any]) -> list[StoredFact]:
    bodies = [body_of(row) for row in rows]
    sealed = {by for body in bodies if body is not None and body.personal is not None and (by := body.sealed_by()[0])}
    keys = await keyring.lead_keys(sorted(sealed)) if sealed else {}
    return [
        StoredFact(
            row["partition"],
            row["offset"],
            row["event_id"],
            row["event_type"],
            row["cause_offset"],
            row["origin"],
            row["source"],
            row["occurred_at"],
            row["recorded_at"],
            body,
            _person(keys, body),
        )
        for row, body in zip(rows, bodies, strict=True)
    ]


def body_of(row: Any) -> Message | None:
    """The message of a row with event_type and value; None if we can't read it."""
    try:
        return decode(row["event_type"], row["value"])
    except ValidationError:
        return None


def _person(keys: Mapping[str, Key | None], body: Message | None) -> Frozen | None:
    if body is None or body.personal is None:
        return None
    lead, shape = body.sealed_by()
    key = None if lead is None else keys.get(lead)
    if key is None or lead is None or shape is None:
        return None
    try:
        return open_person(key, body.personal, lead, shape)
    except (WrongKey, ValidationError):
        return None
