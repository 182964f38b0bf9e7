"""The process between Leadflow and its servers: whatever ends Leadflow, even SIGKILL, ends them too.

Run as a script (`python -I guard.py`), with nothing but the standard library, so that it is small and starts at once.
It has one thread: that a child is told of its parent's death (Linux) hangs on the thread that made it.

Lines of JSON come in on standard input and go out on standard output:

    in   {"start": NAME, "argv": [...], "cwd": PATH, "log": PATH, "environment": {...}, "stop_signal": N,
          "user": [UID, GID] or null}
         {"signal": NAME, "number": N}
    out  {"started": NAME, "pid": N}  {"failed": NAME, "why": TEXT}  {"ended": NAME, "pid": N, "code": N}

`code` is negative for a signal. When standard input closes, or on SIGTERM, every server gets its stop signal, what
still runs after STOP_SECONDS_MAX is killed, and the guard ends. It holds the data folder's lock (inherited) until then.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any

STOP_SECONDS_MAX = 15.0
INPUT_BYTES_MAX = 1 << 20
PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A running server."""

    name: str
    pid: int
    stop_signal: int


class Guard:
    """Starts, signals and buries the servers."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def run(self) -> None:
        """Serve until standard input closes or SIGTERM comes, then stop every server."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write)
        stopping: list[int] = []
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        pending = b""
        while not stopping:
            ready, _, _ = select.select([0, wake_read], [], [])
            if wake_read in ready:
                os.read(wake_read, 4096)
                self._bury()
            if 0 in ready:
                chunk = os.read(0, 65536)
                if not chunk or len(pending) > INPUT_BYTES_MAX:
                    break
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
        self._stop_all()

    def _obey(self, order: dict[str, Any]) -> None:
        if "start" in order:
            self._start(order)
        else:
            for child in list(self._children.values()):
                if child.name == order["signal"]:
                    self._signal(child, order["number"])

    def _start(self, order: dict[str, Any]) -> None:
        name = order["start"]
        error_read, error_write = os.pipe()  # closed by a successful exec
        pid = os.fork()
        if pid == 0:
            self._become(order, error_write)
        os.close(error_write)
        error = b"".join(iter(lambda: os.read(error_read, 4096), b""))
        os.close(error_read)
        if error:
            os.waitpid(pid, 0)
            self._say({"failed": name, "why": error.decode(errors="replace")})
            return
        self._children[pid] = Child(name, pid, order["stop_signal"])
        self._say({"started": name, "pid": pid})

    def _become(self, order: dict[str, Any], error_fd: int) -> None:
        """In the child: turn into the server. Never returns."""
        try:
            os.setsid()  # Ctrl-C in the terminal is for Leadflow, which then stops its servers in order
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((nothing, 0), (log, 1), (log, 2)):
                os.dup2(source, target)
            if order["user"]:
                uid, gid = order["user"]
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
            self._die_with_parent(order["stop_signal"])  # after setuid, which would undo it
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.chdir(order["cwd"])
            os.execve(order["argv"][0], order["argv"], order["environment"])  # noqa: S606  # no shell is the point
        except BaseException as error:
            os.write(error_fd, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(127)

    def _die_with_parent(self, number: int) -> None:
        if self._libc is None:
            return
        guard = os.getppid()
        self._libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != guard:  # it died just before
            os._exit(127)

    def _bury(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if child := self._children.pop(pid, None):
                self._say({"ended": child.name, "pid": pid, "code": os.waitstatus_to_exitcode(status)})

    def _stop_all(self) -> None:
        for child in self._children.values():
            self._signal(child, child.stop_signal)
        give_up_at = time.monotonic() + STOP_SECONDS_MAX
        while self._children and time.monotonic() < give_up_at:
            self._bury()
            time.sleep(0.02)
        for child in self._children.values():
            self._signal(child, signal.SIGKILL)
        while self._children:
            pid, _ = os.waitpid(-1, 0)
            self._children.pop(pid, None)

    def _signal(self, child: Child, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(child.pid, number)  # its own children too
            else:
                os.kill(child.pid, number)

    def _say(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody listens any more: standard input closes next
            os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    Guard().run()
