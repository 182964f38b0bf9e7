"""HTTP as it comes over a socket: what an ASGI app never sees."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from infra.gateway import server as module
from infra.gateway.server import HEAD_BYTES_MAX, Joining, make_server

pytestmark = pytest.mark.asyncio


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the size of the body."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = b"%d bytes" % size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest_asyncio.fixture(loop_scope="session")
async def port() -> AsyncIterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    server = make_server(app, "127.0.0.1", number)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield number
    server.should_exit = True
    async with asyncio.timeout(5):
        await serving


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(5):
            yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head.split(b"\r\n")[0] + b" " + await reader.readexactly(length)


@pytest.mark.asyncio(loop_scope="session")
async def test_requests_follow_each_other_on_a_connection(port: int) -> None:
    async with connected(port) as (reader, writer):
        for size in (3, 0, 70_000):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            assert await answer(reader) == b"HTTP/1.1 200 OK %d bytes" % size


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("head", [b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n"])
async def test_a_head_that_never_ends_is_refused(port: int, head: bytes) -> None:
    async with connected(port) as (reader, writer):
        writer.write(head % (b"x" * (HEAD_BYTES_MAX + 1)))
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("begun", [b"", b"GE", b"GET / HTTP/1.1\r\nHost:"])
async def test_a_head_that_does_not_come_is_not_waited_for(port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS_MAX", 0.1)
    async with connected(port) as (reader, writer):
        writer.write(begun)
        assert await reader.read() == b""
    async with connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await answer(reader) == b"HTTP/1.1 200 OK 0 bytes"
        if begun:
            writer.write(begun)
            assert await reader.read() == b"", "the second request's head neither"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_slow_body_has_its_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS_MAX", 0.05)
    async with connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(0.2)
        writer.write(b"b")
        assert await answer(reader) == b"HTTP/1.1 200 OK 2 bytes"


class Wire(asyncio.Transport):
    """What was sent, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.sent.append(b"closed")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_head_is_sent_with_its_body_and_waits_for_no_other_turn() -> None:
    wire = Wire()
    joining = Joining(wire, asyncio.get_running_loop())
    joining.write(b"head ")
    joining.write(b"body")
    assert wire.sent == [b"head body"]
    joining.write(b"alone")
    assert wire.sent == [b"head body"]
    await asyncio.sleep(0)
    assert wire.sent == [b"head body", b"alone"]
    joining.write(b"last")
    joining.close()
    await asyncio.sleep(0)
    assert wire.sent[2:] == [b"last", b"closed"]
    assert not joining.is_closing(), "the rest is the transport's"
