import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import Addresses, DataFolder, DataFolderInUse

ADDRESSES = Addresses(redis_url="redis://127.0.0.1:1/0")


def test_a_folder_is_had_by_one_at_a_time_and_the_error_says_who(tmp_path: Path) -> None:
    lock = DataFolder(tmp_path).lock()

    with pytest.raises(DataFolderInUse, match=f"process {os.getpid()} already runs servers") as caught:
        DataFolder(tmp_path).lock()
    assert caught.value.pid == os.getpid()

    lock.close()
    DataFolder(tmp_path).lock().close()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from infra.local import DataFolder\n"
        "DataFolder(pathlib.Path(sys.argv[1])).lock(); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9

    DataFolder(tmp_path).lock().close()


def test_others_see_the_addresses_while_the_servers_run(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert folder.running() is None
    folder.set_running(ADDRESSES, {"redis": 7})

    running = DataFolder(tmp_path).running()
    assert running is not None
    assert (running.pid, running.addresses) == (os.getpid(), ADDRESSES)

    folder.set_not_running()
    assert DataFolder(tmp_path).running() is None


def test_addresses_that_a_killed_process_left_are_not_believed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "servers.json").write_text(f'{{"pid": {ended.pid}, "addresses": {{}}, "server_pids": {{}}}}')

    assert DataFolder(tmp_path).running() is None


def test_a_log_that_grew_large_begins_anew(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.log_path("kafka").write_bytes(b"x" * 8_000_001)

    assert not folder.log_path("kafka").exists()
    assert (tmp_path / "logs" / "kafka.log.1").stat().st_size == 8_000_001
