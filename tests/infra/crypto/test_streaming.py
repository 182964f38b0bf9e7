"""Sealed files come back as they were, or not at all."""

from collections.abc import AsyncIterator

import pytest

from infra.crypto.seal import Key, WrongKey
from infra.crypto.streaming import CHUNK_BYTES, HEAD_BYTES, SEALED_CHUNK_BYTES, SealedFile, chunk_at, open_stream, seal_stream

pytestmark = pytest.mark.asyncio

KEY, AAD = Key("lead", bytes(range(32))), b"lead-1|file"


async def pieces(data: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def sealed(plain: bytes) -> bytes:
    return b"".join([piece async for piece in seal_stream(pieces(plain), KEY, AAD)])


async def opened(data: bytes, *, key: Key = KEY, aad: bytes = AAD, size: int = 70_000) -> bytes:
    return b"".join([piece async for piece in open_stream(pieces(data, size), key, aad)])


def chunks(data: bytes) -> list[bytes]:
    return [data[at : at + SEALED_CHUNK_BYTES] for at in range(HEAD_BYTES, len(data), SEALED_CHUNK_BYTES)]


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7])
async def test_a_file_comes_back_whatever_its_length(length: int) -> None:
    plain = (b"0123456789abcde" * (length // 15 + 1))[:length]
    data = await sealed(plain)

    assert await opened(data) == plain
    assert await opened(data, size=4_001) == plain
    assert length < 20 or plain[:20] not in data


@pytest.mark.parametrize("kept", [1, 2])
async def test_a_file_that_was_cut_off_between_chunks_does_not_open(kept: int) -> None:
    data = await sealed(bytes(3 * CHUNK_BYTES))

    with pytest.raises(WrongKey, match="cut off"):
        await opened(data[: chunk_at(kept)])
    with pytest.raises(WrongKey):
        await opened(data[:-1])
    with pytest.raises(WrongKey):
        await opened(data[:HEAD_BYTES])
    with pytest.raises(WrongKey):
        await opened(data[: HEAD_BYTES - 1])


async def test_chunks_that_were_moved_repeated_or_left_out_do_not_open() -> None:
    data = await sealed(bytes(4 * CHUNK_BYTES))
    head, (a, b, c, d) = data[:HEAD_BYTES], chunks(data)

    for changed in ((b, a, c, d), (a, a, b, c, d), (a, c, d), (a, b, c, d, d), (a, b, d)):
        with pytest.raises(WrongKey):
            await opened(head + b"".join(changed))


async def test_a_chunk_of_another_file_or_a_changed_bit_does_not_open() -> None:
    data, other = await sealed(bytes(2 * CHUNK_BYTES)), await sealed(bytes(2 * CHUNK_BYTES))

    with pytest.raises(WrongKey):
        await opened(data[: chunk_at(1)] + other[chunk_at(1) :])
    changed = bytearray(data)
    changed[chunk_at(1) + 5] ^= 1
    with pytest.raises(WrongKey):
        await opened(bytes(changed))


async def test_a_file_opens_for_its_owner_alone() -> None:
    data = await sealed(b"private")

    with pytest.raises(WrongKey):
        await opened(data, aad=b"lead-2|file")
    with pytest.raises(WrongKey):
        await opened(data, key=Key("lead", bytes(32)))
    with pytest.raises(WrongKey, match="no sealed file"):
        await opened(b"x" * 200)


async def test_reading_may_begin_at_any_chunk() -> None:
    plain = b"".join(bytes([number]) * CHUNK_BYTES for number in range(3)) + b"end"
    data = await sealed(plain)
    file = SealedFile(data[:HEAD_BYTES], KEY, AAD)

    found = b"".join([piece async for piece in file.open_from(2, pieces(data[chunk_at(2) :]))])

    assert found == plain[2 * CHUNK_BYTES :]
    with pytest.raises(WrongKey):
        b"".join([piece async for piece in file.open_from(1, pieces(data[chunk_at(2) :]))])
