"""The servers' processes, as seen from Leadflow: started and ended through the guard (guard.py)."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from infra.local.errors import GuardEnded

GUARD: Final = Path(__file__).with_name("guard.py")
GUARD_STOP_SECONDS_MAX: Final = 25.0
ANSWER_SECONDS_MAX: Final = 10.0
PACKAGE_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class User:
    """Whom a server runs as, when not as us."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """How to run one process."""

    argv: Sequence[str]
    cwd: Path
    log_path: Path
    stop_signal: int = signal.SIGTERM
    user: User | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside PATH, HOME, TMPDIR, TZ and LANG; the rest of our environment (secrets in it) is not passed on."""

    def order(self, name: str) -> dict[str, Any]:
        """This command in the guard's words."""
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "TZ", "LANG") if key in os.environ}
        return {
            "start": name,
            "argv": list(self.argv),
            "cwd": str(self.cwd),
            "log": str(self.log_path),
            "environment": {**inherited, **self.environment},
            "stop_signal": int(self.stop_signal),
            "user": [self.user.uid, self.user.gid] if self.user else None,
        }


class RunningProcess:
    """One process that was started; `code` has its exit code when it ended."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.pid = pid
        self.code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def has_ended(self) -> bool:
        """Whether it ended, by itself or not."""
        return self.code.done()


class Processes:
    """All processes on one data folder. Use from one event loop only."""

    def __init__(self, guard: Process) -> None:
        self._guard = guard
        self._starting: dict[str, asyncio.Future[int]] = {}
        self._running: dict[str, RunningProcess] = {}
        self.guard_ended = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, lock_fd: int) -> "Processes":
        """Start the guard; it keeps the folder's lock until the last server ended."""
        guard = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(GUARD), stdin=PIPE, stdout=PIPE, pass_fds=[lock_fd], start_new_session=True
        )
        return cls(guard)

    @property
    def guard_pid(self) -> int:
        """The guard's process id; for a test that kills it."""
        return self._guard.pid

    async def start(self, name: str, command: Command) -> RunningProcess:
        """Start a process. Raises OSError if it can't be run at all."""
        started = self._starting[name] = asyncio.get_running_loop().create_future()
        await self._tell(command.order(name))
        try:
            await asyncio.wait_for(started, ANSWER_SECONDS_MAX)
        finally:
            self._starting.pop(name, None)
        return self._running[name]

    async def run(self, name: str, command: Command, seconds_max: float) -> int:
        """Run a short command to its end; its exit code. Raises TimeoutError, after killing it."""
        process = await self.start(name, command)
        try:
            return await asyncio.wait_for(asyncio.shield(process.code), seconds_max)
        except (TimeoutError, asyncio.CancelledError):
            await self.signal(name, signal.SIGKILL)
            raise

    async def signal(self, name: str, number: int) -> None:
        """Send a signal; nothing happens if the process ended."""
        await self._tell({"signal": name, "number": int(number)})

    async def end(self, name: str, number: int, seconds_max: float) -> bool:
        """Ask a process to end, and kill it after the time; False if it had to be killed."""
        process = self._running.get(name)
        if process is None or process.has_ended:
            return True
        await self.signal(name, number)
        if await _ends(process, seconds_max):
            return True
        await self.signal(name, signal.SIGKILL)
        await _ends(process, seconds_max)
        return False

    async def close(self) -> None:
        """End everything that still runs, and the guard."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        try:
            await asyncio.wait_for(self._guard.wait(), GUARD_STOP_SECONDS_MAX)
        except TimeoutError:
            self._guard.kill()  # its children have been told to end with it
            await self._guard.wait()
        await self._reader

    async def _tell(self, order: Mapping[str, Any]) -> None:
        if self.guard_ended.is_set() or self._guard.stdin is None:
            raise GuardEnded
        with contextlib.suppress(ConnectionError):  # then the reader sees its end
            self._guard.stdin.write(json.dumps(order).encode() + b"\n")
            await self._guard.stdin.drain()

    async def _read(self) -> None:
        if self._guard.stdout is None:
            return
        async for line in self._guard.stdout:
            self._take(json.loads(line))
        self.guard_ended.set()
        for started in self._starting.values():
            if not started.done():
                started.set_exception(GuardEnded())
        for process in self._running.values():
            if not process.has_ended:
                process.code.set_result(-signal.SIGKILL)

    def _take(self, message: Mapping[str, Any]) -> None:
        if name := message.get("started"):
            self._running[name] = RunningProcess(name, message["pid"])
            if (starting := self._starting.get(name)) and not starting.done():
                starting.set_result(message["pid"])
        elif name := message.get("failed"):
            if (starting := self._starting.get(name)) and not starting.done():
                starting.set_exception(OSError(message["why"]))
        elif name := message.get("ended"):
            process = self._running[name]
            if process.pid == message["pid"] and not process.has_ended:
                process.code.set_result(message["code"])


def python_path() -> str:
    """PYTHONPATH for a child that is to find this very package, installed or not."""
    return os.pathsep.join(part for part in (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")) if part)


async def _ends(process: RunningProcess, seconds_max: float) -> bool:
    done, _ = await asyncio.wait([process.code], timeout=seconds_max)
    return bool(done)
