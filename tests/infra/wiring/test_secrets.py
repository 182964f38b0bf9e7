import base64
import stat
from pathlib import Path

import pytest

from infra.wiring.secrets import UnreadableSecret, master_key


def test_the_master_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    made = master_key(tmp_path / "data")
    assert len(base64.b64decode(made)) == 32
    assert master_key(tmp_path / "data") == made
    path = tmp_path / "data" / "secrets" / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    assert master_key(tmp_path / "a") != master_key(tmp_path / "b")


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "not base64 at all!", "é"])
def test_a_damaged_key_is_told_and_never_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets" / "master.key"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(UnreadableSecret, match=r"master\.key must hold base64 of 32 bytes"):
        master_key(tmp_path)
    assert path.read_text() == text
