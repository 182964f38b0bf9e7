"""The fold of leads.routing: who owns a lead, by turns, hours and capacity. A record is decided by when it was recorded.

All teams are one state: people are in several, and what one team gives them counts in all.
"""

from typing import Final

from consumers.routing.desk import NAME, Desk
from consumers.routing.state import Pools, Waiting
from infra.kafka.fold import Decision, Documents, Due, Event
from schemas.envelope import derived_id
from schemas.message import Message
from schemas.routing import LoadChanged, OwnerRequested, RosterPublished

KEY: Final = "pools"


def one_state(message: Message) -> str | None:  # noqa: ARG001
    """Key of the state."""
    return KEY


def pick_owner(state: Pools, event: Event[OwnerRequested], documents: Documents) -> Decision[Pools]:  # noqa: ARG001
    """Give the lead to whose turn it is, or let it wait."""
    request = event.body
    desk = Desk(state, event.recorded_at)
    waiting = Waiting(lead=request.lead, request_id=request.request_id, path=request.path, since=event.offset)
    desk.ask(waiting, request.team, derived_id(event.id, NAME, 0))
    return desk.decision()


def change_roster(state: Pools, event: Event[RosterPublished], documents: Documents) -> Decision[Pools]:  # noqa: ARG001
    """Take the new roster over, then give whoever is there what has waited."""
    desk = Desk(state, event.recorded_at)
    desk.change_roster(event.body)
    desk.hand_out()
    return desk.decision()


def change_load(state: Pools, event: Event[LoadChanged], documents: Documents) -> Decision[Pools]:  # noqa: ARG001
    """Somebody has more or less to do than was thought; who has less may be given what has waited."""
    desk = Desk(state, event.recorded_at)
    desk.change_load(event.body)
    desk.hand_out()
    return desk.decision()


def look_again(state: Pools, due: Due, documents: Documents) -> Decision[Pools]:  # noqa: ARG001
    """Hours began, a leave or a day ended: as of now, which may be later than was planned."""
    desk = Desk(state.model_copy(update={"wakes_at": None}), due.recorded_at)
    desk.hand_out()
    return desk.decision()
