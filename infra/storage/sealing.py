"""Sealed files: those about a lead with the lead's key, so that they end with it; others with the files key."""

from collections.abc import AsyncIterator
from typing import Final

from infra.crypto.keyring import Keyring
from infra.crypto.seal import Key
from infra.crypto.streaming import CHUNK_BYTES, HEAD_BYTES, SealedFile, chunk_at, open_stream, seal_stream
from infra.storage.files import FileStore

SEALED_BYTES_PER_BYTE: Final = 1.01
"""More than what sealing adds, for limits."""


class ErasedOwner(Exception):
    """The lead was erased: its files can't be read any more, and it gets no new ones."""


class SealedFiles:
    """Files sealed on their way in and opened on their way out. Everything raises as FileStore does, and asyncpg's errors."""

    def __init__(self, store: FileStore, keyring: Keyring) -> None:
        self.store = store
        self._keyring = keyring

    async def put(self, key: str, plain: AsyncIterator[bytes], *, bytes_max: int, lead: str | None = None) -> None:
        """Seal and store. Raises ErasedOwner."""
        sealed = seal_stream(plain, await self._key(lead), _aad(key, lead))
        await self.store.put(key, sealed, bytes_max=int(bytes_max * SEALED_BYTES_PER_BYTE) + 2 * CHUNK_BYTES)

    async def get(self, key: str, *, lead: str | None = None) -> AsyncIterator[bytes]:
        """What was sealed. Raises ErasedOwner, and WrongKey where it was tampered with, also half-way."""
        async for piece in open_stream(self.store.get(key), await self._key(lead), _aad(key, lead)):
            yield piece

    async def get_from(self, key: str, start: int, *, lead: str | None = None) -> AsyncIterator[bytes]:
        """As `get`, from byte `start` of what was sealed (not beyond its end), without reading what is before."""
        head = b"".join([piece async for piece in self.store.get(key, end=HEAD_BYTES)])
        file = SealedFile(head, await self._key(lead), _aad(key, lead))
        # Where the file ends with a full chunk, nothing follows: its last chunk is asked for.
        number, skip = divmod(start, CHUNK_BYTES)
        if number and not skip:
            number, skip = number - 1, CHUNK_BYTES
        async for plain in file.open_from(number, self.store.get(key, start=chunk_at(number))):
            if skip < len(plain):
                yield plain[skip:]
            skip = max(0, skip - len(plain))

    async def _key(self, lead: str | None) -> Key:
        if lead is None:
            return await self._keyring.files_key()
        key = (await self._keyring.lead_keys([lead]))[lead]
        if key is None:
            raise ErasedOwner(lead)
        return key


def _aad(key: str, lead: str | None) -> bytes:
    """A file that is copied over another one doesn't open."""
    return f"{lead or ''}|{key}".encode()
