"""/v1/sources, the description of /v1/intake, and POST /v1/leads.

`direct(services)` is the hot path, `router` the rest.
"""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.crypto.seal import Key
from infra.gateway.problems import FieldError, Problem
from infra.gateway.services import Services, Used
from producers.forms import creation
from producers.forms.intake import PREFIX, Intake
from producers.forms.publishing import SubmissionWriter
from producers.forms.signatures import SignatureScheme
from producers.forms.sources import NewSource, SourceCache, SourceRow, Sources

router = APIRouter(prefix="/v1")
router.include_router(creation.router)
MAPPING_ENTRIES_MAX: Final = 200
OPEN_ANSWERS_MAX: Final = 100


def direct(services: Services) -> dict[str, Intake]:
    """Path prefix -> the app that answers below it, for create_app."""
    settings = services.settings
    cache = SourceCache(sources(services))
    writer = SubmissionWriter(services.keyring, services.publisher, settings.kafka.partitions)
    return {PREFIX: Intake(cache, writer, services.ids, services.keyring.hash, settings.gateway.public_url)}


def sources(services: Services) -> Sources:
    """The table of sources."""
    return Sources(services.pool, Key("source", services.source_secret))


class SourceRequest(BaseModel):
    """A source to be made.

    `signed` unset requires signatures where a `secret` is given. `signature` overrides how the vendor is known to sign.
    `open_answers` names questions whose answers aren't personal, so that scoring and routing may see them.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    vendor: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9_-]+$")]
    secret: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    signed: bool | None = None
    signature: SignatureScheme | None = None
    mapping: Annotated[dict[str, str], Field(max_length=MAPPING_ENTRIES_MAX)] = {}
    open_answers: Annotated[list[str], Field(max_length=OPEN_ANSWERS_MAX)] = []
    quiet: bool = False


class SourceItem(BaseModel):
    """A source. `url` is where its sender posts to."""

    id: str
    name: str
    vendor: str
    url: str
    signed: bool
    signature: dict[str, Any] | None
    mapping: dict[str, str]
    open_answers: list[str]
    quiet: bool
    created_at: datetime


class SourceMade(SourceItem):
    """With the secret, which can't be had again."""

    secret: str


class SourceList(BaseModel):
    """All sources, the newest first."""

    items: list[SourceItem]


@router.post("/sources", tags=["sources"], status_code=201)
async def create_source(
    asked: SourceRequest, given: Used, user: Annotated[User, Depends(require(Permission.SOURCES_WRITE))]
) -> SourceMade:
    """Make a source. Its secret is in this answer and nowhere else."""
    if asked.signed and asked.secret is not None and not asked.secret.strip():
        raise Problem(422, "invalid", "Invalid request", errors=[FieldError("secret", "is blank")])
    new = NewSource(
        name=asked.name,
        vendor=asked.vendor,
        secret=asked.secret,
        signed=asked.signed,
        scheme=asked.signature,
        mapping=asked.mapping,
        open_answers=asked.open_answers,
        quiet=asked.quiet,
    )
    row, secret = await sources(given).create(new, created_by=user.id)
    return SourceMade(**_item(row, given).model_dump(), secret=secret)


@router.get("/sources", tags=["sources"])
async def list_sources(given: Used, _user: Annotated[User, Depends(require(Permission.SOURCES_READ))]) -> SourceList:
    """All sources, without their secrets."""
    return SourceList(items=[_item(row, given) for row in await sources(given).listed()])


class Accepted(BaseModel):
    """The submission is in Kafka. `position` is null for a request that asks for nothing (such as a ping)."""

    submission_id: str
    position: str | None


@router.post("/intake/{source_id}", tags=["intake"], status_code=202, response_model=Accepted)
async def intake(source_id: str, request: Request) -> Response:
    """Take a form's or webhook's request. Signed by the sender, no login; answered with 2xx only once it is stored.

    JSON, form-encoded or multipart, up to 1 MiB. Every 2xx carries `X-Submission-Id`.
    """
    # Served by `direct` before routing; whoever gets here runs an app without it.
    raise Problem(503, "unavailable", "Intake isn't served here", f"{request.url.path} of {source_id} has no handler.")


def _item(row: SourceRow, given: Services) -> SourceItem:
    return SourceItem(
        id=row.id,
        name=row.name,
        vendor=row.vendor,
        url=f"{given.settings.gateway.public_url.rstrip('/')}{PREFIX}{row.id}",
        signed=row.signed,
        signature=row.scheme,
        mapping=row.mapping,
        open_answers=row.open_answers,
        quiet=row.quiet,
        created_at=row.created_at,
    )
