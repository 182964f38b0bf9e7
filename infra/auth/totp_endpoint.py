"""/v1/auth/totp: a second factor, enrolled, confirmed, removed."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from infra.auth import totp
from infra.auth.dependencies import LoggedIn
from infra.auth.login import confirm_password, wrong_code
from infra.auth.passwords import CHARACTERS_MAX
from infra.auth.second_factor import CODE_CHARACTERS_MAX, AlreadyEnrolled
from infra.gateway.problems import Problem
from infra.gateway.services import Used

router = APIRouter(prefix="/v1/auth", tags=["auth"])

Password = Annotated[str, Field(max_length=CHARACTERS_MAX)]
Code = Annotated[str, Field(max_length=CODE_CHARACTERS_MAX, description="Of the app, or a recovery code")]


class TotpState(BaseModel):
    """Whether a login needs a code."""

    enabled: bool
    recovery_codes_left: int


class Enrol(BaseModel):
    """Who begins proves to be there."""

    model_config = ConfigDict(extra="forbid")

    password: Password


class Enrolment(BaseModel):
    """The secret, as a QR code says it and as it is typed. It is shown here and never again."""

    uri: str
    secret: str


class Confirmation(BaseModel):
    """A code of the app that has the secret."""

    model_config = ConfigDict(extra="forbid")

    code: Code


class RecoveryCodes(BaseModel):
    """Each is good for one login without the app. They are shown here and never again."""

    recovery_codes: list[str]


class Removal(BaseModel):
    """Who removes it proves both factors."""

    model_config = ConfigDict(extra="forbid")

    password: Password
    code: Code


@router.get("/totp")
async def totp_state(given: Used, user: LoggedIn) -> TotpState:
    """Whether I have a second factor."""
    found = await given.factors.state(user.id)
    return TotpState(enabled=found.enrolled, recovery_codes_left=found.recovery_codes_left)


@router.post("/totp", status_code=201)
async def enrol_totp(asked: Enrol, request: Request, response: Response, given: Used, user: LoggedIn) -> Enrolment:
    """Begin with a second factor. It counts once a code confirms it; 409 if there is one already."""
    await confirm_password(given, request, user, asked.password)
    try:
        secret = await given.factors.begin(user.id)
    except AlreadyEnrolled:
        raise Problem(409, "already-enrolled", "There is a second factor already", "Remove it first.") from None
    response.headers["Cache-Control"] = "no-store"
    issuer = given.settings.mail.company_name
    return Enrolment(uri=totp.uri(secret, account=user.email, issuer=issuer), secret=totp.text_of(secret))


@router.post("/totp/confirm")
async def confirm_totp(asked: Confirmation, response: Response, given: Used, user: LoggedIn) -> RecoveryCodes:
    """From now on a login needs a code. 422 if the code is wrong."""
    codes = await given.factors.confirm(user.id, asked.code)
    if codes is None:
        raise wrong_code("code")
    response.headers["Cache-Control"] = "no-store"
    return RecoveryCodes(recovery_codes=codes)


@router.post("/totp/remove", status_code=204)
async def remove_totp(asked: Removal, request: Request, given: Used, user: LoggedIn) -> None:
    """No second factor any more."""
    await confirm_password(given, request, user, asked.password, asked.code)
    await given.factors.remove(user.id)
