import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.errors import PortInUse
from infra.local.ports import HOST, OPENSEARCH_PORTS, PORTS, Ports, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not is_free(taken)


def test_ports_are_chosen_once_and_kept(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json")
    first.choose(["redis", "mail"])
    second = Ports(tmp_path / "ports.json")
    second.choose(["redis", "mail"])

    assert (first["redis"], first["mail"]) == (second["redis"], second["mail"])
    assert first["redis"] != first["mail"]
    assert first["redis"] in PORTS


def test_opensearch_gets_a_port_that_its_runner_can_reach(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    ports.choose(["opensearch"])

    assert ports["opensearch"] in OPENSEARCH_PORTS
    assert ports["opensearch"] - 1 < 9299


def test_a_kept_port_that_is_taken_is_replaced_and_that_is_said(tmp_path: Path, taken: int) -> None:
    path = tmp_path / "ports.json"
    path.write_text(json.dumps({"redis": taken}))
    said: list[str] = []
    ports = Ports(path, report=said.append)
    ports.choose(["redis"])

    assert ports["redis"] != taken
    assert f"port {taken} is taken" in said[0]
    assert json.loads(path.read_text())["redis"] == ports["redis"]


def test_a_fixed_port_that_is_taken_is_an_error_that_says_what_to_do(tmp_path: Path, taken: int) -> None:
    ports = Ports(tmp_path / "ports.json", fixed={"redis": taken})

    with pytest.raises(PortInUse, match=f"Port {taken}.*End that program") as caught:
        ports.choose(["redis"])
    assert (caught.value.server, caught.value.port) == ("redis", taken)


def test_a_port_that_the_server_took_by_itself_is_kept(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    ports.took("opensearch", 9250)

    assert Ports(tmp_path / "ports.json")["opensearch"] == 9250


@pytest.mark.parametrize("content", ["", "[1]", '{"redis": "x"}'])
def test_an_unreadable_file_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ports.json"
    path.write_text(content)
    ports = Ports(path)
    ports.choose(["redis"])

    assert json.loads(path.read_text()) == {"redis": ports["redis"]}
