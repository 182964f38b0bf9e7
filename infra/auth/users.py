"""Users in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import asyncpg

from infra.auth.passwords import Passwords
from infra.auth.roles import Role, User


@dataclass(frozen=True, slots=True)
class Account:
    """A user with what it takes to log in."""

    user: User
    password_hash: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class NewUser:
    """Someone who shall be able to log in. `person` is whose leads are theirs."""

    email: str
    password: str
    name: str
    role: Role
    person: str | None = None


_ACCOUNT = "select id, email, name, role, person, password_hash, disabled from auth.users"


def normal_address(email: str) -> str:
    """How an address stands in the table."""
    return email.strip().lower()


async def by_email(pool: asyncpg.Pool, email: str) -> Account | None:
    """The account of an address in any spelling."""
    return _account(await pool.fetchrow(f"{_ACCOUNT} where email = $1", normal_address(email)))


async def by_id(pool: asyncpg.Pool, user_id: str) -> Account | None:
    """The account of a user's id."""
    return _account(await pool.fetchrow(f"{_ACCOUNT} where id = $1", user_id))


def _account(row: asyncpg.Record | None) -> Account | None:
    if row is None:
        return None
    user = User(row["id"], row["email"], row["name"], row["role"], row["person"])
    return Account(user, row["password_hash"], row["disabled"])


async def set_password_hash(pool: asyncpg.Pool, user_id: str, password_hash: str) -> None:
    """After a login whose hash was made with an older cost."""
    await pool.execute("update auth.users set password_hash = $2, updated_at = now() where id = $1", user_id, password_hash)


async def ensure_users(pool: asyncpg.Pool, passwords: Passwords, wanted: Sequence[NewUser]) -> list[User]:
    """Create who isn't there; give who is there the name, role, person and password asked for. May be called twice."""
    users = []
    for new in wanted:
        known = await by_email(pool, new.email)
        same = known is not None and await passwords.check(known.password_hash, new.password)
        password_hash = known.password_hash if known is not None and same else await passwords.hash(new.password)
        row = await pool.fetchrow(
            """
            insert into auth.users (id, email, name, role, person, password_hash) values ($1, $2, $3, $4, $5, $6)
            on conflict (email) do update set name = excluded.name, role = excluded.role, person = excluded.person,
                password_hash = excluded.password_hash, disabled = false, updated_at = now()
            returning id, email, name, role, person
            """,
            str(uuid4()),
            normal_address(new.email),
            new.name,
            new.role,
            new.person,
            password_hash,
        )
        users.append(User(row["id"], row["email"], row["name"], row["role"], row["person"]))
    return users


async def people(pool: asyncpg.Pool) -> list[User]:
    """Users who can own leads, by name."""
    rows = await pool.fetch(
        "select id, email, name, role, person from auth.users"
        " where person is not null and not disabled order by name, id limit 1000"
    )
    return [User(row["id"], row["email"], row["name"], row["role"], row["person"]) for row in rows]
