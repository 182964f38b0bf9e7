"""Processes under measurement: started, asked for their CPU time, ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.settings import Settings, environment_of

STOP_SECONDS = 15
_TICK = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Running:
    """Processes that belong together."""

    children: list[subprocess.Popen[bytes]]
    log: Path

    def cpu_seconds(self) -> float:
        """User and system time of all of them so far, with their children."""
        return sum(_cpu(child.pid) for child in self.children)

    def check(self) -> None:
        """Raises RuntimeError if one has ended."""
        for child in self.children:
            if child.poll() is not None:
                raise RuntimeError(f"{child.args!r} ended with {child.returncode}; its log: {self.log}")


@contextmanager
def running(
    settings: Settings, log: Path, *commands: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run `python -m COMMAND` for each command, with the settings in the environment, until the block ends."""
    values = {
        **os.environ,
        **environment_of(settings),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        **(environment or {}),
    }
    children: list[subprocess.Popen[bytes]] = []
    with log.open("ab") as out:
        try:
            for command in commands:
                argv: list[Any] = [sys.executable, "-m", *command]
                children.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=values, cwd=ROOT))
            yield Running(children, log)
        finally:
            for child in children:
                child.send_signal(signal.SIGTERM)
            for child in children:
                try:
                    child.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    # Children that ended and were waited for count with their parent.
    return sum(int(value) for value in fields[11:15]) / _TICK
