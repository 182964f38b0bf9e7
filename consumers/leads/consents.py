"""What was ticked and waits until the owner of the address has confirmed it. Pure."""

from typing import Final

from consumers.leads.state import LeadState
from schemas.commands import CaptureLead
from schemas.events import LeadCaptured
from schemas.person import Agreement

UNCONFIRMED_MAX: Final = 20
"""Of one lead; strangers can type its address as often as they like."""
CONFIRMED_MAX: Final = 20


def news(state: LeadState, asked: CaptureLead) -> Agreement | None:
    """What of a submission waits for a confirmation: nothing that was confirmed before, and no more than is kept."""
    agreement = asked.unconfirmed
    if agreement is None or agreement.id in state.confirmed:
        return None
    known = agreement.id in state.unconfirmed or len(state.unconfirmed) < UNCONFIRMED_MAX
    return agreement if known else None


def heard(state: LeadState, captured: LeadCaptured) -> dict[str, object]:
    """What of the state is different once this was captured. Who has refused since is asked again."""
    changed: dict[str, object] = {}
    if captured.unconfirmed is not None:
        changed["unconfirmed"] = {**state.unconfirmed, captured.unconfirmed.id: captured.unconfirmed}
    if captured.consent is False or False in captured.consents.values():
        changed["confirmed"] = ()
    return changed


def confirmed(state: LeadState, agreement: Agreement) -> dict[str, object]:
    """What of the state is different once this was confirmed."""
    waiting = {id_: one for id_, one in state.unconfirmed.items() if id_ != agreement.id}
    return {"unconfirmed": waiting, "confirmed": (*state.confirmed, agreement.id)[-CONFIRMED_MAX:]}
