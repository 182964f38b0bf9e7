"""/v1/leads/{lead}/files: announced, uploaded past us, sealed, listed, downloaded, deleted."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.crypto.keyring import MissingKey
from infra.gateway.problems import FieldError, Problem, not_found, unavailable
from infra.gateway.services import Services, Used
from infra.gateway.values import Word
from infra.gateway.visibility import check_lead
from infra.storage.files import NoSuchFile, StorageUnavailable
from infra.storage.sealing import ErasedOwner
from producers.files import translate
from producers.files.store import FILES_MAX, SIZE_MAX, LeadFile, LeadFiles, TooManyFiles, WrongSize

router = APIRouter(prefix="/v1/leads/{lead}", tags=["files"])
Reader = Annotated[User, Depends(require(Permission.LEADS_READ))]
Writer = Annotated[User, Depends(require(Permission.LEADS_EDIT))]
_TYPE: Final = r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$"


class NewFile(BaseModel):
    """A file to be put on a lead: up to 20 MiB."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[Word, Field(min_length=1)]
    content_type: Annotated[str, Field(pattern=_TYPE)] = "application/octet-stream"
    size: Annotated[int, Field(ge=1, le=SIZE_MAX)]


class FileItem(BaseModel):
    """One file of a lead."""

    id: str
    name: str
    content_type: str
    size: int
    created_by: str
    created_at: datetime


class FileAnnounced(BaseModel):
    """PUT the file to `upload_url` within an hour, then POST `/complete`."""

    id: str
    upload_url: str


class FileList(BaseModel):
    """The newest first."""

    items: list[FileItem]


@router.post("/files", status_code=201)
async def announce_file(lead: str, asked: NewFile, given: Used, user: Writer) -> FileAnnounced:
    """Announce a file; the answer has the address to PUT it to."""
    async with _of(given, user, lead) as (files, lead_id):
        file_id = given.ids.mint(int(time.time() * 1000))
        described = translate.Description(name=asked.name, content_type=asked.content_type)
        try:
            return FileAnnounced(id=file_id, upload_url=await files.announce(lead_id, file_id, described, asked.size, user.id))
        except TooManyFiles:
            raise Problem(409, "too-many-files", "Too many files", f"A lead may have {FILES_MAX} files.") from None


@router.post("/files/{file_id}/complete")
async def complete_file(lead: str, file_id: str, given: Used, user: Writer) -> FileItem:
    """Seal what was uploaded; from then on it is one of the lead's files."""
    async with _of(given, user, lead) as (files, lead_id):
        found = await _known(files, lead_id, file_id)
        if not found.stored:
            try:
                await files.keep(found)
            except NoSuchFile:
                raise Problem(409, "no-file", "No file yet", "PUT the file to upload_url first.") from None
            except WrongSize as wrong:
                errors = [FieldError("size", f"is {found.size}, the file has {wrong.size}")]
                raise Problem(422, "invalid", "Invalid request", errors=errors) from None
        return _item(found)


@router.get("/files")
async def list_files(lead: str, given: Used, user: Reader) -> FileList:
    """The lead's files."""
    async with _of(given, user, lead) as (files, lead_id):
        return FileList(items=[_item(one) for one in await files.listed(lead_id)])


@router.get("/files/{file_id}", response_class=StreamingResponse)
async def download_file(lead: str, file_id: str, given: Used, user: Reader) -> StreamingResponse:
    """The file, to be saved."""
    async with _of(given, user, lead) as (files, lead_id):
        found = await _known(files, lead_id, file_id, stored=True)
    headers = {"Content-Disposition": translate.disposition(found.name), "Content-Length": str(found.size)}
    return StreamingResponse(files.content(found), media_type=found.content_type, headers=headers)


@router.delete("/files/{file_id}", status_code=204)
async def delete_file(lead: str, file_id: str, given: Used, user: Writer) -> Response:
    """Delete it, for good."""
    async with _of(given, user, lead) as (files, lead_id):
        await files.delete(await _known(files, lead_id, file_id))
    return Response(status_code=204)


@asynccontextmanager
async def _of(given: Services, user: User, lead: str) -> AsyncIterator[tuple[LeadFiles, str]]:
    """The lead's files, where it is the user's business. Raises Problem 404, 410, 503."""
    try:
        lead_id = str(UUID(lead))
    except ValueError:
        raise not_found("lead") from None
    files: LeadFiles | None = given.files
    await check_lead(given, user, lead_id)
    if files is None:
        raise Problem(404, "not-set-up", "No files here", "Files need S3: set LEADFLOW_S3__ENDPOINT.")
    try:
        yield files, lead_id
    except ErasedOwner:
        raise Problem(410, "erased", "Erased", "The lead was erased.") from None
    except MissingKey:
        raise not_found("lead") from None
    except StorageUnavailable:
        raise unavailable("S3") from None


async def _known(files: LeadFiles, lead: str, file_id: str, *, stored: bool = False) -> LeadFile:
    found = await files.get(lead, file_id)
    if found is None or (stored and not found.stored):
        raise not_found("file")
    return found


def _item(one: LeadFile) -> FileItem:
    return FileItem(
        id=one.id,
        name=one.name,
        content_type=one.content_type,
        size=one.size,
        created_by=one.created_by,
        created_at=one.created_at,
    )
