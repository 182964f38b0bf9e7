"""The servers that Leadflow needs, as one thing to start and stop."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from infra.local.addresses import ALL_SERVERS, Addresses, given_addresses
from infra.local.artifacts import ArtifactCache
from infra.local.data_folder import DataFolder, Lock
from infra.local.errors import GuardEnded, LocalServersError
from infra.local.kafka import Kafka
from infra.local.mail import MailCatcher
from infra.local.opensearch import OpenSearch
from infra.local.ports import Ports
from infra.local.postgres import Postgres
from infra.local.processes import Processes
from infra.local.s3 import S3Proxy
from infra.local.server import Context, LocalServer
from infra.local.valkey import Valkey

SERVERS: Final[dict[str, type[LocalServer]]] = {
    server.name: server for server in (Kafka, OpenSearch, Postgres, Valkey, MailCatcher, S3Proxy)
}

RESTART_DELAY_SECONDS: Final = 0.5
RESTART_DELAY_SECONDS_MAX: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""A server that ran this long starts again without delay."""

Report = Callable[[str], None]


class Servers(Protocol):
    """However the servers are had: as child processes, in containers, or given by the environment."""

    async def start(self) -> Addresses:
        """Return when every server answers. Raises LocalServersError."""

    async def stop(self) -> None:
        """End what `start` started; may be called twice, and after a `start` that failed."""


class LocalServers:
    """The servers as child processes of this one, with their data below `data_dir`.

    They end with this process, however it ends. All methods belong to one event loop.
    """

    def __init__(
        self,
        data_dir: Path,
        which: Iterable[str] = ALL_SERVERS,
        *,
        report: Report = lambda _: None,
        cache_dir: Path | None = None,
        fixed_ports: Mapping[str, int] | None = None,
    ) -> None:
        """`report` gets a line about each step. `fixed_ports` (by server) are used or PortInUse is raised."""
        if unknown := set(which) - ALL_SERVERS:
            raise ValueError(f"No such servers: {', '.join(sorted(unknown))}; there are {', '.join(sorted(SERVERS))}.")
        self._folder = DataFolder(data_dir)
        self._which = frozenset(which)
        self._report = report
        self._cache_dir = cache_dir
        self._fixed_ports = fixed_ports
        self._lock: Lock | None = None
        self._processes: Processes | None = None
        self._servers: dict[str, LocalServer] = {}

    async def start(self) -> Addresses:
        """Start all of them side by side. If one fails, the others are stopped and its error is raised."""
        if self._lock is not None:
            raise RuntimeError("these servers are started already")
        self._lock = await asyncio.to_thread(self._folder.lock)
        try:
            ports = Ports(self._folder.ports_path, self._fixed_ports, self._report)
            self._processes = await Processes.open(self._lock.fd)
            cache = ArtifactCache(self._cache_dir, self._report)
            context = Context(self._folder, ports, cache, self._processes, self._report)
            self._servers = {name: server(context) for name, server in SERVERS.items() if name in self._which}
            await _all_or_first_error(server.start() for server in self._servers.values())
            self._say_running()
        except BaseException:
            await self.stop()
            raise
        return self.addresses

    async def stop(self) -> None:
        """End all of them, the clean way as far as they obey in time."""
        lock, self._lock = self._lock, None
        processes, self._processes = self._processes, None
        if lock is None:
            return
        try:
            self._folder.set_not_running()
            if processes is not None:
                with contextlib.suppress(GuardEnded):
                    await asyncio.gather(*(server.stop() for server in self._servers.values()))
                await processes.close()
        finally:
            lock.close()

    @property
    def addresses(self) -> Addresses:
        """Where they answer; empty for those not asked for."""
        fields: dict[str, str | int] = {}
        for server in self._servers.values():
            fields |= server.address().model_dump(exclude_defaults=True)
        return Addresses.model_validate(fields)

    def pid(self, name: str) -> int:
        """The process id of a server; for a test that kills it."""
        process = self._servers[name].process
        if process is None:
            raise RuntimeError(f"{name} was not started")
        return process.pid

    async def watch(self) -> str:
        """Wait until a server ends that nobody asked to end; its name. Raises GuardEnded if all are gone at once."""
        processes = self._processes
        if processes is None:
            raise RuntimeError("the servers are not started")
        guard = asyncio.create_task(processes.guard_ended.wait())
        try:
            while True:
                if processes.guard_ended.is_set():
                    raise GuardEnded
                watched = {s.process.code: s for s in self._servers.values() if s.process and not s.ending}
                ended = [server for code, server in watched.items() if code.done()]
                if ended:
                    return ended[0].name
                # A restart brings a new process to watch: hence the time-out.
                awaited: list[asyncio.Future[Any]] = [guard, *watched]
                await asyncio.wait(awaited, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
        finally:
            guard.cancel()

    async def restart(self, name: str) -> None:
        """Start a server again, on the same data and address, after ending it if it still runs."""
        server = self._servers[name]
        await server.stop()
        await server.start()
        self._say_running()

    async def keep_up(self) -> None:
        """Start each server again that ends by itself, with back-off, until cancelled. Raises GuardEnded."""
        delay_seconds = 0.0
        started_at = time.monotonic()
        while True:
            name = await self.watch()
            if time.monotonic() - started_at > STEADY_SECONDS:
                delay_seconds = 0.0
            while True:
                self._report(f"{name} ended by itself; starting it again (log: {self._folder.log_path(name)}).")
                await asyncio.sleep(delay_seconds)
                delay_seconds = min(max(delay_seconds * 2, RESTART_DELAY_SECONDS), RESTART_DELAY_SECONDS_MAX)
                try:
                    await self.restart(name)
                except GuardEnded:
                    raise
                except LocalServersError as error:
                    self._report(str(error))
                else:
                    started_at = time.monotonic()
                    break

    def _say_running(self) -> None:
        pids = {name: self.pid(name) for name in self._servers}
        self._folder.set_running(self.addresses, pids)


class GivenServers:
    """Addresses from the environment win; only the servers that it doesn't name are started."""

    def __init__(
        self,
        data_dir: Path,
        which: Iterable[str] = ALL_SERVERS,
        *,
        environment: Mapping[str, str] | None = None,
        report: Report = lambda _: None,
    ) -> None:
        self._given, names = given_addresses(os.environ if environment is None else environment)
        self.given_names = names & frozenset(which)
        self.local: LocalServers | None = None
        """The servers that are started here; None if every one is given."""
        if missing := frozenset(which) - names:
            self.local = LocalServers(data_dir, missing, report=report)

    async def start(self) -> Addresses:
        """See Servers. Given servers are taken at their word."""
        started = await self.local.start() if self.local else Addresses()
        return Addresses.model_validate(started.model_dump(exclude_defaults=True) | self._given.model_dump(exclude_defaults=True))

    async def stop(self) -> None:
        """See Servers."""
        if self.local:
            await self.local.stop()


async def _all_or_first_error(starts: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for all; when one fails, cancel the others and raise its error."""
    tasks = [asyncio.ensure_future(start) for start in starts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
