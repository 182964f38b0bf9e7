"""`leadflow up` on servers that are there already: everything started, kept running, and stopped."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest

from infra.local.addresses import Addresses
from infra.local.data_folder import DataFolder
from infra.local.errors import DataFolderInUse
from infra.settings import Settings
from infra.wiring import up as module
from infra.wiring.host import PortTaken
from infra.wiring.up import NotReady, Options, up
from tests.infra.wiring.test_processes import free_port

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest.fixture
def given(servers: Addresses, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    """The servers in the environment, as an operator would give them; the gateway's port."""
    port = free_port()
    variables = {
        **servers.as_environment(),
        "LEADFLOW_POSTGRES__URL": settings.postgres.url,
        "LEADFLOW_KAFKA__PREFIX": settings.kafka.prefix,
        "LEADFLOW_REDIS__PREFIX": settings.redis.prefix,
        "LEADFLOW_OPENSEARCH__PREFIX": settings.opensearch.prefix,
        "LEADFLOW_GATEWAY__PORT": str(port),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return port


@asynccontextmanager
async def started(options: Options) -> AsyncIterator[list[str]]:
    """Up until the end of the block, then SIGTERM; what it said."""
    said: list[str] = []
    task = asyncio.create_task(up(options, said.append))
    loop = asyncio.get_running_loop()
    try:
        await until(lambda: task.done() or any(line.startswith("Leadflow is up") for line in said))
        if task.done():
            task.result()
        yield said
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(30):
            await task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(signum)
        signal.signal(signal.SIGINT, signal.default_int_handler)


async def until(what: Callable[[], object], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)


def children() -> set[int]:
    """Processes of `leadflow` whose parent we are."""
    found = set()
    for stat_ in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat_.read_text().rsplit(")", 1)[1].split()
            command = (stat_.parent / "cmdline").read_bytes()
            if int(fields[1]) == os.getpid() and fields[0] != "Z" and b"infra.cli" in command:
                found.add(int(stat_.parent.name))
    return found


async def test_everything_comes_up_stays_up_and_stops(given: int, tmp_path: Path) -> None:
    async with started(Options(tmp_path / "data", demo=False)) as said:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{given}", timeout=20) as client:
            assert (await client.get("/readyz")).status_code == 200
        before = children()
        assert len(before) == 4
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        await until(lambda: any("was killed by signal 9; starting it again in 0.5 s" in line for line in said))
        await until(lambda: len(children()) == 4)
        assert victim not in children()
    assert not children()
    assert said[-2:] == ["Stopping ...", "Stopped. Everything is kept; the next start goes on from here."]
    assert not (tmp_path / "data" / "demo.json").exists(), "nobody asked for a demo"
    told = [line for line in said if line.startswith("The first admin is admin@leadflow.local, and the password")]
    assert len(told) == 1


async def test_a_demo_has_its_people_and_documents_and_keeps_its_passwords(given: int, tmp_path: Path) -> None:
    options = Options(tmp_path)
    settings = module._settings(options, {})
    assert settings.gateway.public_url == f"http://127.0.0.1:{given}"
    written = []
    for _ in range(2):
        await module._prepare(settings, options, print)
        written.append((tmp_path / "demo.json").read_text())
    assert written[0] == written[1]
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
    demo = json.loads(written[0])
    assert demo["base_url"] == settings.gateway.public_url
    assert set(demo["users"]) == {"admin", "manager", "rep", "analyst"}
    connection = await asyncpg.connect(settings.postgres.url)
    rows = await connection.fetch("select kind, max(version) as version from documents.versions group by kind")
    await connection.close()
    assert {"team", "person"} <= {row["kind"] for row in rows}
    assert {row["version"] for row in rows} == {1}, "the second start publishes nothing again"


async def test_a_public_address_that_is_given_is_kept(given: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADFLOW_GATEWAY__PUBLIC_URL", "https://leads.example")
    assert module._settings(Options(tmp_path), {}).gateway.public_url == "https://leads.example"


async def test_what_does_not_get_ready_is_told_and_nothing_is_left_running(
    given: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_SECONDS_MAX", 0.0)
    with pytest.raises(NotReady, match=r"not ready after 0 s: the gateway does not answer; see .*logs"):
        async with started(Options(tmp_path / "data", demo=False)):
            pass
    assert not children()
    assert not (tmp_path / "data" / "demo.json").exists()


async def test_where_another_listens_already_nothing_is_said_to_be_up(
    given: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PORT_SECONDS_MAX", 0.3)
    said: list[str] = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", given))
        other.listen()
        with pytest.raises(PortTaken, match=f"port {given} on 127.0.0.1 is in use; stop what listens there"):
            await up(Options(tmp_path / "data", demo=False), said.append)
    assert said == [], "nothing was started, so there is nothing to stop"
    assert not children()


async def test_on_a_folder_that_another_has_nothing_is_said_but_who(
    given: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEADFLOW_REDIS__URL")  # so that one server is to be started here
    said: list[str] = []
    lock = DataFolder(tmp_path).lock()
    try:
        with pytest.raises(DataFolderInUse, match=f"process {os.getpid()} already runs servers on {tmp_path}"):
            await up(Options(tmp_path, demo=False), said.append)
    finally:
        lock.close()
    assert said == []


async def test_a_signal_while_something_is_waited_for_ends_the_wait(tmp_path: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stop.set)
    with pytest.raises(module._Stopped):
        async with asyncio.timeout(5):
            await module._unless(stop, asyncio.sleep(60))
    assert await module._unless(asyncio.Event(), asyncio.sleep(0, "done")) == "done"


async def test_passwords_of_a_damaged_file_are_made_anew(tmp_path: Path) -> None:
    assert module._kept_passwords(tmp_path) == {}
    for text in ("{", "{}", '{"users": 3}'):
        (tmp_path / "demo.json").write_text(text)
        assert module._kept_passwords(tmp_path) == {}
