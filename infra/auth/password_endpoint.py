"""/v1/auth/password and /v1/auth/reset: choose a new password, with the old one or with a link by mail."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from infra.audit.recording import note
from infra.auth import resets, users
from infra.auth.account_mail import TooManyWaiting
from infra.auth.dependencies import LoggedIn
from infra.auth.guesses import GuessesUnavailable
from infra.auth.login import busy, confirm_password
from infra.auth.passwords import CHARACTERS_MAX, CHARACTERS_MIN, TooBusy
from infra.gateway.problems import FieldError, Problem
from infra.gateway.services import Services, Used

router = APIRouter(prefix="/v1/auth", tags=["auth"])

NewPassword = Annotated[str, Field(min_length=CHARACTERS_MIN, max_length=CHARACTERS_MAX)]


class PasswordChange(BaseModel):
    """The old password and the new one."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=CHARACTERS_MAX)
    new: NewPassword


class ResetRequest(BaseModel):
    """Whose password."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=320)


class Reset(BaseModel):
    """The token of the mail, and the new password."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=resets.TOKEN_CHARACTERS_MAX)
    password: NewPassword


class Accepted(BaseModel):
    """If there is such an account, a mail is on its way."""

    status: str = "accepted"


@router.post("/password", status_code=204)
async def change_password(asked: PasswordChange, request: Request, given: Used, user: LoggedIn) -> None:
    """Choose a new password. Ends all other sessions, and links to choose one."""
    await confirm_password(given, request, user, asked.old)
    password_hash = await hashed(given, asked.new)
    async with given.pool.acquire() as connection, connection.transaction():
        await users.set_password_hash(connection, user.id, password_hash)
        await resets.end_all(connection, user.id)
        ended = await given.sessions.end_all(user.id, "password changed", but=user.session, connection=connection)
    given.ended.add(*ended)


@router.post("/reset", status_code=202)
async def request_reset(asked: ResetRequest, request: Request, given: Used) -> Accepted:
    """Have a link sent that lets one choose a new password. The answer is the same whether there is such an account or not."""
    note(request)
    try:
        given.account_mail.ask(asked.email, "reset")
    except TooManyWaiting:
        raise Problem(503, "busy", "Too many mails are waiting", headers={"Retry-After": "30"}) from None
    return Accepted()


@router.post("/reset/confirm", status_code=204)
async def confirm_reset(asked: Reset, request: Request, given: Used) -> None:
    """Choose a new password with a link's token, which is good once. Ends all sessions."""
    note(request)
    if not await resets.is_good(given.pool, asked.token):
        raise _no_good()
    password_hash = await hashed(given, asked.password)
    async with given.pool.acquire() as connection, connection.transaction():
        user_id = await resets.use(connection, asked.token)
        if user_id is None:
            raise _no_good()
        await users.set_password_hash(connection, user_id, password_hash)
        ended = await given.sessions.end_all(user_id, "password reset", connection=connection)
    note(request, actor=user_id, object=f"users/{user_id}")
    given.ended.add(*ended)
    await _forgive(given, user_id)


async def hashed(given: Services, password: str) -> str:
    """Passwords.hash. Raises Problem 503 if too many wait."""
    try:
        return await given.passwords.hash(password)
    except TooBusy:
        raise busy() from None


async def _forgive(given: Services, user_id: str) -> None:
    """What strangers guessed keeps the owner out no longer. Without Redis it passes by itself."""
    account = await users.by_id(given.pool, user_id)
    try:
        if account is not None:
            await given.guesses.forgive(account.user.email)
    except GuessesUnavailable:
        return


def _no_good() -> Problem:
    wrong = FieldError("token", "is unknown, was used, or is over: have a new link sent")
    return Problem(422, "reset-token-invalid", "The link isn't good any more", errors=[wrong])
