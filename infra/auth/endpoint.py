"""/v1/auth: log in, refresh, log out, who am I."""

import dataclasses
from typing import Annotated, Final

from fastapi import APIRouter, Cookie, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from infra.audit.recording import note
from infra.auth import users
from infra.auth.dependencies import CurrentUser, unauthorized
from infra.auth.login import WRONG, authenticate
from infra.auth.passwords import CHARACTERS_MAX, TooBusy
from infra.auth.roles import Role, User
from infra.auth.second_factor import CODE_CHARACTERS_MAX
from infra.auth.sessions import AccountChanged
from infra.auth.users import Account
from infra.gateway.services import Services, Used
from infra.gateway.values import storable

router = APIRouter(prefix="/v1")
COOKIE: Final = "lf_refresh"
COOKIE_PATH: Final = "/v1/auth"
RefreshToken = Annotated[str | None, Cookie(alias=COOKIE)]


class Login(BaseModel):
    """Who wants in."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=320), AfterValidator(storable)]
    password: str = Field(max_length=CHARACTERS_MAX)
    code: str | None = Field(
        default=None,
        max_length=CODE_CHARACTERS_MAX,
        description="Of an authenticator app, or a recovery code; if the answer asks for it",
    )


class AccessGranted(BaseModel):
    """An access token; the refresh token is in an httpOnly cookie."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - RFC 6750's word
    expires_in: int = Field(description="Seconds")


class Me(BaseModel):
    """Who is logged in. `person` is whose leads are theirs."""

    id: str
    email: str
    name: str
    role: Role
    person: str | None


@router.post("/auth/login", tags=["auth"])
async def login(login: Login, request: Request, response: Response, given: Used) -> AccessGranted:
    """Log in. Wrong guesses make the next ones wait (429 with Retry-After); with a second factor, `code` is needed (401)."""
    account = await authenticate(given, request, login.email, login.password, login.code)
    proven = await _renewed(given, account, login.password)
    device, address = request.headers.get("user-agent", ""), given.addresses.of(request.scope)
    try:
        opened = await given.sessions.open(account.user.id, proven=proven, device=device, address=address)
    except AccountChanged:
        raise unauthorized(WRONG) from None
    note(request, object=f"auth/sessions/{opened.session}")
    _set_cookie(given, response, opened.token)
    return _granted(given, account.user, opened.session)


@router.post("/auth/refresh", tags=["auth"])
async def refresh(request: Request, response: Response, given: Used, token: RefreshToken = None) -> AccessGranted:
    """The next access token. The refresh token is good for one use; one that comes back later ends its whole family.

    Written down is what is refused of a session that there is or was: a page that is loaded again is no deed of anybody.
    """
    refreshed = None if token is None else await given.sessions.refresh(token, address=given.addresses.of(request.scope))
    account = None if refreshed is None else await users.by_id(given.pool, refreshed.user_id)
    if refreshed is None or account is None or account.disabled:
        known = None if token is None else await given.sessions.session_of(token)
        if known is not None:
            session, user_id = known
            note(request, actor=user_id, object=f"auth/sessions/{session}")
        problem = unauthorized("There is no session (any more): log in.")
        problem.headers["Set-Cookie"] = f"{COOKIE}=; Path={COOKIE_PATH}; Max-Age=0; HttpOnly; SameSite=Strict"
        raise problem
    _set_cookie(given, response, refreshed.token)
    return _granted(given, account.user, refreshed.session)


@router.post("/auth/logout", tags=["auth"], status_code=204)
async def logout(
    request: Request,
    response: Response,
    given: Used,
    token: RefreshToken = None,
    everywhere: Annotated[bool, Query(description="All of this user's sessions")] = False,
) -> None:
    """End the session on this device. Says 204 also where there is none."""
    known = None if token is None else await given.sessions.session_of(token)
    if known is not None:
        session, user_id = known
        note(request, actor=user_id, object=f"auth/sessions/{session}")
        ending = given.sessions.end_all(user_id, "logout") if everywhere else given.sessions.end(user_id, session, "logout")
        given.ended.add(*await ending)
    response.delete_cookie(COOKIE, path=COOKIE_PATH, httponly=True, samesite="strict")


@router.get("/auth/me", tags=["auth"])
async def me(user: CurrentUser) -> Me:
    """Who is logged in."""
    return Me(id=user.id, email=user.email, name=user.name, role=user.role, person=user.person)


async def _renewed(given: Services, account: Account, password: str) -> str:
    """The hash that stands, of today's cost if there is room for the work now: the next login tries again."""
    old = account.password_hash
    if not given.passwords.outdated(old):
        return old
    try:
        new = await given.passwords.hash(password)
    except TooBusy:
        return old
    return new if await users.renew_hash(given.pool, account.user.id, old, new) else old


def _granted(given: Services, user: User, session: str) -> AccessGranted:
    token = given.tokens.issue(dataclasses.replace(user, session=session))
    return AccessGranted(access_token=token, expires_in=given.tokens.seconds)


def _set_cookie(given: Services, response: Response, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=given.settings.auth.refresh_days * 24 * 60 * 60,
        path=COOKIE_PATH,
        httponly=True,
        secure=given.settings.gateway.public_url.startswith("https://"),
        samesite="strict",
    )
    response.headers["Cache-Control"] = "no-store"
