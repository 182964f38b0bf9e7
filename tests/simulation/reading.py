"""Reading a record's headers without the runtime's code, and telling re-sent records by their id."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from infra.kafka.ports import Record


class Seen(NamedTuple):
    """A record's headers, as far as they matter."""

    id: str
    type: str
    source: str
    occurred_at: datetime
    origin: str | None
    sequence: str | None


def about(record: Record) -> str | None:
    """The lead that a record's body names, if it can be read."""
    try:
        found = json.loads(record.value)
    except ValueError:
        return None
    return found.get("lead") if isinstance(found, dict) else None


class Broken(Exception):
    """The headers or the body can't be read."""


def seen(record: Record) -> Seen:
    """Raises Broken."""
    found = dict(record.headers)
    try:
        texts = {name: value.decode() for name, value in found.items()}
        origin, sequence = texts.get("ce_origin"), texts.get("ce_sequence")
        if sequence is not None and [part.isdigit() for part in sequence.split(".")] != [True, True]:
            raise Broken("sequence")
        return Seen(
            texts["ce_id"],
            texts["ce_type"],
            texts["ce_source"],
            datetime.fromisoformat(texts["ce_time"]),
            origin if sequence else None,
            sequence,
        )
    except (KeyError, AttributeError, ValueError) as broken:
        raise Broken(str(broken)) from None


def unique(records: Iterable[Record]) -> list[tuple[Record, Seen | None]]:
    """Without what was re-sent; None beside records whose headers can't be read."""
    ids: set[str] = set()
    out: list[tuple[Record, Seen | None]] = []
    for record in records:
        try:
            header = seen(record)
        except Broken:
            out.append((record, None))
            continue
        if header.origin is None or header.id not in ids:
            out.append((record, header))
        if header.origin is not None:
            ids.add(header.id)
    return out
