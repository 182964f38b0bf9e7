"""What is killed when: a list made from a seed, carried out while the load goes on."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.faults.stack import SESSION_SECONDS, Stack

SERVERS = ("kafka", "postgres")
SHARES = {
    "gateway": 6,
    "consume-1": 6,
    "consume-2": 6,
    "project-1": 4,
    "project-2": 4,
    "work": 5,
    "kafka": 5,
    "postgres": 4,
}
"""Of 40 kills."""
STOPPED = ("consume-1", "project-1", "consume-2", "project-2", "consume-1")
ALIVE_SECONDS_MAX = 90.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`after` seconds since the fault before."""

    kind: Literal["kill", "stop"]
    target: str
    after: float
    pause: float
    """How long it stays stopped, or (a server) dead."""


def plan(seed: int, kills: int, stops: int, gap_seconds: float) -> list[Fault]:
    """`kills` by their shares, `stops` among them, in an order and at moments from the seed."""
    chance = random.Random(seed)
    pool = [name for name, share in SHARES.items() for _ in range(share)]
    targets = list(SHARES)[: min(kills, len(SHARES))]  # each at least once
    targets += [chance.choice(pool) for _ in range(kills - len(targets))] if kills < len(pool) else []
    if kills >= len(pool):
        targets = [*pool, *(chance.choice(pool) for _ in range(kills - len(pool)))]
    faults: list[tuple[Literal["kill", "stop"], str]] = [("kill", target) for target in targets]
    faults += [("stop", STOPPED[nth % len(STOPPED)]) for nth in range(stops)]
    chance.shuffle(faults)
    return [
        Fault(
            kind,
            target,
            after=chance.uniform(0.1, 2) * gap_seconds * 0.95,
            pause=chance.uniform(SESSION_SECONDS + 2, SESSION_SECONDS + 8) if kind == "stop" else chance.uniform(0.5, 4),
        )
        for kind, target in faults
    ]


class Faults:
    """Carries a plan out; recoveries overlap, as they do in life."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._pending: list[asyncio.Task[None]] = []
        self._busy: dict[str, asyncio.Lock] = {}

    async def run(self, faults: Sequence[Fault]) -> None:
        """Returns when everything that was hurt is well again. Fails where something is not."""
        for fault in faults:
            await asyncio.sleep(fault.after)
            self._pending.append(asyncio.create_task(self._hurt(fault)))
        await asyncio.gather(*self._pending)

    async def _hurt(self, fault: Fault) -> None:
        # One thing at a time to one process: what is dead can't be killed. What is starting can.
        async with self._busy.setdefault(fault.target, asyncio.Lock()):
            if fault.kind == "stop":
                await self._stop(fault)
            elif fault.target in SERVERS:
                await self._kill_server(fault)
            else:
                offset, started = self._stack.fleet.log_size(fault.target), time.monotonic()
                await self._kill_process(fault)
        if fault.kind == "kill" and fault.target not in SERVERS:
            await self._stack.fleet.ready(fault.target, offset)
            self._recovered(fault.target, started)

    async def _alive(self, name: str) -> int:
        started = time.monotonic()
        while time.monotonic() - started < ALIVE_SECONDS_MAX:
            pid = self._stack.fleet.children[name].pid
            if pid is not None:
                return pid
            await asyncio.sleep(0.05)
        raise AssertionError(f"{name} is not running")

    async def _stop(self, fault: Fault) -> None:
        pid = await self._alive(fault.target)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            self._count(f"stop {fault.target}")
            await asyncio.sleep(fault.pause)
            os.kill(pid, signal.SIGCONT)

    async def _kill_process(self, fault: Fault) -> None:
        pid = await self._alive(fault.target)
        os.kill(pid, signal.SIGKILL)
        self._count(fault.target)
        while self._stack.fleet.children[fault.target].pid == pid:
            await asyncio.sleep(0.01)

    async def _kill_server(self, fault: Fault) -> None:
        servers = self._stack.servers
        started = time.monotonic()
        os.kill(servers.pid(fault.target), signal.SIGKILL)
        self._count(fault.target)
        await asyncio.sleep(fault.pause)
        await servers.restart(fault.target)
        self._recovered(fault.target, started)

    def _count(self, what: str) -> None:
        self._stack.killed[what] += 1
        self._stack.fleet.note(f"fault: {what}")

    def _recovered(self, name: str, started: float) -> None:
        seconds = time.monotonic() - started
        self._stack.recoveries.setdefault(name, []).append(seconds)
        self._stack.fleet.note(f"{name} is ready again after {seconds:.1f} s")
