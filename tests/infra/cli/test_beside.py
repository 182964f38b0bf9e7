"""Commands beside `leadflow up`: they find what runs on a data folder."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.local.addresses import Addresses
from infra.local.data_folder import DataFolder
from infra.settings import load
from infra.wiring.secrets import master_key
from tests.infra.cli.invoking import WIDE, done, failed

ROOT = Path(__file__).parents[3]
RUNNING = Addresses(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://u:p@127.0.0.1:2/it's", redis_url="redis://127.0.0.1:3"
)


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LEADFLOW_")]:
        monkeypatch.delenv(name)


def leadflow(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env=WIDE)


def test_the_settings_of_what_runs_are_told_to_a_shell(tmp_path: Path) -> None:
    DataFolder(tmp_path).set_running(RUNNING, {})
    lines = done(leadflow("env", "--data", str(tmp_path))).splitlines()
    told = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    given = load(told)
    assert (given.kafka.bootstrap, given.postgres.url) == (RUNNING.kafka_bootstrap, RUNNING.postgres_url)
    assert told["LEADFLOW_CRYPTO__MASTER_KEY"] == master_key(tmp_path)
    assert all(line.startswith("export LEADFLOW_") for line in lines)


@pytest.mark.parametrize("command", ["env", "seed"])
def test_where_nothing_runs_that_is_said_and_nothing_is_made(tmp_path: Path, command: str) -> None:
    assert "nothing runs on" in failed(leadflow(command, "--data", str(tmp_path)), 1)
    assert list(tmp_path.iterdir()) == []


def test_without_anybody_of_the_demo_no_demo_is_sent(tmp_path: Path) -> None:
    DataFolder(tmp_path).set_running(RUNNING, {})
    assert "nobody of the demo may sign in" in failed(leadflow("seed", "--data", str(tmp_path)), 1)


def test_every_command_that_make_calls_is_there() -> None:
    called = set(re.findall(r"\$\(BIN\)/leadflow ([a-z]+)", (ROOT / "Makefile").read_text()))
    assert {"up", "seed", "migrate"} <= called
    for command in called:
        assert leadflow(command, "--help").exit_code == 0, command
