"""The folder that holds the servers' data: one process at a time has it, and others can see who."""

import contextlib
import fcntl
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.local.addresses import Addresses
from infra.local.errors import DataFolderInUse

LOCK_NAME: Final = "servers.lock"
RUNNING_NAME: Final = "servers.json"
PORTS_NAME: Final = "ports.json"
LOG_BYTES_MAX: Final = 8_000_000
# A former owner was killed: its guard holds the lock until the servers have ended.
WAIT_FOR_DYING_SECONDS_MAX: Final = 30.0
# A living owner may be about to end, because the process that it served was killed.
WAIT_FOR_LIVING_SECONDS_MAX: Final = 2.0


class Running(BaseModel):
    """Servers that are up on a data folder."""

    model_config = ConfigDict(frozen=True)

    pid: int
    """The process that has them."""
    addresses: Addresses
    server_pids: dict[str, int]


@dataclass
class Lock:
    """The folder is ours while this is open; processes that inherit `fd` keep it so."""

    fd: int

    def close(self) -> None:
        """Give the folder back."""
        os.close(self.fd)


class DataFolder:
    """Names of what is where in the data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.ports_path = self.path / PORTS_NAME
        self._lock_path = self.path / LOCK_NAME
        self._running_path = self.path / RUNNING_NAME

    def server_dir(self, name: str) -> Path:
        """A server's own data."""
        return self.path / name

    def log_path(self, name: str) -> Path:
        """A server's log; begins anew (keeping the former one) when it grew large."""
        folder = self.path / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{name}.log"
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > LOG_BYTES_MAX:
                log.replace(log.with_suffix(".log.1"))
        return log

    def lock(self) -> Lock:
        """Take the folder for this process. Raises DataFolderInUse. May block while a killed owner's servers end."""
        self.path.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        asked_at = time.monotonic()
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner = self._owner(fd)
                lives = owner is None or is_alive(owner)
                patience = WAIT_FOR_LIVING_SECONDS_MAX if lives else WAIT_FOR_DYING_SECONDS_MAX
                if owner == os.getpid() or time.monotonic() - asked_at > patience:
                    os.close(fd)
                    raise DataFolderInUse(self.path, owner) from None
                time.sleep(0.1)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self.set_not_running()
        return Lock(fd)

    def running(self) -> Running | None:
        """The servers that are up on this folder, whoever started them; None if there are none."""
        try:
            running = Running.model_validate_json(self._running_path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return running if is_alive(running.pid) else None

    def set_running(self, addresses: Addresses, server_pids: Mapping[str, int]) -> None:
        """Say that this process has the servers up."""
        running = Running(pid=os.getpid(), addresses=addresses, server_pids=dict(server_pids))
        new = self._running_path.with_suffix(".new")
        new.touch(mode=0o600)  # the addresses come with a secret
        new.write_text(running.model_dump_json(indent=1), encoding="utf-8")
        new.replace(self._running_path)

    def set_not_running(self) -> None:
        """No longer say so."""
        self._running_path.unlink(missing_ok=True)

    @staticmethod
    def _owner(fd: int) -> int | None:
        text = os.pread(fd, 32, 0).strip()
        return int(text) if text.isdigit() else None


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended but was not yet waited for doesn't."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True  # no such file system here
