"""address, password, code -> an account, or a problem that doesn't say which accounts there are.

Whatever is wrong, the same is done: the attempt is counted, an account is looked up, a password is hashed. Only who has the right
password hears that a code is needed.
"""

from typing import Final

from fastapi import Request

from infra.audit.recording import note
from infra.auth import users
from infra.auth.dependencies import unauthorized
from infra.auth.guesses import GuessesUnavailable
from infra.auth.passwords import TooBusy
from infra.auth.roles import User
from infra.auth.users import Account
from infra.gateway.addresses import bucket
from infra.gateway.problems import FieldError, Problem, unavailable
from infra.gateway.services import Services

WRONG: Final = "The e-mail address or the password is wrong."


async def authenticate(given: Services, request: Request, email: str, password: str, code: str | None) -> Account:
    """Whose credentials these are. Raises Problem: 401, 429 with Retry-After, 503 while Redis or PostgreSQL are away."""
    address = bucket(given.addresses.of(request.scope))
    try:
        await _let_try(given, email, address)
        account = await users.by_email(given.pool, email)
        note(request, actor=None if account is None else account.user.id)
        right = await check(given, None if account is None else account.password_hash, password)
        if account is None or not right or account.disabled:
            raise unauthorized(WRONG)
        if (await given.factors.state(account.user.id)).enrolled:
            if code is None:
                await given.guesses.undecided(email, address)
                raise code_needed()
            if not await given.factors.check(account.user.id, code):
                raise Problem(401, "wrong-code", "The code is wrong", "It is wrong, over, or was used.", headers=_BEARER)
        await given.guesses.right(email, address)
    except GuessesUnavailable:
        raise unavailable("Logging in") from None
    return account


async def confirm_password(given: Services, request: Request, user: User, password: str, code: str | None = None) -> None:
    """Somebody who is logged in proves to be there still. Raises Problem 403, 422 for a wrong code, 429, 503."""
    address = bucket(given.addresses.of(request.scope))
    try:
        await _let_try(given, user.email, address)
        account = await users.by_id(given.pool, user.id)
        right = await check(given, None if account is None else account.password_hash, password)
        if account is None or not right or account.disabled:
            raise Problem(403, "wrong-password", "The password is wrong")
        if code is not None and not await given.factors.check(user.id, code):
            raise wrong_code("code")
        await given.guesses.right(user.email, address)
    except GuessesUnavailable:
        raise unavailable("Logging in") from None


async def check(given: Services, known: str | None, password: str) -> bool:
    """Passwords.check. Raises Problem 503 if too many wait."""
    try:
        return await given.passwords.check(known, password)
    except TooBusy:
        raise busy() from None


def busy() -> Problem:
    """503: more passwords are to be hashed than we let wait."""
    return Problem(503, "busy", "Too many logins at once", "Try again.", headers={"Retry-After": "2"})


def code_needed() -> Problem:
    """401: the password is right, and a second factor is enrolled."""
    detail = "Send `code` too: six digits of your authenticator app, or a recovery code."
    return Problem(401, "code-needed", "A code is needed", detail, headers=_BEARER)


def wrong_code(field: str) -> Problem:
    """422, for somebody who is logged in."""
    wrong = FieldError(field, "is wrong, over, or was used")
    return Problem(422, "wrong-code", "The code is wrong", errors=[wrong])


async def _let_try(given: Services, email: str, address: str) -> None:
    wait = await given.guesses.begin(email, address)
    if wait:
        headers = {"Retry-After": str(wait)}
        raise Problem(429, "too-many-guesses", "Too many wrong logins", f"Try again in {wait} s.", headers=headers)


_BEARER: Final = {"WWW-Authenticate": "Bearer"}
