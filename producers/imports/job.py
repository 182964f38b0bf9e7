"""The worker's side: one import after the other is sealed, sent (see sending.py) or undone, under a lease that others respect."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

import structlog

from infra.crypto.seal import WrongKey
from infra.kafka.ports import LogUnavailable
from infra.postgres.pool import UNAVAILABLE
from infra.storage.files import FileTooLarge, NoSuchFile
from producers.imports import undo
from producers.imports.csvfile import BadFile, to_utf8
from producers.imports.sending import Pace, Stopped, Work, batches, delete_files, let_pass, send, settled, taken
from producers.imports.service import SIZE_MAX, Imports

log = structlog.get_logger("imports")

POLL_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 3.0
RENEW_SECONDS: Final = 0.5
ABANDONED_PER_ROUND: Final = 20
ABANDONED_EVERY_SECONDS: Final = 600.0
GROWTH_MAX: Final = 3
"""A character of one byte in Windows-1252 or two in UTF-16 may have three in UTF-8."""
_AWAY: Final[tuple[type[Exception], ...]] = (LogUnavailable, *UNAVAILABLE)


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


async def _run(work: Work) -> None:
    service, wanted = work.service, work.wanted
    if not wanted.sealed:
        await _seal(work)
    pace = Pace()
    async for batch in batches(work, pace):
        begun = time.monotonic()
        await send(work, batch)
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
