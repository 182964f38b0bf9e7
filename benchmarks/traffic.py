"""Who writes: the demo's visitors filling in a Typeform demo request, one in five for the second time.

The same submissions for everybody: as HTTP requests, as records that our gateway would have published, and as the plain JSON
that the peers' producers would have.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson

from consumers.scoring import rules
from consumers.scoring.documents import ScoringRules
from infra.demo.forms import OPEN_ANSWERS, fill_in
from infra.demo.visitors import visitor
from infra.kafka.ports import Destination, Outgoing
from infra.kafka.producer import Producer
from infra.kafka.publisher import Position
from infra.wiring.host import Base
from producers.forms.adapters import translate
from producers.forms.payload import check
from producers.forms.publishing import Raw, SubmissionWriter
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import Origin, delivery_of, received
from schemas.facts import submission_facts
from schemas.message import Sealed
from schemas.submissions import SubmissionReceived
from schemas.topics import Topic

VENDOR = "typeform"
COMPANIES = 400
SEED = 7
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
RECORDS_PER_BATCH = 500


@dataclass(frozen=True, slots=True)
class Submitted:
    """One submission: the body as sent, and what it says."""

    body: bytes
    payload: Any
    parsed: ParsedSubmission


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be there in the end: leads, and the sum of their scores. Fold of the same rules, in the log's order."""

    leads: int
    points: int

    def __add__(self, other: "Expected") -> "Expected":
        return Expected(self.leads + other.leads, self.points + other.points)


def submissions(count: int, *, repeats: float = 0.2, first: int = 0) -> list[Submitted]:
    """The same for the same arguments. `first` starts with another visitor, so that two calls share no one."""
    chance = Random(SEED)
    made: list[Submitted] = []
    visitors = 0
    for number in range(count):
        if visitors and chance.random() < repeats:
            who = chance.randrange(visitors)
        else:
            who, visitors = visitors, visitors + 1
        id_ = hashlib.blake2b(f"{first}/{number}".encode(), digest_size=13).hexdigest()
        body = fill_in("demo", visitor(SEED, first + who, COMPANIES), id_, BEGIN + timedelta(seconds=number)).content
        payload = check(body, "application/json")
        made.append(Submitted(body, payload, translate(VENDOR, payload, {})))
    return made


def signed(body: bytes, secret: bytes) -> str:
    """As Typeform signs."""
    return "sha256=" + base64.b64encode(hmac.digest(secret, body, "sha256")).decode()


ORIGIN = Origin(VENDOR, "bench", open_answers=frozenset(OPEN_ANSWERS))


class _Kept:
    """Stands where the publisher would, and keeps what it is given."""

    def __init__(self) -> None:
        self.records: dict[int, list[Outgoing]] = {}

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:  # noqa: ARG002
        """See Publisher."""
        self.records.setdefault(partition, []).append(record)
        return Position(partition, 0)

    async def publish_all(self, topic: Topic, records: Sequence[tuple[int, Outgoing]]) -> list[Position]:
        """See Publisher."""
        return [await self.publish(topic, partition, record) for partition, record in records]


async def our_records(has: Base, found: Sequence[Submitted]) -> dict[int, list[Outgoing]]:
    """What the gateway would have published, by partition."""
    kept = _Kept()
    writer = SubmissionWriter(has.keyring, kept, has.settings.kafka.partitions)
    for number, one in enumerate(found):
        id_ = f"{number:08x}-0000-7000-8000-{int.from_bytes(hashlib.blake2b(one.body, digest_size=6).digest(), 'big'):012x}"
        delivery = delivery_of(has.keyring.hash, ORIGIN.source_id, one.parsed.vendor_event_id, one.payload)
        raw = Raw(one.body.decode(), "application/json")
        await writer.publish(one.parsed, ORIGIN, raw, submission_id=id_, delivery=delivery)
    return kept.records


def message_of(has: Base, one: Submitted) -> SubmissionReceived:
    """What is said of it, unsealed: the facts that scoring sees."""
    return SubmissionReceived.model_validate(received(one.parsed, ORIGIN, "", "", Sealed(""), has.keyring.hash))


def peer_records(has: Base, found: Sequence[Submitted], partitions: int) -> dict[int, list[Outgoing]]:
    """The same as plain JSON, keyed by address."""
    records: dict[int, list[Outgoing]] = {}
    for one in found:
        message = message_of(has, one)
        parsed = one.parsed
        body = {
            "delivery": parsed.vendor_event_id,
            "email": parsed.email,
            "name": parsed.name,
            "first_name": parsed.first_name,
            "last_name": parsed.last_name,
            "phone": parsed.phone_e164,
            "answers": parsed.answers,
            "campaign": parsed.campaign,
            "consent": parsed.consent,
            "source": message.source.model_dump(),
            "traits": message.traits.model_dump(),
            "raw": one.body.decode(),
        }
        number = int(message.identity[:8], 16) % partitions
        records.setdefault(number, []).append(Outgoing((parsed.email or "").encode(), (), orjson.dumps(body)))
    return records


async def publish(producer: Producer, topic: str, records: dict[int, list[Outgoing]]) -> None:
    """All of it, in batches."""
    longest = max(len(found) for found in records.values())
    for start in range(0, longest, RECORDS_PER_BATCH):
        parts = [(number, found[start : start + RECORDS_PER_BATCH]) for number, found in records.items()]
        await producer.append([(Destination(topic, number), part) for number, part in parts if part])


def expected(has: Base, found: Sequence[Submitted]) -> Expected:
    """Fold the rules over what was submitted."""
    document = ScoringRules()
    counts: dict[str, dict[str, int]] = {}
    times: dict[str, int] = {}
    for one in found:
        message = message_of(has, one)
        who = message.traits.email_hash or ""
        times[who] = times.get(who, 0) + 1
        facts = submission_facts(message.source, message.traits, message.campaign, message.consent, message.consents)
        facts |= {"event": "submission", "first": times[who] == 1, "quiet": False, "submissions": times[who]}
        counts[who] = rules.counted(counts.get(who, {}), facts, document)
    return Expected(len(counts), sum(rules.add_up(found_, document).score for found_ in counts.values()))
