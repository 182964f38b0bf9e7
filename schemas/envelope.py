"""CloudEvents 1.0 in Kafka binary mode: attributes in `ce_` headers, the JSON body alone in the value.

Two extensions are ours. `ce_origin` names who wrote the record (consumer.version@topic-id/partition) and `ce_sequence` is
(offset of the record that caused it, index among its outputs). Nothing is counted, so a restored consumer makes the same
numbers again, and a reader recognises a re-sent record by comparing with the last sequence it saw from that origin.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

Headers = tuple[tuple[str, bytes], ...]


_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_of(given: str | None) -> str | None:
    """A traceparent as a sender gives it; None for anything else, which would stand in a header in the clear."""
    return given if given is not None and _TRACE.fullmatch(given) else None


class BadEnvelope(ValueError):
    """A record without the CloudEvents headers it needs; says which one is missing or unreadable."""


class SequenceNumber(NamedTuple):
    """Place of an output: the offset of its cause in the topic that was read, and its index among the outputs."""

    offset: int
    nth: int

    def __str__(self) -> str:
        return f"{self.offset}.{self.nth}"

    @classmethod
    def parse(cls, text: str) -> "SequenceNumber":
        """Read `offset.index`. Raises BadEnvelope."""
        return cls.read(text.encode())

    @classmethod
    def read(cls, value: bytes) -> "SequenceNumber":
        """The same from a header's value."""
        offset, _, index = value.partition(b".")
        if not (offset.isdigit() and index.isdigit()):
            raise BadEnvelope(f"ce_sequence must be OFFSET.INDEX, not {value[:40]!r}")
        return cls(int(offset), int(index))


class Envelope(NamedTuple):
    """The attributes of one record.

    Attributes:
        id: CloudEvents id; derived from the cause for everything a consumer writes.
        type: such as `lead.captured.v1`.
        source: who says so: a consumer's name, or `gateway`, `work`.
        occurred_at: outside time (reports, decay), UTC.
        subject: lead id, or None for records about no lead.
        origin, sequence: see the module; None for records made outside a consumer.
        trace: W3C traceparent of the request that began it all.
    """

    id: str
    type: str
    source: str
    occurred_at: datetime
    subject: str | None = None
    origin: str | None = None
    sequence: SequenceNumber | None = None
    trace: str | None = None

    def headers(self) -> Headers:
        """As Kafka headers, in a fixed order."""
        pairs = [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_time", iso(self.occurred_at).encode()),
            ("content-type", b"application/json"),
        ]
        if self.subject is not None:
            pairs.append(("ce_subject", self.subject.encode()))
        if self.origin is not None and self.sequence is not None:
            pairs.append(("ce_origin", self.origin.encode()))
            pairs.append(("ce_sequence", str(self.sequence).encode()))
        if self.trace is not None:
            pairs.append(("traceparent", self.trace.encode()))
        return tuple(pairs)

    @classmethod
    def read(cls, headers: Sequence[tuple[str, bytes]]) -> "Envelope":
        """Raises BadEnvelope naming the header."""
        return cls.of(dict(headers))

    @classmethod
    def of(cls, found: Mapping[str, bytes]) -> "Envelope":
        """The same from headers by name."""
        try:
            sequence = found.get("ce_sequence")
            return cls(
                id=found["ce_id"].decode(),
                type=found["ce_type"].decode(),
                source=found["ce_source"].decode(),
                occurred_at=_aware(found["ce_time"].decode()),
                subject=_text(found.get("ce_subject")),
                origin=_text(found.get("ce_origin")),
                sequence=None if sequence is None else SequenceNumber.read(sequence),
                trace=_text(found.get("traceparent")),
            )
        except KeyError as missing:
            raise BadEnvelope(f"header {missing.args[0]} is missing") from None
        except BadEnvelope:
            raise
        except (ValueError, AttributeError) as broken:
            raise BadEnvelope(f"a CloudEvents header can't be read: {broken}") from None


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("ce_time has no time zone")
    return moment


def iso(moment: datetime) -> str:
    """As `ce_time` is written."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat().replace("+00:00", "Z")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def marks_of(headers: Sequence[tuple[str, bytes | None]]) -> tuple[str, SequenceNumber] | None:
    """(origin, sequence) alone, by which a re-sent record is recognised; None where absent or unreadable."""
    return marks_in(dict(headers))


def marks_in(found: Mapping[str, bytes | None]) -> tuple[str, SequenceNumber] | None:
    """The same from headers by name."""
    origin, sequence = found.get("ce_origin"), found.get("ce_sequence")
    if origin is None or sequence is None:
        return None
    try:
        return origin.decode(), SequenceNumber.read(sequence)
    except ValueError:
        return None


def type_of(headers: Sequence[tuple[str, bytes | None]]) -> str | None:
    """The `ce_type` alone, for filtering before anything is decoded."""
    for name, value in headers:
        if name == "ce_type" and value is not None:
            return value.decode("utf-8", "replace")
    return None


def derived_id(cause_id: str, consumer: str, index: int) -> str:
    """UUID text for the `index`-th output of `consumer` under the record `cause_id`: the same whenever it is made again."""
    digest = bytearray(hashlib.blake2b(f"{cause_id}|{consumer}|{index}".encode(), digest_size=16).digest())
    digest[6] = (digest[6] & 0x0F) | 0x80  # version 8: our own layout
    digest[8] = (digest[8] & 0x3F) | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
