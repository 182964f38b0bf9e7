"""Servers, and deployments on them that share nothing with any other."""

import os
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.documents import store as documents
from infra.kafka import admin
from infra.local.addresses import ALL_SERVERS, Addresses, given_addresses
from infra.local.in_subprocess import start_in_subprocess
from infra.postgres import database as databases
from infra.postgres import migrate
from infra.settings import Settings, load
from infra.wiring import host
from infra.wiring.secrets import master_key

PUBLISH_SECONDS_MAX = 60.0
INTAKE_PER_MINUTE = 6_000_000
"""Limits of intake are on, and further away: one source sends all of it from one address, for minutes."""
TEAM = {"members": [{"person": "ann"}, {"person": "bob"}]}


@contextmanager
def servers() -> Iterator[Addresses]:
    """Those that the environment names; the others are started here."""
    given, names = given_addresses(os.environ)
    missing = ALL_SERVERS - names
    if not missing:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="leadflow-bench-", ignore_cleanup_errors=True) as folder:
        started, stop = start_in_subprocess(Path(folder), missing)
        try:
            yield Addresses.model_validate(started.model_dump(exclude_defaults=True) | given.model_dump(exclude_defaults=True))
        finally:
            stop()


@dataclass
class Deployment:
    """A database and topics of its own. `has` connects this process to it; `logs` is where processes write."""

    settings: Settings
    has: host.Base
    logs: Path


@asynccontextmanager
async def deployment(addresses: Addresses) -> AsyncIterator[Deployment]:
    """Made, and dropped afterwards (topics stay: deleting them would disturb who measures next)."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    await databases.ensure(addresses.postgres_url, name)
    prefix = f"{name}."
    with tempfile.TemporaryDirectory(prefix="leadflow-bench-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        settings = load(
            {
                **addresses.as_environment(),
                "LEADFLOW_DATA_DIR": folder,
                "LEADFLOW_POSTGRES__URL": _with_database(addresses.postgres_url, name),
                "LEADFLOW_KAFKA__PREFIX": prefix,
                "LEADFLOW_REDIS__PREFIX": prefix,
                "LEADFLOW_OPENSEARCH__PREFIX": prefix.replace(".", "-").replace("_", "-"),
                "LEADFLOW_CRYPTO__MASTER_KEY": master_key(Path(folder)),
                "LEADFLOW_GATEWAY__PORT": str(port),
                "LEADFLOW_GATEWAY__PUBLIC_URL": f"http://127.0.0.1:{port}",
            }
        )
        try:
            await migrate.upgrade(settings.postgres)
            await admin.apply(settings.kafka)
            # A full machine may be slow to take what is published beforehand; the processes measured keep their limits.
            kafka = settings.kafka.model_copy(update={"publish_timeout_seconds": PUBLISH_SECONDS_MAX})
            async with host.base(settings.model_copy(update={"kafka": kafka}), "bench") as has:
                yield Deployment(settings, has, Path(folder))
        finally:
            await databases.drop(addresses.postgres_url, name)


def far_limits(settings: Settings) -> Settings:
    """The same with INTAKE_PER_MINUTE."""
    names = ("intake_source_per_minute", "intake_address_per_minute")
    limits = settings.limits.model_copy(update=dict.fromkeys(names, INTAKE_PER_MINUTE))
    return settings.model_copy(update={"limits": limits})


async def publish_team(made: Deployment) -> None:
    """Somebody to route to."""
    await documents.publish(made.has.pool, "team", "sales", TEAM, actor="bench", partitions=made.settings.kafka.partitions)
    await documents.send_pending(made.has.pool, made.has.producer)


async def make_topics(settings: Settings, *names: str) -> None:
    """Topics of a peer: as many partitions as ours have."""
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap)
    await client.start()
    try:
        await client.create_topics([NewTopic(settings.kafka.prefix + name, settings.kafka.partitions, 1) for name in names])
    finally:
        await client.close()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _with_database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
