"""The ledger, the log, every reader's watermark -> GET /v1/leads/{id}/erasure: what was destroyed, and what it still waits for.

Nothing of it tells the person: it counts, and says when.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

import asyncpg
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.crypto.keyring import Erasure
from infra.gateway.problems import Problem
from infra.gateway.services import Used
from projections.access import LeadPath
from projections.history import queries
from schemas.topics import DAY_MS, SUBMISSIONS

router = APIRouter()

LOG: Final = """
    select partition, "offset", recorded_at from history.records where lead = $1 and event_type = 'lead.erased.v1'
    order by "offset" limit 1
"""
LIFTED: Final = """
    select recorded_at from history.records where lead = $1 and event_type = 'block.lifted.v1' order by "offset" limit 1
"""
ACTING: Final = """
    select count(*) from effects.effects where lead = $1 and state in ('planned', 'claimed', 'handing_over')
"""
HAS_INDEX: Final = "select to_regclass('lead_search.dirty') is not null"
UNINDEXED: Final = "select exists (select from lead_search.dirty where lead = $1)"
DAYS_TO_BE_SURE: Final = 2
"""A record may have been sealed on the day before it was recorded, and a day is over only when the next one has come."""


class ErasureStep(BaseModel):
    """One thing that had to go. `at`: when it went, as far as that is written down; `not_before`: the earliest that it can."""

    name: str
    done: bool
    at: datetime | None = None
    count: int | None = None
    detail: str | None = None
    not_before: date | None = None


class Certificate(BaseModel):
    """What became of everything that was kept of a person. `waits_for` names the steps that are not done; empty: `complete`.

    `blocked`: what the person sends is rejected, by their wish; `block_lifted_at`: since when it is no more.
    """

    lead: str
    actor: str
    erased_at: datetime
    blocked: bool
    block_lifted_at: datetime | None = None
    complete: bool
    waits_for: list[str]
    steps: list[ErasureStep]


@router.get("/leads/{id}/erasure")
async def lead_erasure(
    given: Used, lead: LeadPath, _user: Annotated[User, Depends(require(Permission.LEADS_ERASE))]
) -> Certificate:
    """What was destroyed where and when. 404 as long as the lead was not erased."""
    async with given.pool.acquire() as connection:
        found = await given.keyring.erasure(connection, lead)
    if found is None:
        raise Problem(404, "not-found", "Not found", "No such lead was erased.")
    log = await given.pool.fetchrow(LOG, lead)
    readers = [] if log is None else await queries.readers(given.pool, log["partition"])
    steps = [
        *_destroyed(found, await given.pool.fetchval(ACTING, lead)),
        *_read(log, readers, indexed=await _indexed(given.pool, lead)),
        *_intake(found.intake_keys),
    ]
    lifted_at = await given.pool.fetchval(LIFTED, lead)
    waits_for = [step.name for step in steps if not step.done]
    return Certificate(
        lead=lead,
        actor=found.actor,
        erased_at=found.erased_at,
        blocked=bool(found.destroyed.get("blocked")) and lifted_at is None,
        block_lifted_at=lifted_at,
        complete=not waits_for,
        waits_for=waits_for,
        steps=steps,
    )


async def _indexed(pool: asyncpg.Pool, lead: str) -> bool | None:
    """Whether OpenSearch has confirmed all that was to be told of the lead; None where there is no index."""
    if not await pool.fetchval(HAS_INDEX):
        return None
    return not await pool.fetchval(UNINDEXED, lead)


def _destroyed(found: Erasure, acting: int) -> Iterator[ErasureStep]:
    """What went in one transaction, and messages that may still be on their way."""
    at, counts = found.erased_at, found.destroyed
    yield ErasureStep(name="lead key", done=True, at=at, detail="destroyed" if found.had_key else "it had none")
    yield ErasureStep(name="identifiers", done=True, at=at, count=counts.get("identifiers"))
    yield ErasureStep(name="dead letters", done=True, at=at, count=counts.get("dead_letters"))
    if merged := counts.get("merged"):
        detail = "erased with this one; each has a certificate of its own"
        yield ErasureStep(name="merged leads", done=True, at=at, count=merged, detail=detail)
    detail = f"{acting} not settled: each is given up when it is due" if acting else "none is left to be sent"
    yield ErasureStep(name="messages", done=not acting, at=at, count=counts.get("effects"), detail=detail)


def _read(log: asyncpg.Record | None, readers: Sequence[queries.Reader], *, indexed: bool | None) -> Iterator[ErasureStep]:
    """The fact in the log, and everybody who keeps something of what the log says."""
    if log is None:
        yield ErasureStep(name="log", done=False, detail="history has not seen the erasure")
        return
    place = f"{log['partition']}-{log['offset']}"
    yield ErasureStep(
        name="log", done=True, at=log["recorded_at"], detail=f"a tombstone at {place}; what came before is unreadable"
    )
    for reader in readers:
        beyond = reader.position is not None and reader.position > log["offset"]
        detail = (
            f"it is beyond {place}"
            if beyond
            else "it has not started"
            if reader.position is None
            else f"it is at {reader.position}"
        )
        yield ErasureStep(name=reader.schema, done=beyond, detail=detail)
        if reader.schema == "lead_search" and indexed is not None:
            yield ErasureStep(
                name="search index",
                done=beyond and indexed,
                detail="its document was replaced by a tombstone"
                if beyond and indexed
                else "its document is still to be replaced",
            )


def _intake(keys: Mapping[date, datetime | None]) -> Iterator[ErasureStep]:
    """Days whose submissions could still be read when the lead was erased."""
    kept_days = (SUBMISSIONS.retention_ms or 0) // DAY_MS
    for day, destroyed_at in sorted(keys.items()):
        yield ErasureStep(
            name=f"intake key of {day.isoformat()}",
            done=destroyed_at is not None,
            at=None if destroyed_at is None else destroyed_at.astimezone(UTC),
            not_before=None if destroyed_at is not None else day + timedelta(days=kept_days + DAYS_TO_BE_SURE),
        )
