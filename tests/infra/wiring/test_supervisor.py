"""Children that die are started again and it is said; they end with the parent, however it ends."""

import asyncio
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.wiring import supervisor as module
from infra.wiring.supervisor import Supervisor, last_line

pytestmark = pytest.mark.asyncio

LIVES = "import time; print('alive', flush=True); time.sleep(60)"
DIES = "import sys; print('no such luck', flush=True); sys.exit(3)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('alive', flush=True); time.sleep(60)"


@asynccontextmanager
async def supervised(folder: Path, **programs: str) -> AsyncIterator[tuple[Supervisor, list[str]]]:
    """A supervisor whose children run these programs instead of `leadflow NAME`."""
    said: list[str] = []
    running = Supervisor(list(programs), {"GIVEN": "yes"}, folder / "logs", said.append)
    for name, program in programs.items():
        running.children[name].command = (sys.executable, "-c", program)
    await running.start()
    try:
        yield running, said
    finally:
        await running.stop()


async def until(what: Callable[[], object], seconds: float = 15) -> None:
    give_up = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.02)


async def test_a_child_is_a_command_of_ours_with_the_environment_it_was_given(tmp_path: Path) -> None:
    planned = Supervisor(["consume"], {}, tmp_path, print)
    assert planned.children["consume"].command == (sys.executable, "-m", "infra.cli", "consume")
    assert planned.children["consume"].pid is None
    async with supervised(tmp_path, one="import os; print(os.environ['GIVEN'], os.environ['PATH'] != '', flush=True)"):
        await until(lambda: last_line(tmp_path / "logs" / "one.log") == "yes True")


async def test_a_child_that_is_killed_is_started_again_and_it_is_said(tmp_path: Path) -> None:
    async with supervised(tmp_path, one=LIVES, two=LIVES) as (running, said):
        one, two = running.children["one"], running.children["two"]
        first, other = one.pid, two.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: one.pid not in (None, first))
        assert two.pid == other, "its neighbour is left alone"
    assert said == [f"one was killed by signal 9; starting it again in 0.5 s (its log: {tmp_path / 'logs' / 'one.log'})"]


async def test_a_child_that_keeps_dying_waits_longer_each_time_and_its_last_words_are_told(tmp_path: Path) -> None:
    async with supervised(tmp_path, one=DIES) as (running, said):
        await until(lambda: running.children["one"].deaths >= 3)
        pauses = [line.split(" in ")[1].split(" s")[0] for line in said if line.startswith("one ended with code 3")]
        assert pauses[:3] == ["0.5", "1.0", "2.0"]
        assert "  its last words: no such luck" in said


async def test_a_child_that_lived_long_starts_over_with_the_shortest_wait(tmp_path: Path) -> None:
    async with supervised(tmp_path, one=LIVES) as (running, said):
        one = running.children["one"]
        one.deaths, one.started_at = 6, time.monotonic() - module.STEADY_SECONDS - 1
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
        await until(lambda: said)
        assert "in 0.5 s" in said[0]


async def test_no_wait_is_longer_than_the_longest(tmp_path: Path) -> None:
    async with supervised(tmp_path, one=LIVES) as (running, said):
        one = running.children["one"]
        one.deaths = 50
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
        await until(lambda: said)
        assert f"in {module.BACKOFF_SECONDS_MAX:.1f} s" in said[0]


async def test_stopping_ends_all_children_and_says_nothing(tmp_path: Path) -> None:
    async with supervised(tmp_path, one=LIVES, two=LIVES) as (running, said):
        pids = [child.pid for child in running.children.values()]
    assert said == []
    assert [child.pid for child in running.children.values()] == [None, None]
    assert all(pid is not None and not _lives(pid) for pid in pids)


async def test_a_child_that_does_not_stop_is_killed_after_a_bounded_wait_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.5)
    async with supervised(tmp_path, one=STUBBORN) as (running, said):
        await until(lambda: last_line(tmp_path / "logs" / "one.log") == "alive")
        pid = running.children["one"].pid
    assert said == ["one did not stop within 0 s and is killed"]
    assert pid is not None
    assert not _lives(pid)


async def test_stopping_while_a_child_waits_to_be_started_again_starts_it_no_more(tmp_path: Path) -> None:
    async with supervised(tmp_path, one=DIES) as (running, said):
        await until(lambda: said)
    await asyncio.sleep(0.7)
    assert running.children["one"].pid is None


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
async def test_children_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = textwrap.dedent(f"""
        import asyncio, sys
        from pathlib import Path
        from infra.wiring.supervisor import Supervisor
        async def main():
            running = Supervisor(["one"], {{}}, Path({str(tmp_path)!r}), print)
            running.children["one"].command = (sys.executable, "-c", {LIVES!r})
            await running.start()
            print(running.children["one"].pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    child = int(await process.stdout.readline())
    assert _lives(child)
    process.kill()
    await process.wait()
    await until(lambda: not _lives(child))


def _lives(pid: int) -> bool:
    """A zombie, whose parent has not asked yet, is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def test_the_last_line_of_a_log_is_short_and_never_an_error(tmp_path: Path) -> None:
    assert last_line(tmp_path / "none") == ""
    (tmp_path / "empty").touch()
    assert last_line(tmp_path / "empty") == ""
    (tmp_path / "log").write_bytes(b"x" * 10_000 + b"\nlast \xff words\n\n")
    assert last_line(tmp_path / "log") == "last \ufffd words"
    (tmp_path / "long").write_text("y" * 10_000)
    assert last_line(tmp_path / "long") == "y" * 300
