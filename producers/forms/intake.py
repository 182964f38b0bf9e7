"""POST /v1/intake/{source_id} -> leads.submissions: the hot path, a bare ASGI app.

source (cached) -> body (bounded) -> signature over the raw bytes -> data -> submission -> sealed record -> 202

Nothing is published when a request is refused, and nothing is answered with 2xx that is not in Kafka.
"""

import asyncio
import base64
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

import orjson

from infra.gateway import metrics
from infra.gateway.ids import SubmissionIds
from infra.gateway.problems import MEDIA_TYPE, FieldError, Problem, not_found, unavailable
from infra.kafka.ports import LogUnavailable
from infra.kafka.publisher import Position
from producers.forms import batch
from producers.forms.adapters import adapter
from producers.forms.payload import BadPayload, check
from producers.forms.publishing import Raw, SubmissionWriter
from producers.forms.reading.layouts import Layouts
from producers.forms.signatures import WrongSignature, verify
from producers.forms.sources import STORE_AWAY, IntakeSource, SourceCache, SourcesUnavailable
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import HashOf, delivery_of

PREFIX: Final = "/v1/intake/"
BODY_BYTES_MAX: Final = 1024 * 1024
BODY_SECONDS_MAX: Final = 30.0
SOURCE_ID_CHARACTERS_MAX: Final = 100
RETRY_AFTER_SECONDS: Final = 5
PREPARE_SECONDS: Final = 600.0
PREPARE_RETRY_SECONDS: Final = 5.0
_JSON = (b"content-type", b"application/json")
_NO_SNIFF = (b"x-content-type-options", b"nosniff")
_HIDDEN_SECRET = "[secret]"  # noqa: S105 - what stands in its place

# Hiding a shorter one would spoil innocent text.
_SECRET_HIDDEN_FROM = 8

Scope = MutableMapping[str, Any]
_ACCEPTED = metrics.INTAKE.labels("accepted")


class Request(NamedTuple):
    """What of a request counts. Names of `headers` are in lower case; `target` is the path with its query."""

    method: str
    source_id: str
    target: str
    headers: dict[str, str]


class Answer(NamedTuple):
    """What is sent back."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Disconnected(Exception):
    """The sender went away before its body was read."""


class Intake:
    """An infra.gateway.app.DirectRoute. `public_url` is what senders sign where they sign the address."""

    def __init__(
        self,
        sources: SourceCache,
        writer: SubmissionWriter,
        ids: SubmissionIds,
        hashed: HashOf,
        public_url: str,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sources = sources
        self._writer = writer
        self._ids = ids
        self._hashed = hashed
        self._public_url = public_url.rstrip("/")
        self._now = now
        self._layouts = Layouts()
        self._preparing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Intake":
        self._preparing = asyncio.create_task(self._prepare())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.gather(self._preparing, return_exceptions=True)
        await self._sources.close()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """ASGI."""
        try:
            answer = await self._answer(scope, receive)
        except Problem as problem:
            metrics.INTAKE.labels(problem.slug).inc()
            answer = _refusal(problem, scope["path"])
        except Disconnected:
            metrics.INTAKE.labels("disconnected").inc()
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Any) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope.get("query_string", b"")
        path = scope["path"]
        target = f"{path}?{query.decode('latin-1')}" if query else path
        request = Request(scope["method"], path[len(PREFIX) :], target, headers)
        source = self._sources.known(request.source_id) or await self._source(request.source_id)
        if request.method != "POST":
            return handshake(request, source, query)
        return await self.take(source, request, await _body(headers, receive))

    async def _source(self, source_id: str) -> IntakeSource:
        source = None
        if len(source_id) <= SOURCE_ID_CHARACTERS_MAX:
            try:
                source = await self._sources.get(source_id)
            except SourcesUnavailable:
                raise unavailable("The list of sources", RETRY_AFTER_SECONDS) from None
        if source is None:
            raise not_found("intake source")
        return source

    async def take(self, source: IntakeSource, request: Request, body: bytes) -> Answer:
        """202 once Kafka has it. Raises Problem: 401, 400 (unreadable), 422 (names the field), 503."""
        now = self._now()
        if source.signed:
            url = self._public_url + request.target
            try:
                verify(source.scheme, source.secrets, request.headers, body, now, request.method, url)
            except WrongSignature as wrong:
                raise Problem(401, "wrong-signature", "The signature isn't right", wrong.reason) from None
        content_type = request.headers.get("content-type")
        if batch.asked_for(content_type, request.target):
            taking = batch.Taking(self._read, self._writer, self._ids, self._hashed)
            return Answer(*await taking.take(source, body, content_type, request.headers.get("traceparent"), now))
        text = _text(body)
        payload, parsed = self._read(source, body, text, content_type)
        if parsed.kind == "ignored":
            metrics.INTAKE.labels("ignored").inc()
            return _accepted(self._ids.mint(int(now * 1000), ignored=True), None)
        submission_id = self._ids.mint(int(now * 1000))
        try:
            position = await self._writer.publish(
                parsed,
                source.origin,
                _raw(source, body, text, content_type or ""),
                submission_id=submission_id,
                delivery=delivery_of(self._hashed, source.id, parsed, payload),
                trace=request.headers.get("traceparent"),
            )
        except (LogUnavailable, *STORE_AWAY):
            raise unavailable("The event log", RETRY_AFTER_SECONDS) from None
        _ACCEPTED.inc()
        metrics.INTAKE_BYTES.inc(len(body))
        return _accepted(submission_id, position)

    def _read(
        self, source: IntakeSource, body: bytes, text: str | None, content_type: str | None
    ) -> tuple[Any, ParsedSubmission]:
        """The payload and what it says. Raises Problem."""
        reader, kind = adapter(source.vendor), f"{source.vendor} {content_type}"
        known = None if text is None else self._layouts.recall(kind, body, text)
        if known is not None:
            # Of one layout with a body that was checked, so there is nothing to check.
            payload = orjson.loads(body)
            return payload, reader.translate(payload, source.mapping, known)
        try:
            payload = check(body, content_type)
        except BadPayload as bad:
            raise _bad(bad) from None
        if text is not None:
            self._layouts.learn(kind, body, text, payload, reader.readable(payload))
        return payload, reader.translate(payload, source.mapping)

    async def _prepare(self) -> None:
        while True:
            pause = PREPARE_SECONDS
            try:
                await self._writer.prepare()
            except STORE_AWAY:
                pause = PREPARE_RETRY_SECONDS
            await asyncio.sleep(pause)


def handshake(request: Request, source: IntakeSource, query: bytes) -> Answer:
    """What senders ask before they send: Meta's challenge (GET), CloudEvents' permission (OPTIONS). Raises Problem."""
    if request.method == "GET" and b"hub.challenge" in query:
        asked = {name: values[0] for name, values in parse_qs(query.decode("latin-1"), max_num_fields=20).items()}
        token = asked.get("hub.verify_token", "").encode()
        if asked.get("hub.mode") != "subscribe" or token not in source.secrets:
            raise Problem(403, "wrong-token", "The verify token isn't the source's secret")
        return Answer(200, [(b"content-type", b"text/plain; charset=utf-8"), _NO_SNIFF], asked["hub.challenge"].encode())
    origin = request.headers.get("webhook-request-origin")
    if request.method == "OPTIONS" and origin is not None:
        allowed = [(b"webhook-allowed-origin", origin.encode("latin-1")), (b"webhook-allowed-rate", b"*")]
        return Answer(200, [*allowed, (b"allow", b"POST"), (b"content-length", b"0")], b"")
    raise Problem(405, "method-not-allowed", "Method not allowed", "Send POST.", headers={"Allow": "POST"})


async def _body(headers: dict[str, str], receive: Any) -> bytes:
    """The whole body. Raises Problem 413 as soon as it is certain, 408 for a body that takes for ever, Disconnected."""
    length = headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and (len(length) > 10 or int(length) > BODY_BYTES_MAX):
        raise _too_large()
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise _too_large()
        return body
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            while True:
                if message["type"] == "http.disconnect":
                    raise Disconnected
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > BODY_BYTES_MAX:
                    raise _too_large()
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return b"".join(chunks)
                message = await receive()
    except TimeoutError:
        raise Problem(408, "too-slow", "Request timeout", "The body took too long.") from None


def _too_large() -> Problem:
    return Problem(413, "content-too-large", "Content too large", f"A body may have {BODY_BYTES_MAX:,} bytes.")


def _bad(bad: BadPayload) -> Problem:
    if bad.field is None:
        return Problem(400, "malformed", "Malformed request", bad.message)
    return Problem(422, "invalid", "Invalid request", str(bad), errors=[FieldError(bad.field, bad.message)])


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _raw(source: IntakeSource, body: bytes, text: str | None, content_type: str) -> Raw:
    """The body for keeping, without the source's secret, which some vendors send inside of it."""
    if text is None:
        return Raw(base64.b64encode(body).decode(), content_type)
    for secret in source.secrets:
        if len(secret) < _SECRET_HIDDEN_FROM:
            continue
        text = text.replace(secret.decode(), _HIDDEN_SECRET)
    return Raw(text, content_type)


def _accepted(submission_id: str, position: Position | None) -> Answer:
    where = "null" if position is None else f'"{position.partition}-{position.offset}"'
    body = f'{{"submission_id":"{submission_id}","position":{where}}}'.encode()
    headers = [_JSON, _NO_SNIFF, (b"x-submission-id", submission_id.encode()), (b"content-length", b"%d" % len(body))]
    return Answer(202, headers, body)


def _refusal(problem: Problem, path: str) -> Answer:
    body = problem.body(path)
    headers = [(b"content-type", MEDIA_TYPE.encode()), _NO_SNIFF, (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    return Answer(problem.status, headers, body)
