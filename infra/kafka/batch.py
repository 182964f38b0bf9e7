"""From raw records to a batch: which were seen before, which matter, and what they say.

Nothing here decides anything. A record that was re-sent (its origin's sequence is not news) is dropped; a record that can't be
read becomes a dead letter; the clock of the partition never steps back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from infra.kafka.fold import Documents
from infra.kafka.ports import DeadLetter, Record, Watermark
from schemas.envelope import BadEnvelope, Envelope, marks_in
from schemas.message import Message, from_json, registry


class Entry(NamedTuple):
    """One record that is news.

    Attributes:
        clock_ms: recorded time of the partition at this record.
        envelope, body: None where the reader doesn't handle the type; it still moves the clock.
    """

    record: Record
    clock_ms: int
    envelope: Envelope | None = None
    body: Message | None = None


@dataclass(slots=True)
class Batch:
    """What one transaction works on, of one partition.

    Attributes:
        documents: in force before it.
        watermark: as it will be once this batch is committed.
        dead_letters: records that can't be read.
    """

    partition: int
    topic_id: str
    documents: Documents = field(default_factory=Documents)
    entries: list[Entry] = field(default_factory=list)
    watermark: Watermark = field(default_factory=Watermark)
    dead_letters: list[DeadLetter] = field(default_factory=list)


def admit(
    partition: int,
    topic_id: str,
    records: Iterable[Record],
    before: Watermark,
    wants: Callable[[str], bool],
    documents: Documents | None = None,
) -> Batch:
    """Sort out `records` (ascending offsets, all at or after the watermark). `wants` says which types to decode."""
    batch = Batch(partition, topic_id, documents or Documents(), watermark=before.copy())
    watermark = batch.watermark
    for record in records:
        watermark.position = record.offset + 1
        found: dict[str, Any] = dict(record.headers)
        marks = marks_in(found)
        if marks is not None:
            # What was re-sent is nothing, for nobody: it moves no clock and fires no timer, as in history, which has it once.
            origin, sequence = marks
            last = watermark.origins.get(origin)
            if last is not None and sequence <= last:
                continue
            watermark.origins[origin] = sequence
        watermark.clock_ms = max(watermark.clock_ms, record.recorded_ms)
        named = found.get("ce_type")
        if named is not None and not wants(named.decode("utf-8", "replace")):
            batch.entries.append(Entry(record, watermark.clock_ms))
            continue
        try:
            envelope = Envelope.of(found)
            body = decode(envelope.type, record.value)
        except (BadEnvelope, ValidationError) as unreadable:
            batch.dead_letters.append(DeadLetter(record, reason_of(unreadable), "undecodable", 1))
            batch.entries.append(Entry(record, watermark.clock_ms))
            continue
        batch.entries.append(Entry(record, watermark.clock_ms, envelope, body))
    return batch


def decode(type_: str, value: bytes) -> Message | None:
    """The message, None for a type nobody declared. Raises ValidationError."""
    cls = registry.get(type_)
    return None if cls is None else from_json(cls, value)


def reason_of(error: Exception) -> str:
    """One line for people, naming the field, with no value in it: values may be personal."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        return f"{where}: {first['msg']}"
    return str(error)
