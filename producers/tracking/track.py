"""POST /v1/track/{source_id} -> leads.activities: what pages with the snippet saw.

source (remembered) -> origin -> body (bounded) -> views -> sealed records -> 204

As for intake: nothing is published when a request is refused, and nothing is answered with 2xx that is not in Kafka. Neither
address nor user agent of a visitor is kept.
"""

import re
import time
from collections.abc import Callable, Coroutine, Mapping, MutableMapping
from typing import Any, Final

import orjson
from pydantic import ValidationError

from infra.activities.publishing import ActivityWriter
from infra.gateway.addresses import Addresses
from infra.gateway.bodies import Disconnected, whole_body
from infra.gateway.direct import Answer, Reply
from infra.gateway.leases import IntakeLimits
from infra.gateway.problems import MEDIA_TYPE, FieldError, Problem, not_found, unavailable
from infra.kafka.ports import LogUnavailable
from producers.tracking.sites import AWAY, Site, Sites, SitesUnavailable
from producers.tracking.translate import Views, activities

PREFIX: Final = "/v1/track/"
BODY_BYTES_MAX: Final = 128 * 1024
RETRY_AFTER_SECONDS: Final = 5
PREFLIGHT_SECONDS: Final = b"600"
ERRORS_MAX: Final = 20
_SOURCE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ALWAYS: Final = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]

Scope = MutableMapping[str, Any]


class Track:
    """An infra.gateway.direct.DirectRoute. `own_origin` is ours, whose hosted pages may always post."""

    def __init__(
        self,
        sites: Sites,
        writer: ActivityWriter,
        own_origin: str,
        *,
        limits: IntakeLimits | None = None,
        addresses: Addresses | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sites = sites
        self._writer = writer
        self._own_origin = own_origin
        self._limits = limits
        self._addresses = addresses or Addresses()
        self._now = now

    async def __aenter__(self) -> "Track":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def answer(
        self, target: str, headers: dict[str, str], body: bytes, client: tuple[str, int] | None, _reply: Reply
    ) -> Coroutine[Any, Any, Answer]:
        """A POST that came whole."""
        return self._answer(target.partition("?")[0], headers, body, client)

    async def _answer(self, path: str, headers: dict[str, str], body: bytes, client: tuple[str, int] | None) -> Answer:
        try:
            address = self._addresses.sender(client, headers.get("x-forwarded-for", ""))
            site = await self._admitted(path, address, headers)
            if len(body) > BODY_BYTES_MAX:
                raise _too_large()
            return await self._take(site, headers, body)
        except Problem as problem:
            return _refused(problem, path)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """ASGI."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            site = await self._admitted(scope["path"], self._addresses.of(scope), headers)
            if scope["method"] == "OPTIONS":
                answer = _preflight(site, headers)
            elif scope["method"] == "POST":
                answer = await self._take(site, headers, await whole_body(headers, receive, BODY_BYTES_MAX, _too_large))
            else:
                answer = _refused(_only_posts(), scope["path"])
        except Problem as problem:
            answer = _refused(problem, scope["path"])
        except Disconnected:
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _admitted(self, path: str, address: str, headers: Mapping[str, str]) -> Site:
        """The source, for a page of its own. Raises Problem 429, 404, 403, 503."""
        source_id = path[len(PREFIX) :]
        if self._limits is not None:
            self._limits.check_address(address)
        try:
            site = await self._sites.get(source_id) if _SOURCE_ID.fullmatch(source_id) else None
        except SitesUnavailable:
            raise unavailable("The list of sources", RETRY_AFTER_SECONDS) from None
        if site is None:
            raise not_found("source")
        origin = headers.get("origin")
        if origin is not None and site.origins and origin not in site.origins and origin != self._own_origin:
            raise Problem(403, "forbidden", "Forbidden", "The source does not name this page among its allowed origins.")
        if self._limits is not None:
            self._limits.check_source(site.id)
        return site

    async def _take(self, site: Site, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            seen = Views.model_validate(orjson.loads(body))
        except orjson.JSONDecodeError:
            raise Problem(400, "malformed", "Malformed request", "The body is no JSON.") from None
        except ValidationError as wrong:
            errors = [
                FieldError(".".join(str(part) for part in error["loc"]) or "body", error["msg"])
                for error in wrong.errors(include_input=False, include_url=False)[:ERRORS_MAX]
            ]
            raise Problem(422, "invalid", "Invalid request", "Some fields are wrong.", errors=errors) from None
        try:
            await self._writer.publish(activities(seen, site.id, self._now()), headers.get("traceparent"))
        except (LogUnavailable, *AWAY):
            raise unavailable("The event log", RETRY_AFTER_SECONDS) from None
        return Answer(204, [*_ALWAYS, *_shared(site, headers)], b"")


def _shared(site: Site, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """By which a named page may read the answer."""
    origin = headers.get("origin")
    if origin is None or origin not in site.origins:
        return []
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]


def _preflight(site: Site, headers: Mapping[str, str]) -> Answer:
    allowed = [
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"Content-Type"),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
    ]
    shared = _shared(site, headers)
    return Answer(204, [*_ALWAYS, *shared, *(allowed if shared else [])], b"")


def _only_posts() -> Problem:
    allowed = {"Allow": "POST, OPTIONS"}
    return Problem(405, "method-not-allowed", "Method not allowed", "Pages post here.", headers=allowed)


def _too_large() -> Problem:
    return Problem(413, "content-too-large", "Content too large", f"A body may have {BODY_BYTES_MAX:,} bytes.")


def _refused(problem: Problem, path: str) -> Answer:
    body = problem.body(path)
    headers = [*_ALWAYS, (b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in problem.headers.items()]
    return Answer(problem.status, headers, body)
