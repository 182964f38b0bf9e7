"""Who gets metrics, in every process; and the small server of those that serve nothing else.

What a deployment takes in, and where it is behind, is nobody's business but its operators'.
"""

import contextlib
import hmac
import math
import socket
import socketserver
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from threading import Thread
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app
from pydantic import SecretStr

REALM: Final = 'Bearer realm="metrics"'
_PASSED_ON: Final = frozenset({"x-forwarded-for", "forwarded", "x-real-ip"})
SECONDS_MAX: Final = 10.0
"""From being connected to the last byte of the answer; who is slower is hung up on."""
CONNECTIONS_MAX: Final = 16
"""Each has a thread, before it is known who it is; who comes while there are so many is hung up on."""
_LOOK_SECONDS: Final = 0.5


class Watchers:
    """Who may see metrics: whoever has the token, or where none is set, this machine.

    Once there is a token it is asked of this machine too: a proxy on it may pass on the requests of strangers, and not say so.
    """

    def __init__(self, token: SecretStr | None) -> None:
        self._wanted = None if token is None else f"Bearer {token.get_secret_value()}".encode()

    def refusal(self, authorization: str | None, *, local: bool) -> HTTPStatus | None:
        """None for who may. Where no token is set, there is nothing for others to find."""
        if self._wanted is None:
            return None if local else HTTPStatus.NOT_FOUND
        sent = (authorization or "").encode("utf-8", "replace")
        return None if hmac.compare_digest(sent, self._wanted) else HTTPStatus.UNAUTHORIZED


def is_loopback(address: str) -> bool:
    """Whether an address is of this very machine; False for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_loopback


def is_local(peer: str, headers: Iterable[str]) -> bool:
    """Whether a request comes from this very machine; `headers` are the names of its headers, in small letters.

    What somebody passes on doesn't, whoever it is and whatever address it tells.
    """
    return is_loopback(peer) and _PASSED_ON.isdisjoint(headers)


@contextlib.contextmanager
def serving(
    port: int,
    registry: CollectorRegistry,
    watchers: Watchers,
    *,
    seconds_max: float = SECONDS_MAX,
    connections_max: int = CONNECTIONS_MAX,
) -> Iterator[None]:
    """Metrics on a port of their own, for as long as the context lasts."""
    shown: Callable[..., Iterable[bytes]] = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        names = (name.removeprefix("HTTP_").replace("_", "-").lower() for name in environ)
        local = is_local(environ.get("REMOTE_ADDR", ""), names)
        refusal = watchers.refusal(environ.get("HTTP_AUTHORIZATION"), local=local)
        if refusal is None:
            return shown(environ, start_response)
        headers = [("WWW-Authenticate", REALM)] if refusal is HTTPStatus.UNAUTHORIZED else []
        start_response(f"{refusal.value} {refusal.phrase}", [("Content-Length", "0"), *headers])
        return []

    server = _Server(port, seconds_max, connections_max)
    server.set_app(answer)
    thread = Thread(target=server.serve_forever, args=(_LOOK_SECONDS,), name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """Who asks slowly keeps nobody waiting, and no thread for longer than a request may take."""

    daemon_threads = True

    def __init__(self, port: int, seconds_max: float, connections_max: int) -> None:
        """Raises OSError."""
        self._seconds_max, self._connections_max = seconds_max, connections_max
        self._open_until: dict[Any, float] = {}
        super().__init__(("", port), _Silent)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hangs up where there are too many: nobody waits in line."""
        if len(self._open_until) >= self._connections_max:
            self.shutdown_request(request)
            return
        self._open_until[request] = time.monotonic() + self._seconds_max
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Every _LOOK_SECONDS: whose time is over reads and writes no more, which ends its thread."""
        self._hang_up(time.monotonic())

    def server_close(self) -> None:
        """Hangs up on all."""
        super().server_close()
        self._hang_up(math.inf)

    def _hang_up(self, now: float) -> None:
        for request, until in self._open_until.copy().items():
            if until <= now:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        """However it ended."""
        try:
            super().shutdown_request(request)
        finally:
            self._open_until.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: who says nothing, or goes away in between, is no news."""


class _Silent(WSGIRequestHandler):
    """Nothing about it in the log."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the library
        """No line a request."""
