"""/v1/auth/keys: API keys, for machines; and what roles there are to give."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from infra.auth import api_keys
from infra.auth.dependencies import forbidden, require
from infra.auth.roles import PERMISSIONS, ROLES, Permission, Role, User
from infra.gateway.problems import FieldError, Problem, not_found
from infra.gateway.services import Used
from infra.gateway.values import Word

router = APIRouter(prefix="/v1/auth", tags=["auth"])

Keeper = Annotated[User, Depends(require(Permission.KEYS_WRITE))]


class NewKey(BaseModel):
    """An API key to be made. Without `scopes` it may all that its role may, without `expires_at` until it is revoked."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Word, Field(min_length=1, max_length=200)]
    role: Role = "analyst"
    scopes: list[Permission] | None = Field(default=None, min_length=1, max_length=len(Permission))
    expires_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_of_use(self) -> "NewKey":
        lacking = sorted(set(self.scopes or ()) - PERMISSIONS[self.role])
        if lacking:
            raise ValueError(f"the role {self.role} has not {', '.join(lacking)}")
        if self.expires_at is not None and self.expires_at <= datetime.now(UTC):
            raise ValueError("expires_at is over")
        return self


class KeyItem(BaseModel):
    """An API key; its text is shown once, when it is made. `last_used_at` is exact to a minute."""

    id: str
    name: str
    role: Role
    scopes: list[Permission] | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyMade(KeyItem):
    """With the text, which can't be had again."""

    key: str


class Keys(BaseModel):
    """All API keys."""

    items: list[KeyItem]


class RoleItem(BaseModel):
    """A role and what it may."""

    role: Role
    permissions: list[Permission]


class Roles(BaseModel):
    """All roles."""

    items: list[RoleItem]


@router.get("/roles")
async def roles(_user: Keeper) -> Roles:
    """Which roles there are, and what each may: scopes of a key are some of it."""
    return Roles(items=[RoleItem(role=role, permissions=sorted(PERMISSIONS[role])) for role in ROLES])


@router.get("/keys")
async def keys(given: Used, _user: Keeper) -> Keys:
    """API keys, the newest first, also revoked ones."""
    return Keys(items=[_key_item(key) for key in await api_keys.listed(given.pool)])


@router.post("/keys", status_code=201)
async def create_key(new: NewKey, given: Used, user: Keeper) -> KeyMade:
    """Make an API key. Its text is in this answer and nowhere else. It may no more than whoever makes it, and for no longer."""
    lacking = sorted(_permissions(new.role, new.scopes) - user.permissions)
    if lacking:
        raise forbidden(f"You can't give what you may not do yourself: {', '.join(lacking)}.")
    if user.expires_at is not None and (new.expires_at is None or new.expires_at > user.expires_at):
        wrong = FieldError("expires_at", f"must not be later than that of the key you use, {user.expires_at.isoformat()}")
        raise Problem(422, "invalid", "Invalid request", errors=[wrong])
    maker = user.maker or user.id
    key, text = await api_keys.create(
        given.pool, name=new.name, role=new.role, created_by=maker, scopes=new.scopes, expires_at=new.expires_at
    )
    return KeyMade(**_key_item(key).model_dump(), key=text)


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(key_id: str, given: Used, user: Keeper) -> None:
    """Revoke an API key. Not one that may more than whoever asks."""
    key = await api_keys.one(given.pool, key_id)
    if key is not None and (lacking := sorted(_permissions(key.role, key.scopes) - user.permissions)):
        raise forbidden(f"The key may what you may not yourself: {', '.join(lacking)}.")
    if not await api_keys.revoke(given.pool, key_id):
        raise not_found("API key")


def _permissions(role: Role, scopes: Sequence[Permission] | None) -> frozenset[Permission]:
    return PERMISSIONS[role] if scopes is None else PERMISSIONS[role] & frozenset(scopes)


def _key_item(key: api_keys.ApiKey) -> KeyItem:
    return KeyItem(
        id=key.id,
        name=key.name,
        role=key.role,
        scopes=None if key.scopes is None else list(key.scopes),
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )
