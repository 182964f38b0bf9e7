"""Metrics are for who has the token, or where there is none, for the machine that they are of."""

import contextlib
import socket
import struct
import time
from http import HTTPStatus

import httpx2
import pytest
from prometheus_client import CollectorRegistry, Counter
from pydantic import SecretStr

from infra.observability.serving import Watchers, is_loopback, serving
from infra.settings import BadSettings, load

TOKEN = SecretStr("a token of metrics")
SENT = f"Bearer {TOKEN.get_secret_value()}"


@pytest.mark.parametrize(
    ("token", "sent", "local", "refusal"),
    [
        (None, None, True, None),
        (None, None, False, HTTPStatus.NOT_FOUND),
        (None, "Bearer ", False, HTTPStatus.NOT_FOUND),
        (TOKEN, None, True, HTTPStatus.UNAUTHORIZED),
        (TOKEN, SENT, True, None),
        (TOKEN, None, False, HTTPStatus.UNAUTHORIZED),
        (TOKEN, f"{SENT}s", False, HTTPStatus.UNAUTHORIZED),
        (TOKEN, "Bearer \ud800", False, HTTPStatus.UNAUTHORIZED),
        (TOKEN, SENT, False, None),
    ],
)
def test_who_may_see_metrics(token: SecretStr | None, sent: str | None, local: bool, refusal: HTTPStatus | None) -> None:
    assert Watchers(token).refusal(sent, local=local) is refusal


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("unknown", False),
    ],
)
def test_what_is_this_machine(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def counted() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("leadflow_shown_total", "Shown", registry=registry).inc()
    return registry


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def hung_up(connection: socket.socket) -> bool:
    """Whether nothing comes but the end."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def until_shown(port: int) -> None:
    give_up = time.monotonic() + 20
    while True:
        with contextlib.suppress(httpx2.TransportError):
            assert httpx2.get(f"http://127.0.0.1:{port}/metrics").status_code == 200
            return
        assert time.monotonic() < give_up, "there is room again"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "passed_on", [{"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}]
)
def test_a_process_without_a_token_shows_its_metrics_to_its_machine_alone(passed_on: dict[str, str]) -> None:
    port = free_port()
    with serving(port, counted(), Watchers(None)), httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert "leadflow_shown_total 1.0" in client.get("/metrics").text
        refused = client.get("/metrics", headers={**passed_on, "Authorization": SENT})
        assert (refused.status_code, refused.text) == (404, "")


def test_a_process_with_a_token_asks_everybody_for_it() -> None:
    port = free_port()
    with serving(port, counted(), Watchers(TOKEN)), httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}):
            refused = client.get("/metrics", headers=headers)
            assert (refused.status_code, refused.text) == (401, "")
            assert refused.headers["www-authenticate"].startswith("Bearer")
            assert "leadflow_shown_total 1.0" in client.get("/metrics", headers={**headers, "Authorization": SENT}).text


def test_who_comes_while_there_are_too_many_is_hung_up_on() -> None:
    port = free_port()
    with serving(port, counted(), Watchers(None), seconds_max=600, connections_max=2):
        with connected(port), connected(port), connected(port) as third:
            assert hung_up(third)
        until_shown(port)


@pytest.mark.parametrize("said", [b"", b"GET /metrics HTTP/1.0\r\nHost: "])
def test_who_says_too_little_in_time_is_hung_up_on(said: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    with serving(port, counted(), Watchers(TOKEN), seconds_max=0.1, connections_max=1), connected(port) as silent:
        silent.sendall(said)
        assert hung_up(silent)
    assert capsys.readouterr() == ("", "")


def test_a_byte_now_and_then_wins_no_time() -> None:
    port = free_port()
    with serving(port, counted(), Watchers(None), seconds_max=1), connected(port) as slow:
        started = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() < started + 20:
                slow.sendall(b"G")
                time.sleep(0.1)


def test_who_goes_away_in_between_leaves_room_and_no_word_behind(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    with serving(port, counted(), Watchers(None), seconds_max=600, connections_max=1):
        with connected(port) as gone:
            gone.sendall(b"GET /met")
            # Closing is a reset then, which is an error for who reads.
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        until_shown(port)
    assert capsys.readouterr() == ("", "")


def test_who_is_still_connected_at_the_end_is_hung_up_on() -> None:
    port = free_port()
    with serving(port, counted(), Watchers(None), seconds_max=600), connected(port) as staying:
        until_shown(port)
        staying.sendall(b"GET")
        kept = staying.dup()
    with kept:
        assert hung_up(kept)


def test_a_token_that_can_be_guessed_is_none() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_TELEMETRY__METRICS_TOKEN"):
        load({"LEADFLOW_TELEMETRY__METRICS_TOKEN": "short"})
