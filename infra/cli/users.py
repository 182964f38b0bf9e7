"""`leadflow users`: let somebody in from the command line, also when nobody can log in."""

import secrets
from typing import Annotated

import typer

from infra.audit.store import CLI, Entry, write
from infra.auth import users
from infra.auth.passwords import Passwords
from infra.auth.roles import HUMAN_ROLES, HumanRole
from infra.auth.users import AddressTaken, NewUser
from infra.cli.common import fail, out, run, settings
from infra.gateway.values import address
from infra.postgres.pool import open_pool
from infra.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Who may log in.")


@app.callback()
def _only() -> None:
    """Keeps `add` a word of its own."""


@app.command()
def add(
    email: str,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(HUMAN_ROLES)}.")] = "admin",
    name: Annotated[str, typer.Option(help="As others see it.")] = "",
    person: Annotated[str | None, typer.Option(help="Whose leads are theirs: the name of a `person` document.")] = None,
) -> None:
    """Make a user; the password is printed, once."""
    known = [one for one in HUMAN_ROLES if one == role]
    if not known:
        fail(f"there is no role {role!r}; there are: {', '.join(HUMAN_ROLES)}", 2)
    try:
        address(email)
    except ValueError as wrong:
        fail(f"{email!r} {wrong}", 2)
    password = secrets.token_urlsafe(12)
    try:
        run(_add(settings(), email, name or email.partition("@")[0], known[0], person, password))
    except AddressTaken:
        fail(f"there is a user with the address {email}", 2)
    out.print(f"{email} may log in as {role}; the password, which is not to be had again: {password}", soft_wrap=True)


async def _add(given: Settings, email: str, name: str, role: HumanRole, person: str | None, password: str) -> None:
    pool = await open_pool(given.postgres.url, name="cli", size=1)
    passwords = Passwords()
    try:
        id_ = await users.create(pool, NewUser(email, "", name, role, person), await passwords.hash(password))
        await write(pool, Entry(CLI, "create_user", f"users/{id_}"))
    finally:
        passwords.close()
        await pool.close()
