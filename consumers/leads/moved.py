"""What is noted of a lead that goes on as another one is said to have moved, so that `leads.merging` takes it along. Pure."""

from consumers.leads.state import LeadState
from schemas import events
from schemas.message import Message


def passed_on(state: LeadState, version: int, *facts: Message) -> list[Message]:
    """Facts about a lead; and where it goes on as another one, that there is news to be taken along."""
    if state.merged_into is None or facts[0].lead is None:
        return list(facts)
    return [*facts, events.LeadMergedInto(lead=facts[0].lead, version=version, into=state.merged_into, actor="leads")]
