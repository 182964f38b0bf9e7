"""S3 where it is configured: opened by who needs it, and made ready for all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog

from infra.crypto.keyring import Keyring
from infra.postgres.pool import UNAVAILABLE
from infra.settings import Settings

if TYPE_CHECKING:
    from infra.storage.files import FileStore
    from producers.files.store import LeadFiles

log = structlog.get_logger("files")

READY_SECONDS: Final = 1.5
FORGET_EVERY_SECONDS: Final = 5.0


def open_files(settings: Settings) -> "FileStore | None":
    """The deployment's files; None where it has none. The caller closes it."""
    if settings.s3.endpoint is None:
        return None
    from infra.storage.files import FileStore  # noqa: PLC0415 - its client is big, and of no concern to most processes

    return FileStore(settings.s3)


async def make_bucket(settings: Settings) -> None:
    """So that it is there. Raises StorageUnavailable."""
    files = open_files(settings)
    if files is None:
        return
    try:
        await files.make_bucket()
    finally:
        await files.close()


def ready(files: "FileStore | None") -> dict[str, Callable[[], Awaitable[str | None]]]:
    """What /readyz asks of S3; nothing where there is none."""
    if files is None:
        return {}

    async def check() -> str | None:
        async with asyncio.timeout(READY_SECONDS):
            return await files.ready()

    return {"s3": check}


def lead_files(pool: asyncpg.Pool, keyring: Keyring, files: "FileStore | None") -> "LeadFiles | None":
    """Files of leads; None where there is no S3."""
    if files is None:
        return None
    from infra.storage.sealing import SealedFiles  # noqa: PLC0415
    from producers.files.store import LeadFiles  # noqa: PLC0415

    return LeadFiles(pool, SealedFiles(files, keyring), keyring)


async def keep_forgetting(pool: asyncpg.Pool, keyring: Keyring, files: "FileStore | None", stop: asyncio.Event) -> None:
    """Files of erased leads, until `stop`."""
    if files is None:
        return
    from infra.storage.sealing import SealedFiles  # noqa: PLC0415
    from producers.files.store import forget  # noqa: PLC0415

    sealed = SealedFiles(files, keyring)
    while not stop.is_set():
        try:
            if forgotten := await forget(pool, sealed):
                log.info("files forgotten", count=forgotten)
        except UNAVAILABLE as away:
            log.warning("files wait to be forgotten", error=type(away).__name__)
        try:
            async with asyncio.timeout(FORGET_EVERY_SECONDS):
                await stop.wait()
        except TimeoutError:
            continue
