"""HTTP as it comes over a socket: what an ASGI app never sees."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from infra.gateway import server as module
from infra.gateway.direct import Answer, Reply
from infra.gateway.server import HEAD_BYTES_MAX, make_server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the size of the body."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/endless":
        await receive()
        gone = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            await asyncio.sleep(0)
        return
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = b"%d bytes" % size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Hot:
    """A direct route: answers with what it got, once `gate` is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0
        self.headers: dict[str, str] = {}

    def answer(
        self, target: str, headers: dict[str, str], body: bytes, client: tuple[str, int] | None, reply: Reply
    ) -> Coroutine[Any, Any, Answer] | None:
        if body == b"broken":
            raise ZeroDivisionError
        if b"at once" in body:
            reply(Answer(202, [(b"content-length", b"%d" % len(body))], body))
            return None
        return self._answer(target, headers, body)

    async def _answer(self, target: str, headers: dict[str, str], body: bytes) -> Answer:
        self.asked += 1
        await self.gate.wait()
        if body == b"bug":
            raise ZeroDivisionError
        self.headers = headers
        said = b"%s %s %s" % (target.encode(), headers["host"].encode(), body[:9])
        return Answer(202, [(b"content-length", b"%d" % len(said))], said)

    async def __aenter__(self) -> None:
        """Nothing to start."""

    async def __aexit__(self, *exc: object) -> None:
        """Nothing to stop."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The app is asked instead."""


@pytest.fixture
def hot() -> Hot:
    return Hot()


@pytest_asyncio.fixture(loop_scope="session")
async def port(hot: Hot) -> AsyncIterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    server = make_server(app, "127.0.0.1", number, {"/hot/": hot})
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield number
    hot.gate.set()
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


async def test_requests_follow_each_other_on_a_connection(port: int) -> None:
    async with connected(port) as (reader, writer):
        for size in (3, 0, 70_000):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            assert await answer(reader) == b"HTTP/1.1 200 OK %d bytes" % size


@pytest.mark.parametrize("head", [b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n"])
async def test_a_head_that_never_ends_is_refused(port: int, head: bytes) -> None:
    async with connected(port) as (reader, writer):
        writer.write(head % (b"x" * (HEAD_BYTES_MAX + 1)))
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


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


async def test_a_reader_that_does_not_read_is_dropped_and_a_slow_one_is_not(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNREAD_SECONDS_MAX", 0.3)
    asked = b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n"
    loop = asyncio.get_running_loop()

    def small() -> socket.socket:
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader.setblocking(False)
        return reader

    with small() as deaf, small() as slow:
        for reader in (deaf, slow):
            await loop.sock_connect(reader, ("127.0.0.1", port))
            await loop.sock_sendall(reader, asked)
        for _ in range(20):
            await asyncio.sleep(0.05)
            for _ in range(500):
                assert await loop.sock_recv(slow, 65_536)
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(5):
                while await loop.sock_recv(deaf, 65_536):
                    continue
        for _ in range(500):
            assert await loop.sock_recv(slow, 65_536), "who reads is served on"


async def test_a_slow_body_has_its_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS_MAX", 0.05)
    async with connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(0.2)
        writer.write(b"b")
        assert await answer(reader) == b"HTTP/1.1 200 OK 2 bytes"


def post(body: bytes, path: bytes = b"/hot/x?y=1", *more: bytes, version: bytes = b"1.1") -> bytes:
    head = [b"POST %s HTTP/%s" % (path, version), b"Host: x", b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


async def test_what_came_whole_is_answered_by_its_hot_route(port: int, hot: Hot) -> None:
    async with connected(port) as (reader, writer):
        for body in (b"a", b"", b"x" * 30_000):
            writer.write(post(body))
            assert await answer(reader) == b"HTTP/1.1 202 Accepted /hot/x?y=1 x " + body[:9]
        writer.write(b"POST /hot/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")
        assert await answer(reader) == b"HTTP/1.1 202 Accepted /hot/x x abc"
        writer.write(post(b"abc", b"/cold"))
        assert await answer(reader) == b"HTTP/1.1 200 OK 3 bytes"
    assert hot.asked == 4


async def test_what_comes_in_parts_goes_to_the_app(port: int, hot: Hot) -> None:
    request = post(b"abc")
    async with connected(port) as (reader, writer):
        for cut in (10, len(request) - 3, len(request) - 1):
            writer.write(request[:cut])
            await asyncio.sleep(0.05)
            writer.write(request[cut:])
            expected = b"HTTP/1.1 202 Accepted /hot/x?y=1 x abc" if cut == 10 else b"HTTP/1.1 200 OK 3 bytes"
            assert await answer(reader) == expected, cut
    assert hot.asked == 1, "a head may come in parts"


@pytest.mark.parametrize(
    "unusual",
    [
        post(b"abc", b"/hot/x", b"Connection: close"),
        post(b"abc", b"/hot/x", version=b"1.0"),
        post(b"abc", b"/hot/%78"),
        post(b"abc", b"/hot/x", b"Connection: Upgrade", b"Upgrade: h2c").replace(b"POST", b"PUT"),
        post(b"abc").replace(b"POST", b"PUT"),
        post(b"abc", b"http://x/hot/x"),
    ],
)
async def test_what_is_unusual_goes_to_the_app(port: int, hot: Hot, unusual: bytes) -> None:
    async with connected(port) as (reader, writer):
        writer.write(unusual)
        assert (await answer(reader)).startswith(b"HTTP/1.1 200 OK ")
    assert hot.asked == 0


async def test_who_asks_whether_to_go_on_is_told_so(port: int, hot: Hot) -> None:
    async with connected(port) as (reader, writer):
        request = post(b"abc", b"/hot/x", b"Expect: 100-continue")
        writer.write(request[:-3])
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(request[-3:])
        assert await answer(reader) == b"HTTP/1.1 200 OK 3 bytes"


async def test_answers_come_in_the_order_of_their_requests(port: int, hot: Hot) -> None:
    hot.gate.clear()
    async with connected(port) as (reader, writer):
        writer.write(post(b"1") + post(b"22", b"/cold") + post(b"333"))
        await asyncio.sleep(0.05)
        hot.gate.set()
        assert await answer(reader) == b"HTTP/1.1 202 Accepted /hot/x?y=1 x 1"
        assert await answer(reader) == b"HTTP/1.1 200 OK 2 bytes"
        assert await answer(reader) == b"HTTP/1.1 200 OK 3 bytes", "what waits behind another is the app's"
        writer.write(post(b"4"))
        assert await answer(reader) == b"HTTP/1.1 202 Accepted /hot/x?y=1 x 4"


async def test_answers_that_need_no_waiting_come_at_once_and_in_order(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS_MAX", 0.1)
    async with connected(port) as (reader, writer):
        writer.write(b"".join(post(b"%d at once" % number) for number in range(50)) + post(b"x") + post(b"last, at once"))
        for number in range(50):
            assert await answer(reader) == b"HTTP/1.1 202 Accepted %d at once" % number
        assert (await answer(reader)).endswith(b" x")
        assert await answer(reader) == b"HTTP/1.1 200 OK 13 bytes", "what waits behind another is the app's"
        await asyncio.sleep(0.3)
        writer.write(post(b"at once, after a rest"))
        assert (await answer(reader)).endswith(b"at once, after a rest"), "between requests there is no hurry"
        writer.write(post(b"at once") + b"POST /hot/")
        assert (await answer(reader)).endswith(b"at once")
        assert await reader.read() == b"", "but a head that has begun is to end"


async def test_a_connection_without_a_request_is_closed_in_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_ALIVE_SECONDS", 0.3)
    async with connected(port) as (reader, writer):
        for _ in range(4):
            writer.write(post(b"at once"))
            assert (await answer(reader)).endswith(b"at once")
            await asyncio.sleep(0.15)
        assert await reader.read() == b""


@pytest.mark.parametrize("bug", [b"bug", b"broken"])
async def test_a_bug_in_a_hot_route_is_told_and_the_connection_goes_on(port: int, bug: bytes) -> None:
    async with connected(port) as (reader, writer):
        writer.write(post(bug))
        assert await answer(reader) == b"HTTP/1.1 500 Internal Server Error Internal Server Error"
        writer.write(post(b"next"))
        assert (await answer(reader)).endswith(b" next")


async def test_a_sender_that_went_away_harms_nobody(port: int, hot: Hot) -> None:
    hot.gate.clear()
    async with connected(port) as (_, writer):
        writer.write(post(b"1"))
        await asyncio.sleep(0.05)
    async with connected(port) as (reader, writer):
        hot.gate.set()
        writer.write(post(b"2"))
        assert (await answer(reader)).endswith(b" 2")
    assert hot.asked == 2


async def test_garbage_after_a_request_is_refused_and_after_a_head_too(port: int, hot: Hot) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"POST /hot/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
    assert hot.asked == 0


async def test_an_open_request_is_answered_before_the_server_stops(hot: Hot) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    server = make_server(app, "127.0.0.1", number, {"/hot/": hot})
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    hot.gate.clear()
    async with connected(number) as (reader, writer):
        writer.write(post(b"1"))
        await asyncio.sleep(0.05)
        server.should_exit = True
        await asyncio.sleep(0.3)
        hot.gate.set()
        assert b"\r\nconnection: close\r\n" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b"/hot/x?y=1 x 1"
        await serving


async def test_what_follows_a_body_is_no_header(port: int, hot: Hot) -> None:
    async with connected(port) as (reader, writer):
        head = b"POST /hot/x HTTP/1.1\r\nHost: x\r\nX-Code: right\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b"1\r\na\r\n0\r\nX-Code: wrong\r\nX-More: 1\r\n\r\n")
        assert (await answer(reader)).startswith(b"HTTP/1.1 202")
    assert hot.headers == {"host": "x", "x-code": "right", "transfer-encoding": "chunked"}


async def test_what_several_proxies_say_is_joined(port: int, hot: Hot) -> None:
    async with connected(port) as (reader, writer):
        lines = b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n"
        writer.write(b"POST /hot/x HTTP/1.1\r\nHost: x\r\n" + lines + b"Content-Length: 1\r\n\r\na")
        await answer(reader)
    assert hot.headers["x-forwarded-for"] == "1.1.1.1, 2.2.2.2"
