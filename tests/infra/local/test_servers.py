"""The real servers: they answer, they keep what they have, and they never outlive us."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aioboto3
import aiosmtplib
import asyncpg
import httpx2
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from infra.local import (
    KAFKA,
    MAIL,
    OPENSEARCH,
    POSTGRES,
    REDIS,
    S3,
    Addresses,
    CorruptDataFolder,
    DataFolder,
    DataFolderInUse,
    LocalServers,
    PortInUse,
    ServersProcessFailed,
    start_in_subprocess,
)
from infra.local.data_folder import is_alive

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

TOPIC = "kept"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def servers(data_dir: Path) -> AsyncIterator[LocalServers]:
    servers = LocalServers(data_dir)
    await servers.start()
    yield servers
    await servers.stop()


async def kill(servers: LocalServers, name: str) -> None:
    watch = asyncio.create_task(servers.watch())
    os.kill(servers.pid(name), signal.SIGKILL)
    assert await asyncio.wait_for(watch, 5) == name


async def test_kafka_keeps_acknowledged_records_over_a_kill(servers: LocalServers) -> None:
    bootstrap = servers.addresses.kafka_bootstrap
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(TOPIC, b"before")

    await kill(servers, KAFKA)
    await servers.restart(KAFKA)

    assert servers.addresses.kafka_bootstrap == bootstrap
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(TOPIC, 0)])
        assert (await asyncio.wait_for(consumer.getone(), 10)).value == b"before"


async def test_postgres_keeps_committed_rows_over_a_kill(servers: LocalServers) -> None:
    url = servers.addresses.postgres_url
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SHOW fsync") == "on"
    assert await connection.fetchval("SHOW max_connections") == "200"
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    await kill(servers, POSTGRES)
    await servers.restart(POSTGRES)

    with contextlib.suppress(Exception):
        await connection.close(timeout=1)
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT answer FROM kept") == 42
    await connection.close()


async def test_valkey_keeps_what_it_has_over_a_restart(servers: LocalServers) -> None:
    async with Redis.from_url(servers.addresses.redis_url) as client:
        await client.set("kept", "yes")

    await servers.restart(REDIS)

    async with Redis.from_url(servers.addresses.redis_url) as client:
        assert await client.get("kept") == b"yes"


async def test_opensearch_makes_indices_and_keeps_them_over_a_kill(servers: LocalServers) -> None:
    url = servers.addresses.opensearch_url
    async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
        assert (await client.put("/kept", json={"settings": {"number_of_replicas": 0}})).status_code == 200
        assert (await client.put("/kept/_doc/1?refresh=true", json={"name": "Ann"})).status_code == 201
        assert (await client.put("/mistyped/_doc/1", json={})).status_code == 404

    await kill(servers, OPENSEARCH)
    await servers.restart(OPENSEARCH)

    assert servers.addresses.opensearch_url == url
    async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
        await client.get("/_cluster/health/kept?wait_for_status=yellow")
        assert (await client.get("/kept/_doc/1")).json()["_source"] == {"name": "Ann"}


async def test_mails_are_caught_and_kept_over_a_kill(servers: LocalServers) -> None:
    addresses = servers.addresses
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.org", "bob@example.org", "Hello"
    mail.set_content("Text")
    await aiosmtplib.send(mail, hostname=addresses.smtp_host, port=addresses.smtp_port, start_tls=False)

    await kill(servers, MAIL)
    await servers.restart(MAIL)

    async with httpx2.AsyncClient(base_url=addresses.mail_url) as client:
        [caught] = (await client.get("/messages.json")).json()
    assert (caught["to"], caught["subject"], caught["text"].strip()) == ("bob@example.org", "Hello", "Text")


async def test_files_are_kept_over_a_kill(servers: LocalServers) -> None:
    addresses = servers.addresses
    given = {
        "endpoint_url": addresses.s3_endpoint,
        "region_name": "us-east-1",
        "aws_access_key_id": addresses.s3_access_key,
        "aws_secret_access_key": addresses.s3_secret_key,
    }
    async with aioboto3.Session().client("s3", **given) as client:
        await client.create_bucket(Bucket="kept")
        await client.put_object(Bucket="kept", Key="folder/file", Body=b"before")

    await kill(servers, S3)
    await servers.restart(S3)

    assert servers.addresses == addresses
    async with aioboto3.Session().client("s3", **given) as client:
        answer = await client.get_object(Bucket="kept", Key="folder/file")
        assert await answer["Body"].read() == b"before"


async def test_a_second_start_on_the_same_folder_says_who_has_it(servers: LocalServers, data_dir: Path) -> None:
    with pytest.raises(DataFolderInUse, match=f"process {os.getpid()} already runs"):
        await LocalServers(data_dir).start()

    running = DataFolder(data_dir).running()
    assert running is not None
    assert running.addresses == servers.addresses


async def test_a_corrupt_database_folder_is_named_with_a_way_out(tmp_path: Path) -> None:
    servers = LocalServers(tmp_path, {POSTGRES})
    await servers.start()
    await servers.stop()
    [control] = [path for path in _postgres_dir(tmp_path).rglob("pg_control") if path.is_file()]
    control.write_bytes(b"\0" * control.stat().st_size)

    with pytest.raises(CorruptDataFolder, match="Move that folder away") as caught:
        await LocalServers(tmp_path, {POSTGRES}).start()
    assert caught.value.folder == _postgres_dir(tmp_path)


async def test_a_kafka_folder_without_its_mark_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "kafka" / "data" / "leads-0").mkdir(parents=True)

    with pytest.raises(CorruptDataFolder, match=r"meta\.properties is missing"):
        await LocalServers(tmp_path, {KAFKA}).start()


async def test_the_servers_end_with_a_process_that_is_killed_and_start_again(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, os, infra.local as l\n"
        "addresses, stop = l.start_in_subprocess(pathlib.Path(sys.argv[1]), {'postgres', 'redis'})\n"
        "print(addresses.model_dump_json(), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True, check=False)
    first = Addresses.model_validate_json(done.stdout)

    addresses, stop = await asyncio.to_thread(start_in_subprocess, tmp_path, {POSTGRES, REDIS})  # waits for its end

    try:
        assert addresses == first
        with pytest.raises(ServersProcessFailed, match="already runs servers"):
            await asyncio.to_thread(start_in_subprocess, tmp_path, {REDIS})
    finally:
        await asyncio.to_thread(stop)
    assert DataFolder(tmp_path).running() is None


async def test_the_servers_end_when_the_process_that_has_them_is_killed(tmp_path: Path) -> None:
    _, stop = await asyncio.to_thread(start_in_subprocess, tmp_path, {REDIS})
    running = DataFolder(tmp_path).running()
    assert running is not None

    os.kill(running.pid, signal.SIGKILL)

    give_up_at = time.monotonic() + 10
    while await asyncio.to_thread(_answers, running.addresses):
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.05)
    await asyncio.to_thread(stop)
    assert not is_alive(running.pid)


async def test_a_killed_server_starts_again_where_that_was_asked_for(tmp_path: Path) -> None:
    addresses, stop = await asyncio.to_thread(start_in_subprocess, tmp_path, {REDIS}, keep_up=True)
    try:
        before = DataFolder(tmp_path).running()
        assert before is not None
        os.kill(before.server_pids[REDIS], signal.SIGKILL)
        give_up_at = time.monotonic() + 10
        while DataFolder(tmp_path).running() == before:
            assert time.monotonic() < give_up_at
            await asyncio.sleep(0.05)
        assert _answers(addresses)
    finally:
        await asyncio.to_thread(stop)


async def test_a_start_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(PortInUse):
            await LocalServers(tmp_path, {REDIS, MAIL}, fixed_ports={REDIS: listener.getsockname()[1]}).start()

    servers = LocalServers(tmp_path, {REDIS})
    await servers.start()
    await servers.stop()
    await servers.stop()


async def test_an_unknown_server_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such servers: oracle"):
        LocalServers(tmp_path, {"oracle"})


def _answers(addresses: Addresses) -> bool:
    host, _, port = addresses.redis_url.removeprefix("redis://").removesuffix("/0").partition(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


def _postgres_dir(data_dir: Path) -> Path:
    note = data_dir / "postgres" / "moved-to"
    return Path(note.read_text().strip()) if note.exists() else data_dir / "postgres"
