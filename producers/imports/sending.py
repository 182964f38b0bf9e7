"""An import's sealed copy -> rows -> submissions, batch by batch, never far ahead of those who have to decide on them.

A batch is published first and remembered afterwards, and every row's ids follow from the import and the row's number. So a worker
that is killed leaves a batch that is published again as the same submissions, which `identity` recognises.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from producers.imports.csvfile import BadFile, Record, Records
from producers.imports.ports import Behind, Outbound
from producers.imports.service import ROWS_MAX, Import, Imports, RowError, Step
from producers.imports.translate import values

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
SETTLE_EVERY_SECONDS: Final = 0.05
SETTLE_SECONDS_MAX: Final = 3_600.0


class Stopped(Exception):
    """Somebody paused the import, took it over, or ends this process."""


class Work(NamedTuple):
    """An import in hand. `goes_on` renews the lease now and then, and raises Stopped."""

    service: Imports
    wanted: Import
    token: UUID
    goes_on: Callable[[], Awaitable[None]]
    behind: Behind


class Pace:
    """How many rows go out at once: as many as a system that is busy with other things takes in BATCH_SECONDS."""

    def __init__(self, rows: int = BATCH_ROWS_MIN) -> None:
        self.rows = rows

    def took(self, seconds: float) -> None:
        """A batch was taken in so long. Grows by a quarter at most, shrinks by half at most."""
        rows = int(self.rows * min(max(BATCH_SECONDS / max(seconds, 0.001), 0.5), 1.25))
        self.rows = min(max(rows, BATCH_ROWS_MIN), BATCH_ROWS_MAX)


async def batches(work: Work, pace: Pace) -> AsyncIterator[list[tuple[int, Record]]]:
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
    async for batch in batches(work, Pace(left)):
        sent = [one for one in batch if one[0] <= wanted.sending]
        if sent:
            await send(work, sent)
        if batch[-1][0] >= wanted.sending:
            break


async def send(work: Work, batch: list[tuple[int, Record]]) -> None:
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


async def delete_files(service: Imports, one: Import) -> None:
    """The file as it came, and the copy."""
    for key in (one.upload, one.copy):
        await service.files.store.delete(key)
