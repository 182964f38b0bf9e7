"""What a lead does, beside what it is. Pure.

What is told of a lead that `leads` has not met yet waits for it: `identity` commits whose somebody is before the log has the
command that says so, and what comes after that commit may come first.
"""

from collections.abc import Iterator
from typing import Final

from consumers.leads.moved import passed_on
from consumers.leads.state import LeadState
from infra.kafka.fold import Decision, Documents, Event, Outcome
from schemas import activities, events
from schemas.message import Message

ERASED: Final = Outcome("erased", "the lead was erased")
EARLY_MAX: Final = 100
MAIL: Final = "mail"
"""The purpose that who unsubscribes takes their consent back for."""


def record(state: LeadState, event: Event[activities.RecordActivity], _: Documents) -> Decision[LeadState]:
    """It is so, whatever became of the lead meanwhile; an erased one keeps no trace of it."""
    asked = event.body
    if state.erased:
        return Decision(state, outcome=ERASED)
    if not state.exists:
        if len(state.early) >= EARLY_MAX:
            return Decision(state, outcome=Outcome("declined", f"{EARLY_MAX} activities wait for a lead at most"))
        return Decision(state.model_copy(update={"early": (*state.early, asked)}), outcome=Outcome("done"))
    facts = list(told(asked, state.version, event.offset))
    version = event.offset if len(facts) > 1 or state.merged_into is not None else state.version
    after = state.model_copy(update={"version": version})
    return Decision(after, passed_on(after, event.offset, *facts), outcome=Outcome("done", version=version))


def told(asked: activities.RecordActivity, version: int, offset: int) -> Iterator[Message]:
    """The facts: what happened, and the consent that was taken back with it, which is an edit."""
    yield activities.ActivityRecorded(
        lead=asked.lead,
        personal=asked.personal,
        version=version,
        activity=asked.activity,
        address=asked.address,
        message_id=asked.message_id,
        actor=asked.actor,
    )
    if asked.activity.kind == "unsubscribed":
        yield events.LeadUpdated(
            lead=asked.lead,
            version=offset,
            fields=("consents",),
            changes={"consents": {MAIL: False}},
            actor=asked.actor,
        )
