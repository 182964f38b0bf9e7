"""HTTP on uvicorn, in the loop and thread of this process, with bounds on what comes before a body.

A POST to a hot route that was read whole is answered without ASGI, which would take a third of the time that intake needs.
"""

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from infra.gateway.direct import Answer, DirectRoute

HEAD_BYTES_MAX: Final = 64 * 1024
HEAD_SECONDS_MAX: Final = 20.0
KEEP_ALIVE_SECONDS: Final = 75
UNREAD_SECONDS_MAX: Final = 30.0
"""How long somebody may leave unread what fills the buffer. Who reads on, however slowly, empties it sooner."""
STOP_SECONDS: Final = 10
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

    def __init__(self) -> None:
        self.keep_alive = True
        self.response_complete = self.disconnected = False


class _Protocol(HttpToolsProtocol):
    """A sender that never ends its head is cut off, in bytes and in time; so is a reader that doesn't read."""

    _head_bytes = 0
    _head_read = False
    _head_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None
    _route: DirectRoute | None = None
    """The hot route of a request whose end is not read yet, and whose body so far is in `_pieces`."""

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
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # None until the first request
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._head_ended()
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

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what comes after the body claims to be one, and is dropped."""
        self._count(len(name) + len(value))
        if not self._head_read:
            super().on_header(name, value)

    def on_message_begin(self) -> None:
        """The next request."""
        self._head_read = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """What follows is the body, which whoever reads it bounds."""
        self._head_ended()
        self._head_read = True
        self._route, self._pieces = self._hot_route(), []
        if self._route is None:
            super().on_headers_complete()

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
        forwarded = [value.decode("latin-1") for name, value in self.headers if name == b"x-forwarded-for"]
        if len(forwarded) > 1:
            # Every proxy may have added a line of its own.
            headers["x-forwarded-for"] = ", ".join(forwarded)
        answering = route.answer(self.url.decode("ascii"), headers, b"".join(self._pieces), self.client)
        task = self.loop.create_task(self._answer(asked, answering))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _hot_route(self) -> DirectRoute | None:
        """Of a request with nothing unusual about it."""
        parser, url = self.parser, self.url
        if not (
            (self.cycle is None or self.cycle.response_complete)  # type: ignore[redundant-expr]
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and url.isascii()
            and b"%" not in url
            and b"#" not in url
        ):
            return None
        return next((route for prefix, route in self._direct.items() if url.startswith(prefix)), None)

    def _hand_over(self) -> None:
        """To ASGI, since only a part of the request is there."""
        self._route = None
        if self.transport.is_closing():
            return
        super().on_headers_complete()
        for piece in self._pieces:
            super().on_body(piece)

    async def _answer(self, asked: _Asked, answering: Coroutine[Any, Any, Answer]) -> None:
        try:
            answer = await answering
        except Exception as bug:
            self.logger.exception("Exception in a direct route", exc_info=bug)
            answer = _BROKEN
        if self.flow.write_paused:
            await self.flow.drain()
        if asked.disconnected or self.transport.is_closing():
            return
        content = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *answer.headers):
            content += (name, b": ", value, b"\r\n")
        if not asked.keep_alive:
            content.append(b"connection: close\r\n")
        self.transport.write(b"".join((*content, b"\r\n", answer.body)))
        asked.response_complete = True
        if not asked.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self.transport.close)

    def _head_ended(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _read_on(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            # The parser turns it into its own error, which is answered with 400.
            raise ValueError(f"more than {HEAD_BYTES_MAX} bytes of headers")
