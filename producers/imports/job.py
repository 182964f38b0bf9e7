"""The worker's side: sealed copy -> rows -> submissions, batch by batch, never far ahead of those who have to decide on them.

A batch is published first and remembered afterwards, and every row's ids follow from the import and the row's number. So a worker
that is killed leaves a batch that is published again as the same submissions, which `identity` recognises.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
import structlog

from infra.crypto.seal import WrongKey
from infra.kafka.ports import LogUnavailable
from infra.postgres.pool import UNAVAILABLE
from infra.storage.files import FileTooLarge, NoSuchFile
from producers.imports import undo
from producers.imports.csvfile import BadFile, Record, Records, to_utf8
from producers.imports.ports import Behind, Outbound
from producers.imports.service import ROWS_MAX, SIZE_MAX, Import, Imports, RowError, Step
from producers.imports.translate import values

log = structlog.get_logger("imports")

POLL_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 3.0
BATCH_ROWS_MIN: Final = 25
BATCH_ROWS_MAX: Final = 500
BATCH_CHARACTERS: Final = 1024 * 1024
BATCH_SECONDS: Final = 0.6
"""In which a batch should be decided on and read by all: what somebody who comes meanwhile waits for it."""
BEHIND_MAX: Final = 20
"""Records of one partition, of whoever is the last to read it."""
LAG_SECONDS_MAX: Final = 30.0
"""How long an import waits for a reader of the log; one that has stopped for good can't stop it."""
YIELD_SECONDS: Final = (0.1, 1.0)
"""How long at least and at most others, who are under way, are let pass before the next batch."""
RENEW_SECONDS: Final = 0.5
SETTLE_EVERY_SECONDS: Final = 0.05
SETTLE_SECONDS_MAX: Final = 3_600.0
ABANDONED_PER_ROUND: Final = 20
ABANDONED_EVERY_SECONDS: Final = 600.0
GROWTH_MAX: Final = 3
"""A character of one byte in Windows-1252 or two in UTF-16 may have three in UTF-8."""
_AWAY: Final[tuple[type[Exception], ...]] = (LogUnavailable, *UNAVAILABLE)


class Stopped(Exception):
    """Somebody paused the import, took it over, or ends this process."""


class Work(NamedTuple):
    """An import in hand. `goes_on` renews the lease now and then, and raises Stopped."""

    service: Imports
    wanted: Import
    token: UUID
    goes_on: Callable[[], Awaitable[None]]
    behind: Behind


async def keep_running(service: Imports, stop: asyncio.Event) -> None:
    """One import after the other, until `stop`."""
    looked_at = 0.0
    while not stop.is_set():
        pause = POLL_SECONDS
        try:
            if await run_one(service, stop):
                continue
            if time.monotonic() - looked_at > ABANDONED_EVERY_SECONDS:
                await expire(service)
                looked_at = time.monotonic()
        except _AWAY as away:
            log.warning("imports wait", error=type(away).__name__)
            pause = AWAY_SECONDS
        try:
            async with asyncio.timeout(pause):
                await stop.wait()
        except TimeoutError:
            continue


async def run_one(service: Imports, stop: asyncio.Event) -> bool:
    """Work on one import as long as there is something to do; False if there is none. Raises what servers raise that are away."""
    claimed = await service.claim()
    if claimed is None:
        return False
    wanted, token = claimed
    renewed = -RENEW_SECONDS

    async def goes_on() -> None:
        nonlocal renewed
        if stop.is_set():
            raise Stopped
        if time.monotonic() - renewed < RENEW_SECONDS:
            return
        if not await service.renew(wanted.id, token, wanted.state):
            raise Stopped
        renewed = time.monotonic()

    try:
        async with service.lag.watch() as behind:
            work = Work(service, wanted, token, goes_on, behind)
            await (undo.run(work) if wanted.state == "undoing" else _run(work))
    except Stopped:
        pass
    except (BadFile, NoSuchFile, FileTooLarge, WrongKey) as broken:
        reason = str(broken) if isinstance(broken, BadFile) else f"its file can't be read: {type(broken).__name__}"
        await service.move(wanted.id, ["running"], "failed", reason)
    except _AWAY:
        raise
    except Exception:
        # A bug of ours ends this import, and not the process that sends mail.
        log.exception("import failed", id=wanted.id)
        await service.move(wanted.id, [wanted.state], "failed", "This is our fault; it was logged.")
    finally:
        await service.release(wanted.id, token)
    return True


async def expire(service: Imports) -> int:
    """Delete files that nobody asks for any more; of how many imports."""
    abandoned = await service.abandoned(ABANDONED_PER_ROUND)
    for one in abandoned:
        await delete_files(service, one)
        await service.cleaned(one)
    return len(abandoned)


async def delete_files(service: Imports, one: Import) -> None:
    """The file as it came, and the copy."""
    for key in (one.upload, one.copy):
        await service.files.store.delete(key)


class Pace:
    """How many rows go out at once: as many as a system that is busy with other things takes in BATCH_SECONDS."""

    def __init__(self, rows: int = BATCH_ROWS_MIN) -> None:
        self.rows = rows

    def took(self, seconds: float) -> None:
        """A batch was taken in so long. Grows by a quarter at most, shrinks by half at most."""
        rows = int(self.rows * min(max(BATCH_SECONDS / max(seconds, 0.001), 0.5), 1.25))
        self.rows = min(max(rows, BATCH_ROWS_MIN), BATCH_ROWS_MAX)


async def _run(work: Work) -> None:
    service, wanted = work.service, work.wanted
    if not wanted.sealed:
        await _seal(work)
    pace = Pace()
    async for batch in _batches(work, pace):
        begun = time.monotonic()
        await _send(work, batch)
        await taken(work)
        pace.took(time.monotonic() - begun)
        await let_pass(work, begun)
    await settled(work)
    await delete_files(service, wanted)
    await service.move(wanted.id, ["running"], "done")
    log.info("import done", id=wanted.id)


async def _seal(work: Work) -> None:
    """From the file as it came to one that nobody else can read."""
    service, wanted = work.service, work.wanted
    if await service.files.store.size(wanted.upload) > SIZE_MAX:
        raise BadFile("The file is too large.")
    bom = {"utf-16-le": 2, "utf-16-be": 2}.get(str(wanted.encoding), 0)
    if wanted.encoding == "utf-8":
        head = b"".join([piece async for piece in service.files.store.get(wanted.upload, end=3)])
        bom = 3 if head == b"\xef\xbb\xbf" else 0
    raw = service.files.store.get(wanted.upload)

    async def counted() -> AsyncIterator[bytes]:
        renewed = time.monotonic()
        async for piece in to_utf8(raw, str(wanted.encoding), bom):
            if time.monotonic() - renewed > 5:
                await work.goes_on()
                renewed = time.monotonic()
            yield piece

    await service.files.put(wanted.copy, counted(), bytes_max=SIZE_MAX * GROWTH_MAX)
    await service.was_sealed(wanted.id, work.token)
    await service.files.store.delete(wanted.upload)


async def _batches(work: Work, pace: Pace) -> AsyncIterator[list[tuple[int, Record]]]:
    """Numbered records from where the import stands; row 1 is the one below the header. Raises BadFile."""
    wanted = work.wanted
    number, batch, size = wanted.rows_read, list[tuple[int, Record]](), 0
    header_seen = wanted.offset > 0
    async for record in _records(work):
        if not record.cells and record.reason is None:
            continue
        if not header_seen:
            header_seen = True
            continue
        number += 1
        if number > ROWS_MAX:
            raise BadFile(f"The file has more than {ROWS_MAX:,} rows; the first {ROWS_MAX:,} were taken.")
        batch.append((number, record))
        size += sum(map(len, record.cells))
        if len(batch) >= pace.rows or size > BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _records(work: Work) -> AsyncIterator[Record]:
    wanted = work.wanted
    records = Records(str(wanted.delimiter), wanted.offset)
    async for piece in work.service.files.get_from(wanted.copy, wanted.offset):
        for record in records.feed(piece):
            yield record
    for record in records.finish():
        yield record


async def remembered(work: Work) -> None:
    """What a worker that died may have sent is sent again under the same ids, so that it is known what became of it."""
    wanted, left = work.wanted, work.wanted.sending - work.wanted.rows_read
    if left <= 0:
        return
    async for batch in _batches(work, Pace(left)):
        sent = [one for one in batch if one[0] <= wanted.sending]
        if sent:
            await _send(work, sent)
        if batch[-1][0] >= wanted.sending:
            break


async def _send(work: Work, batch: list[tuple[int, Record]]) -> None:
    """Say that it is about to go, publish, remember. Raises Stopped where somebody else has the import, who does it again."""
    service, wanted = work.service, work.wanted
    step, ready = _translated(service, wanted, batch)
    await work.goes_on()
    if not await service.sends(wanted.id, work.token, step.rows_read):
        raise Stopped
    if ready:
        await service.rows.publish(ready, source_id=wanted.id, actor=wanted.created_by, quiet=wanted.quiet)
    if not await service.advance(wanted.id, work.token, step):
        raise Stopped


def _translated(service: Imports, wanted: Import, batch: list[tuple[int, Record]]) -> tuple[Step, list[Outbound]]:
    errors: list[RowError] = []
    ready: list[Outbound] = []
    sent: list[tuple[int, str]] = []
    for number, record in batch:
        parsed, wrong = _read(service, wanted, record)
        errors += [RowError(number, field, reason) for field, reason in wrong]
        if wrong:
            continue
        submission_id = service.ids.derived(f"import|{wanted.id}|{number}")
        raw = orjson.dumps(dict(zip(wanted.header, record.cells, strict=False))).decode()
        sent.append((number, submission_id))
        ready.append(Outbound(parsed, raw, submission_id))
    return Step(batch[-1][1].end, batch[-1][0], sent, errors), ready


def _read(service: Imports, wanted: Import, record: Record) -> tuple[Any, list[tuple[str, str]]]:
    if record.reason is not None:
        return None, [("row", record.reason)]
    if len(record.cells) > len(wanted.header) and any(record.cells[len(wanted.header) :]):
        return None, [("row", f"has {len(record.cells)} cells, and the header {len(wanted.header)}")]
    return service.rows.read(values(wanted.header, record.cells, wanted.mapping))


async def taken(work: Work) -> None:
    """Wait until what was published is decided on, and nobody who reads the log is far behind."""
    await settled(work)
    give_up = time.monotonic() + LAG_SECONDS_MAX
    while await work.behind() > BEHIND_MAX and time.monotonic() < give_up:
        await work.goes_on()
        await asyncio.sleep(SETTLE_EVERY_SECONDS)


async def let_pass(work: Work, begun: float) -> None:
    """Whoever came meanwhile goes first: the next batch waits until nothing is under way, for as long as this one took."""
    shortest, longest = YIELD_SECONDS
    now = time.monotonic()
    until = now + min(max(now - begun, shortest), longest)
    while await work.behind() and time.monotonic() < until:
        await work.goes_on()
        await asyncio.sleep(SETTLE_EVERY_SECONDS)


async def settled(work: Work) -> None:
    """Wait until no row is under way. Raises Stopped, also after an hour: somebody else goes on then."""
    give_up = time.monotonic() + SETTLE_SECONDS_MAX
    while await work.service.settle(work.wanted.id):
        if time.monotonic() > give_up:
            raise Stopped
        await work.goes_on()
        await asyncio.sleep(SETTLE_EVERY_SECONDS)
