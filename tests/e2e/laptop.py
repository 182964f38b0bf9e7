"""`leadflow up` as its own process group on a data folder of its own, and an API client for it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

START_SECONDS_MAX = 180
STOP_SECONDS_MAX = 60


@dataclass
class Laptop:
    """A running system: its address, its log, its demo.json."""

    folder: Path
    base_url: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def demo_json(self) -> Path:
        return self.folder / "demo.json"

    def users(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads(self.demo_json.read_text())["users"]
        return found

    @contextmanager
    def client(self, role: str = "admin") -> Iterator[httpx2.Client]:
        """Signed in."""
        with httpx2.Client(base_url=self.base_url, timeout=20) as client:
            answer = client.post("/v1/auth/login", json=self.users()[role])
            assert answer.status_code == 200, answer.text
            client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
            yield client

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def mail_url(self) -> str:
        line = next(line for line in self.log_text().splitlines() if line.startswith("Mail is caught"))
        return line.rsplit(" ", 1)[1]

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS_MAX)


def start(folder: Path, *arguments: str) -> Laptop:
    """Start and wait until it says that it is up."""
    port = _free_port()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli", "up", "--data", str(folder), *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "LEADFLOW_GATEWAY__PORT": str(port),
                # A busy machine may take longer than people should wait; then a command is answered with 202.
                "LEADFLOW_GATEWAY__AWAIT_SECONDS": "20",
                "PYTHONUNBUFFERED": "1",
            },
            start_new_session=True,
        )
    laptop = Laptop(folder, f"http://127.0.0.1:{port}", log, process)
    give_up = time.monotonic() + START_SECONDS_MAX
    while "Leadflow is up" not in laptop.log_text():
        if process.poll() is not None or time.monotonic() > give_up:
            raise AssertionError(f"leadflow up did not come up:\n{laptop.log_text()}")
        time.sleep(0.2)
    return laptop


def until(what: Any, why: str, seconds: float = 30) -> Any:
    """Poll until `what()` is true; its value."""
    give_up = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < give_up, f"not within {seconds:.0f} s: {why}"
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
