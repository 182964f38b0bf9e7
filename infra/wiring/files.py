"""S3 where it is configured: opened by who needs it, and made ready for all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from infra.settings import Settings

if TYPE_CHECKING:
    from infra.storage.files import FileStore

READY_SECONDS: Final = 1.5


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
