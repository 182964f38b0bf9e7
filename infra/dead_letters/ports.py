"""What repairing needs of whoever reads forms."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from pydantic import JsonValue

from infra.kafka.ports import Record


class Remapped(NamedTuple):
    """A submission that was read anew: its body, sealed, and the fields that were found, for people's eyes."""

    body: bytes
    fields: dict[str, JsonValue]


class Remap(Protocol):
    """Reads what a sender sent once more, by another mapping (target -> path in the payload)."""

    async def __call__(self, record: Record, mapping: Mapping[str, str]) -> Remapped:
        """Ids, source and delivery stay as they were. Raises NotRedrivable, saying why it can't be read like this."""
