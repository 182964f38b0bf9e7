import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.local.data_folder import is_alive
from infra.local.errors import GuardEnded
from infra.local.processes import Command, Processes

pytestmark = pytest.mark.asyncio

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest_asyncio.fixture(loop_scope="session")
async def processes(tmp_path: Path) -> AsyncIterator[Processes]:
    fd = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    processes = await Processes.open(fd)
    os.close(fd)
    yield processes
    await processes.close()


def python(tmp_path: Path, code: str) -> Command:
    return Command([sys.executable, "-I", "-S", "-c", code], tmp_path, tmp_path / "log")


async def until_gone(pid: int) -> None:
    give_up_at = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < give_up_at, f"{pid} still runs"
        await asyncio.sleep(0.02)


async def test_a_process_writes_its_log_and_tells_its_end(processes: Processes, tmp_path: Path) -> None:
    assert await processes.run("one", python(tmp_path, "print('hello'); raise SystemExit(3)"), 10) == 3
    assert (tmp_path / "log").read_text() == "hello\n"


async def test_our_environment_stays_ours(processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADFLOW_SECRET", "x")
    await processes.run("one", python(tmp_path, "import os; print(sorted(os.environ))"), 10)

    assert "LEADFLOW_SECRET" not in (tmp_path / "log").read_text()


async def test_a_program_that_is_not_there_is_an_os_error(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="FileNotFoundError"):
        await processes.start("one", Command([str(tmp_path / "nothing")], tmp_path, tmp_path / "log"))


async def test_a_command_that_takes_too_long_is_killed(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await processes.run("one", python(tmp_path, STUBBORN), 0.3)


async def test_a_process_that_does_not_obey_is_killed(processes: Processes, tmp_path: Path) -> None:
    process = await processes.start("one", python(tmp_path, STUBBORN))
    while not (tmp_path / "log").read_text():
        await asyncio.sleep(0.02)

    assert not await processes.end("one", signal.SIGTERM, 0.2)
    assert await process.code == -signal.SIGKILL
    assert await processes.end("one", signal.SIGTERM, 0.2)


async def test_closing_ends_what_still_runs(processes: Processes, tmp_path: Path) -> None:
    process = await processes.start("one", python(tmp_path, "import time; time.sleep(60)"))
    await processes.close()

    assert not is_alive(process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
async def test_when_the_guard_is_killed_its_servers_end_and_we_know(processes: Processes, tmp_path: Path) -> None:
    process = await processes.start("one", python(tmp_path, "import time; time.sleep(60)"))
    os.kill(processes.guard_pid, signal.SIGKILL)
    await asyncio.wait_for(processes.guard_ended.wait(), 5)

    await until_gone(process.pid)
    assert process.has_ended
    with pytest.raises(GuardEnded):
        await processes.start("two", python(tmp_path, ""))
