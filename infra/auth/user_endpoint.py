"""/v1/users: who may log in, as what. For administrators, and written by people alone: no key makes a user.

Nobody gives a role that may more than they may themselves, nor changes, invites or helps somebody who has such a role.
"""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from infra.auth import resets, users
from infra.auth.account_mail import TooManyWaiting
from infra.auth.dependencies import LoggedIn, forbidden, require
from infra.auth.password_endpoint import NewPassword, hashed
from infra.auth.roles import HumanRole, Permission, Role, User, role_beyond
from infra.auth.users import AddressTaken, Changed, LastAdmin
from infra.gateway.problems import FieldError, Problem, not_found
from infra.gateway.services import Services, Used
from infra.gateway.values import Address, Word
from infra.gateway.versions import expected_version

router = APIRouter(prefix="/v1", tags=["users"])
LIMIT_MAX: Final = 200
LIMIT_DEFAULT: Final = 50
ID_CHARACTERS_MAX: Final = 64
ENDS_SESSIONS: Final = {"role", "person", "disabled"}
"""What a token says of its user, or what makes it worthless."""

Admin = Annotated[User, Depends(require(Permission.USERS_WRITE))]
Person = Annotated[str, Field(min_length=1, max_length=ID_CHARACTERS_MAX, description="Whose leads are theirs")]


class UserItem(BaseModel):
    """Somebody who may log in. `invited`: no password was chosen yet."""

    id: str
    email: str
    name: str
    role: Role
    person: str | None
    disabled: bool
    invited: bool
    second_factor: bool
    created_at: datetime


class UserPage(BaseModel):
    """By address."""

    items: list[UserItem]
    next: str | None


class UserRequest(BaseModel):
    """A user to be made. Without a password they are sent a link to choose one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    email: Address
    name: Annotated[Word, Field(min_length=1, max_length=200)]
    role: HumanRole
    person: Person | None = None
    password: NewPassword | None = None


class UserPatch(BaseModel):
    """Fields to change; one that isn't sent stays."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[Word, Field(min_length=1, max_length=200)] | None = None
    role: HumanRole | None = None
    person: Person | None = None
    disabled: bool | None = None

    @field_validator("name", "role", "disabled")
    @classmethod
    def _is_something(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("can't be null")
        return value


@router.get("/users")
async def list_users(
    given: Used,
    _user: Admin,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=ID_CHARACTERS_MAX)] = None,
) -> UserPage:
    """Who may log in, also those who no longer may."""
    found = await users.listed(given.pool, after=cursor, limit=limit + 1)
    shown = found[:limit]
    return UserPage(items=[_item(one) for one in shown], next=shown[-1].user.id if len(found) > limit else None)


@router.post("/users", status_code=201)
async def create_user(asked: UserRequest, response: Response, given: Used, user: Admin, _person: LoggedIn) -> UserItem:
    """Let somebody in. 409 if the address is taken."""
    _need_reach(user, asked.role)
    new = users.NewUser(asked.email, "", asked.name, asked.role, asked.person)
    password_hash = users.NO_PASSWORD if asked.password is None else await hashed(given, asked.password)
    try:
        id_ = await users.create(given.pool, new, password_hash)
    except AddressTaken:
        wrong = FieldError("email", "is the address of another user")
        raise Problem(409, "address-taken", "There is such a user already", errors=[wrong]) from None
    if asked.password is None:
        _invite(given, asked.email)
    return await _shown(given, id_, response)


@router.get("/users/{user_id}")
async def get_user(user_id: str, response: Response, given: Used, _user: Admin) -> UserItem:
    """One user. The ETag is their version, to be sent back as If-Match."""
    return await _shown(given, user_id, response)


@router.patch("/users/{user_id}")
async def change_user(
    user_id: str,
    asked: UserPatch,
    response: Response,
    given: Used,
    user: Admin,
    _person: LoggedIn,
    if_match: Annotated[str | None, Header()] = None,
) -> UserItem:
    """Change a user; with If-Match only if they are still as you read them (else 412).

    A new role or person, and being disabled, ends their sessions within a second. 409 for the last admin.
    """
    expected = expected_version(if_match)
    fields = asked.model_dump(exclude_unset=True)
    if not fields:
        raise Problem(422, "invalid", "Invalid request", "Send at least one field to change.")
    if asked.role is not None:
        _need_reach(user, asked.role)
    ended: list[str] = []
    try:
        async with given.pool.acquire() as connection, connection.transaction():
            if not await users.change(
                connection, user_id, fields, expected_version=expected, check=lambda found: _need_reach(user, found.user.role)
            ):
                raise not_found("user")
            if fields.keys() & ENDS_SESSIONS:
                ended = await given.sessions.end_all(user_id, "user changed", connection=connection)
            if fields.get("disabled"):
                await resets.end_all(connection, user_id)
    except Changed:
        raise Problem(412, "version-conflict", "The user has changed", "Read them again.") from None
    except LastAdmin:
        detail = "Nobody would be left who can let anybody in: make somebody else an admin first."
        raise Problem(409, "last-admin", "This is the last admin", detail) from None
    given.ended.add(*ended)
    return await _shown(given, user_id, response)


@router.post("/users/{user_id}/invite", status_code=202)
async def invite_user(user_id: str, given: Used, user: Admin, _person: LoggedIn) -> UserItem:
    """Send a link to choose a password, again. At most one a minute and five an hour go out."""
    found = await users.one(given.pool, user_id)
    if found is None or found.disabled:
        raise not_found("user")
    _need_reach(user, found.user.role)
    _invite(given, found.user.email)
    return _item(found)


@router.delete("/users/{user_id}/totp", status_code=204)
async def remove_second_factor(user_id: str, given: Used, user: Admin, _person: LoggedIn) -> None:
    """For somebody who lost the app and the recovery codes. Ends their sessions."""
    found = await users.one(given.pool, user_id)
    if found is not None:
        _need_reach(user, found.user.role)
    if not await given.factors.remove(user_id):
        raise not_found("second factor")
    given.ended.add(*await given.sessions.end_all(user_id, "second factor removed"))


def _need_reach(user: User, role: Role) -> None:
    """Raises Problem 403 for a role that holds more than this user may."""
    if lacking := role_beyond(user, role):
        raise forbidden(f"The role {role} may what you may not yourself: {', '.join(lacking)}.")


def _invite(given: Services, email: str) -> None:
    try:
        given.account_mail.ask(email, "invitation")
    except TooManyWaiting:
        raise Problem(503, "busy", "Too many mails are waiting", headers={"Retry-After": "30"}) from None


async def _shown(given: Services, user_id: str, response: Response) -> UserItem:
    found = await users.one(given.pool, user_id)
    if found is None:
        raise not_found("user")
    response.headers["ETag"] = f'"{found.version}"'
    return _item(found)


def _item(found: users.Listed) -> UserItem:
    user = found.user
    return UserItem(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        person=user.person,
        disabled=found.disabled,
        invited=found.invited,
        second_factor=found.second_factor,
        created_at=found.created_at,
    )
