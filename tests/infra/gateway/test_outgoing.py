"""Requests of ours to others: to public addresses alone, to the address that was checked, and never for ever."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.gateway.outgoing import BYTES_MAX, NoAnswer, Outgoing, Refused, is_public

pytestmark = pytest.mark.asyncio
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers with `reply`, and remembers what it was asked."""

    def __init__(self, reply: bytes) -> None:
        self.reply = reply
        self.asked: list[bytes] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.reply)
        await writer.drain()
        writer.close()

    @property
    def here(self) -> str:
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(reply: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(reply)
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


def reply(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255"),
        *("100.64.0.1", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "fec0::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:0:1::1", "2001:db8::1", "nonsense"),
        "3fff::1",
        "192.88.99.1",
        "64:ff9b:1::7f00:1",
    ],
)
async def test_an_address_that_is_not_the_open_internets_is_refused(address: str) -> None:
    assert not is_public(address)

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", address]

    async with Outgoing(resolve=resolve) as outgoing:
        with pytest.raises(Refused, match="isn't public"):
            await outgoing.get("https://innocent.example/x", {})


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1"])
async def test_a_public_address_is_one(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https://", "https://user:pw@example.com/", "x"),
        *("https://example.com:99999/", "https://exa mple.com/", "https://example.com/\r\nX: y", "gopher://example.com/"),
        "https://example.com/" + "x" * 5_000,
    ],
)
async def test_an_address_that_is_not_plainly_https_is_refused(url: str) -> None:
    async with Outgoing() as outgoing:
        with pytest.raises(Refused):
            await outgoing.get(url, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"])
async def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    async with serving(reply()) as server, Outgoing() as outgoing:
        with pytest.raises((Refused, NoAnswer)):
            await outgoing.get(f"https://{host}:{server.port}/", {})
        assert server.asked == []


async def test_what_is_allowed_by_name_is_asked_and_only_that() -> None:
    async with serving(reply(b'{"a": 1}')) as server, Outgoing(allowed=[server.here]) as outgoing:
        answer = await outgoing.get(f"http://{server.here}/v1/x?y=1", {"Authorization": "Bearer t"})
        assert (answer.status, answer.body) == (200, b'{"a": 1}')
        head = server.asked[0].decode().lower()
        assert head.startswith("get /v1/x?y=1 http/1.1\r\n")
        assert "authorization: bearer t" in head
        assert f"host: {server.here}" in head
        with pytest.raises(Refused):
            await outgoing.get(f"http://localhost:{server.port}/", {})


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with serving(reply()) as server:
        place = f"name.example:{server.port}"
        async with Outgoing(allowed=[place], resolve=rebinding) as outgoing:
            answer = await outgoing.get(f"http://{place}/", {})
    assert answer.status == 200
    assert asked == ["name.example"]
    assert f"host: {place}" in server.asked[0].decode().lower()


async def test_no_redirect_is_followed() -> None:
    async with serving(reply(b"", "302 Found", "Location: http://169.254.169.254/")) as server:
        async with Outgoing(allowed=[server.here]) as outgoing:
            assert (await outgoing.get(f"http://{server.here}/", {})).status == 302
        assert len(server.asked) == 1


async def test_an_answer_may_not_be_endless_nor_compressed() -> None:
    async with serving(reply(b"x" * (BYTES_MAX + 1))) as server, Outgoing(allowed=[server.here]) as outgoing:
        with pytest.raises(NoAnswer, match="more than"):
            await outgoing.get(f"http://{server.here}/", {})
    async with serving(reply(b"x", "200 OK", "Content-Encoding: gzip")) as server, Outgoing(allowed=[server.here]) as outgoing:
        with pytest.raises(NoAnswer, match="compressed"):
            await outgoing.get(f"http://{server.here}/", {})


async def test_whoever_does_not_answer_is_not_waited_for() -> None:
    async with serving(b"") as server, Outgoing(allowed=[server.here], seconds=0.2) as outgoing:
        with pytest.raises(NoAnswer):
            await outgoing.get(f"http://{server.here}/", {})

    async def slow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in range(100):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" if _ == 0 else b"")
                await asyncio.sleep(0.05)
        finally:
            writer.close()

    listening = await asyncio.start_server(slow, "127.0.0.1", 0)
    place = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with Outgoing(allowed=[place], seconds=0.2) as outgoing:
        with pytest.raises(NoAnswer, match=r"0\.2 s"):
            await outgoing.get(f"http://{place}/", {})
    listening.close()


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(server's, client's that trusts it alone)."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_the_certificate_must_be_that_of_the_name_though_the_connection_goes_to_an_address(tmp_path: Path) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    servers, clients = certificate(tmp_path, "right.example")
    async with serving(reply(), servers) as server:
        right, wrong = f"right.example:{server.port}", f"wrong.example:{server.port}"
        async with Outgoing(allowed=[right, wrong], tls=clients, resolve=resolve) as outgoing:
            assert (await outgoing.get(f"https://{right}/", {})).status == 200
            with pytest.raises(NoAnswer):
                await outgoing.get(f"https://{wrong}/", {})
    assert len(server.asked) == 1
