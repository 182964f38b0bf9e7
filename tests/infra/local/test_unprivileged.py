import os
import stat
from pathlib import Path

import pytest

from infra.local.unprivileged import can_run, folder_for, socket_dir, user_for_servers

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="what root must do is for root")


def test_a_socket_is_beside_the_data_unless_the_path_is_too_long_for_one(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)

    assert socket_dir(Path("/tmp/short"), None) == Path("/tmp/short")
    short = socket_dir(deep, None)
    assert len(str(short)) < 80
    assert stat.S_IMODE(short.stat().st_mode) == 0o700
    assert socket_dir(deep, None) == short
    short.rmdir()


def test_an_ordinary_user_keeps_the_folder_that_was_asked_for(tmp_path: Path) -> None:
    assert folder_for(None, tmp_path / "postgres") == tmp_path / "postgres"


@needs_root
def test_below_a_folder_of_roots_alone_the_data_goes_elsewhere_and_is_found_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    user = user_for_servers()
    assert user is not None
    wanted = tmp_path / "postgres"

    folder = folder_for(user, wanted)

    assert folder != wanted
    assert can_run(user, ["test", "-x", str(folder)])
    assert folder_for(user, wanted) == folder
    (wanted / "moved-to").unlink()  # as when somebody removes the data folder
    other = folder_for(user, wanted)
    assert other != folder
    assert not folder.exists()
    (wanted / "moved-to").unlink()


@needs_root
def test_a_command_that_fails_or_is_not_there_cannot_be_run() -> None:
    user = user_for_servers()
    assert user is not None
    assert can_run(user, ["true"])
    assert not can_run(user, ["false"])
    assert not can_run(user, ["/nowhere/at/all"])
