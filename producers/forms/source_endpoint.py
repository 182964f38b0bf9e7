"""/v1/sources: made, changed, tried out, given new secrets, and taken away."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from infra.auth.dependencies import require
from infra.auth.roles import Permission, User
from infra.gateway.problems import FieldError, Problem, not_found
from infra.gateway.services import Services, Used
from infra.gateway.values import storable
from producers.forms import previewing, source_cache
from producers.forms.adapters.generic import sensible
from producers.forms.browsers import FORM_PREFIX
from producers.forms.fetches import Fetches
from producers.forms.intake import PREFIX
from producers.forms.limits import BadPayload
from producers.forms.pages import FormSettings
from producers.forms.schemes import scheme_of
from producers.forms.signatures import SignatureScheme, WrongSignature, check_secret
from producers.forms.sources import CREDENTIALS, SOURCE_ID, NewSource, SourceChanged, SourceRow, Sources, Unconfirmable

router = APIRouter(prefix="/v1/sources", tags=["sources"])
MAPPING_ENTRIES_MAX: Final = 200
OPEN_ANSWERS_MAX: Final = 100
ORIGINS_MAX: Final = 50
OVERLAP_HOURS: Final = 24.0
OVERLAP_HOURS_MAX: Final = 24.0 * 30
CAPTURED_CHARACTERS_MAX: Final = 500_000

Writer = Annotated[User, Depends(require(Permission.SOURCES_WRITE))]
Reader = Annotated[User, Depends(require(Permission.SOURCES_READ))]
SourceId = Annotated[str, Path(pattern=SOURCE_ID)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]
Secret = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(storable)]
Token = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[!-~]+$")]
Mapping = Annotated[dict[str, str], Field(max_length=MAPPING_ENTRIES_MAX), AfterValidator(storable), AfterValidator(sensible)]
OpenAnswers = Annotated[list[str], Field(max_length=OPEN_ANSWERS_MAX), AfterValidator(storable)]
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", max_length=200)]
Origins = Annotated[list[Origin], Field(max_length=ORIGINS_MAX)]


def _storable(scheme: SignatureScheme) -> SignatureScheme:
    storable(scheme.model_dump(mode="json"))
    return scheme


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SourceRequest(_Asked):
    """A source to be made.

    `signed` unset requires signatures where a `secret` is given. `signature` overrides how the vendor is known to sign.
    `open_answers` names questions whose answers aren't personal, so that scoring and routing may see them. `allowed_origins`
    are pages whose browsers may post, all if none is named. `access_token` is what the vendor's API wants to see where its
    webhook only names a lead; `verify_token` what it says when it subscribes, if that isn't the secret. `form` is how the
    hosted form looks. `double_opt_in`: what is ticked in the form counts once the owner of the address has confirmed it by the
    link in a mail; needs a form with words to agree to and a field for the address, and is not for signed or quiet sources.
    """

    name: Name
    vendor: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9_-]+$")]
    secret: Secret | None = None
    signed: bool | None = None
    signature: Annotated[SignatureScheme, AfterValidator(_storable)] | None = None
    mapping: Mapping = {}
    open_answers: OpenAnswers = []
    quiet: bool = False
    allowed_origins: Origins = []
    access_token: Token | None = None
    verify_token: Token | None = None
    form: FormSettings | None = None
    double_opt_in: bool = False


class SourceChange(_Asked):
    """What is to be different; what isn't named stays. A null token or form is taken away."""

    name: Name | None = None
    mapping: Mapping | None = None
    open_answers: OpenAnswers | None = None
    quiet: bool | None = None
    allowed_origins: Origins | None = None
    access_token: Token | None = None
    verify_token: Token | None = None
    form: FormSettings | None = None
    double_opt_in: bool | None = None

    @model_validator(mode="after")
    def _says_something_that_can_be(self) -> "SourceChange":
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        nullable = {"access_token", "verify_token", "form"}
        never_null = self.model_fields_set - nullable
        empty = sorted(field for field in never_null if getattr(self, field) is None)
        if empty:
            raise ValueError(f"{', '.join(empty)} can't be null")
        return self


class RotationRequest(_Asked):
    """A new secret, made up if none is given. The one before is good for `overlap_hours` more."""

    secret: Secret | None = None
    overlap_hours: Annotated[float, Field(ge=0, le=OVERLAP_HOURS_MAX)] = OVERLAP_HOURS


class PreviewRequest(_Asked):
    """A captured request: its body as text, and with which mapping to try it (unset: the source's own)."""

    body: Annotated[str, Field(max_length=CAPTURED_CHARACTERS_MAX)]
    content_type: Annotated[str, Field(max_length=200)] = "application/json"
    headers: Annotated[dict[str, str], Field(max_length=100)] = {}
    mapping: Mapping | None = None


class SourceItem(BaseModel):
    """A source. `url` is where its sender posts to, `form_url` its hosted form; `credentials` names those that are set."""

    id: str
    name: str
    vendor: str
    url: str
    form_url: str
    signed: bool
    signature: dict[str, Any] | None
    mapping: dict[str, str]
    open_answers: list[str]
    quiet: bool
    allowed_origins: list[str]
    credentials: list[str]
    form: dict[str, Any] | None
    double_opt_in: bool
    old_secret_until: datetime | None
    created_at: datetime
    version: int


class SourceMade(SourceItem):
    """With the secret, which can't be had again."""

    secret: str


class SourceList(BaseModel):
    """All sources, the newest first."""

    items: list[SourceItem]


class Previewed(BaseModel):
    """One submission: its fields, and by field the places in the payload that they come from."""

    fields: dict[str, JsonValue]
    places: dict[str, list[str]]


class PreviewAnswer(BaseModel):
    """What would be read. Nothing was published."""

    submissions: list[Previewed]


class FetchItem(BaseModel):
    """Something that a submission only named. `fetched_as` is the submission that it became."""

    id: str
    submission_id: str
    state: str
    attempts: int
    due_at: datetime
    error: str | None
    fetched_as: str | None
    created_at: datetime


class FetchList(BaseModel):
    """The newest first."""

    items: list[FetchItem]


@router.post("", status_code=201)
async def create_source(asked: SourceRequest, given: Used, user: Writer) -> SourceMade:
    """Make a source. Its secret is in this answer and nowhere else."""
    if asked.signed is not False and asked.secret is not None and not asked.secret.strip():
        raise _invalid("secret", "is blank")
    if asked.secret is not None and asked.signed is not False:
        _need_usable(asked.signature or scheme_of(asked.vendor, asked.secret), asked.secret)
    tokens = {"access_token": asked.access_token, "verify_token": asked.verify_token}
    new = NewSource(
        name=asked.name,
        vendor=asked.vendor,
        secret=asked.secret,
        signed=asked.signed,
        scheme=asked.signature,
        mapping=asked.mapping,
        open_answers=asked.open_answers,
        quiet=asked.quiet,
        allowed_origins=asked.allowed_origins,
        form=None if asked.form is None else asked.form.model_dump(mode="json"),
        credentials={name: token for name, token in tokens.items() if token},
        double_opt_in=asked.double_opt_in,
    )
    try:
        row, secret = await Sources.of(given).create(new, created_by=user.id)
    except Unconfirmable as why:
        raise _invalid("double_opt_in", str(why)) from None
    return SourceMade(**_item(row, given).model_dump(), secret=secret)


@router.get("")
async def list_sources(given: Used, _user: Reader) -> SourceList:
    """All sources, without their secrets."""
    return SourceList(items=[_item(row, given) for row in await Sources.of(given).listed()])


@router.patch("/{source_id}")
async def change_source(
    source_id: SourceId,
    asked: SourceChange,
    response: Response,
    given: Used,
    _user: Writer,
    if_match: Annotated[str | None, Header()] = None,
) -> SourceItem:
    """Change what is named; with If-Match only if the source is still as you read it (else 412).

    In force at once here, and within seconds in other processes.
    """
    values = asked.model_dump(mode="json", exclude_unset=True)
    tokens: dict[str, str | None] = {name: values.pop(name) for name in CREDENTIALS if name in values}
    try:
        row = await Sources.of(given).change(source_id, values, tokens, _expected(if_match))
    except SourceChanged as changed:
        headers = {"ETag": f'"{changed.version}"'}
        raise Problem(412, "version-conflict", "The source has changed", str(changed), headers=headers) from None
    except Unconfirmable as why:
        raise _invalid("double_opt_in", str(why)) from None
    if row is None:
        raise not_found("source")
    response.headers["ETag"] = f'"{row.version}"'
    source_cache.forget(source_id)
    if tokens.get("access_token"):
        await Fetches(given.pool).revive(source_id)
    return _item(row, given)


@router.post("/{source_id}/rotate-secret")
async def rotate_secret(source_id: SourceId, asked: RotationRequest, given: Used, _user: Writer) -> SourceMade:
    """Replace the secret. The new one is in this answer and nowhere else."""
    sources = Sources.of(given)
    if asked.secret is not None:
        known = await sources.load(source_id)
        if known is not None and known.signed:
            _need_usable(known.scheme, asked.secret)
    rotated = await sources.rotate(source_id, asked.secret, asked.overlap_hours)
    if rotated is None:
        raise not_found("source")
    source_cache.forget(source_id)
    row, secret = rotated
    return SourceMade(**_item(row, given).model_dump(), secret=secret)


@router.delete("/{source_id}", status_code=204)
async def delete_source(source_id: SourceId, given: Used, _user: Writer) -> Response:
    """Take nothing more from it; its sender is told 410. What came in before stays."""
    if not await Sources.of(given).delete(source_id):
        raise not_found("source")
    source_cache.forget(source_id)
    return Response(status_code=204)


@router.post("/{source_id}/preview")
async def preview_source(source_id: SourceId, asked: PreviewRequest, given: Used, _user: Writer) -> PreviewAnswer:
    """Try a mapping on a captured request: which fields would be read, and where from. Nothing is published."""
    source = await Sources.of(given).load(source_id)
    if source is None or source.deleted:
        raise not_found("source")
    mapping = source.mapping if asked.mapping is None else asked.mapping
    headers = {name.lower(): value for name, value in asked.headers.items()}
    try:
        found = previewing.preview(source.vendor, mapping, headers, asked.body.encode(), asked.content_type)
    except BadPayload as bad:
        raise _invalid("body" if bad.field is None else f"body{bad.field}", bad.message) from None
    except UnicodeEncodeError:
        raise _invalid("body", "isn't valid text") from None
    return PreviewAnswer(submissions=[Previewed(fields=fields, places=places) for fields, places in found])


@router.get("/{source_id}/fetches")
async def list_fetches(source_id: SourceId, given: Used, _user: Reader) -> FetchList:
    """What the source's webhooks only named, and what became of asking for it: the last hundred."""
    found = await Fetches(given.pool).listed(source_id)
    return FetchList(items=[FetchItem(**{name: getattr(one, name) for name in FetchItem.model_fields}) for one in found])


def _expected(if_match: str | None) -> int | None:
    """The version that If-Match names; None: any."""
    tag = (if_match or "*").strip().removeprefix("W/").strip('"')
    if tag == "*":
        return None
    if not (tag.isascii() and tag.isdigit() and len(tag) < 10):
        raise _invalid("If-Match", 'send the version of the source as you read it, such as "3"')
    return int(tag)


def _need_usable(scheme: SignatureScheme, secret: str) -> None:
    try:
        check_secret(scheme, secret.encode())
    except WrongSignature as wrong:
        raise _invalid("secret", wrong.reason) from None


def _invalid(field: str, message: str) -> Problem:
    return Problem(422, "invalid", "Invalid request", errors=[FieldError(field, message)])


def _item(row: SourceRow, given: Services) -> SourceItem:
    public = given.settings.gateway.public_url.rstrip("/")
    return SourceItem(
        id=row.id,
        name=row.name,
        vendor=row.vendor,
        url=f"{public}{PREFIX}{row.id}",
        form_url=f"{public}{FORM_PREFIX}{row.id}",
        signed=row.signed,
        signature=row.scheme,
        mapping=row.mapping,
        open_answers=row.open_answers,
        quiet=row.quiet,
        allowed_origins=row.allowed_origins,
        credentials=row.credentials,
        form=row.form,
        double_opt_in=row.double_opt_in,
        old_secret_until=row.old_secret_until,
        created_at=row.created_at,
        version=row.version,
    )
