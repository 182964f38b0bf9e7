"""Dead letters, driven again by whoever has a process's base; see infra.dead_letters.redriving."""

from uuid import UUID

from infra.dead_letters.redriving import NotRedrivable, Redriver, StillBroken
from infra.wiring.host import Base

__all__ = ["NotRedrivable", "redrive"]


async def redrive(has: Base, letter_id: UUID, value: bytes | None = None) -> str:
    """Drive one letter again, with a repaired body if given; says what was done. Raises NotRedrivable, LogUnavailable."""
    redriver = Redriver(has.pool, has.keyring, has.producer, has.settings.kafka.partitions)
    try:
        return await redriver.redrive(letter_id, value)
    except StillBroken as broken:
        raise NotRedrivable(f"{broken}: repair it and give the file with --value") from broken
