"""The gateway process: one ASGI app on uvicorn, in the loop and thread of this process.

A server with threads of its own hands each request over by the interpreter's lock, one by one; here a turn of the loop takes all
that has come, and what they publish goes to Kafka in one batch.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from infra.auth import first_admin, users
from infra.gateway.app import Gateway, create_app
from infra.gateway.server import make_server
from infra.gateway.services import Services
from infra.kafka import admin
from infra.opensearch.client import open_client as open_opensearch
from infra.settings import BadSettings, Settings
from infra.tls.contexts import BadCertificate, server_context
from infra.wiring import catalogue, discovery, host
from infra.wiring import files as wiring_files
from infra.wiring.imports import imports
from infra.wiring.remapping import FormsRemap

log = structlog.get_logger("gateway")

READY_SECONDS = 2.0


def services_of(has: host.Base, opensearch: Any, files: Any = None) -> Services:
    """What endpoints may use, over what this process has."""
    return Services.build(
        has.settings,
        pool=has.pool,
        redis=has.redis,
        keyring=has.keyring,
        publisher=has.producer,
        opensearch=opensearch,
        imports=imports(has.settings, has.pool, has.keyring, has.producer, files),
        files=wiring_files.lead_files(has.pool, has.keyring, files),
        remap=FormsRemap(has.keyring),
        owner_of=_owner_of(has),
        ready={"kafka": _kafka_ready(has), **wiring_files.ready(files)},
    )


def build(services: Services) -> Gateway:
    """The app."""
    return create_app(services, [*discovery.routers(), catalogue.router], discovery.direct_routes(services))


async def serve(settings: Settings) -> None:
    """Listen until told to stop. Raises PortTaken, BadSettings."""
    tls = _tls(settings)
    stop = host.stop_event()
    host.need_port(settings)  # uvicorn would only end the process
    async with contextlib.AsyncExitStack() as stack:
        has = await stack.enter_async_context(host.base(settings, "gateway"))
        has.producer.connect()
        opensearch = open_opensearch(settings.opensearch)
        stack.push_async_callback(opensearch.close)
        files = wiring_files.open_files(settings)
        if files is not None:
            stack.push_async_callback(files.close)
        services = services_of(has, opensearch, files)
        await _let_admin_in(services)
        app = build(services)
        server = make_server(app, settings.gateway.host, settings.gateway.port, app.direct, tls=tls)
        host.settle_memory()
        serving = asyncio.ensure_future(server.serve())
        stopping = asyncio.ensure_future(stop.wait())
        log.info("ready", url=settings.gateway.public_url)
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        services.live.close()  # open streams would be waited for
        server.should_exit = True
        await serving
        stopping.cancel()
        if not stop.is_set():
            raise RuntimeError("the HTTP server ended by itself; its last words stand above")


async def _let_admin_in(services: Services) -> None:
    await first_admin.from_settings(services.pool, services.passwords, services.settings.auth)
    if not await users.any_admin(services.pool):
        log.warning("nobody can let anybody in", remedy="run `leadflow users add EMAIL`")


def _tls(settings: Settings) -> ssl.SSLContext | None:
    given = settings.tls
    if given.certificate is None or given.key is None:
        return None
    try:
        return server_context(given.certificate, given.key.get_secret_value())
    except BadCertificate as bad:
        raise BadSettings(f"LEADFLOW_TLS__CERTIFICATE, LEADFLOW_TLS__KEY: {bad}") from bad


def _kafka_ready(has: host.Base) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        names = [has.settings.kafka.prefix + "leads.submissions"]
        async with asyncio.timeout(READY_SECONDS):
            found = await admin.topic_ids(has.settings.kafka, names)
        return None if found else "the topics are missing; run `leadflow topics apply`"

    return check


def _owner_of(has: host.Base) -> Callable[[str], Awaitable[tuple[bool, str | None]]]:
    async def find(lead: str) -> tuple[bool, str | None]:
        row = await has.pool.fetchrow("select owner from lead_list.leads where id = $1", lead)
        return (False, None) if row is None else (True, row["owner"])

    return find
