"""Metrics are for the machine that they are of, and for who has the token."""

import socket
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
        (TOKEN, None, True, None),
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


def test_a_process_shows_its_metrics_to_its_machine_and_what_a_proxy_passes_on_needs_the_token() -> None:
    registry, port = CollectorRegistry(), free_port()
    Counter("leadflow_shown_total", "Shown", registry=registry).inc()
    passed_on = {"X-Forwarded-For": "127.0.0.1"}
    with serving(port, registry, Watchers(TOKEN)), httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert "leadflow_shown_total 1.0" in client.get("/metrics").text
        refused = client.get("/metrics", headers=passed_on)
        assert (refused.status_code, refused.text) == (401, "")
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert client.get("/metrics", headers={**passed_on, "Authorization": SENT}).status_code == 200
    with serving(port, registry, Watchers(None)), httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/metrics", headers={**passed_on, "Authorization": SENT}).status_code == 404
        assert client.get("/metrics").status_code == 200


def test_a_token_that_can_be_guessed_is_none() -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_TELEMETRY__METRICS_TOKEN"):
        load({"LEADFLOW_TELEMETRY__METRICS_TOKEN": "short"})
