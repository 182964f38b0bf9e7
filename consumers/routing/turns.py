"""Whose turn it is among the members of a team.

Each lead lifts its owner's level by STRIDE / weight. The lowest level is next; ties go to whose last turn is longest ago, then to
whom the roster names first. So members who are there all the while share leads by weight, and those of equal weight never
differ by more than one. Somebody who joins or comes back starts at the level of whoever is next: absence earns no flood of leads.
"""

from collections.abc import Collection, Sequence
from typing import Final

from consumers.routing.documents import WEIGHT_MAX
from consumers.routing.state import Share

STRIDE: Final = 2_520
"""Divisible by every weight from 1 to WEIGHT_MAX, so that levels stay whole numbers."""

assert all(STRIDE % weight == 0 for weight in range(1, WEIGHT_MAX + 1))  # noqa: S101 - arithmetic that a change would break


def seen(shares: Sequence[Share], there: Collection[str]) -> tuple[Share, ...]:
    """Shares, once it is known who is there. Who was not there before starts no lower than the lowest of those who were."""
    if all(share.missing == (share.person not in there) for share in shares):
        return tuple(shares)
    staying = [share.level for share in shares if not share.missing and share.person in there]
    # Where nobody stayed, all who come start level.
    floor = min(staying) if staying else max((share.level for share in shares), default=0)
    return tuple(_seen(share, share.person in there, floor) for share in shares)


def _seen(share: Share, there: bool, floor: int) -> Share:
    level = max(share.level, floor) if there and share.missing else share.level
    return share.model_copy(update={"missing": not there, "level": level})


def next_of(shares: Sequence[Share]) -> Share:
    """Whose turn it is."""
    return min(shares, key=lambda share: (share.level, share.turn))


def taken(shares: Sequence[Share], chosen: Share) -> tuple[Share, ...]:
    """After a turn."""
    turn = 1 + max(share.turn for share in shares)
    return tuple(_taken(share, turn) if share is chosen else share for share in shares)


def _taken(share: Share, turn: int) -> Share:
    return share.model_copy(update={"level": share.level + STRIDE // share.weight, "given": share.given + 1, "turn": turn})
