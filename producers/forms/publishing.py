"""A parsed submission -> a sealed record on leads.submissions. Intake and `POST /v1/leads` end here."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from pydantic import JsonValue

from infra.crypto.keyring import Keyring
from infra.crypto.seal import Key
from infra.kafka.ports import Outgoing
from infra.kafka.publisher import Position, Publisher, Waiting
from producers.forms.stencils import Drawn
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import Origin, normal_email, person_of, received, written
from schemas.envelope import Envelope, Headers, iso, trace_of
from schemas.submissions import SubmissionReceived
from schemas.topics import SUBMISSIONS, partition

SOURCE: Final = "gateway"
DAY_SECONDS: Final = 24 * 60 * 60
_FIXED: Final = tuple(
    (name, value)
    for name, value in Envelope(id="", type=SubmissionReceived.TYPE, source=SOURCE, occurred_at=datetime.now(UTC)).headers()
    if name not in ("ce_id", "ce_time")
)
"""Of every submission's headers; the others are put beside them as an Envelope would write them."""


class Raw(NamedTuple):
    """A request's body as it came, as text (base64 if it isn't UTF-8)."""

    text: str
    content_type: str


class Ready(NamedTuple):
    """A submission that is to be published."""

    parsed: ParsedSubmission
    raw: Raw
    submission_id: str
    delivery: str

    @property
    def event_id(self) -> str | None:
        """The sender's own id of it."""
        return self.parsed.vendor_event_id

    @property
    def person_key(self) -> str:
        """Equal for equal people, "" for nobody."""
        return normal_email(self.parsed.email) or self.parsed.phone_e164 or ""

    @property
    def body(self) -> str:
        """As it came."""
        return self.raw.text


class SubmissionWriter:
    """Publishes submissions. One a process; keeps today's intake key."""

    def __init__(self, keyring: Keyring, publisher: Publisher, partitions: int, *, now: Callable[[], float] = time.time) -> None:
        self._keyring = keyring
        self._publisher = publisher
        self._partitions = SUBMISSIONS.partitions(partitions)
        self._now = now
        self._day = -1
        self._key: Key | None = None
        self._millisecond = -1
        self._headers: Headers = ()

    async def publish(
        self,
        parsed: ParsedSubmission,
        origin: Origin,
        raw: Raw,
        *,
        submission_id: str,
        delivery: str,
        trace: str | None = None,
        custom: Mapping[str, JsonValue] | None = None,
    ) -> Position:
        """Where the record stands, once all replicas have it.

        Raises LogUnavailable, and asyncpg's and OSError where a new day's key can't be had.
        """
        return await self.publish_one(Ready(parsed, raw, submission_id, delivery), origin, trace, custom)

    async def publish_one(
        self, ready: Ready | Drawn, origin: Origin, trace: str | None = None, custom: Mapping[str, JsonValue] | None = None
    ) -> Position:
        """The same."""
        now = self._now()
        number, record = self._record(await self._key_at(now), self._headers_at(now, trace), ready, origin, custom)
        return await self._publisher.publish(SUBMISSIONS, number, record)

    def at_hand(self) -> bool:
        """Whether today's key is here, so that `send` needs nothing."""
        return self._key is not None and self._day == self._now() // DAY_SECONDS

    def send(self, ready: Ready | Drawn, origin: Origin, trace: str | None, waiting: Waiting) -> None:
        """As `publish_one`, telling `waiting`, while the key is `at_hand`. Raises LogUnavailable where it can't even wait."""
        if self._key is None:
            raise RuntimeError("today's key isn't at hand")
        number, record = self._record(self._key, self._headers_at(self._now(), trace), ready, origin)
        self._publisher.send(SUBMISSIONS, number, record, waiting)

    async def publish_all(self, ready: Sequence[Ready | Drawn], origin: Origin, trace: str | None = None) -> list[Position]:
        """As `publish`, all in one go. Raises as it does, where any is not acknowledged."""
        now = self._now()
        key = await self._key_at(now)
        headers = self._headers_at(now, trace)
        records = [self._record(key, headers, one, origin) for one in ready]
        return await self._publisher.publish_all(SUBMISSIONS, records)

    def _record(
        self, key: Key, headers: Headers, one: Ready | Drawn, origin: Origin, custom: Mapping[str, JsonValue] | None = None
    ) -> tuple[int, Outgoing]:
        """A record and its partition. What is drawn is its source's already."""
        id_ = one.submission_id.encode()
        if isinstance(one, Drawn):
            identity, value = one.message(key.seal(one.person(), id_))
        else:
            sealed = key.seal(written(person_of(one.parsed, one.raw.text, one.raw.content_type, custom)), id_)
            message = received(one.parsed, origin, one.submission_id, one.delivery, sealed, self._keyring.hash)
            identity, value = message["identity"], written(message)
        return partition(identity, self._partitions), Outgoing(identity.encode(), (("ce_id", id_), *headers), value)

    def _headers_at(self, now: float, trace: str | None) -> Headers:
        """Of any submission, but for its id. Many come within one millisecond, which is as exact as their time is told."""
        millisecond = int(now * 1000)
        if millisecond != self._millisecond:
            at = datetime.fromtimestamp(millisecond / 1000, UTC)
            self._millisecond, self._headers = millisecond, (*_FIXED, ("ce_time", iso(at).encode()))
        given = trace_of(trace)
        return self._headers if given is None else (*self._headers, ("traceparent", given.encode()))

    async def prepare(self) -> None:
        """Have today's key, and tomorrow's soon enough that midnight needs no PostgreSQL. Raises as `publish` does."""
        now = self._now()
        await self._key_of(now)
        await self._keyring.intake(_date(now + DAY_SECONDS))

    async def _key_at(self, now: float) -> Key:
        key = self._key
        return key if key is not None and self._day == now // DAY_SECONDS else await self._key_of(now)

    async def _key_of(self, now: float) -> Key:
        key = await self._keyring.intake(_date(now))
        self._day, self._key = int(now // DAY_SECONDS), key
        return key


def _date(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()
