"""Files in a real S3 server: put, read, handed out by address, deleted; sealed ones opened again."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from infra.crypto.keyring import Keyring
from infra.crypto.seal import WrongKey
from infra.crypto.streaming import CHUNK_BYTES
from infra.gateway.services import master_key
from infra.postgres.pool import open_pool
from infra.settings import Settings
from infra.storage.files import PART_BYTES, FileStore, FileTooLarge, NoSuchFile, StorageUnavailable
from infra.storage.sealing import ErasedOwner, SealedFiles

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
LIMIT = 64 * 1024 * 1024


@pytest_asyncio.fixture
async def store(settings: Settings) -> AsyncIterator[FileStore]:
    store = FileStore(settings.s3)
    await store.make_bucket()
    yield store
    await store.close()


@pytest_asyncio.fixture
async def sealing(settings: Settings, store: FileStore) -> AsyncIterator[SealedFiles]:
    pool = await open_pool(settings.postgres.url, name="test")
    yield SealedFiles(store, Keyring(pool, master_key(settings)))
    await pool.close()


async def pieces(data: bytes, size: int = 300_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def test_a_file_is_kept_read_in_part_and_deleted(store: FileStore) -> None:
    assert await store.put("a/one", b"0123456789", bytes_max=10) == 10

    assert await read(store.get("a/one")) == b"0123456789"
    assert await read(store.get("a/one", start=3, end=5)) == b"34"
    assert await store.size("a/one") == 10
    await store.delete("a/one")
    await store.delete("a/one")
    with pytest.raises(NoSuchFile):
        await store.size("a/one")
    with pytest.raises(NoSuchFile):
        await read(store.get("a/one"))


async def test_a_large_file_goes_in_parts(store: FileStore) -> None:
    data = bytes(range(256)) * (2 * PART_BYTES // 256) + b"end"

    assert await store.put("large", pieces(data), bytes_max=LIMIT) == len(data)

    assert await read(store.get("large")) == data


@pytest.mark.parametrize("size", [20, PART_BYTES + 20])
async def test_a_file_that_is_too_large_is_not_kept(store: FileStore, size: int) -> None:
    with pytest.raises(FileTooLarge):
        await store.put("too-large", pieces(bytes(size)), bytes_max=size - 1)
    with pytest.raises(FileTooLarge):
        await store.put("too-large", bytes(size), bytes_max=size - 1)

    with pytest.raises(NoSuchFile):
        await store.size("too-large")


async def test_a_stream_that_breaks_off_leaves_no_file(store: FileStore) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield bytes(PART_BYTES)
        yield bytes(PART_BYTES)
        raise ConnectionResetError

    with pytest.raises(StorageUnavailable):
        await store.put("broken", breaks(), bytes_max=LIMIT)

    with pytest.raises(NoSuchFile):
        await store.size("broken")


async def test_bytes_go_past_us_by_presigned_addresses(store: FileStore) -> None:
    put = await store.presigned_put("up/load", 5, 60)
    async with httpx2.AsyncClient() as client:
        assert (await client.put(put, content=b"hello")).status_code == 200
        got = await client.get(await store.presigned_get("up/load", 60))
        assert got.content == b"hello"
        forged = put.replace("up/load", "up/other")
        assert (await client.put(forged, content=b"hello")).status_code == 403
        assert (await client.put(put, content=b"hello, and more than was said")).status_code == 403
    assert await read(store.get("up/load")) == b"hello"


async def test_names_below_a_folder_are_listed_and_deleted_together(store: FileStore) -> None:
    for key in ("lead/1/b", "lead/1/a", "lead/11/c"):
        await store.put(key, b"x", bytes_max=1)

    assert await store.keys("lead/1/") == ["lead/1/a", "lead/1/b"]
    assert await store.delete_below("lead/1/") == 2
    assert await store.keys("lead/") == ["lead/11/c"]
    with pytest.raises(ValueError, match="everything"):
        await store.delete_below("")


async def test_a_server_that_is_away_is_said_within_the_time_given(settings: Settings) -> None:
    away = FileStore(settings.s3.model_copy(update={"endpoint": "http://127.0.0.1:9", "timeout_seconds": 1.0}))
    async with asyncio.timeout(10):
        with pytest.raises(StorageUnavailable):
            await away.ready()
    await away.close()


async def test_a_bucket_that_is_missing_is_named(settings: Settings) -> None:
    store = FileStore(settings.s3.model_copy(update={"bucket": "nowhere"}))
    assert await store.ready() == "there is no bucket nowhere"
    await store.close()


async def test_what_is_stored_about_a_lead_is_sealed_with_its_key(sealing: SealedFiles, settings: Settings) -> None:
    pool = await open_pool(settings.postgres.url, name="test")
    keyring = Keyring(pool, master_key(settings))
    async with pool.acquire() as connection, connection.transaction():
        await keyring.create_lead_keys(connection, ["lead-1"])

    await sealing.put("leads/lead-1/cv", pieces(b"Ada Lovelace, Analyst"), bytes_max=100, lead="lead-1")

    raw = await read(sealing.store.get("leads/lead-1/cv"))
    assert b"Lovelace" not in raw
    assert await read(sealing.get("leads/lead-1/cv", lead="lead-1")) == b"Ada Lovelace, Analyst"
    with pytest.raises(WrongKey):
        await read(sealing.get("leads/lead-1/cv"))
    await sealing.store.put("leads/lead-1/other", raw, bytes_max=1000)
    with pytest.raises(WrongKey):
        await read(sealing.get("leads/lead-1/other", lead="lead-1"))

    async with pool.acquire() as connection, connection.transaction():
        await keyring.destroy(connection, "lead-1", actor="test", reason="asked")
    await pool.close()
    fresh_pool = await open_pool(settings.postgres.url, name="test")
    fresh = SealedFiles(sealing.store, Keyring(fresh_pool, master_key(settings)))
    with pytest.raises(ErasedOwner):
        await read(fresh.get("leads/lead-1/cv", lead="lead-1"))
    await fresh_pool.close()


@pytest.mark.parametrize("start", [0, 5, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES - 1, 2 * CHUNK_BYTES])
async def test_reading_goes_on_from_any_byte(sealing: SealedFiles, start: int) -> None:
    data = b"a" * CHUNK_BYTES + b"b" * CHUNK_BYTES
    await sealing.put("import", pieces(data), bytes_max=LIMIT)

    assert await read(sealing.get_from("import", start)) == data[start:]
