"""The worker's side of repairs: letter by letter, each locked while it is published, so that none goes twice.

A worker that is killed between publishing and remembering leaves a letter that is published again under the same id, which its
reader recognises.
"""

import asyncio
import contextlib
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
import structlog
from pydantic import JsonValue

from infra.dead_letters import finding, repairs
from infra.dead_letters.finding import Filter
from infra.dead_letters.redriving import Change, NotRedrivable, Redriver
from infra.kafka.ports import LogUnavailable
from infra.postgres.pool import UNAVAILABLE

log = structlog.get_logger("repairs")

POLL_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 0.01
"""Between two letters, so that live leads are not delayed."""
LETTERS_PER_TURN: Final = 200
"""After so many another repair has its turn."""
TRIED_MAX: Final = 5
_AWAY: Final[tuple[type[Exception], ...]] = (LogUnavailable, *UNAVAILABLE)
OUR_FAULT: Final = "this is our fault; it was logged"


class Tried(NamedTuple):
    """What would come of one letter. `fields` are what a mapping found, `body` is what would be published otherwise."""

    id: UUID
    fields: dict[str, JsonValue] | None
    body: Any
    error: str | None


async def tried(redriver: Redriver, wanted: Filter, change: Change, limit: int = TRIED_MAX) -> list[Tried]:
    """The newest of those that fit, changed; nothing is published."""
    found = []
    for letter in await finding.page(redriver.pool, wanted, limit=min(limit, TRIED_MAX)):
        async with redriver.pool.acquire() as connection:
            letter_again, record = await redriver.opened(connection, letter.id)
        try:
            ready = await redriver.prepared(letter_again, record, change)
        except NotRedrivable as refused:
            found.append(Tried(letter.id, None, None, str(refused)))
            continue
        body = None if ready.fields is not None else orjson.loads(ready.record.value)
        found.append(Tried(letter.id, ready.fields, body, None))
    return found


async def keep_running(redriver: Redriver, stop: asyncio.Event) -> None:
    """One repair after the other, until `stop`."""
    while not stop.is_set():
        pause = POLL_SECONDS
        try:
            if await work_once(redriver, stop):
                continue
        except _AWAY as away:
            log.warning("repairs wait", error=type(away).__name__)
            pause = AWAY_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()


async def work_once(redriver: Redriver, stop: asyncio.Event) -> bool:
    """A turn of one repair; False if there was nothing to do. Raises what servers raise that are away."""
    repair = await repairs.running(redriver.pool, redriver.keyring)
    if repair is None:
        return False
    for _ in range(LETTERS_PER_TURN):
        if stop.is_set():
            return True
        if not await _one(redriver, repair):
            await repairs.end(redriver.pool, repair.id)
            return False
        await asyncio.sleep(PAUSE_SECONDS)
    return True


async def _one(redriver: Redriver, repair: repairs.Running) -> bool:
    async with redriver.pool.acquire() as connection, connection.transaction():
        letter_id = await repairs.next_letter(connection, repair.id)
        if letter_id is None:
            return False
        done, refused = None, None
        try:
            letter, record = await redriver.opened(connection, letter_id)
            done = await redriver.drive(letter, record, repair.change)
        except NotRedrivable as why:
            refused = str(why)
        except _AWAY:
            raise
        except Exception:
            # A bug of ours costs this letter its turn, and not the process that sends mail.
            log.exception("repair failed", letter=str(letter_id), repair=str(repair.id))
            refused = OUR_FAULT
        await repairs.settle(connection, repair, letter_id, done, refused)
    return True
