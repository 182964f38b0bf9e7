"""Around every request: bounds on its body and its time, security headers, one count and one duration.

Pure ASGI, so streams stay streams.
"""

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.exceptions import HTTPException

from infra.gateway import metrics
from infra.gateway.nesting import DEPTH_MAX, too_deep
from infra.gateway.problems import Problem, from_http

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
BODY_SECONDS_MAX: Final = 30.0
ANSWER_SECONDS_MAX: Final = 60.0
"""From the head of a request to the head of its answer; how long the rest may take is up to whoever streams it."""
_API_PREFIX: Final = "/v1/"
_UNROUTED: Final = "other"


class Around:
    """`https` says that people reach us by TLS, so that browsers may be told to insist on it."""

    def __init__(
        self,
        app: Any,
        *,
        https: bool,
        body_seconds: float = BODY_SECONDS_MAX,
        answer_seconds: float = ANSWER_SECONDS_MAX,
    ) -> None:
        self._app = app
        self._always = (*_ALWAYS, _HSTS) if https else _ALWAYS
        self._body_seconds = body_seconds
        self._answer_seconds = answer_seconds

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        answered = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                if not deadline.expired():
                    deadline.reschedule(None)
                message["headers"] = self._headers(scope, message.get("headers", ()))
                _count(scope, message["status"], time.perf_counter() - started)
            await send(message)

        try:
            async with asyncio.timeout(self._answer_seconds) as deadline:
                if _announced(scope) > BODY_BYTES_MAX:
                    await from_http(_too_large()).response(scope["path"])(scope, receive, sending)
                else:
                    await self._app(scope, Body(scope, receive, self._body_seconds), sending)
        except TimeoutError:
            if answered or not deadline.expired():
                raise
            await _took_too_long().response(scope["path"])(scope, receive, sending)

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


class Body:
    """The receive of a request whose body is bounded in bytes, in time, and, where it is JSON, in depth."""

    def __init__(self, scope: Scope, receive: Any, seconds: float) -> None:
        self._receive = receive
        self._ends = asyncio.get_running_loop().time() + seconds
        self._bytes = 0
        self._ended = False
        self._json = _is_json(scope)
        self._parts: list[bytes] = []

    async def __call__(self) -> Any:
        """ASGI. Raises HTTPException 413, 408, 400."""
        if self._ended:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "The body took too long.") from None
        part = message.get("body", b"")
        self._bytes += len(part)
        if self._bytes > BODY_BYTES_MAX:
            raise _too_large()
        self._ended = not message.get("more_body", False)
        if self._json:
            self._parts.append(part)
            if self._ended:
                whole, self._parts = b"".join(self._parts), []
                if too_deep(whole):
                    raise HTTPException(400, f"The body is nested deeper than {DEPTH_MAX} levels.")
        return message


def _is_json(scope: Scope) -> bool:
    """Also where nothing is said: then it is read as JSON."""
    types = [value.lower() for name, value in scope["headers"] if name == b"content-type"]
    return not types or any(b"json" in value for value in types)


def _took_too_long() -> Problem:
    return Problem(503, "timeout", "It took too long", "It may have been done nevertheless: look before you ask again.")


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
