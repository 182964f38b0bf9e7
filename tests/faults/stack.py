"""The whole of Leadflow as processes of its own, two of those that share work, on servers of its own that may be killed."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from infra.auth.passwords import Passwords
from infra.auth.users import NewUser, ensure_users
from infra.documents import store as documents
from infra.kafka import admin
from infra.local.addresses import ALL_SERVERS, MAIL
from infra.local.servers import LocalServers
from infra.postgres import database, migrate
from infra.postgres.pool import open_pool
from infra.settings import Settings, environment_of, load
from infra.wiring.files import make_bucket
from infra.wiring.supervisor import Child, Supervisor
from tests.conftest import MASTER_KEY

PROCESSES = {
    "gateway": "gateway",
    "consume-1": "consume",
    "consume-2": "consume",
    "project-1": "project",
    "project-2": "project",
    "work": "work",
}
MEASURED = tuple(name for name in PROCESSES if name != "gateway")
TEAM = {"members": [{"person": "ann"}, {"person": "bob"}]}
READY = b'"ready"'
READY_SECONDS_MAX = 300.0
SESSION_SECONDS = 6
PASSWORD = "correct horse battery staple"


def free_port() -> int:
    """One that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Fleet(Supervisor):
    """The production supervisor, with several processes of one kind; knows who died unasked."""

    def __init__(self, settings: Settings, logs: Path, mail: list[str], ports: Mapping[str, int]) -> None:
        """`ports` are for metrics."""
        super().__init__((), environment_of(settings), logs, self.note)
        # Variables of the test, or of other servers, are none of the processes' business.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
        self._environment = {**kept, **environment_of(settings)}
        self.said: list[str] = []
        self._began = time.monotonic()
        self.children["mail"] = Child("mail", (sys.executable, "-m", "tests.faults.mailbox", *mail), logs / "mail.log")
        for name, subcommand in PROCESSES.items():
            own = [f"LEADFLOW_TELEMETRY__METRICS_PORT={ports[name]}"] if name in ports else []
            command = ("/usr/bin/env", *own, sys.executable, "-m", "infra.cli", subcommand)
            self.children[name] = Child(name, command, logs / f"{name}.log")

    def note(self, line: str) -> None:
        """Remember what happened, and when."""
        self.said.append(f"{time.monotonic() - self._began:7.1f} {line}")

    @property
    def own_deaths(self) -> list[str]:
        """Processes that ended by themselves, with their last words."""
        return [line[8:] for line in self.said if "ended with code" in line or "its last words" in line]

    def log_size(self, name: str) -> int:
        """Where the log ends now."""
        path = self.children[name].log
        return path.stat().st_size if path.exists() else 0

    async def ready(self, name: str, after: int = 0) -> float:
        """Wait until the log says so beyond `after`; how long that took. Fails when it never does."""
        started = time.monotonic()
        while time.monotonic() - started < READY_SECONDS_MAX:
            path = self.children[name].log
            if path.exists() and READY in path.read_bytes()[after:]:
                return time.monotonic() - started
            await asyncio.sleep(0.1)
        raise AssertionError(f"{name} did not get ready again within {READY_SECONDS_MAX:.0f} s")


@dataclass
class Source:
    """Where forms are posted to, and what signs them."""

    url: str
    secret: str


@dataclass
class Stack:
    """A running system."""

    folder: Path
    servers: LocalServers
    settings: Settings
    fleet: Fleet
    source: Source
    metrics: dict[str, int]
    killed: Counter[str] = field(default_factory=Counter)
    recoveries: dict[str, list[float]] = field(default_factory=dict)

    @property
    def mails(self) -> list[dict[str, object]]:
        """Every mail that arrived."""
        path = self.folder / "mails.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def rss_mib(self, name: str) -> float:
        """Resident memory of a process now; 0 while it is not running."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.fleet.children[name].pid}/status").read_text().splitlines():
                if line.startswith("VmRSS"):
                    return int(line.split()[1]) / 1024
        return 0.0


def _settings(addresses: Mapping[str, str], mail_port: int, port: int) -> Settings:
    return load(
        {
            **addresses,
            "LEADFLOW_KAFKA__SESSION_TIMEOUT_MS": str(SESSION_SECONDS * 1000),
            "LEADFLOW_CRYPTO__MASTER_KEY": MASTER_KEY,
            "LEADFLOW_MAIL__HOST": "127.0.0.1",
            "LEADFLOW_MAIL__PORT": str(mail_port),
            "LEADFLOW_MAIL__TIMEOUT_SECONDS": "3",
            "LEADFLOW_GATEWAY__PORT": str(port),
            "LEADFLOW_GATEWAY__PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
    )


async def _prepare(settings: Settings) -> None:
    """Tables, topics, somebody who may make a source, and a team."""
    await database.ensure(settings.postgres)
    await migrate.upgrade(settings.postgres)
    await admin.apply(settings.kafka)
    await make_bucket(settings)
    pool = await open_pool(settings.postgres, name="faults", size=2)
    passwords = Passwords()
    try:
        await ensure_users(pool, passwords, [NewUser("admin@faults.example", PASSWORD, "Admin", "admin")])
        for person in ("ann", "bob"):
            body = {"name": person.title(), "email": f"{person}@seller.example"}
            await documents.publish(pool, "person", person, body, actor="test", partitions=settings.kafka.partitions)
        await documents.publish(pool, "team", "sales", TEAM, actor="test", partitions=settings.kafka.partitions)
    finally:
        passwords.close()
        await pool.close()


async def _team_known(settings: Settings) -> None:
    pool = await open_pool(settings.postgres, name="faults", size=1)
    try:
        async with asyncio.timeout(60):
            query = "select exists(select 1 from routing_pools.states)"
            while not await pool.fetchval(query):
                await asyncio.sleep(0.2)
    finally:
        await pool.close()


async def _source(url: str) -> Source:
    """A live source of a home-made form server that signs."""
    async with httpx2.AsyncClient(base_url=url, timeout=10) as client:
        for _ in range(300):
            with contextlib.suppress(httpx2.TransportError):
                if (await client.get("/readyz")).status_code == 200:
                    break
            await asyncio.sleep(0.2)
        login = await client.post("/v1/auth/login", json={"email": "admin@faults.example", "password": PASSWORD})
        token = login.raise_for_status().json()["access_token"]
        asked = {"name": "Website", "vendor": "generic", "signed": True}
        made = await client.post("/v1/sources", json=asked, headers={"Authorization": f"Bearer {token}"})
        body = made.raise_for_status().json()
    return Source(body["url"], body["secret"])


@asynccontextmanager
async def stack() -> AsyncIterator[Stack]:
    """Everything up and ready. Its folder is kept where the test failed, and named."""
    # Not mkdtemp: as root, PostgreSQL's own user has to get in.
    folder = Path(tempfile.gettempdir()) / f"leadflow-faults-{uuid.uuid4().hex[:8]}"
    servers = LocalServers(folder, ALL_SERVERS - {MAIL})
    fleet: Fleet | None = None
    try:
        addresses = await servers.start()
        mail_port, metrics = free_port(), {name: free_port() for name in MEASURED}
        settings = _settings(addresses.as_environment(), mail_port, free_port())
        await _prepare(settings)
        fleet = Fleet(settings, folder / "processes", [str(mail_port), str(folder / "mails.ndjson")], metrics)
        await fleet.start()
        await asyncio.gather(*(fleet.ready(name) for name in fleet.children))
        await _team_known(settings)
        yield Stack(folder, servers, settings, fleet, await _source(settings.gateway.public_url), metrics)
    except BaseException:
        print(f"\nkept for looking at: {folder}", flush=True)  # noqa: T201
        raise
    else:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    finally:
        if fleet is not None:
            await fleet.stop()
        await servers.stop()
