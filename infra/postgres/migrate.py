"""Migrations: every `migrations` folder of a consumer, projection, producer or adapter is one alembic branch, found by looking.

A folder can be deleted, or come back, without a list being edited. So the truth about what a database has is our own table
`migrations.applied`, which also keeps the order; alembic's version table is made from it before each command, out of
those revisions whose files are there.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from infra.postgres.connecting import Address, arguments

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("infra", "producers", "consumers", "projections")
SCHEMA: Final = "migrations"
ADVISORY_LOCK: Final = 0x6C65_6164_666C_6F77
"""Any number that nobody else takes; these are the letters `leadflow`."""
RECORD: Final = "insert into migrations.applied (revision) values (:revision)"
UNRECORD: Final = "delete from migrations.applied where revision = :revision"
TABLES: Final = (
    "create schema if not exists migrations",
    """
    create table if not exists migrations.applied (
        nth bigint generated always as identity primary key,
        revision text not null unique,
        applied_at timestamptz not null default now()
    )
    """,
    "create table if not exists migrations.alembic_version (version_num varchar(255) not null primary key)",
)
LOCK_TIMEOUT_MS: Final = 60_000
"""How long a second `migrate` waits for the first."""


class UnknownFolder(Exception):
    """No such folder among consumers, projections, producers and adapters; or two of them share the name."""


def folders(root: Path = ROOT) -> dict[str, Path]:
    """The migration folders by name of the folder that owns them, adapters first. Raises UnknownFolder for a name used twice."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for path in sorted((root / package).glob("*/migrations")):
            name = path.parent.name
            if name in found:
                raise UnknownFolder(f"{found[name]} and {path} would share the PostgreSQL schema {name}")
            found[name] = path
    return found


async def upgrade(address: Address, root: Path = ROOT) -> list[str]:
    """Apply what is missing; returns the revisions applied, in order. Two at once: the second waits, then finds nothing to do."""
    return await _run(address, root, lambda config: command.upgrade(config, "heads"))


async def rollback(address: Address, root: Path = ROOT) -> list[str]:
    """Undo the revision applied last; returns it, or nothing if there is none (whose file is there)."""

    def undo(config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        present = config.attributes["present"]
        if present:
            revision = script.get_revision(present[-1])
            branch = next(iter(revision.branch_labels))
            command.downgrade(config, f"{branch}@{revision.down_revision or 'base'}")

    return await _run(address, root, undo)


def make(folder: str, message: str, root: Path = ROOT) -> Path:
    """Write the folder's next migration (or its first) and return the file. Raises UnknownFolder."""
    known = folders(root)
    if folder not in known:
        homes = [path for package in PACKAGES if (path := root / package / folder).is_dir()]
        if len(homes) != 1:
            raise UnknownFolder(f"{folder!r} is not one folder of {', '.join(PACKAGES)}")
        known[folder] = homes[0] / "migrations"
        known[folder].mkdir()
    number = 1 + max((int(path.name[:4]) for path in known[folder].glob("[0-9][0-9][0-9][0-9]_*.py")), default=0)
    config = _config(known.values())
    config.set_main_option("file_template", f"{number:04d}_%%(slug)s")
    config.set_main_option("truncate_slug_length", "60")
    script = command.revision(
        config,
        message,
        rev_id=f"{folder}_{number:04d}",
        head="base" if number == 1 else f"{folder}@head",
        branch_label=folder if number == 1 else None,
        version_path=str(known[folder]),
    )
    if script is None or isinstance(script, list):
        raise UnknownFolder(f"alembic made no migration for {folder!r}")
    return Path(script.path)


async def _run(address: Address, root: Path, act: Callable[[Config], None]) -> list[str]:
    """Run an alembic command under the lock; returns the revisions that it applied or took back."""
    config = _config(folders(root).values())
    async with _locked(address) as connection:
        return await connection.run_sync(_act, config, act)


def _act(connection: Connection, config: Config, act: Callable[[Config], None]) -> list[str]:
    changed: list[str] = []

    def remember(*, step: MigrationInfo, **_: Any) -> None:
        for revision in step.up_revision_ids:
            connection.execute(text(RECORD if step.is_upgrade else UNRECORD), {"revision": revision})
            changed.append(revision)

    _prepare(connection, config)
    config.attributes.update(connection=connection, schema=SCHEMA, on_version_apply=remember)
    act(config)
    return changed


def _prepare(connection: Connection, config: Config) -> None:
    """Make our tables, and alembic's version table equal to what was applied and has a file."""
    for statement in TABLES:
        connection.execute(text(statement))
    applied = list(connection.execute(text("select revision from migrations.applied order by nth")).scalars())
    script = ScriptDirectory.from_config(config)
    files = {revision.revision for revision in script.walk_revisions()}
    present = [name for name in applied if name in files]
    below = {script.get_revision(name).down_revision for name in present}
    connection.execute(text("delete from migrations.alembic_version"))
    for name in present:
        if name not in below:
            connection.execute(text("insert into migrations.alembic_version values (:name)"), {"name": name})
    connection.commit()
    config.attributes["present"] = present


@asynccontextmanager
async def _locked(address: Address) -> AsyncIterator[AsyncConnection]:
    async def connect() -> Any:
        # asyncpg itself reads the URL, so that pools and migrations understand the same ones (Unix sockets too).
        return await asyncpg.connect(
            **arguments(address),
            server_settings={"application_name": "leadflow-migrate", "lock_timeout": str(LOCK_TIMEOUT_MS), "jit": "off"},
        )

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK})
            await connection.commit()
            yield connection
    finally:
        await engine.dispose()


def _config(locations: Iterable[Path]) -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(Path(__file__).parent / "environment"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(_escaped(path) for path in locations))
    return config


def _escaped(path: Path) -> str:
    """As configparser wants it."""
    return str(path).replace("%", "%%")
