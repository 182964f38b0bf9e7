"""What every local server has in common: prepare its folder, run it, wait until it answers, say why it didn't."""

import asyncio
import contextlib
import re
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import ClassVar, Final

from infra.local.addresses import Addresses
from infra.local.artifacts import ArtifactCache
from infra.local.data_folder import DataFolder
from infra.local.errors import CorruptDataFolder, LocalServersError, PortInUse, ServerDidNotStart
from infra.local.ports import Ports, is_free
from infra.local.processes import Command, Processes, RunningProcess

START_SECONDS_MAX: Final = 120.0
PREPARE_SECONDS_MAX: Final = 60.0
PROBE_SECONDS_MAX: Final = 5.0
PROBE_EVERY_SECONDS: Final = 0.1
LOG_LINES_SHOWN: Final = 12
LOG_BYTES_READ_MAX: Final = 200_000

ADDRESS_IN_USE: Final = re.compile(r"address already in use|BindException", re.IGNORECASE)


@dataclass(frozen=True)
class Context:
    """What the servers share."""

    folder: DataFolder
    ports: Ports
    cache: ArtifactCache
    processes: Processes
    report: Callable[[str], None]


class LocalServer(ABC):
    """One server as a child process."""

    name: ClassVar[str]
    port_names: ClassVar[tuple[str, ...]] = ()
    stop_signal: ClassVar[int] = signal.SIGTERM
    stop_seconds_max: ClassVar[float] = 12.0
    corruption: ClassVar[re.Pattern[str] | None] = None
    """A log line that matches says that the data folder, not the start, is what's wrong."""
    try_again: ClassVar[re.Pattern[str] | None] = None
    """A log line that matches, when it ended while starting, says that the next try may do better."""
    tries_max: ClassVar[int] = 4

    def __init__(self, context: Context) -> None:
        self.context = context
        self.dir = context.folder.server_dir(self.name)
        self.log_path = context.folder.log_path(self.name)
        self.process: RunningProcess | None = None
        self.ending = False
        """Whether its end is what we want."""
        self._log_offset = 0

    @property
    def data_folder(self) -> Path:
        """Where its data really is."""
        return self.dir

    @abstractmethod
    async def prepare(self) -> None:
        """Make the folder ready. Called before each start; does its work once."""

    @abstractmethod
    def command(self) -> Command:
        """How to run it."""

    @abstractmethod
    async def is_ready(self) -> bool:
        """Ask in its own protocol. OSError and TimeoutError mean: not yet."""

    @abstractmethod
    def address(self) -> Addresses:
        """Its own part of the addresses."""

    async def start(self) -> None:
        """Run it and wait until it answers. Raises a LocalServersError."""
        started = time.monotonic()
        try:
            await self._run_until_ready(address_is_known=self.process is not None)
        except LocalServersError:
            raise
        except OSError as error:
            raise ServerDidNotStart(self.name, str(error), self.log_path, self.last_lines()) from error
        self.context.report(f"{self.name} is ready after {time.monotonic() - started:.1f} s.")

    async def stop(self) -> None:
        """End it, the clean way if it obeys in time."""
        self.ending = True
        if not await self.context.processes.end(self.name, self.stop_signal, self.stop_seconds_max):
            self.context.report(f"{self.name} did not end within {self.stop_seconds_max:.0f} s and was killed.")

    async def _run_until_ready(self, *, address_is_known: bool) -> None:
        for attempt in count(1):
            if address_is_known:
                self._need_ports()
            else:
                self.context.ports.choose(self.port_names)
            await self.prepare()
            give_up_at = time.monotonic() + START_SECONDS_MAX
            self.ending = False
            self._log_offset = self.log_path.stat().st_size if self.log_path.exists() else 0
            self.process = await self.context.processes.start(self.name, self.command())
            if await self._ready_before_end(self.process, give_up_at):
                return
            if self._may_do_better() and attempt < self.tries_max:
                await asyncio.sleep(PROBE_EVERY_SECONDS)
                continue
            error = self._failure(self.process)
            await self.stop()
            raise error

    async def _ready_before_end(self, process: RunningProcess, give_up_at: float) -> bool:
        while time.monotonic() < give_up_at and not process.has_ended:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(PROBE_SECONDS_MAX):
                    if await self.is_ready() and not process.has_ended:
                        return True
            await asyncio.wait([process.code], timeout=PROBE_EVERY_SECONDS)
        return False

    def _may_do_better(self) -> bool:
        if self.process is None or not self.process.has_ended or self._log_says(self.corruption):
            return False
        return bool(self._log_says(self.try_again) or (self.port_names and self._log_says(ADDRESS_IN_USE)))

    def _failure(self, process: RunningProcess) -> LocalServersError:
        if line := self._log_says(self.corruption):
            return CorruptDataFolder(self.name, self.data_folder, line)
        if self._log_says(ADDRESS_IN_USE) and self.port_names:
            return PortInUse(self.name, self.context.ports[self.port_names[0]])
        why = f"it ended with code {process.code.result()}" if process.has_ended else "it did not answer in time"
        return ServerDidNotStart(self.name, why, self.log_path, self.last_lines())

    def _need_ports(self) -> None:
        for name in self.port_names:
            if not is_free(self.context.ports[name]):
                raise PortInUse(self.name, self.context.ports[name])

    def log_text(self) -> str:
        """What it logged since its last start (the end of it, if that is a lot)."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(0, 2)
                file.seek(max(self._log_offset, file.tell() - LOG_BYTES_READ_MAX))
                return file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def last_lines(self) -> Sequence[str]:
        """The end of its log, for an error."""
        lines = [line.rstrip() for line in self.log_text().splitlines() if line.strip()]
        return [line[:300] for line in lines[-LOG_LINES_SHOWN:]]

    def _log_says(self, pattern: re.Pattern[str] | None) -> str:
        if pattern is None:
            return ""
        return next((line.strip()[:300] for line in self.log_text().splitlines() if pattern.search(line)), "")


def put_in_place(new: Path, folder: Path) -> None:
    """Give a folder that is complete its right name, which nothing or an empty folder has now."""
    if folder.exists():
        folder.rmdir()
    new.rename(folder)


def is_empty(folder: Path) -> bool:
    """Whether the folder has nothing in it, or is not there."""
    return not folder.is_dir() or next(folder.iterdir(), None) is None
