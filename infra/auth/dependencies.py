"""FastAPI dependencies: who asks (`current_user`), and whether they may (`require(permission)`).

@router.get("/v1/leads")
async def leads(user: Annotated[User, Depends(require(Permission.LEADS_READ))]): ...
"""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Annotated

import asyncpg
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from infra.auth import api_keys
from infra.auth.roles import Permission, User
from infra.auth.tokens import BadToken
from infra.gateway.problems import Problem, unavailable
from infra.gateway.services import Services, Used

bearer = HTTPBearer(auto_error=False, description="An access token of /v1/auth/login, or an API key (`lf_...`)")


def unauthorized(detail: str) -> Problem:
    """401, saying how to come in."""
    return Problem(401, "unauthorized", "Not logged in", detail, headers={"WWW-Authenticate": "Bearer"})


def forbidden(detail: str) -> Problem:
    """403."""
    return Problem(403, "forbidden", "Not allowed", detail)


async def user_of(services: Services, credential: str) -> User:
    """The user behind an access token or API key. Raises Problem 401."""
    if credential.startswith(api_keys.PREFIX):
        try:
            user = await api_keys.user_of(services.pool, credential)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as away:
            raise unavailable("The user database") from away
        if user is None:
            raise unauthorized("This API key isn't known, or was revoked.")
        return user
    try:
        user = services.tokens.read(credential).user
    except BadToken:
        raise unauthorized("The access token isn't valid (any more): refresh it or log in.") from None
    if user.session in services.ended:
        raise unauthorized("This session was ended: log in.")
    if services.settings.auth.reps_see == "team" and user.person is not None and not user.sees_all:
        return dataclasses.replace(user, team=await services.teams.mates(user.person))
    return user


async def current_user(request: Request, given: Services, credentials: HTTPAuthorizationCredentials | None) -> User:
    """Whoever sent this request. Raises Problem 401. Kept on the request, for logs."""
    if credentials is None:
        raise unauthorized("Send Authorization: Bearer with an access token or an API key.")
    user = await user_of(given, credentials.credentials)
    request.state.user = user
    return user


async def _current_user(
    request: Request, given: Used, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> User:
    return await current_user(request, given, credentials)


CurrentUser = Annotated[User, Depends(_current_user)]


async def _logged_in(user: CurrentUser) -> User:
    if user.id.startswith(api_keys.ACTOR_PREFIX):
        raise forbidden("This is for people who are logged in, not for API keys.")
    return user


LoggedIn = Annotated[User, Depends(_logged_in)]
"""A person, not a machine."""


def require(permission: Permission) -> Callable[[User], Awaitable[User]]:
    """Dependency: the current user, if their role holds `permission`; else 403. The route x role table reads it back."""

    async def allowed(user: CurrentUser) -> User:
        if not user.may(permission):
            raise forbidden(f"The role {user.role} lacks the permission {permission.value}.")
        return user

    allowed.permission = permission  # type: ignore[attr-defined]
    return allowed
