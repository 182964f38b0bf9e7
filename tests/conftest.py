"""Real servers once a session; a database, topics and indices of its own for every test module.

Servers named by the environment (LEADFLOW_KAFKA__BOOTSTRAP, ...) are used; the others are started as child processes.
Builders that tests share live in plain modules, never here.
"""

import asyncio
import base64
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.local.addresses import ALL_SERVERS, Addresses, given_addresses
from infra.local.in_subprocess import start_in_subprocess
from infra.settings import Settings, load

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Where Kafka, PostgreSQL, Valkey, OpenSearch, S3 and the mail catcher answer."""
    given, names = given_addresses(os.environ)
    missing = ALL_SERVERS - names
    if not missing:
        yield given
        return
    folder = Path("/tmp") / f"leadflow-tests-{uuid.uuid4().hex[:8]}" if os.geteuid() == 0 else tmp_path_factory.mktemp("servers")
    started, stop = start_in_subprocess(folder, missing)
    try:
        yield Addresses.model_validate(started.model_dump(exclude_defaults=True) | given.model_dump(exclude_defaults=True))
    finally:
        stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(servers: Addresses) -> AsyncIterator[str]:
    """URL of a fresh database with every table."""
    from infra.postgres import database as databases
    from infra.postgres import migrate

    name = f"t_{uuid.uuid4().hex[:12]}"
    await databases.ensure(servers.postgres_url, name)
    url = _with_database(servers.postgres_url, name)
    await migrate.upgrade(url)
    yield url
    await databases.drop(servers.postgres_url, name)


@pytest.fixture(scope="module")
def settings(servers: Addresses, database: str) -> Settings:
    """Settings of a deployment of its own: prefixes keep it apart from every other."""
    return settings_for(servers, database, f"t{uuid.uuid4().hex[:8]}.")


def settings_for(servers: Addresses, database: str, prefix: str) -> Settings:
    """Settings against `servers`, as the environment would give them."""
    return load(
        {
            **servers.as_environment(),
            "LEADFLOW_POSTGRES__URL": database,
            "LEADFLOW_KAFKA__PREFIX": prefix,
            "LEADFLOW_KAFKA__SESSION_TIMEOUT_MS": "6000",
            "LEADFLOW_REDIS__PREFIX": prefix,
            "LEADFLOW_OPENSEARCH__PREFIX": prefix.replace(".", "-"),
            "LEADFLOW_S3__PREFIX": prefix.replace(".", "/"),
            "LEADFLOW_CRYPTO__MASTER_KEY": MASTER_KEY,
        }
    )


def _with_database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    base = head.rsplit("/", 1)[0]
    return f"{base}/{name}" + (f"?{query}" if query else "")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def topics(settings: Settings) -> AsyncIterator[Settings]:
    """The settings, with the catalogue's topics made in Kafka, and the bucket for files."""
    from infra.kafka import admin
    from infra.wiring.files import make_bucket

    async with asyncio.timeout(30):
        await admin.apply(settings.kafka)
        await make_bucket(settings)
    yield settings
