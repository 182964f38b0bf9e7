"""What the log said of a lead before a record: for folds that look back, and for folding anew."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from infra.kafka.batch import Entry, admit, decode
from infra.kafka.fold import Event, RetryLater
from infra.kafka.ports import Record, Transaction, Watermark, from_ms
from schemas.envelope import BadEnvelope, Envelope
from schemas.message import Message

HISTORY_RETRY_SECONDS = 0.25
"""A look costs a query of one row; somebody may be waiting for what follows."""


async def history(transaction: Transaction, entry: Entry, lead: str) -> list[Record]:
    """A lead's records before this one. Raises RetryLater while history is not that far."""
    records = await transaction.history(entry.record.partition, lead, entry.record.offset)
    if records is None:
        raise RetryLater("history has not come this far", HISTORY_RETRY_SECONDS)
    return records


def event_of(entry: Entry, envelope: Envelope, body: Message) -> Event[Any]:
    """As a handler sees it."""
    at = entry.record
    return Event(envelope.id, envelope.type, body, envelope.occurred_at, from_ms(entry.clock_ms), at.partition, at.offset)


def events_of(lead: str, records: Sequence[Record]) -> tuple[Event[Any], ...]:
    """What can be read of a lead's records."""
    if not records:
        return ()
    entries = admit(records[0].partition, "past", records, Watermark(), lambda _type: True).entries
    return tuple(
        event_of(entry, entry.envelope, entry.body)
        for entry in entries
        if entry.envelope is not None and entry.body is not None and entry.body.lead == lead
    )


def recorded(records: Sequence[Record], consumer: str) -> dict[str, Message]:
    """The last fact of each type that a consumer wrote, by type."""
    last: dict[str, Message] = {}
    for record in records:
        try:
            envelope = Envelope.read(record.headers)
            body = decode(envelope.type, record.value) if envelope.source == consumer else None
        except (BadEnvelope, ValidationError):
            continue
        if body is not None:
            last[envelope.type] = body
    return last
