"""Users in PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
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


NO_PASSWORD: Final = "-"  # noqa: S105 - the absence of one
"""The hash of somebody who was invited and has chosen none yet: no password makes it."""
CHANGEABLE: Final = ("name", "role", "person", "disabled")


class AddressTaken(Exception):
    """There is a user with this address."""


class Changed(Exception):
    """The user isn't as the asker read them."""


class LastAdmin(Exception):
    """Nobody would be left who can let anybody in."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A user as administrators see them. `invited`: no password was chosen yet."""

    user: User
    disabled: bool
    invited: bool
    second_factor: bool
    created_at: datetime
    version: int


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


async def listed(pool: asyncpg.Pool, *, after: str | None, limit: int) -> list[Listed]:
    """By address; `after` is the id of the last one that was seen."""
    rows = await pool.fetch(
        f"{_LISTED} where ($1::text is null or u.email > (select email from auth.users where id = $1)) order by u.email limit $2",
        after,
        limit,
    )
    return [_listed(row) for row in rows]


async def one(pool: asyncpg.Pool | asyncpg.Connection, user_id: str) -> Listed | None:
    """As in the list."""
    row = await pool.fetchrow(f"{_LISTED} where u.id = $1", user_id)
    return None if row is None else _listed(row)


_LISTED = """
select u.id, u.email, u.name, u.role, u.person, u.password_hash, u.disabled, u.created_at, t.user_id is not null as second_factor,
    (extract(epoch from u.updated_at) * 1000000)::bigint as version
from auth.users u left join auth.totp t on t.user_id = u.id and t.confirmed_at is not null
"""


def _listed(row: asyncpg.Record) -> Listed:
    user = User(row["id"], row["email"], row["name"], row["role"], row["person"])
    invited = row["password_hash"] == NO_PASSWORD
    return Listed(user, row["disabled"], invited, row["second_factor"], row["created_at"], row["version"])


async def create(pool: asyncpg.Pool, new: NewUser, password_hash: str) -> str:
    """The new user's id. Raises AddressTaken."""
    id_ = await pool.fetchval(
        """insert into auth.users (id, email, name, role, person, password_hash) values ($1, $2, $3, $4, $5, $6)
           on conflict (email) do nothing returning id""",
        str(uuid4()),
        normal_address(new.email),
        new.name,
        new.role,
        new.person,
        password_hash,
    )
    if id_ is None:
        raise AddressTaken
    return str(id_)


async def change(
    connection: asyncpg.Connection,
    user_id: str,
    fields: Mapping[str, Any],
    *,
    expected_version: int | None = None,
    check: Callable[[Listed], None] = lambda _found: None,
) -> bool:
    """Change some of CHANGEABLE, in the caller's transaction. False if there is no such user. Raises LastAdmin, Changed.

    `check` sees the user as they are then, and raises what it likes.
    """
    unknown = fields.keys() - set(CHANGEABLE)
    if unknown:
        raise ValueError(f"{sorted(unknown)} can't be changed")
    # Two admins who take each other's rights away: one of them comes second, and hears that they are the last.
    await connection.execute("select pg_advisory_xact_lock(hashtextextended('auth.admins', 0))")
    found = await one(connection, user_id)
    if found is not None:
        check(found)
        if expected_version not in (None, found.version):
            raise Changed
    assignments = ", ".join(f"{name} = ${number}" for number, name in enumerate(fields, 2))
    done = await connection.fetchval(
        f"update auth.users set {assignments}, updated_at = clock_timestamp() where id = $1 returning true",
        user_id,
        *fields.values(),
    )
    left = "select true from auth.users where role = 'admin' and not disabled and password_hash <> $1 limit 1"
    if not await connection.fetchval(left, NO_PASSWORD):
        raise LastAdmin
    return bool(done)


async def set_password_hash(pool: asyncpg.Pool | asyncpg.Connection, user_id: str, password_hash: str) -> None:
    """A password that was chosen anew."""
    await pool.execute("update auth.users set password_hash = $2, updated_at = now() where id = $1", user_id, password_hash)


async def renew_hash(pool: asyncpg.Pool, user_id: str, old: str, new: str) -> bool:
    """Another hash of the same password; False if it is another password's by now."""
    done = await pool.fetchval(
        "update auth.users set password_hash = $3 where id = $1 and password_hash = $2 returning true", user_id, old, new
    )
    return bool(done)


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


async def any_admin(pool: asyncpg.Pool) -> bool:
    """Whether anybody can let others in."""
    return bool(await pool.fetchval("select true from auth.users where role = 'admin' and not disabled limit 1"))


async def people(pool: asyncpg.Pool) -> list[User]:
    """Users who can own leads, by name."""
    rows = await pool.fetch(
        "select id, email, name, role, person from auth.users"
        " where person is not null and not disabled order by name, id limit 1000"
    )
    return [User(row["id"], row["email"], row["name"], row["role"], row["person"]) for row in rows]
