"""`leadflow up`, `leadflow consume`: what they say when they can't. Not in a thread: they listen to signals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from infra.cli import app
from infra.local.addresses import Addresses
from infra.settings import Settings, environment_of
from tests.infra.cli.invoking import WIDE, failed

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def leadflow(variables: dict[str, str], *arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env={**WIDE, **variables})


def test_up_with_a_damaged_key_says_which_file_to_restore(servers: Addresses, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "master.key").write_text("damaged")
    sentence = failed_last(leadflow(servers.as_environment(), "up", "--data", str(tmp_path)))
    assert "master.key must hold base64 of 32 bytes; restore it" in sentence


def test_up_with_an_unknown_setting_names_it(servers: Addresses, tmp_path: Path) -> None:
    variables = {**servers.as_environment(), "LEADFLOW_NONSENSE": "x"}
    assert failed_last(leadflow(variables, "up", "--data", str(tmp_path))).startswith("LEADFLOW_NONSENSE: there is no such")


def failed_last(result: Any) -> str:
    """The sentence of a command that had said other things before."""
    assert result.exit_code == 1, result.output + repr(result.exception)
    assert "Traceback" not in result.output
    sentence: str = result.stderr.strip().splitlines()[-1]
    return sentence.removeprefix("leadflow: ")


@pytest.mark.parametrize("command", ["consume", "project"])
def test_a_name_that_is_none_is_told_with_those_there_are(settings: Settings, command: str) -> None:
    sentence = failed(leadflow(environment_of(settings), command, "nonsense"), 1)
    assert sentence.startswith(f"{command}: there is no ")
    assert "nonsense; there are: " in sentence


def test_a_gateway_whose_port_is_taken_says_so(settings: Settings) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        variables = {**environment_of(settings), "LEADFLOW_GATEWAY__PORT": port}
        assert f"port {port} on 127.0.0.1 is in use" in failed(leadflow(variables, "gateway"), 1)
