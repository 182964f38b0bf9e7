"""Files of any length, sealed chunk by chunk: `LFF1`, the file's own key (sealed with the owner's), then chunks of 64 KiB.

The nonce of a chunk is its number and whether it is the last one. So a chunk that is missing, repeated or moved doesn't open, and
neither does the end of a file that was cut off; and reading may begin at any chunk.
"""

import os
from collections.abc import AsyncIterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.crypto.seal import KEY_BYTES, NONCE_BYTES, TAG_BYTES, Key, WrongKey

CHUNK_BYTES: Final = 64 * 1024
SEALED_CHUNK_BYTES: Final = CHUNK_BYTES + TAG_BYTES
MAGIC: Final = b"LFF1"
HEAD_BYTES: Final = len(MAGIC) + NONCE_BYTES + KEY_BYTES + TAG_BYTES
_NUMBER_BYTES = NONCE_BYTES - 1


async def seal_stream(plain: AsyncIterator[bytes], key: Key, aad: bytes) -> AsyncIterator[bytes]:
    """The sealed file, in pieces. `aad` says whose file it is."""
    secret = os.urandom(KEY_BYTES)
    yield MAGIC + key.seal_bytes(secret, aad)
    aead, number, buffer = AESGCM(secret), 0, bytearray()
    async for piece in plain:
        buffer += piece
        # One chunk is held back: only the end tells which is the last.
        while len(buffer) > CHUNK_BYTES:
            yield aead.encrypt(_nonce(number, last=False), bytes(buffer[:CHUNK_BYTES]), aad)
            del buffer[:CHUNK_BYTES]
            number += 1
    yield aead.encrypt(_nonce(number, last=True), bytes(buffer), aad)


async def open_stream(sealed: AsyncIterator[bytes], key: Key, aad: bytes) -> AsyncIterator[bytes]:
    """What was sealed. Raises WrongKey as soon as something isn't as it was; what came before is right, but may not be all."""
    head = bytearray()
    async for piece in sealed:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    file = SealedFile(bytes(head[:HEAD_BYTES]), key, aad)
    async for plain in file.open_from(0, _after(bytes(head[HEAD_BYTES:]), sealed)):
        yield plain


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


class SealedFile:
    """A sealed file whose head was read: for reading from the middle of it."""

    def __init__(self, head: bytes, key: Key, aad: bytes) -> None:
        """Raises WrongKey."""
        if len(head) != HEAD_BYTES or not head.startswith(MAGIC):
            raise WrongKey("no sealed file of a format we know")
        self._aead = AESGCM(key.open_bytes(head[len(MAGIC) :], aad))
        self._aad = aad

    def open_chunk(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """Chunk `number`. Raises WrongKey."""
        try:
            return self._aead.decrypt(_nonce(number, last=last), sealed, self._aad)
        except (InvalidTag, ValueError):
            raise WrongKey(f"chunk {number} was changed, moved or cut off") from None

    async def open_from(self, number: int, sealed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """What was sealed, from chunk `number` to the end; `sealed` begins there. Raises WrongKey as `open_stream` does."""
        buffer = bytearray()
        async for piece in sealed:
            buffer += piece
            while len(buffer) > SEALED_CHUNK_BYTES:
                yield self.open_chunk(number, bytes(buffer[:SEALED_CHUNK_BYTES]), last=False)
                del buffer[:SEALED_CHUNK_BYTES]
                number += 1
        yield self.open_chunk(number, bytes(buffer), last=True)


def chunk_at(number: int) -> int:
    """Where a chunk begins in the sealed file."""
    return HEAD_BYTES + number * SEALED_CHUNK_BYTES


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NUMBER_BYTES, "big") + (b"\x01" if last else b"\x00")
