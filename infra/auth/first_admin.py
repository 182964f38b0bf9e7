"""Who lets the others in: made once, from the settings or with a password that is told once."""

import secrets
from dataclasses import dataclass
from typing import Final

import asyncpg

from infra.auth import users
from infra.auth.passwords import Passwords
from infra.auth.users import AddressTaken, NewUser
from infra.settings import Auth

EMAIL: Final = "admin@leadflow.local"
NAME: Final = "Admin"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Who was made. `password` None: it is the one of the settings."""

    email: str
    password: str | None


async def from_settings(pool: asyncpg.Pool, passwords: Passwords, auth: Auth) -> FirstAdmin | None:
    """Make the admin that the settings name, unless there is one or they name none. Any number of processes may call it."""
    if auth.admin_email is None or auth.admin_password is None or await users.any_admin(pool):
        return None
    return await _make(pool, passwords, auth.admin_email, auth.admin_password.get_secret_value(), told=False)


async def ensure(pool: asyncpg.Pool, passwords: Passwords, auth: Auth) -> FirstAdmin | None:
    """The same, with a password of ours where the settings have none. None if there is an admin already."""
    made = await from_settings(pool, passwords, auth)
    if made is not None or await users.any_admin(pool):
        return made
    return await _make(pool, passwords, auth.admin_email or EMAIL, secrets.token_urlsafe(12), told=True)


async def _make(pool: asyncpg.Pool, passwords: Passwords, email: str, password: str, *, told: bool) -> FirstAdmin | None:
    try:
        await users.create(pool, NewUser(email, password, NAME, "admin"), await passwords.hash(password))
    except AddressTaken:
        return None
    return FirstAdmin(users.normal_address(email), password if told else None)
