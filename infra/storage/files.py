"""A deployment's files in S3: bounded in time and size, its failures in two words (StorageUnavailable, NoSuchFile).

Keys are given without the deployment's prefix. What is personal is sealed before it comes here (see sealing.py), but for uploads
by a presigned address, which whoever takes them in seals.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from infra.settings import S3

PART_BYTES: Final = 8 * 1024 * 1024
READ_BYTES: Final = 256 * 1024
LISTED_MAX: Final = 100_000
CONNECTIONS_MAX: Final = 16
PRESIGNED_SECONDS_MAX: Final = 7 * 24 * 3600
_GONE = frozenset({"404", "NoSuchKey", "NotFound"})
_THERE = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class StorageUnavailable(OSError):
    """S3 can't be reached, is too busy or refuses us: the same request may work later."""


class NoSuchFile(Exception):
    """There is no file of this name."""


class FileTooLarge(Exception):
    """More came than may be stored under this name; nothing is kept of it."""


class FileStore:
    """One bucket. Connects when first used; close it at the end. Safe for concurrent tasks of one loop."""

    def __init__(self, settings: S3) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._connecting = asyncio.Lock()
        self._client: Any = None

    async def close(self) -> None:
        """Give up connections."""
        self._client = None
        await self._stack.aclose()

    async def ready(self) -> str | None:
        """None when the bucket is there, else what is missing. Raises StorageUnavailable."""
        try:
            async with self._asked() as client:
                await client.head_bucket(Bucket=self._settings.bucket)
        except NoSuchFile:
            return f"there is no bucket {self._settings.bucket}"
        return None

    async def make_bucket(self) -> None:
        """So that it is there afterwards. Raises StorageUnavailable."""
        if await self.ready() is None:
            return
        async with self._asked() as client:
            try:
                await client.create_bucket(Bucket=self._settings.bucket)
            except ClientError as error:
                if _code(error) not in _THERE:
                    raise

    async def put(self, key: str, body: bytes | AsyncIterator[bytes], *, bytes_max: int) -> int:
        """Store a file, in parts if it is large; returns its size. All or nothing. Raises FileTooLarge, StorageUnavailable."""
        async with self._asked() as client:
            if isinstance(body, bytes):
                if len(body) > bytes_max:
                    raise FileTooLarge(key)
                await client.put_object(**self._at(key), Body=body)
                return len(body)
            parts = _parts(body, bytes_max)
            first = await anext(parts, b"")
            if len(first) < PART_BYTES:
                await client.put_object(**self._at(key), Body=first)
                return len(first)
            return await self._put_parts(client, key, first, parts)

    async def _put_parts(self, client: Any, key: str, first: bytes, rest: AsyncIterator[bytes]) -> int:
        upload = {**self._at(key), "UploadId": (await client.create_multipart_upload(**self._at(key)))["UploadId"]}
        done: list[dict[str, Any]] = []
        size, part = 0, first
        try:
            while part:
                answer = await client.upload_part(**upload, PartNumber=len(done) + 1, Body=part)
                done.append({"ETag": answer["ETag"], "PartNumber": len(done) + 1})
                size += len(part)
                part = await anext(rest, b"")
            await client.complete_multipart_upload(**upload, MultipartUpload={"Parts": done})
        except BaseException:
            await client.abort_multipart_upload(**upload)
            raise
        return size

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start`, up to (not including) `end`. Raises NoSuchFile, StorageUnavailable, also half-way."""
        until = "" if end is None else end - 1
        wanted = {} if start == 0 and end is None else {"Range": f"bytes={start}-{until}"}
        async with self._asked() as client:
            body = (await client.get_object(**self._at(key), **wanted))["Body"]
            async with body:
                while True:
                    async with asyncio.timeout(self._settings.timeout_seconds):
                        piece = await body.read(READ_BYTES)
                    if not piece:
                        return
                    yield piece

    async def size(self, key: str) -> int:
        """In bytes. Raises NoSuchFile, StorageUnavailable."""
        async with self._asked() as client:
            return int((await client.head_object(**self._at(key)))["ContentLength"])

    async def delete(self, key: str) -> None:
        """Absent is fine. Raises StorageUnavailable."""
        try:
            async with self._asked() as client:
                await client.delete_object(**self._at(key))
        except NoSuchFile:
            return

    async def keys(self, below: str) -> list[str]:
        """Names that begin with `below`, sorted, at most LISTED_MAX. Raises StorageUnavailable."""
        prefix, found = self._settings.prefix, []
        async with self._asked() as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._settings.bucket, Prefix=prefix + below)
            async for page in pages:
                found += [str(item["Key"]).removeprefix(prefix) for item in page.get("Contents", ())]
                if len(found) >= LISTED_MAX:
                    break
        return sorted(found)[:LISTED_MAX]

    async def delete_below(self, below: str) -> int:
        """Delete what begins with `below`, which is not empty; how many. Raises StorageUnavailable."""
        if not below:
            raise ValueError("that would be everything")
        gone = await self.keys(below)
        for key in gone:
            await self.delete(key)
        return len(gone)

    async def presigned_put(self, key: str, size: int, seconds: int) -> str:
        """An address to which exactly `size` bytes can be PUT for so long, without us."""
        return await self._presigned("put_object", {**self._at(key), "ContentLength": size}, seconds)

    async def presigned_get(self, key: str, seconds: int) -> str:
        """An address that gives the file for so long, without us."""
        return await self._presigned("get_object", self._at(key), seconds)

    async def _presigned(self, operation: str, parameters: dict[str, Any], seconds: int) -> str:
        if not 0 < seconds <= PRESIGNED_SECONDS_MAX:
            raise ValueError(f"an address is good for 1 to {PRESIGNED_SECONDS_MAX} seconds, not {seconds}")
        async with self._asked() as client:
            url: str = await client.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds)
        return url

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._settings.bucket, "Key": self._settings.prefix + key}

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[Any]:
        """The client; what it raises, in our words."""
        try:
            yield await self._connected()
        except ClientError as error:
            if _code(error) in _GONE:
                raise NoSuchFile from error
            raise StorageUnavailable(_code(error)) from error
        except (BotoCoreError, OSError) as away:
            raise StorageUnavailable(type(away).__name__) from away

    async def _connected(self) -> Any:
        if self._client is not None:
            return self._client
        async with self._connecting:
            if self._client is None:
                settings = self._settings
                secret = settings.secret_key
                client = aioboto3.Session().client(
                    "s3",
                    endpoint_url=settings.endpoint,
                    region_name=settings.region,
                    aws_access_key_id=settings.access_key,
                    aws_secret_access_key="" if secret is None else secret.get_secret_value(),
                    config=AioConfig(
                        connect_timeout=settings.timeout_seconds,
                        read_timeout=settings.timeout_seconds,
                        max_pool_connections=CONNECTIONS_MAX,
                        retries={"total_max_attempts": 2, "mode": "standard"},
                        signature_version="s3v4",
                        s3={"addressing_style": "path"},
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
                self._client = await self._stack.enter_async_context(client)
        return self._client


async def _parts(body: AsyncIterator[bytes], bytes_max: int) -> AsyncIterator[bytes]:
    """Pieces of PART_BYTES, the last one shorter. Raises FileTooLarge."""
    buffer, size = bytearray(), 0
    async for piece in body:
        size += len(piece)
        if size > bytes_max:
            raise FileTooLarge(f"more than {bytes_max} bytes")
        buffer += piece
        while len(buffer) >= PART_BYTES:
            yield bytes(buffer[:PART_BYTES])
            del buffer[:PART_BYTES]
    if buffer:
        yield bytes(buffer)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
