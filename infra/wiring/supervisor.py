"""Child processes of `leadflow up`: started, watched, started again with back-off when they die, and ended with the parent."""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BACKOFF_SECONDS_MIN = 0.5
BACKOFF_SECONDS_MAX = 10.0
STEADY_SECONDS = 30.0
"""A process that lived this long starts over with the shortest back-off."""
STOP_SECONDS = 15.0
PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


@dataclass(slots=True)
class Child:
    """One supervised process."""

    name: str
    command: Sequence[str]
    log: Path
    process: asyncio.subprocess.Process | None = None
    deaths: int = 0
    started_at: float = field(default=0.0)

    @property
    def pid(self) -> int | None:
        """None while it is not running."""
        return None if self.process is None or self.process.returncode is not None else self.process.pid


class Supervisor:
    """Keeps children running until `stop`."""

    def __init__(self, names: Sequence[str], environment: Mapping[str, str], logs: Path, say: Say) -> None:
        """`names` are subcommands of `leadflow`."""
        logs.mkdir(parents=True, exist_ok=True)
        self.children = {name: Child(name, (sys.executable, "-m", "infra.cli", name), logs / f"{name}.log") for name in names}
        self._environment = {**os.environ, **environment}
        self._say = say
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all of them."""
        for child in self.children.values():
            await self._spawn(child)
            self._tasks.append(asyncio.create_task(self._keep(child), name=f"keep-{child.name}"))

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL after a bounded wait; the gateway goes first, so that nothing new comes in."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for child in self.children.values():
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children.values():
            if child.process is None:
                continue
            try:
                async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                    await child.process.wait()
            except TimeoutError:
                self._say(f"{child.name} did not stop within {STOP_SECONDS:.0f} s and is killed")
                _signal(child, signal.SIGKILL)
                await child.process.wait()

    async def _spawn(self, child: Child) -> None:
        child.started_at = time.monotonic()
        with child.log.open("ab") as log:
            child.process = await asyncio.create_subprocess_exec(
                *child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C is ours to hand on, in order
                preexec_fn=_die_with_parent,
            )

    async def _keep(self, child: Child) -> None:
        while not self._stopping and child.process is not None:
            code = await child.process.wait()
            if time.monotonic() - child.started_at > STEADY_SECONDS:
                child.deaths = 0
            pause = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MIN * 2**child.deaths)
            child.deaths += 1
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            self._say(f"{child.name} {how}; starting it again in {pause:.1f} s (its log: {child.log})")
            last = last_line(child.log)
            if code > 0 and last:
                self._say(f"  its last words: {last}")
            await asyncio.sleep(pause)
            await self._spawn(child)


def last_line(log: Path, bytes_max: int = 4096) -> str:
    """The last line of a log, for a message."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - bytes_max))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""


def _signal(child: Child, signum: int) -> None:
    if child.process is not None and child.process.returncode is None:
        child.process.send_signal(signum)


def _die_with_parent() -> None:
    """The kernel ends the child when we are killed without a chance to do so."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
