"""Many events in one request (NDJSON, a list of people, an array of `?batch=true`): a verdict for each, all published in one go.

Each event is read, identified and recognised as a repeat as if it had come alone; one that can't be read stops no other.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

import orjson

from infra.gateway import metrics
from infra.gateway.ids import SubmissionIds
from infra.gateway.problems import FieldError, Problem, unavailable
from infra.kafka.ports import LogUnavailable
from producers.forms.adapters import adapter
from producers.forms.answers import BODY_BYTES_MAX
from producers.forms.payload import text_of
from producers.forms.publishing import Raw, Ready, SubmissionWriter
from producers.forms.reading.several import One, several
from producers.forms.sources import STORE_AWAY, IntakeSource
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import HashOf, delivery_of

EVENTS_MAX: Final = 1_000
EVENTS_PER_TURN: Final = 50
"""So that nobody waits for the loop until a whole batch is read."""
RETRY_AFTER_SECONDS: Final = 5
NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
JSON: Final = "application/json"
ANYBODY: Final = "generic"
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_OBJECTS_IN_A_LIST: Final = re.compile(rb"\[\s*\{")
_HEADERS: Final = [(b"content-type", b"application/json"), (b"x-content-type-options", b"nosniff")]
_ACCEPTED = metrics.INTAKE.labels("accepted")
_REFUSED = metrics.INTAKE.labels("invalid")
_IGNORED = metrics.INTAKE.labels("ignored")


class Event(NamedTuple):
    """One event's body; `around` and `told_apart` as of `One`."""

    body: bytes
    around: Any = None
    told_apart: str = ""


Read = Callable[[IntakeSource, bytes, str | None, str | None], tuple[ParsedSubmission, Any]]
"""One event's body -> its payload and what it says. Raises Problem."""


def may_be_brought_by(source: IntakeSource, content_type: str | None, target: str, body: bytes) -> bool:
    """Whether it is worth asking `brought_by`, which reads the body."""
    return body[:1] == b"[" or _may_list(source, body) or _asked_for(content_type, target)


def _may_list(source: IntakeSource, body: bytes) -> bool:
    """Two addresses, and objects in a list, from somebody whose format nobody knows."""
    if body[:1] != b"{":
        return False
    first = body.find(b"@")
    return (
        body.find(b"@", first + 1) > first
        and adapter(source.vendor) is adapter(ANYBODY)
        and _OBJECTS_IN_A_LIST.search(body) is not None
    )


def brought_by(source: IntakeSource, content_type: str | None, target: str, body: bytes) -> bool:
    """Whether a request brings many events, by what it says or by what it is."""
    if _asked_for(content_type, target):
        return True
    if len(body) > BODY_BYTES_MAX or not (body[:1] == b"[" or _may_list(source, body)):
        return False
    try:
        return several(orjson.loads(body), source.mapping) is not None
    except orjson.JSONDecodeError:
        return False


def _asked_for(content_type: str | None, target: str) -> bool:
    if content_type == JSON and "?" not in target:
        return False
    if content_type is not None and content_type.partition(";")[0].strip().lower() in NDJSON:
        return True
    _, _, query = target.partition("?")
    return "batch=" in query and parse_qs(query, max_num_fields=20).get("batch") == ["true"]


def events_of(body: bytes, content_type: str | None, mapping: Mapping[str, str] = NOTHING) -> list[Event]:
    """What each event is read from. Raises Problem 400 for what is no list, 413 for too many, 422 for none."""
    if content_type is not None and content_type.partition(";")[0].strip().lower() in NDJSON:
        events = [Event(line) for line in body.split(b"\n", EVENTS_MAX * 2) if line.strip()]
    else:
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Problem(400, "malformed", "Malformed request", "The body isn't valid JSON.") from None
        listed = [One(one) for one in payload] if isinstance(payload, list) else several(payload, mapping)
        if listed is None:
            raise Problem(400, "malformed", "Malformed request", "A batch is a JSON array, or one JSON object a line.")
        events = [Event(orjson.dumps(one.payload), *one[1:]) for one in listed[: EVENTS_MAX + 1]]
    if len(events) > EVENTS_MAX:
        raise Problem(413, "content-too-large", "Content too large", f"A batch may have {EVENTS_MAX:,} events.")
    if not events:
        raise Problem(422, "invalid", "Invalid request", errors=[FieldError("body", "has no event")])
    return events


class Taking:
    """Takes batches for one intake."""

    def __init__(self, read: Read, writer: SubmissionWriter, ids: SubmissionIds, hashed: HashOf) -> None:
        self._read = read
        self._writer = writer
        self._ids = ids
        self._hashed = hashed

    async def take(
        self, source: IntakeSource, body: bytes, content_type: str | None, trace: str | None, now: float
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Status, headers and body: 202 with a verdict per event once Kafka has all that could be read.

        Raises Problem: 400, 413, 422 (nothing could be read; names each event and field), 503 where any is not acknowledged:
        the same batch is then to be sent again, and what had arrived is recognised.
        """
        verdicts: list[dict[str, Any]] = []
        ready: list[Ready] = []
        first: str | None = None
        events = events_of(body, content_type, source.mapping)
        shared = _shared_id(source, events[0])
        for number, event in enumerate(events):
            if number % EVENTS_PER_TURN == EVENTS_PER_TURN - 1:
                await asyncio.sleep(0)
            try:
                submission_id, one = self._one(source, event, shared, int(now * 1000))
            except Problem as problem:
                verdicts.append({"error": _error(problem)})
                continue
            first = first or submission_id
            verdicts.append({"submission_id": submission_id})
            if one is not None:
                ready.append(one)
        refused = sum("error" in verdict for verdict in verdicts)
        _REFUSED.inc(refused)
        if first is None:
            errors = [
                FieldError(f"/{number}{verdict['error']['field'] or ''}", verdict["error"]["message"])
                for number, verdict in enumerate(verdicts)
            ]
            raise Problem(422, "invalid", "Invalid request", "No event can be read.", errors=errors[:50])
        try:
            if ready:
                await self._writer.publish_all(ready, source.origin, trace)
        except (LogUnavailable, *STORE_AWAY):
            raise unavailable("The event log", RETRY_AFTER_SECONDS) from None
        _ACCEPTED.inc(len(ready))
        metrics.INTAKE_BYTES.inc(len(body))
        answer = orjson.dumps({"accepted": len(verdicts) - refused, "refused": refused, "items": verdicts})
        headers = [*_HEADERS, (b"x-submission-id", first.encode()), (b"content-length", b"%d" % len(answer))]
        return 202, headers, answer

    def _one(self, source: IntakeSource, event: Event, shared: str | None, now_ms: int) -> tuple[str, Ready | None]:
        """None: it asks for nothing. Raises Problem."""
        text = text_of(event.body)
        if text is None:
            raise Problem(400, "malformed", "Malformed request", "isn't UTF-8")
        parsed, payload = self._read(source, event.body, text, JSON)
        if shared is not None and parsed.vendor_event_id == shared:
            parsed = parsed.model_copy(update={"vendor_event_id": f"{shared}:{event.told_apart}"})
        if parsed.kind == "ignored":
            _IGNORED.inc()
            return self._ids.mint(now_ms, ignored=True), None
        submission_id = self._ids.mint(now_ms)
        delivery = delivery_of(self._hashed, source.id, parsed, payload)
        return submission_id, Ready(parsed, Raw(source.without_secrets(text), JSON), submission_id, delivery)


def _shared_id(source: IntakeSource, event: Event) -> str | None:
    """The id that stands around a list of people, and is that of none of them."""
    return None if event.around is None else adapter(source.vendor).translate(event.around, source.mapping).vendor_event_id


def _error(problem: Problem) -> dict[str, str | None]:
    if problem.errors:
        return problem.errors[0]._asdict()
    return {"field": None, "message": problem.detail or problem.title}
