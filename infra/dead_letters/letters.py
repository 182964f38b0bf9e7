"""A dead letter as a row, and the sealed form of its record.

infra.kafka.ports.DeadLetter -> row -> Letter (for people) + Record (to re-drive)
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from infra.crypto.seal import Key
from infra.kafka.ports import Record

UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
SOURCE_CHARACTERS_MAX: Final = 200
HMAC_TEXT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is known about a dead letter without opening it.

    Attributes:
        kind: reject | undecodable | refused | bug.
        lead: whose record it was, where the record says so.
        identity_hash: HMAC of the identity, for submissions.
        source_id: the intake source that a submission came from, as far as the record can still be read.
        resolution: what was done about it; None while nothing was.
        repair: the bulk repair that has it in hand, or had it last.
        refused: why that could not drive it again.
    """

    id: UUID
    consumer: str
    topic: str
    partition: int
    offset: int
    lead: str | None
    event_type: str | None
    identity_hash: str | None
    reason: str
    kind: str
    attempts: int
    created_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    source_id: str | None = None
    repair: UUID | None = None
    refused: str | None = None


def owner_of(record: Record) -> tuple[str | None, str | None]:
    """(lead, identity hash) by the record's key, which is a UUID for leads and an HMAC for identities; the subject otherwise."""
    candidates = [record.key or b"", *(value for name, value in record.headers if name == "ce_subject")]
    texts = [candidate.decode("ascii", "replace") for candidate in candidates]
    lead = next((text for text in texts if UUID_TEXT.fullmatch(text)), None)
    identity = next((text for text in texts if HMAC_TEXT.fullmatch(text)), None)
    return lead, identity


def source_of(record: Record) -> str | None:
    """The intake source of a submission, however broken the rest of it is."""
    try:
        source = orjson.loads(record.value)["source"]["source_id"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return source[:SOURCE_CHARACTERS_MAX] if isinstance(source, str) else None


def seal_record(key: Key, record: Record, letter: UUID) -> bytes:
    """One line of JSON for everything but the value, then the value as it came."""
    head = {
        "partition": record.partition,
        "offset": record.offset,
        "recorded_ms": record.recorded_ms,
        "key": None if record.key is None else b64encode(record.key).decode(),
        "headers": [[name, b64encode(value).decode()] for name, value in record.headers],
    }
    return key.seal_bytes(orjson.dumps(head) + b"\n" + record.value, letter.bytes)


def open_record(key: Key, sealed: bytes, letter: UUID) -> Record:
    """The record as it was read. Raises WrongKey."""
    line, _, value = key.open_bytes(sealed, letter.bytes).partition(b"\n")
    head = orjson.loads(line)
    return Record(
        partition=head["partition"],
        offset=head["offset"],
        recorded_ms=head["recorded_ms"],
        key=None if head["key"] is None else b64decode(head["key"]),
        headers=[(name, b64decode(text)) for name, text in head["headers"]],
        value=value,
    )
