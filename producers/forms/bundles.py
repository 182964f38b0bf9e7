"""A request that may bring several submissions, or its secret in its body: each part is read, sealed and published by itself.

All is read before anything is published, so a request that can't be taken leaves nothing behind. What Kafka took of a request
that it did not take whole is recognised, part by part, when the sender repeats it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

import orjson

from infra.activities.publishing import ActivityWriter
from infra.gateway.ids import SubmissionIds
from infra.kafka.publisher import Position
from producers.forms.adapters import adapter, parts_of
from producers.forms.happenings import activity_of
from producers.forms.labelled import Part
from producers.forms.limits import BadPayload
from producers.forms.payload import check
from producers.forms.publishing import Raw, SubmissionWriter
from producers.forms.sources import IntakeSource
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import HashOf, delivery_of

PARTS_MAX: Final = 2_000
VALUES_MAX: Final = 50_000


class Taken(NamedTuple):
    """One submission of a request; without a position it asks for nothing, and is in no log."""

    submission_id: str
    position: Position | None


class Read(NamedTuple):
    """One part, read. `delivery` is what a repeat of it has too."""

    submission_id: str
    parsed: ParsedSubmission
    raw: Raw
    delivery: str


class Fetching(Protocol):
    """Whoever asks other systems for what a submission only names."""

    async def ask(self, source: IntakeSource, wanted: list[Read]) -> None:
        """Have these fetched, each once. Raises STORE_AWAY."""


class Bundles:
    """Takes requests part by part. Without `fetching`, what is only named stays so; without `activities`, news of mail too."""

    def __init__(
        self,
        writer: SubmissionWriter,
        ids: SubmissionIds,
        hashed: HashOf,
        fetching: Fetching | None = None,
        activities: ActivityWriter | None = None,
    ) -> None:
        self._writer = writer
        self._ids = ids
        self._hashed = hashed
        self._fetching = fetching
        self._activities = activities

    async def take(self, source: IntakeSource, headers: Mapping[str, str], body: bytes, now: float) -> list[Taken]:
        """What became of each part, in order; at least one. Raises BadPayload, and what SubmissionWriter.publish raises."""
        read = self.read(source, headers, body, now)
        named = [one for one in read if one.parsed.reference is not None and one.parsed.reference.needs_fetch]
        wanted = [one for one in named if one.parsed.kind != "test_lead"]
        if wanted and self._fetching is not None:
            await self._fetching.ask(source, wanted)
        trace = headers.get("traceparent")
        sent = await asyncio.gather(*(self._publish(source, one, trace, now) for one in read), return_exceptions=True)
        failed = next((one for one in sent if isinstance(one, BaseException)), None)
        if failed is not None:
            raise failed
        taken = [one for one in sent if isinstance(one, Taken)]
        return taken or [Taken(self._ids.mint(int(now * 1000), ignored=True), None)]

    def read(self, source: IntakeSource, headers: Mapping[str, str], body: bytes, now: float) -> list[Read]:
        """Every part, with nothing published. Raises BadPayload."""
        content_type = headers.get("content-type")
        payload = check(body, content_type, VALUES_MAX)
        secret = source.scheme.body_field
        open_ = _without(payload, secret.split(".")) if secret else payload
        splits = parts_of(source.vendor)
        parts = [Part(open_)] if splits is None else splits(open_, headers)
        if len(parts) > PARTS_MAX:
            raise BadPayload(None, f"more than {PARTS_MAX:,} events: split it into several requests")
        as_it_came = _text(body) if open_ is payload else None
        return [self._read(source, part, payload, as_it_came, content_type or "", now) for part in parts]

    def _read(
        self, source: IntakeSource, part: Part, payload: Any, as_it_came: str | None, content_type: str, now: float
    ) -> Read:
        parsed = adapter(source.vendor).translate(part.payload, source.mapping)
        if part.event_id and "vendor_event_id" not in source.mapping:
            parsed = parsed.model_copy(update={"vendor_event_id": part.event_id})
        if part.once is None:
            delivery = delivery_of(self._hashed, source.id, parsed.vendor_event_id, part.payload)
        else:
            delivery = self._hashed("delivery", f"{source.id}|once|{part.once}")
        if as_it_came is not None and part.payload is payload:
            raw = Raw(source.without_secrets(as_it_came), content_type)
        else:
            raw = Raw(source.without_secrets(orjson.dumps(part.payload).decode()), "application/json")
        return Read(self._ids.mint(int(now * 1000), ignored=parsed.kind == "ignored"), parsed, raw, delivery)

    async def _publish(self, source: IntakeSource, one: Read, trace: str | None, now: float) -> Taken:
        if one.parsed.kind == "ignored":
            return Taken(one.submission_id, None)
        activity = activity_of(one.parsed, source.origin, one.delivery, one.submission_id, now)
        if activity is not None and self._activities is not None:
            (position,) = await self._activities.publish([activity], trace)
            return Taken(one.submission_id, position)
        meeting = one.parsed.meeting
        position = await self._writer.publish(
            one.parsed,
            source.origin,
            one.raw,
            submission_id=one.submission_id,
            delivery=one.delivery,
            trace=trace,
            custom=None if meeting is None else {"meeting": meeting.model_dump(mode="json", exclude_none=True)},
        )
        return Taken(one.submission_id, position)


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _without(payload: Any, path: list[str]) -> Any:
    """The payload but for what stands at a path; itself, if nothing does."""
    key, *below = path
    if not isinstance(payload, dict) or key not in payload:
        return payload
    if not below:
        return {name: value for name, value in payload.items() if name != key}
    inner = _without(payload[key], below)
    return payload if inner is payload[key] else {**payload, key: inner}
