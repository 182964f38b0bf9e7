"""Files of leads, in PostgreSQL and S3; forgotten with their lead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from infra.crypto.keyring import Keyring
from infra.crypto.seal import Key
from infra.storage.sealing import ErasedOwner, SealedFiles
from producers.files import translate
from producers.files.translate import Description

SIZE_MAX: Final = 20 * 1024 * 1024
FILES_MAX: Final = 200
"""Of one lead."""
UPLOAD_SECONDS: Final = 3_600
FORGOTTEN_PER_ROUND: Final = 100

OF_LEAD: Final = """
    select * from files.files where (lead = $1 or lead in (select loser from identity.merges where top = $1))
"""
ERASED: Final = f"""
    select distinct f.lead from files.files f join crypto.erasures e on e.lead = f.lead limit {FORGOTTEN_PER_ROUND}
"""
LATE: Final = f"""
    select id, lead from files.files where not stored and created_at < now() - make_interval(secs => {2 * UPLOAD_SECONDS})
    limit {FORGOTTEN_PER_ROUND}
"""


@dataclass(frozen=True, slots=True)
class LeadFile:
    """One file. `stored`: it was uploaded and sealed."""

    id: str
    lead: str
    name: str
    content_type: str
    size: int
    stored: bool
    created_by: str
    created_at: datetime


class TooManyFiles(Exception):
    """The lead has as many files as one may have."""


class WrongSize(Exception):
    """What was uploaded has another size than was announced."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size:,} bytes")
        self.size = size


class LeadFiles:
    """Raises asyncpg's errors, StorageUnavailable, and MissingKey or ErasedOwner for leads without a key."""

    def __init__(self, pool: asyncpg.Pool, files: SealedFiles, keyring: Keyring) -> None:
        self._pool, self._files, self._keyring = pool, files, keyring

    async def announce(self, lead: str, file_id: str, described: Description, size: int, user: str) -> str:
        """Make room for a file; the address to PUT it to. Raises TooManyFiles."""
        sealed = (await self._key(lead)).seal_bytes(described.model_dump_json().encode(), file_id.encode())
        added = await self._pool.execute(
            """insert into files.files (id, lead, described, size, created_by) select $1, $2, $3, $4, $5
               where (select count(*) from files.files where lead = $2) < $6 on conflict do nothing""",
            file_id,
            lead,
            sealed,
            size,
            user,
            FILES_MAX,
        )
        if added == "INSERT 0 0" and await self.get(lead, file_id) is None:
            raise TooManyFiles
        return await self._files.store.presigned_put(translate.upload_key(lead, file_id), size, UPLOAD_SECONDS)

    async def keep(self, file: LeadFile) -> None:
        """Seal what was uploaded; twice is once. Raises NoSuchFile where nothing was, and WrongSize."""
        upload = translate.upload_key(file.lead, file.id)
        size = await self._files.store.size(upload)
        if size != file.size:  # not every S3 holds senders to what the address was signed for
            raise WrongSize(size)
        plain = self._files.store.get(upload)
        await self._files.put(translate.key(file.lead, file.id), plain, bytes_max=SIZE_MAX, lead=file.lead)
        await self._pool.execute("update files.files set stored = true where id = $1", file.id)
        await self._files.store.delete(upload)

    async def listed(self, lead: str) -> list[LeadFile]:
        """The newest first, those of leads that were merged into this one among them."""
        await self._key(lead)
        rows = await self._pool.fetch(f"{OF_LEAD} and stored order by created_at desc, id desc limit $2", lead, FILES_MAX)
        keys = await self._keyring.lead_keys(sorted({row["lead"] for row in rows}))
        return [_file(row, key) for row in rows if (key := keys[row["lead"]]) is not None]

    async def get(self, lead: str, file_id: str) -> LeadFile | None:
        """None: neither the lead nor one that was merged into it has such a file."""
        row = await self._pool.fetchrow(f"{OF_LEAD} and id = $2", lead, file_id)
        return None if row is None else _file(row, await self._key(row["lead"]))

    def content(self, file: LeadFile) -> Any:
        """Its bytes, piece by piece. Raises WrongKey where it was tampered with."""
        return self._files.get(translate.key(file.lead, file.id), lead=file.lead)

    async def delete(self, file: LeadFile) -> None:
        """For good."""
        for key in (translate.key(file.lead, file.id), translate.upload_key(file.lead, file.id)):
            await self._files.store.delete(key)
        await self._pool.execute("delete from files.files where id = $1", file.id)

    async def _key(self, lead: str) -> Key:
        key = (await self._keyring.lead_keys([lead]))[lead]
        if key is None:
            raise ErasedOwner(lead)
        return key


async def forget(pool: asyncpg.Pool, files: SealedFiles) -> int:
    """Delete files of erased leads, and uploads that nobody completed; of how many. Their keys are gone already."""
    forgotten = 0
    for row in await pool.fetch(ERASED):
        await files.store.delete_below(translate.below(row["lead"]))
        # As long as an address is good, something may still come to it: the row is kept, and looked at again.
        done = await pool.execute(
            "delete from files.files where lead = $1 and (stored or created_at < now() - make_interval(secs => $2))",
            row["lead"],
            float(2 * UPLOAD_SECONDS),
        )
        forgotten += int(done.rpartition(" ")[2])
    for row in await pool.fetch(LATE):
        await files.store.delete(translate.upload_key(row["lead"], row["id"]))
        await pool.execute("delete from files.files where id = $1 and not stored", row["id"])
        forgotten += 1
    return forgotten


def _file(row: Any, key: Key) -> LeadFile:
    said = Description.model_validate_json(key.open_bytes(row["described"], row["id"].encode()))
    return LeadFile(
        row["id"], row["lead"], said.name, said.content_type, row["size"], row["stored"], row["created_by"], row["created_at"]
    )
