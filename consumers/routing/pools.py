"""The fold of leads.routing: whose turn it is in a team.

Each lead lifts its owner's level by STRIDE / weight. The lowest level is next; ties go to whose last turn is longest ago, then to
whom the roster names first. So members who are there all the while share leads by weight, and those of equal weight never
differ by more than one. Somebody who joins or comes back starts at the level of whoever is next: absence earns no flood of leads.
"""

from collections.abc import Sequence
from typing import Final

from consumers.routing.documents import WEIGHT_MAX
from consumers.routing.state import PoolState, Share, Waiting
from infra.kafka.fold import Decision, Documents, Event
from schemas.commands import AssignLead
from schemas.envelope import derived_id
from schemas.message import LeadId, Message
from schemas.routing import OwnerRequested, RosterPublished

NAME: Final = "routing.pools"
STRIDE: Final = 2_520
"""Divisible by every weight from 1 to WEIGHT_MAX, so that levels stay whole numbers."""

WAITING_MAX: Final = 1_000
PATH_MEMBERS_MAX: Final = 20

assert all(STRIDE % weight == 0 for weight in range(1, WEIGHT_MAX + 1))  # noqa: S101 - arithmetic that a change would break


def team_of(message: Message) -> str | None:
    """Key of the state."""
    return message.team if isinstance(message, OwnerRequested | RosterPublished) else None


def pick_owner(state: PoolState, event: Event[OwnerRequested], documents: Documents) -> Decision[PoolState]:  # noqa: ARG001
    """Give the lead to whose turn it is; where nobody is there, say so, and keep the request for who comes back."""
    request = event.body
    waiting = Waiting(lead=request.lead, request_id=request.request_id, path=request.path)
    shares, command = _answer(state.shares, waiting, request.team, derived_id(event.id, NAME, 0))
    if command.owner is not None:
        return Decision(PoolState(shares=shares, waiting=state.waiting), events=(command,))
    others = tuple(other for other in state.waiting if other.lead != waiting.lead)
    return Decision(PoolState(shares=shares, waiting=(*others, waiting)[:WAITING_MAX]), events=(command,))


def change_roster(state: PoolState, event: Event[RosterPublished], documents: Documents) -> Decision[PoolState]:  # noqa: ARG001
    """Take the new roster over, then give whoever is there what has waited, oldest first.

    Those requests were answered once (by nobody), so each is asked anew; `leads` declines where somebody has the lead by now.
    """
    body = event.body
    shares = _calibrated(state.shares, body)
    if not _present(shares):
        return Decision(state.model_copy(update={"shares": shares}))
    commands: list[AssignLead] = []
    for nth, waiting in enumerate(state.waiting):
        command_id = derived_id(event.id, NAME, nth)
        path = (*waiting.path, "waited until somebody was there")
        again = waiting.model_copy(update={"request_id": command_id, "path": path})
        shares, command = _answer(shares, again, body.team, command_id)
        commands.append(command)
    return Decision(PoolState(shares=shares), events=commands)


def _answer(shares: tuple[Share, ...], waiting: Waiting, team: str, command_id: str) -> tuple[tuple[Share, ...], AssignLead]:
    present = _present(shares)
    skipped = [f"{share.person} skipped: {share.away}" for share in shares if share.away is not None][:PATH_MEMBERS_MAX]
    if not present:
        owner = None
        reason = f"nobody in team {team} is there" if shares else f"team {team} has no members"
        path = (*waiting.path, *skipped, reason)
    else:
        chosen = min(present, key=_turn)
        owner = chosen.person
        reason = f"round-robin in team {team}"
        path = (*waiting.path, *skipped, _why(chosen, present))
        turn = 1 + max(share.turn for share in shares)
        shares = tuple(_given(share, turn) if share is chosen else share for share in shares)
    command = AssignLead(
        lead=LeadId(waiting.lead),
        command_id=command_id,
        actor=NAME,
        owner=owner,
        request_id=waiting.request_id,
        reason=reason,
        path=path,
    )
    return shares, command


def _why(chosen: Share, present: Sequence[Share]) -> str:
    had = "lead" if chosen.given == 1 else "leads"
    if len(present) == 1:
        return f"{chosen.person}: the only one there ({chosen.given} {had} before)"
    weight = f" at weight {chosen.weight}" if any(share.weight != chosen.weight for share in present) else ""
    return f"{chosen.person}: next of {len(present)} ({chosen.given} {had} before{weight})"


def _given(share: Share, turn: int) -> Share:
    return share.model_copy(update={"level": share.level + STRIDE // share.weight, "given": share.given + 1, "turn": turn})


def _calibrated(shares: Sequence[Share], roster: RosterPublished) -> tuple[Share, ...]:
    """Members of the new roster. Who was not there before starts no lower than the lowest of those who stay."""
    known = {share.person: share for share in shares}
    here = {member.person for member in roster.members if member.away is None}
    staying = {share.person: share.level for share in _present(shares) if share.person in here}
    # Where nobody stays, all who come start level.
    floor = min(staying.values()) if staying else max((share.level for share in shares), default=0)
    calibrated = []
    for member in roster.members:
        before = known.get(member.person, Share(person=member.person))
        level = staying.get(member.person, max(before.level, floor))
        calibrated.append(before.model_copy(update={"weight": member.weight, "away": member.away, "level": level}))
    return tuple(calibrated)


def _present(shares: Sequence[Share]) -> list[Share]:
    return [share for share in shares if share.away is None]


def _turn(share: Share) -> tuple[int, int]:
    return share.level, share.turn
