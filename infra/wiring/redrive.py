"""Dead letters, driven again by whoever has a process's base; see infra.dead_letters.redriving."""

import asyncio
from uuid import UUID

from infra.dead_letters import repairing
from infra.dead_letters.redriving import NO_CHANGE, Change, NotRedrivable, Redriver, StillBroken
from infra.wiring.host import Base
from infra.wiring.remapping import FormsRemap

__all__ = ["Change", "NotRedrivable", "keep_repairing", "redrive", "redriver"]


def redriver(has: Base) -> Redriver:
    """That reads forms anew."""
    return Redriver(has.pool, has.keyring, has.producer, has.settings.kafka.partitions, FormsRemap(has.keyring))


async def redrive(has: Base, letter_id: UUID, change: Change = NO_CHANGE) -> str:
    """Drive one letter again, repaired if asked; says what was done. Raises NotRedrivable, LogUnavailable."""
    try:
        return await redriver(has).redrive(letter_id, change)
    except StillBroken as broken:
        raise NotRedrivable(f"{broken}: repair it and give the file with --value") from broken


async def keep_repairing(has: Base, stop: asyncio.Event) -> None:
    """The worker's part, until `stop`."""
    await repairing.keep_running(redriver(has), stop)
