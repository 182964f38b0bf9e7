"""The servers for code that has no event loop of its own, such as a test session's fixture."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Final

from infra.local.addresses import ALL_SERVERS, Addresses
from infra.local.errors import ServersProcessFailed
from infra.local.processes import python_path

STOP_SECONDS_MAX: Final = 45.0
LINES_KEPT: Final = 40


def start_in_subprocess(
    data_dir: Path,
    which: Iterable[str] = ALL_SERVERS,
    *,
    report: Callable[[str], None] = lambda _: None,
    cache_dir: Path | None = None,
    keep_up: bool = False,
) -> tuple[Addresses, Callable[[], None]]:
    """Run `python -m infra.local` and wait until all servers answer; their addresses and how to stop them.

    They also end when this process does, however it ends. With `keep_up`, a server that is killed starts again; without
    it, all of them end then. Raises ServersProcessFailed with the reason. `report` is called from another thread. The
    stop callable may be called twice.
    """
    argv = [sys.executable, "-m", "infra.local", "--data", str(data_dir), "--parent-pid", str(os.getpid())]
    argv += ["--only", *sorted(which)] + (["--cache", str(cache_dir)] if cache_dir else [])
    argv += ["--keep-up"] if keep_up else []
    process = subprocess.Popen(  # noqa: S603
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the caller, who then calls stop
        env={**os.environ, "PYTHONPATH": python_path()},
    )
    output, errors = process.stdout, process.stderr
    if output is None or errors is None:
        raise AssertionError("both are pipes")
    lines: deque[str] = deque(maxlen=LINES_KEPT)
    follower = threading.Thread(target=_follow, args=(errors, lines, report), daemon=True)
    follower.start()

    def stop() -> None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()  # its guard ends the servers
            process.wait()
        output.close()

    try:
        line = output.readline()
    except BaseException:
        stop()
        raise
    answer = json.loads(line) if line else {}
    if "addresses" not in answer:
        stop()
        follower.join(1.0)
        raise ServersProcessFailed(answer.get("error") or "\n".join(lines))
    return Addresses.model_validate(answer["addresses"]), stop


def _follow(stream: IO[str], lines: deque[str], report: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            lines.append(line.rstrip())
            report(line.rstrip())
