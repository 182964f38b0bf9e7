"""HTTP on uvicorn, in the loop and thread of this process, with bounds on what comes before a body.

A POST to a hot route that was read whole is answered without ASGI, which would take a third of the time that intake needs.
"""

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from infra.gateway.direct import Answer, DirectRoute

HEAD_BYTES_MAX: Final = 64 * 1024
HEAD_SECONDS_MAX: Final = 20.0
KEEP_ALIVE_SECONDS: Final = 75
UNREAD_SECONDS_MAX: Final = 30.0
"""How long somebody may leave unread what fills the buffer. Who reads on, however slowly, empties it sooner."""
STOP_SECONDS: Final = 10
_TIMER_SECONDS: Final = 0.01
"""A timer may ring that much too soon."""
_BROKEN = Answer(500, [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"21")], b"Internal Server Error")


def make_server(
    app: Any, host: str, port: int, direct: Mapping[str, DirectRoute] | None = None, *, tls: ssl.SSLContext | None = None
) -> uvicorn.Server:
    """Signals stay with whoever runs it: `should_exit` stops it, open requests first.

    `direct`: hot routes by prefix. With `tls` it speaks HTTPS alone.
    """
    routes = {prefix.encode(): route for prefix, route in (direct or {}).items()}
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=functools.partial(_Protocol, direct=routes),  # type: ignore[arg-type]  # called, never asked for its class
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=1024,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves them to the process."""
        yield


class _Asked:
    """Stands where uvicorn's cycle would, for a request to a hot route."""

    message_event = asyncio.Event()  # nobody waits for it
    keep_alive = True
    response_complete = disconnected = False


class _Protocol(HttpToolsProtocol):
    """A sender that never ends its head is cut off, in bytes and in time; so is a reader that doesn't read.

    One timer a connection waits for what is sent, and late rather than set anew with every request: when it rings, `_due` says
    whether it was meant.
    """

    _head_bytes = 0
    _head_begun = False
    _head_read = False
    _head_awaited = False
    _due: float | None = None
    """When the connection is closed unless something comes (the loop's time). None: it is our turn, or uvicorn's to count."""
    _timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None
    _route: DirectRoute | None = None
    """The hot route of a request whose end is not read yet, and whose body so far is in `_pieces`."""
    _last_url = b""
    _last_route: DirectRoute | None = None
    _defaults: Sequence[tuple[bytes, bytes]] = ()
    """The headers of every answer, which uvicorn makes anew each second, and as they are written."""
    _written_defaults = b""

    def __init__(self, *args: Any, direct: Mapping[bytes, DirectRoute], **more: Any) -> None:
        super().__init__(*args, **more)
        self._direct = direct
        self._pieces: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        """Somebody who says nothing is not waited for without end."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Between two requests, a part of the next one's head."""
        super().data_received(data)
        if self._route is not None:
            self._hand_over()
        between = self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None until the first request
        if between and (self._head_begun or self._due is None):
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._read_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The buffer is full."""
        super().pause_writing()
        if self._unread_timer is None:
            # Not closed: that would wait for the buffer to be read.
            self._unread_timer = self.loop.call_later(UNREAD_SECONDS_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        """There is room again."""
        self._read_on()
        super().resume_writing()

    def on_message_begin(self) -> None:
        """The next request. What ASGI wants to know of it is put together when ASGI gets it."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._head_bytes, self._head_begun, self._head_read = 0, True, False

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        self._head_bytes += len(url)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse_head()
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what comes after the body claims to be one, and is dropped."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse_head()
        if self._head_read:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """What follows is the body, which whoever reads it bounds."""
        self._head_begun, self._head_read = False, True
        self._head_awaited, self._due = False, None
        self._route, self._pieces = self._hot_route(), []
        if self._route is None:
            self._begin_asgi()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._route is None:
            super().on_body(body)
        else:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        if self._route is None:
            super().on_message_complete()
            return
        route, self._route = self._route, None
        self.cycle = asked = _Asked()  # type: ignore[assignment]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}
        if len(headers) < len(self.headers) and "x-forwarded-for" in headers:
            # Every proxy may have added a line of its own.
            forwarded = [value.decode("latin-1") for name, value in self.headers if name == b"x-forwarded-for"]
            headers["x-forwarded-for"] = ", ".join(forwarded)
        body, reply = b"".join(self._pieces), functools.partial(self._reply, asked)
        try:
            answering = route.answer(self.url.decode("ascii"), headers, body, self.client, reply)
        except Exception as bug:
            self._reply(asked, self._broken(bug))
            return
        if answering is not None:
            task = self.loop.create_task(self._answer(asked, answering))
            task.add_done_callback(self.tasks.discard)
            self.tasks.add(task)

    def _hot_route(self) -> DirectRoute | None:
        """Of a request with nothing unusual about it, from somebody who takes the answers."""
        parser = self.parser
        if (
            self.expect_100_continue
            or not (self.cycle is None or self.cycle.response_complete)  # type: ignore[redundant-expr]
            or self.flow.write_paused
            or parser.get_method() != b"POST"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
        ):
            return None
        if self.url != self._last_url:
            # Most connections ask for one address again and again.
            self._last_url, self._last_route = self.url, self._route_of(self.url)
        return self._last_route

    def _route_of(self, url: bytes) -> DirectRoute | None:
        if not url.isascii() or b"%" in url or b"#" in url:
            return None
        return next((route for prefix, route in self._direct.items() if url.startswith(prefix)), None)

    def _begin_asgi(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def _hand_over(self) -> None:
        """To ASGI, since only a part of the request is there."""
        self._route = None
        if self.transport.is_closing():
            return
        self._begin_asgi()
        for piece in self._pieces:
            super().on_body(piece)

    async def _answer(self, asked: _Asked, answering: Coroutine[Any, Any, Answer]) -> None:
        try:
            answer = await answering
        except Exception as bug:
            answer = self._broken(bug)
        self._reply(asked, answer)

    def _broken(self, bug: Exception) -> Answer:
        self.logger.error("Exception in a direct route", exc_info=bug)
        return _BROKEN

    def _reply(self, asked: _Asked, answer: Answer) -> None:
        if asked.disconnected or self.transport.is_closing():
            return
        if self._defaults is not self.server_state.default_headers:
            self._defaults = self.server_state.default_headers
            self._written_defaults = b"".join([b"%b: %b\r\n" % header for header in self._defaults])
        content = [STATUS_LINE[answer.status], self._written_defaults]
        for name, value in answer.headers:
            content += (name, b": ", value, b"\r\n")
        if not asked.keep_alive:
            content.append(b"connection: close\r\n")
        self.transport.write(b"".join((*content, b"\r\n", answer.body)))
        asked.response_complete = True
        if not asked.keep_alive:
            self.transport.close()
        if self.pipeline or self.transport.is_closing():
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1
            self._expect(KEEP_ALIVE_SECONDS)

    def _await_head(self) -> None:
        if not self._head_awaited:
            self._head_awaited = True
            self._expect(HEAD_SECONDS_MAX)

    def _expect(self, seconds: float) -> None:
        self._due = self.loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._due:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self.loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._due is None:
            return
        left = self._due - self.loop.time()
        if left > _TIMER_SECONDS:
            self._timer = self.loop.call_later(left, self._ring)
        else:
            self.transport.close()

    def _read_on(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    @staticmethod
    def _refuse_head() -> NoReturn:
        # The parser turns it into its own error, which is answered with 400.
        raise ValueError(f"more than {HEAD_BYTES_MAX} bytes of headers")
