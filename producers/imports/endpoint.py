"""/v1/imports: a CSV file goes to S3 by a presigned address, is looked at, mapped, started, paused, undone."""

import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway import idempotency
from infra.gateway.problems import FieldError, Problem, not_found, unavailable
from infra.gateway.services import Used
from infra.gateway.values import Word
from infra.storage.files import NoSuchFile, StorageUnavailable
from producers.imports import csvfile
from producers.imports.service import SIZE_MAX, UPLOAD_SECONDS, Import, Imports
from producers.imports.translate import HEAD_BYTES, preview, problems

router = APIRouter(prefix="/v1", tags=["imports"])
ERRORS_PER_PAGE: Final = 1_000
Importer = Annotated[User, Depends(require(Permission.IMPORTS_WRITE))]


class ImportRequest(BaseModel):
    """A file to be imported: its name, and its size in bytes."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[Word, Field(min_length=1)]
    size: Annotated[int, Field(ge=1, le=SIZE_MAX)]


class Undone(BaseModel):
    """How many leads were erased, and how many rows' leads keep what they have: they were there before, or changed since."""

    erased: int
    kept_existing: int
    kept_changed: int


class ImportItem(BaseModel):
    """An import and how far it is.

    `accepted` rows made a lead, `duplicates` were added to one that was there; `in_flight` were sent and aren't decided on.
    """

    id: str
    name: str
    size: int
    state: str
    problem: str | None
    quiet: bool
    header: list[str]
    mapping: dict[str, str | None]
    rows_read: int
    accepted: int
    duplicates: int
    errors: int
    in_flight: int
    undone: Undone | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class ImportMade(ImportItem):
    """With the address to PUT the file to, without a login, within an hour."""

    upload_url: str


class ImportList(BaseModel):
    """The newest first."""

    items: list[ImportItem]


class ImportPreview(BaseModel):
    """What the file is taken for. `mapping` and `problems` are by column; a column mapped to null is ignored."""

    encoding: str
    delimiter: str
    header: list[str]
    rows: list[list[str]]
    mapping: dict[str, str | None]
    problems: dict[str, list[str]]


class MappingRequest(BaseModel):
    """What each column means: a field of a lead, `campaign.X`, `consents.X`, `answers.X`, or null. Quiet leads disturb nobody."""

    model_config = ConfigDict(extra="forbid")

    mapping: Annotated[dict[str, Word | None], Field(min_length=1, max_length=csvfile.COLUMNS_MAX)]
    quiet: bool = True


def importing(given: Used) -> Imports:
    """The service. Raises Problem 404 where there is no S3."""
    found: Imports | None = given.imports
    if found is None:
        raise Problem(404, "not-set-up", "No imports here", "Imports need S3: set LEADFLOW_S3__ENDPOINT.")
    return found


Service = Annotated[Imports, Depends(importing)]


@router.post("/imports", status_code=201)
async def create_import(
    asked: ImportRequest,
    request: Request,
    given: Used,
    user: Importer,
    service: Service,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> ImportMade:
    """Announce a file; the answer has the address to PUT it to."""
    body = b"imports|" + await request.body()
    id_ = await idempotency.claim(given.pool, given.ids, user, idempotency_key, body, now_ms=int(time.time() * 1000))
    made = await service.create(id_, asked.name, asked.size, user.id)
    try:
        url = await service.files.store.presigned_put(made.upload, made.size, UPLOAD_SECONDS)
    except StorageUnavailable:
        raise unavailable("S3") from None
    return ImportMade(**_item(made).model_dump(), upload_url=url)


@router.get("/imports")
async def list_imports(_user: Importer, service: Service) -> ImportList:
    """The last 200 imports."""
    return ImportList(items=[_item(one) for one in await service.listed()])


@router.get("/imports/{import_id}")
async def get_import(import_id: str, _user: Importer, service: Service) -> ImportItem:
    """How far it is."""
    return _item(await _known(service, import_id))


@router.post("/imports/{import_id}/preview")
async def preview_import(import_id: str, _user: Importer, service: Service) -> ImportPreview:
    """Look at the file that was uploaded: encoding, delimiter, columns, twenty rows, and what the columns probably mean."""
    known = await _known(service, import_id)
    _need(known, ("waiting", "ready"))
    store = service.files.store
    try:
        size = await store.size(known.upload)
        head = b"".join([piece async for piece in store.get(known.upload, end=HEAD_BYTES)])
    except NoSuchFile:
        raise Problem(409, "no-file", "No file yet", "PUT the file to upload_url first.") from None
    except StorageUnavailable:
        raise unavailable("S3") from None
    if size != known.size:
        raise Problem(422, "invalid", "Invalid request", errors=[FieldError("size", f"is {known.size}, the file has {size}")])
    try:
        seen = preview(head, size, service.rows)
    except csvfile.BadFile as bad:
        raise Problem(422, "unreadable-file", "The file can't be read", str(bad)) from None
    kept = await service.described(known.id, seen.form.encoding, seen.form.delimiter, seen.header, seen.mapping)
    if kept is None:
        raise _conflict(known)
    return ImportPreview(
        encoding=seen.form.encoding,
        delimiter=seen.form.delimiter,
        header=seen.header,
        rows=seen.rows,
        mapping=kept.mapping,
        problems=problems(seen.header, seen.rows, kept.mapping, service.rows),
    )


@router.put("/imports/{import_id}/mapping")
async def map_import(import_id: str, asked: MappingRequest, _user: Importer, service: Service) -> ImportItem:
    """Say what the columns mean. Columns left out are ignored."""
    known = await _known(service, import_id)
    _need(known, ("ready",))
    wrong = [
        FieldError(f"mapping.{column}", "is no column of the file") for column in asked.mapping if column not in known.header
    ]
    targets: set[str] = set()
    for column, target in asked.mapping.items():
        if target is None:
            continue
        if not service.rows.accepts(target):
            wrong.append(FieldError(f"mapping.{column}", "is nothing that a column can mean"))
        elif target in targets:
            wrong.append(FieldError(f"mapping.{column}", "means the same as another column"))
        targets.add(target)
    if not targets & {"email", "phone", "name", "first_name", "last_name"}:
        wrong.append(FieldError("mapping", "needs a column for email, phone or a name"))
    if wrong:
        raise Problem(422, "invalid", "Invalid request", errors=wrong)
    kept = await service.mapped(known.id, asked.mapping, quiet=asked.quiet)
    if kept is None:
        raise _conflict(known)
    return _item(kept)


@router.post("/imports/{import_id}/start", status_code=202)
async def start_import(import_id: str, _user: Importer, service: Service) -> ImportItem:
    """Begin, in the background."""
    return await _move(service, import_id, ("ready",), "running")


@router.post("/imports/{import_id}/pause", status_code=202)
async def pause_import(import_id: str, _user: Importer, service: Service) -> ImportItem:
    """Stop after the batch in hand."""
    return await _move(service, import_id, ("running",), "paused")


@router.post("/imports/{import_id}/resume", status_code=202)
async def resume_import(import_id: str, _user: Importer, service: Service) -> ImportItem:
    """Go on where it was paused."""
    return await _move(service, import_id, ("paused",), "running")


@router.post("/imports/{import_id}/undo", status_code=202)
async def undo_import(import_id: str, _user: Importer, service: Service) -> ImportItem:
    """Erase the leads that it made, but for those that were changed since. What was added to other leads stays."""
    return await _move(service, import_id, ("done", "paused", "failed", "expired"), "undoing")


@router.get("/imports/{import_id}/errors.csv", response_class=StreamingResponse)
async def import_errors(import_id: str, _user: Importer, service: Service) -> StreamingResponse:
    """Row number (1 is the one below the header), field, reason: the first 100,000."""
    known = await _known(service, import_id)

    async def lines() -> AsyncIterator[str]:
        yield csvfile.written([("row", "field", "reason")])
        after = 0
        # A row has fewer errors than columns, so a page always ends within another row than it began.
        while page := await service.row_errors(known.id, after, ERRORS_PER_PAGE):
            last = page[-1].row
            whole = page if len(page) < ERRORS_PER_PAGE else [error for error in page if error.row < last]
            yield csvfile.written([(error.row, error.field, error.reason) for error in whole])
            after = whole[-1].row

    headers = {"Content-Disposition": f'attachment; filename="import-{known.id}-errors.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


async def _known(service: Imports, import_id: str) -> Import:
    found = await service.get(import_id)
    if found is None:
        raise not_found("import")
    return found


async def _move(service: Imports, import_id: str, before: tuple[str, ...], state: str) -> ImportItem:
    moved = await service.move(import_id, before, state)
    if moved is None:
        raise _conflict(await _known(service, import_id))
    return _item(moved)


def _need(known: Import, states: tuple[str, ...]) -> None:
    if known.state not in states:
        raise _conflict(known)


def _conflict(known: Import) -> Problem:
    return Problem(409, "wrong-state", "Not now", f"The import is {known.state}.")


def _item(one: Import) -> ImportItem:
    undone = None
    if one.state in ("undoing", "undone"):
        undone = Undone(erased=one.erased, kept_existing=one.kept_existing, kept_changed=one.kept_changed)
    return ImportItem(
        id=one.id,
        name=one.name,
        size=one.size,
        state=one.state,
        problem=one.problem,
        quiet=one.quiet,
        header=one.header,
        mapping=one.mapping,
        rows_read=one.rows_read,
        accepted=one.accepted,
        duplicates=one.duplicates,
        errors=one.errors + one.rejected,
        in_flight=one.published - one.accepted - one.duplicates - one.rejected,
        undone=undone,
        created_by=one.created_by,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )
