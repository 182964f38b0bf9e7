"""`leadflow up`: servers, tables, topics, processes and demo data on this machine, until Ctrl-C."""

import asyncio
import contextlib
import json
import os
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from infra.auth import first_admin
from infra.auth.passwords import Passwords
from infra.auth.users import NewUser, ensure_users
from infra.demo import company, seeding
from infra.demo.world import COMPANY_DOMAIN, COMPANY_NAME
from infra.documents import store as documents
from infra.kafka import admin
from infra.local.data_folder import DataFolder
from infra.local.servers import GivenServers
from infra.postgres import database, migrate
from infra.postgres.pool import open_pool
from infra.settings import Certified, Settings, environment_of, load
from infra.tls.contexts import context_of
from infra.wiring.files import make_bucket
from infra.wiring.host import PortTaken, need_port, stop_event
from infra.wiring.secrets import master_key
from infra.wiring.supervisor import Supervisor

PROCESSES = ("gateway", "consume", "project", "work")
READY_SECONDS_MAX = 60.0
PORT_SECONDS_MAX = 10.0
DEMO_NAME = "demo.json"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What `leadflow up` was asked for."""

    data_dir: Path
    demo: bool = True
    trickle: bool = True


class NotReady(Exception):
    """The gateway did not get ready in time; the message names what is missing."""


async def up(options: Options, say: Say) -> None:
    """Run until a signal. Raises LocalServersError, NotReady and others that the command line explains."""
    stop = stop_event()
    started = time.monotonic()
    servers = GivenServers(options.data_dir, report=say)
    supervisor: Supervisor | None = None
    beside: list[asyncio.Task[Any]] = []
    begun = False
    try:
        if DataFolder(options.data_dir).running() is None:  # else the servers' start says who has the folder
            await _unless(stop, _port(load()))
        addresses = await _unless(stop, servers.start())
        begun = True
        settings = _settings(options, addresses.as_environment())
        await _unless(stop, _port(settings))
        await _unless(stop, _prepare(settings, options, say))
        supervisor = Supervisor(PROCESSES, environment_of(settings), options.data_dir / "logs", say)
        await supervisor.start()
        await _unless(stop, _ready(settings))
        url = settings.gateway.public_url
        say(f"Leadflow is up after {time.monotonic() - started:.0f} s: {url}/")
        if addresses.mail_url:
            say(f"Mail is caught, not sent: {addresses.mail_url}")
        if servers.local is not None:
            beside.append(asyncio.create_task(servers.local.keep_up()))
        if options.demo:
            beside.append(asyncio.create_task(_demo(settings, options, say)))
        await stop.wait()
    except _Stopped:
        begun = True
    finally:
        if begun:
            say("Stopping ...")
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        if supervisor is not None:
            await supervisor.stop()
        await servers.stop()
        if begun:
            say("Stopped. Everything is kept; the next start goes on from here.")


def beside(options: Options) -> Settings:
    """Those of the processes that run on a data folder. Raises NotReady where none do."""
    running = DataFolder(options.data_dir).running()
    if running is None:
        raise NotReady(f"nothing runs on {options.data_dir}: start it with `leadflow up`, or name the folder that it was given")
    return _settings(options, running.addresses.as_environment())


async def seed(options: Options, say: Say) -> None:
    """The demo's history through the intake of the gateway that runs. Raises NotReady, SeedingFailed, httpx2.HTTPError."""
    settings, memory = beside(options), options.data_dir / DEMO_NAME
    if not memory.exists():
        raise NotReady(f"nobody of the demo may sign in on {options.data_dir}: start it without --no-demo")
    await seeding.run(settings.gateway.public_url, memory, say, trickle=False, verify=_trust(settings))


class _Stopped(Exception):
    """Ctrl-C came while something was being waited for."""


async def _unless(stop: asyncio.Event, work: Any) -> Any:
    task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        stopping.cancel()
        return task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    raise _Stopped


def _settings(options: Options, addresses: dict[str, str]) -> Settings:
    demo = {"LEADFLOW_MAIL__COMPANY_NAME": COMPANY_NAME, "LEADFLOW_MAIL__SENDER": f"{COMPANY_NAME} <hello@{COMPANY_DOMAIN}>"}
    environment = {
        **(demo if options.demo else {}),
        "LEADFLOW_DATA_DIR": str(options.data_dir),
        "LEADFLOW_CRYPTO__MASTER_KEY": master_key(options.data_dir),
        **{name: value for name, value in os.environ.items() if name.startswith("LEADFLOW_")},
        **addresses,
    }
    settings = load(environment)
    if "LEADFLOW_GATEWAY__PUBLIC_URL" in environment:
        return settings
    scheme = "http" if settings.tls.certificate is None else "https"
    public = f"{scheme}://{settings.gateway.host}:{settings.gateway.port}"
    return load({**environment, "LEADFLOW_GATEWAY__PUBLIC_URL": public})


async def _port(settings: Settings) -> None:
    """Ours, or soon: a gateway whose `leadflow up` was killed ends by itself. Raises PortTaken.

    Whoever else listens there may be another Leadflow, and would say that it is ready.
    """
    deadline = time.monotonic() + PORT_SECONDS_MAX
    while True:
        try:
            return need_port(settings)
        except PortTaken:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.2)


async def _prepare(settings: Settings, options: Options, say: Say) -> None:
    """Tables, topics, and who may log in."""
    await database.ensure(settings.postgres)
    await migrate.upgrade(settings.postgres)
    await admin.apply(settings.kafka)
    await make_bucket(settings)
    pool = await open_pool(settings.postgres, name="up", size=2)
    passwords = Passwords()
    try:
        if not options.demo:
            await _first_admin(pool, passwords, settings, say)
            return
        kept = _kept_passwords(options.data_dir)
        users = [
            NewUser(user.email, kept.get(user.role) or secrets.token_urlsafe(9), user.name, user.role, user.person)
            for user in company.USERS
        ]
        await ensure_users(pool, passwords, users)
        _write_demo(options.data_dir, settings, users)
        for kind, name, body in company.documents():
            if name not in await documents.latest(pool, kind):
                await documents.publish(pool, kind, name, body, actor="demo", partitions=settings.kafka.partitions)
    finally:
        passwords.close()
        await pool.close()


async def _first_admin(pool: Any, passwords: Passwords, settings: Settings, say: Say) -> None:
    made = await first_admin.ensure(pool, passwords, settings.auth)
    if made is not None and made.password is not None:
        say(f"The first admin is {made.email}, and the password, which is told once: {made.password}")


def _kept_passwords(folder: Path) -> dict[str, str]:
    try:
        known = json.loads((folder / DEMO_NAME).read_text(encoding="utf-8"))
        return {role: user["password"] for role, user in known["users"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_demo(folder: Path, settings: Settings, users: list[NewUser]) -> None:
    path = folder / DEMO_NAME
    known: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError, TypeError):
        known = dict(json.loads(path.read_text(encoding="utf-8")))
    known["base_url"] = settings.gateway.public_url
    known["users"] = {user.role: {"email": user.email, "password": user.password} for user in users}
    path.touch(mode=0o600)
    path.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


async def _ready(settings: Settings) -> None:
    """Until /readyz says so."""
    last = "the gateway does not answer"
    async with httpx2.AsyncClient(base_url=settings.gateway.public_url, timeout=5, verify=_trust(settings)) as client:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                answer = await client.get("/readyz")
            except httpx2.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code == 200:
                return
            last = answer.text[:500]
            await asyncio.sleep(0.2)
    raise NotReady(f"not ready after {READY_SECONDS_MAX:.0f} s: {last}; see {settings.data_dir / 'logs'}")


def _trust(settings: Settings) -> ssl.SSLContext | bool:
    """For our own requests to the gateway."""
    if settings.tls.certificate is None:
        return True
    return context_of(Certified(ca=settings.tls.ca), "TLS")


async def _demo(settings: Settings, options: Options, say: Say) -> None:
    """History through the real intake (once), then a trickle. Its failure is told and ends nothing else."""
    try:
        memory, trust = options.data_dir / DEMO_NAME, _trust(settings)
        await seeding.run(settings.gateway.public_url, memory, say, trickle=options.trickle, verify=trust)
    except (httpx2.HTTPError, seeding.SeedingFailed) as failed:
        say(f"Demo data stopped: {failed}")
