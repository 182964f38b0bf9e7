"""Who gets metrics, in every process; and the small server of those that serve nothing else.

What a deployment takes in, and where it is behind, is nobody's business but its operators'.
"""

import contextlib
import hmac
import socketserver
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from threading import Thread
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from pydantic import SecretStr

REALM: Final = 'Bearer realm="metrics"'
_PASSED_ON: Final = {"HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"}
SECONDS_MAX: Final = 10.0
"""In which a request has to be there; who sends slower is hung up on."""


class Watchers:
    """Who may see metrics: this machine, and whoever has the token."""

    def __init__(self, token: SecretStr | None) -> None:
        self._wanted = None if token is None else f"Bearer {token.get_secret_value()}".encode()

    def refusal(self, authorization: str | None, *, local: bool) -> HTTPStatus | None:
        """None for who may. Where no token is set, there is nothing for others to find."""
        if local:
            return None
        if self._wanted is None:
            return HTTPStatus.NOT_FOUND
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


@contextlib.contextmanager
def serving(port: int, registry: CollectorRegistry, watchers: Watchers) -> Iterator[None]:
    """Metrics on a port of their own, for as long as the context lasts."""
    shown: Callable[..., Iterable[bytes]] = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        local = is_loopback(environ.get("REMOTE_ADDR", "")) and not _PASSED_ON & environ.keys()
        refusal = watchers.refusal(environ.get("HTTP_AUTHORIZATION"), local=local)
        if refusal is None:
            return shown(environ, start_response)
        headers = [("WWW-Authenticate", REALM)] if refusal is HTTPStatus.UNAUTHORIZED else []
        start_response(f"{refusal.value} {refusal.phrase}", [("Content-Length", "0"), *headers])
        return []

    server = make_server("", port, answer, _Server, _Silent)
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """Who asks slowly keeps nobody waiting."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    """Nothing about it in the log."""

    timeout = SECONDS_MAX

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the library
        """No line a request."""
