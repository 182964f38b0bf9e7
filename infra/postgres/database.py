"""Create and drop whole databases: `leadflow up` on an empty server, and one database per test module."""

from urllib.parse import unquote, urlsplit

import asyncpg

from infra.postgres.connecting import Address, arguments, url_of

MAINTENANCE_DATABASE = "postgres"
"""Exists on every server; one has to be connected somewhere to create another."""


async def ensure(address: Address, name: str | None = None) -> bool:
    """Create the database of `address` (or `name` on its server) unless it is there. True if it was created.

    Two callers at once end with one database.
    """
    connection = await asyncpg.connect(**arguments(address), database=MAINTENANCE_DATABASE)
    try:
        wanted = name or _name(url_of(address))
        if await connection.fetchval("select true from pg_database where datname = $1", wanted):
            return False
        await connection.execute(f"create database {_quoted(wanted)} template template0 encoding 'UTF8'")
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        return False
    finally:
        await connection.close()
    return True


async def drop(address: Address, name: str | None = None) -> None:
    """Drop it with everything in it, ending whoever is connected."""
    connection = await asyncpg.connect(**arguments(address), database=MAINTENANCE_DATABASE)
    try:
        await connection.execute(f"drop database if exists {_quoted(name or _name(url_of(address)))} with (force)")
    finally:
        await connection.close()


def _name(url: str) -> str:
    path = urlsplit(url).path.removeprefix("/")
    if not path:
        raise ValueError("the PostgreSQL URL names no database")
    return unquote(path)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
