"""Around every request: a bounded body, security headers, one count and one duration. Pure ASGI, so streams stay streams."""

import time
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.exceptions import HTTPException

from infra.gateway import metrics
from infra.gateway.problems import from_http

Scope = MutableMapping[str, Any]

_PAGE_POLICY: Final = (
    b"default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    b"connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Component libraries write <style> elements at run time, hence 'unsafe-inline' for styles alone."""
_DATA_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
BODY_BYTES_MAX: Final = 1024 * 1024
_API_PREFIX: Final = "/v1/"
_UNROUTED: Final = "other"


class Around:
    """`https` says that people reach us by TLS, so that browsers may be told to insist on it."""

    def __init__(self, app: Any, *, https: bool) -> None:
        self._app = app
        self._always = (*_ALWAYS, _HSTS) if https else _ALWAYS

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._headers(scope, message.get("headers", ()))
                _count(scope, message["status"], time.perf_counter() - started)
            await send(message)

        if _announced(scope) > BODY_BYTES_MAX:
            await from_http(_too_large()).response(scope["path"])(scope, receive, sending)
            return
        read = 0

        async def receiving() -> Any:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > BODY_BYTES_MAX:
                raise _too_large()
            return message

        await self._app(scope, receiving, sending)

    def _headers(self, scope: Scope, given: Any) -> list[tuple[bytes, bytes]]:
        headers = list(given)
        names = {name.lower() for name, _ in headers}
        headers += [pair for pair in self._always if pair[0] not in names]
        api = scope["path"].startswith(_API_PREFIX)
        if b"content-security-policy" not in names:
            headers.append((b"content-security-policy", _DATA_POLICY if api else _PAGE_POLICY))
        if api and b"cache-control" not in names:
            headers.append((b"cache-control", b"no-store"))
        return headers


def _announced(scope: Scope) -> int:
    """What Content-Length says; 0 where it says nothing that can be read."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else BODY_BYTES_MAX + 1
    return 0


def _too_large() -> HTTPException:
    return HTTPException(413, f"A body may have {BODY_BYTES_MAX:,} bytes.")


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", None) or _UNROUTED
    metrics.REQUESTS.labels(scope["method"], route, f"{status // 100}xx").inc()
    metrics.SECONDS.labels(route).observe(seconds)
