"""Many events in one request (NDJSON, an array of people or of `?batch=true`): a verdict for each, all published in one go.

Each event is read, identified and recognised as a repeat as if it had come alone; one that can't be read stops no other.
"""

import asyncio
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from infra.gateway import metrics
from infra.gateway.problems import FieldError, Problem, unavailable
from infra.kafka.ports import LogUnavailable
from producers.forms.answers import BODY_BYTES_MAX
from producers.forms.bodies import Bodies
from producers.forms.payload import text_of
from producers.forms.publishing import Ready, SubmissionWriter
from producers.forms.reading.listed import are_people
from producers.forms.sources import STORE_AWAY, IntakeSource
from producers.forms.stencils import Drawn
from producers.forms.translate import HashOf, delivery_of

EVENTS_MAX: Final = 1_000
EVENTS_PER_TURN: Final = 50
"""So that nobody waits for the loop until a whole batch is read."""
RETRY_AFTER_SECONDS: Final = 5
NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
JSON: Final = "application/json"
_HEADERS: Final = [(b"content-type", b"application/json"), (b"x-content-type-options", b"nosniff")]
_BYTE_ORDER_MARK: Final = "\ufeff"
_ACCEPTED = metrics.INTAKE.labels("accepted")
_REFUSED = metrics.INTAKE.labels("invalid")


def may_be_brought_by(content_type: str | None, target: str, body: bytes) -> bool:
    """Whether it is worth asking `brought_by`, which reads an array."""
    return body[:1] == b"[" or _asked_for(content_type, target)


def brought_by(source: IntakeSource, content_type: str | None, target: str, body: bytes) -> bool:
    """Whether a request brings many events, by what it says or by what it is."""
    if _asked_for(content_type, target):
        return True
    if body[:1] != b"[" or len(body) > BODY_BYTES_MAX:
        return False
    try:
        return are_people(orjson.loads(body), source.mapping)
    except orjson.JSONDecodeError:
        return False


def _asked_for(content_type: str | None, target: str) -> bool:
    if content_type == JSON and "?" not in target:
        return False
    if content_type is not None and content_type.partition(";")[0].strip().lower() in NDJSON:
        return True
    _, _, query = target.partition("?")
    return "batch=" in query and parse_qs(query, max_num_fields=20).get("batch") == ["true"]


def events_of(body: bytes, content_type: str | None) -> list[bytes]:
    """One body for each event. Raises Problem 400 for what is no list, 413 for too many, 422 for none."""
    if content_type is not None and content_type.partition(";")[0].strip().lower() in NDJSON:
        events = [line for line in body.split(b"\n", EVENTS_MAX * 2) if line.strip()]
    else:
        try:
            listed = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Problem(400, "malformed", "Malformed request", "The body isn't valid JSON.") from None
        if not isinstance(listed, list):
            raise Problem(400, "malformed", "Malformed request", "A batch is a JSON array, or one JSON object a line.")
        try:
            events = [orjson.dumps(event) for event in listed[: EVENTS_MAX + 1]]
        except TypeError:
            raise Problem(422, "invalid", "Invalid request", errors=[FieldError("body", "is nested too deeply")]) from None
    if len(events) > EVENTS_MAX:
        raise Problem(413, "content-too-large", "Content too large", f"A batch may have {EVENTS_MAX:,} events.")
    if not events:
        raise Problem(422, "invalid", "Invalid request", errors=[FieldError("body", "has no event")])
    return events


class Taking:
    """Takes batches for one intake."""

    def __init__(self, bodies: Bodies, writer: SubmissionWriter, hashed: HashOf) -> None:
        self._bodies = bodies
        self._writer = writer
        self._hashed = hashed

    async def take(
        self, source: IntakeSource, body: bytes, content_type: str | None, trace: str | None, now: float
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Status, headers and body: 202 with a verdict per event once Kafka has all that could be read.

        Raises Problem: 400, 413, 422 (nothing could be read; names each event and field), 503 where any is not acknowledged:
        the same batch is then to be sent again, and what had arrived is recognised.
        """
        verdicts: list[dict[str, Any]] = []
        ready: list[Ready | Drawn] = []
        first: str | None = None
        for number, event in enumerate(events_of(body, content_type)):
            if number % EVENTS_PER_TURN == EVENTS_PER_TURN - 1:
                await asyncio.sleep(0)
            try:
                submission_id, one = self._one(source, event, int(now * 1000))
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
                await self._writer.publish_all(self._told_apart(source, ready), source.origin, trace)
        except (LogUnavailable, *STORE_AWAY):
            raise unavailable("The event log", RETRY_AFTER_SECONDS) from None
        _ACCEPTED.inc(len(ready))
        metrics.INTAKE_BYTES.inc(len(body))
        answer = orjson.dumps({"accepted": len(verdicts) - refused, "refused": refused, "items": verdicts})
        headers = [*_HEADERS, (b"x-submission-id", first.encode()), (b"content-length", b"%d" % len(answer))]
        return 202, headers, answer

    def _one(self, source: IntakeSource, event: bytes, now_ms: int) -> tuple[str, Ready | Drawn | None]:
        """As Bodies.ready."""
        text = text_of(event)
        if text is None:
            raise Problem(400, "malformed", "Malformed request", "isn't UTF-8")
        return self._bodies.ready(source, event, text, JSON, now_ms)

    def _told_apart(self, source: IntakeSource, ready: list[Ready | Drawn]) -> list[Ready | Drawn]:
        """Several people under one id, as that of what they signed up for, are no repeats of each other: what is said tells."""
        ids = [one.event_id for one in ready]
        if len(set(ids)) == len(ids):
            return ready
        people: dict[str, set[str]] = {}
        for one, id_ in zip(ready, ids, strict=True):
            if id_:
                people.setdefault(id_, set()).add(one.person_key)
        shared = {id_ for id_, who in people.items() if len(who) > 1}
        return [
            one._replace(delivery=self._of_content(source, one)) if id_ in shared else one
            for one, id_ in zip(ready, ids, strict=True)
        ]

    def _of_content(self, source: IntakeSource, one: Ready | Drawn) -> str:
        return delivery_of(self._hashed, source.id, None, orjson.loads(one.body.removeprefix(_BYTE_ORDER_MARK)))


def _error(problem: Problem) -> dict[str, str | None]:
    if problem.errors:
        return problem.errors[0]._asdict()
    return {"field": None, "message": problem.detail or problem.title}
