"""The gateway's own port with a certificate: TLS 1.3, nothing older, and everything over it as before."""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from infra.gateway.server import make_server
from infra.settings import Settings, environment_of, load
from infra.tls.contexts import client_context, server_context
from infra.tls.development import issue
from infra.wiring import host
from infra.wiring.files import make_bucket
from infra.wiring.gateway import serve
from tests.infra.gateway.running import PASSWORD, Running, demo_users, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

ISSUED = issue()


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def served(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    built = tmp_path_factory.mktemp("dist")
    (built / "index.html").write_text("<!doctype html><title>Leadflow</title>")
    address = settings.gateway.model_copy(update={"public_url": f"https://127.0.0.1:{port}"})
    async with running(settings.model_copy(update={"gateway": address}), dashboard=built) as has:
        tls = server_context(ISSUED.certificate, ISSUED.key)
        server = make_server(has.gateway, "127.0.0.1", port, tls=tls)
        server.config.lifespan = "off"  # `running` has begun it
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        yield has, port
        server.should_exit = True
        async with asyncio.timeout(15):
            await serving


async def handshake(port: int, highest: ssl.TLSVersion) -> str | None:
    """The version that was agreed on by a client that speaks everything up to `highest`."""
    context = ssl.create_default_context(cadata=ISSUED.ca)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, highest
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        version: str | None = writer.get_extra_info("ssl_object").version()
        return version
    finally:
        writer.close()


async def test_tls_1_3_is_spoken(served: tuple[Running, int]) -> None:
    assert await handshake(served[1], ssl.TLSVersion.MAXIMUM_SUPPORTED) == "TLSv1.3"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_nothing_older_is(served: tuple[Running, int], version: ssl.TLSVersion) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await handshake(served[1], version)


async def test_openssl_finds_the_same(served: tuple[Running, int], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(ISSUED.ca)
    said = {}
    for option in ("-tls1_2", "-tls1_3"):
        arguments = ["s_client", "-connect", f"127.0.0.1:{served[1]}", "-CAfile", str(tmp_path / "ca.pem"), option]
        client = await asyncio.create_subprocess_exec(
            "openssl",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        text, errors = await asyncio.wait_for(client.communicate(), 20)
        said[option] = (client.returncode, (text + errors).decode())
    assert said["-tls1_2"][0] != 0
    assert "Cipher is (NONE)" in said["-tls1_2"][1]
    assert said["-tls1_3"][0] == 0
    assert "Verify return code: 0 (ok)" in said["-tls1_3"][1]


async def test_plain_http_gets_no_answer(served: tuple[Running, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served[1])
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"HTTP/1.1 200" not in await asyncio.wait_for(reader.read(), 10)
    writer.close()


async def test_intake_login_and_dashboard_work_over_it_and_cookies_stay_on_it(served: tuple[Running, int]) -> None:
    has, port = served
    await demo_users(has.services)
    trust = client_context(ISSUED.ca)
    async with httpx2.AsyncClient(base_url=f"https://127.0.0.1:{port}", verify=trust, timeout=20) as client:
        assert "Leadflow" in (await client.get("/")).text
        asked = {"name": "Website", "vendor": "generic"}
        made = await client.post("/v1/sources", headers=has.token("admin"), json=asked)
        assert made.status_code == 201, made.text
        url = made.json()["url"]
        assert url.startswith(f"https://127.0.0.1:{port}/")
        body = json.dumps({"email": "ada@engines.example", "at": time.time()})
        sent = await client.post(url, content=body, headers={"Content-Type": "application/json"})
        assert sent.status_code == 202, sent.text
        login = await client.post("/v1/auth/login", json={"email": "admin@example.com", "password": PASSWORD})
        assert login.status_code == 200
        assert "secure" in login.headers["set-cookie"].lower()
        assert (await client.get("/healthz")).headers["strict-transport-security"]


async def test_the_gateway_process_takes_its_certificate_from_the_settings(topics: Settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    variables = {name: value for name, value in environment_of(topics).items() if "GATEWAY" not in name}
    variables |= {"LEADFLOW_GATEWAY__PORT": str(port), "LEADFLOW_GATEWAY__PUBLIC_URL": f"https://127.0.0.1:{port}"}
    given = load({**variables, "LEADFLOW_TLS__CERTIFICATE": ISSUED.certificate, "LEADFLOW_TLS__KEY": ISSUED.key})
    await make_bucket(given)
    stop = asyncio.Event()
    host.STOP.set(stop)
    serving = asyncio.create_task(serve(given))
    try:
        async with httpx2.AsyncClient(base_url=given.gateway.public_url, verify=client_context(ISSUED.ca), timeout=5) as client:
            async with asyncio.timeout(30):
                while True:
                    try:
                        answer = await client.get("/readyz")
                        break
                    except httpx2.TransportError:
                        assert not serving.done()
                        await asyncio.sleep(0.1)
            assert answer.status_code == 200, answer.text
        with pytest.raises(httpx2.TransportError):
            async with httpx2.AsyncClient(timeout=5) as client:
                await client.get(f"http://127.0.0.1:{port}/healthz")
    finally:
        stop.set()
        await asyncio.wait_for(serving, 30)
        host.STOP.set(None)
