"""POST /v1/intake/{source_id} -> leads.submissions: the hot path.

source (cached) -> body (bounded) -> signature over the raw bytes -> data -> submission -> sealed record -> 202

Nothing is published when a request is refused, and nothing is answered with 2xx that is not in Kafka.
"""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any, Final, NamedTuple

from infra.activities.publishing import ActivityWriter
from infra.gateway import metrics
from infra.gateway.addresses import Addresses
from infra.gateway.bodies import Disconnected, whole_body
from infra.gateway.direct import Answer, Reply
from infra.gateway.ids import SubmissionIds
from infra.gateway.leases import IntakeLimits
from infra.gateway.problems import Problem, not_found, unavailable
from infra.kafka.ports import LogUnavailable
from infra.kafka.publisher import Position
from producers.forms import batch, browsers
from producers.forms.adapters import accepted_by, parts_of
from producers.forms.answers import (
    BODY_BYTES_MAX,
    PLAIN,
    RETRY_AFTER_SECONDS,
    accepted,
    accepted_all,
    encoded,
    log_away,
    refused,
    too_large,
    unreadable,
)
from producers.forms.bodies import Bodies
from producers.forms.bundles import Bundles, Fetching
from producers.forms.handshakes import gone, handshake
from producers.forms.payload import BadPayload, text_of
from producers.forms.publishing import Ready, SubmissionWriter
from producers.forms.signatures import WrongSignature, verify
from producers.forms.source_cache import SourceCache, SourcesUnavailable
from producers.forms.sources import SOURCE_ID, STORE_AWAY, IntakeSource
from producers.forms.stencils import Drawn
from producers.forms.translate import HashOf

PREFIX: Final = "/v1/intake/"
PREPARE_SECONDS: Final = 600.0
PREPARE_RETRY_SECONDS: Final = 5.0
_SOURCE_ID = re.compile(SOURCE_ID)
Scope = MutableMapping[str, Any]
_ACCEPTED = metrics.INTAKE.labels("accepted")


class Request(NamedTuple):
    """What of a request counts. Names of `headers` are in lower case; `target` is the path with its query."""

    method: str
    source_id: str
    target: str
    headers: dict[str, str]


class Intake:
    """An infra.gateway.direct.DirectRoute. `public_url` is what senders sign where they sign the address."""

    def __init__(
        self,
        sources: SourceCache,
        writer: SubmissionWriter,
        ids: SubmissionIds,
        hashed: HashOf,
        public_url: str,
        *,
        now: Callable[[], float] = time.time,
        fetching: Fetching | None = None,
        activities: ActivityWriter | None = None,
        limits: IntakeLimits | None = None,
        addresses: Addresses | None = None,
    ) -> None:
        self._sources = sources
        self._writer = writer
        self._hashed = hashed
        self._public_url = public_url.rstrip("/")
        self._own_origin = "/".join(self._public_url.split("/")[:3])
        self._now = now
        self._limits = limits
        self._addresses = addresses or Addresses()
        self._bodies = Bodies(ids, hashed)
        self._bundles = Bundles(writer, ids, hashed, fetching, activities)
        self._preparing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Intake":
        self._preparing = asyncio.create_task(self._prepare())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.gather(self._preparing, return_exceptions=True)
        await self._sources.close()

    def answer(
        self, target: str, headers: dict[str, str], body: bytes, client: tuple[str, int] | None, reply: Reply
    ) -> Coroutine[Any, Any, Answer] | None:
        """A POST that came whole; one submission of a source that is known takes no task of its own."""
        path = target.partition("?")[0]
        request = Request("POST", path[len(PREFIX) :], target, headers)
        try:
            self._limit_address(self._addresses.sender(client, headers.get("x-forwarded-for", "")))
            source = self._sources.known(request.source_id)
            if source is None or self._takes_long(source, request, body) or not self._writer.at_hand():
                return self._answer(request, path, body)
            if len(body) > BODY_BYTES_MAX:
                raise too_large()
            now = self._now()
            self._prove(source, request, body, now)
            one = self._one(source, request, body, now)
            if isinstance(one, Answer):
                reply(one)
            else:
                trace = headers.get("traceparent")
                self._writer.send(one, source.origin, trace, _Awaited(reply, path, one.submission_id, len(body)))
        except Problem as problem:
            reply(refused(problem, path))
        except LogUnavailable:
            reply(refused(log_away(), path))
        return None

    async def _answer(self, request: Request, path: str, body: bytes) -> Answer:
        try:
            source = await self._source(request.source_id)
            if len(body) > BODY_BYTES_MAX:
                raise too_large()
            return await self.take(source, request, body)
        except Problem as problem:
            return refused(problem, path)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """ASGI."""
        try:
            answer = await self._asgi_answer(scope, receive)
        except Problem as problem:
            answer = refused(problem, scope["path"])
        except Disconnected:
            metrics.INTAKE.labels("disconnected").inc()
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _asgi_answer(self, scope: Scope, receive: Any) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope.get("query_string", b"")
        path = scope["path"]
        target = f"{path}?{query.decode('latin-1')}" if query else path
        request = Request(scope["method"], path[len(PREFIX) :], target, headers)
        self._limit_address(self._addresses.of(scope))
        source = await self._source(request.source_id)
        if request.method != "POST":
            return Answer(*handshake(request.method, headers, source, query))
        return await self.take(source, request, await whole_body(headers, receive, BODY_BYTES_MAX, too_large))

    def _limit_address(self, address: str) -> None:
        """Before anything is looked up. Raises Problem 429."""
        if self._limits is not None:
            self._limits.check_address(address)

    def _limit_source(self, source: IntakeSource) -> None:
        """Once the sender is proven, so that a forger uses up nothing of it. Raises Problem 429."""
        if self._limits is not None:
            self._limits.check_source(source.id)

    async def _source(self, source_id: str) -> IntakeSource:
        source = self._sources.known(source_id)
        if source is not None:
            return source
        if _SOURCE_ID.fullmatch(source_id):
            try:
                source = await self._sources.get(source_id)
            except SourcesUnavailable:
                raise unavailable("The list of sources", RETRY_AFTER_SECONDS) from None
        if source is None:
            raise not_found("intake source")
        return source

    async def take(self, source: IntakeSource, request: Request, body: bytes) -> Answer:
        """202 once Kafka has it. Raises Problem: 401, 400 (unreadable), 403, 410, 422 (names the field), 503."""
        if source.deleted:
            raise gone()
        if browsers.is_one(request.headers):
            return await self._take_page(source, request, body)
        return await self._take(source, request, body)

    async def _take_page(self, source: IntakeSource, request: Request, body: bytes) -> Answer:
        """From a browser: a page may have to be named to post, and to read the answer; a person is shown one."""
        headers = request.headers
        allowed = browsers.shared(source, headers)
        try:
            browsers.admit(source, headers, self._own_origin)
            answer = await self._take(source, request, body)
        except Problem as problem:
            if not browsers.is_form_post(headers):
                problem.headers.update(allowed)
                raise
            metrics.INTAKE.labels(problem.slug).inc()
            return Answer(problem.status, *browsers.refusal(problem))
        if answer.status < 300 and browsers.is_form_post(headers):
            id_ = next(value for name, value in answer.headers if name == b"x-submission-id")
            where = (b"location", browsers.thanks(source.id))
            return Answer(303, [where, (b"x-submission-id", id_), (b"content-length", b"0")], b"")
        told = [(name.lower().encode(), value.encode("latin-1")) for name, value in allowed.items()]
        return Answer(answer.status, [*answer.headers, *told], answer.body)

    def _takes_long(self, source: IntakeSource, request: Request, body: bytes) -> bool:
        """Whether it may be anything else than one submission for which there is nothing to wait but the log."""
        return (
            source.deleted
            or browsers.is_one(request.headers)
            or _in_parts(source)
            or "content-encoding" in request.headers
            or batch.may_be_brought_by(request.headers.get("content-type"), request.target, body)
        )

    async def _take(self, source: IntakeSource, request: Request, body: bytes) -> Answer:
        now, trace, content_type = self._now(), request.headers.get("traceparent"), request.headers.get("content-type")
        if request.headers.get("content-encoding", PLAIN).strip().lower() != PLAIN:
            raise encoded()
        # First of all, so that whoever isn't the sender has nothing read.
        self._prove(source, request, body, now)
        if _in_parts(source):
            return await self._take_parts(source, request, body, now)
        if batch.brought_by(source, content_type, request.target, body):
            taking = batch.Taking(self._bodies, self._writer, self._hashed)
            return Answer(*await taking.take(source, body, content_type, trace, now))
        one = self._one(source, request, body, now)
        if isinstance(one, Answer):
            return one
        try:
            position = await self._writer.publish_one(one, source.origin, trace)
        except (LogUnavailable, *STORE_AWAY):
            raise log_away() from None
        return _stored(one.submission_id, len(body), position)

    def _prove(self, source: IntakeSource, request: Request, body: bytes, now: float) -> None:
        """Raises Problem 401, 429."""
        if source.signed:
            url = self._public_url + request.target
            try:
                verify(source.scheme, source.secrets_at(now), request.headers, body, now, request.method, url)
            except WrongSignature as wrong:
                raise Problem(401, "wrong-signature", "The signature isn't right", wrong.reason) from None
        self._limit_source(source)

    def _one(self, source: IntakeSource, request: Request, body: bytes, now: float) -> Ready | Drawn | Answer:
        """What is to be published, or the answer where there is nothing to publish. Raises Problem."""
        id_, one = self._bodies.ready(source, body, text_of(body), request.headers.get("content-type"), int(now * 1000))
        return accepted(id_, None) if one is None else one

    async def _take_parts(self, source: IntakeSource, request: Request, body: bytes, now: float) -> Answer:
        try:
            taken = await self._bundles.take(source, request.headers, body, now)
        except BadPayload as bad:
            raise unreadable(bad) from None
        except (LogUnavailable, *STORE_AWAY):
            raise log_away() from None
        for one in taken:
            (_ACCEPTED if one.position is not None else metrics.INTAKE.labels("ignored")).inc()
        metrics.INTAKE_BYTES.inc(len(body))
        return accepted_all(taken, *accepted_by(source.vendor))

    async def _prepare(self) -> None:
        while True:
            pause = PREPARE_SECONDS
            try:
                await self._writer.prepare()
            except STORE_AWAY:
                pause = PREPARE_RETRY_SECONDS
            await asyncio.sleep(pause)


class _Awaited:
    """An answer that waits for the log: an infra.kafka.publisher.Waiting."""

    __slots__ = ("_id", "_path", "_reply", "_size")

    def __init__(self, reply: Reply, path: str, submission_id: str, size: int) -> None:
        self._reply, self._path, self._id, self._size = reply, path, submission_id, size

    def done(self) -> bool:
        """Nobody gives up waiting."""
        return False

    def set_result(self, position: Position) -> None:
        """202."""
        self._reply(_stored(self._id, self._size, position))

    def set_exception(self, _away: LogUnavailable) -> None:
        """503."""
        self._reply(refused(log_away(), self._path))


def _stored(submission_id: str, size: int, position: Position) -> Answer:
    _ACCEPTED.inc()
    metrics.INTAKE_BYTES.inc(size)
    return accepted(submission_id, position)


def _in_parts(source: IntakeSource) -> bool:
    return parts_of(source.vendor) is not None or bool(source.scheme.body_field)
