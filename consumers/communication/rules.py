"""The fold of communication: which mail is due to whom. Whether it may be sent is the gate's to say, at the moment of sending."""

from typing import Literal

from consumers.communication.documents import in_force
from consumers.communication.state import Correspondence
from infra.kafka.fold import Decision, Documents, Effect, Event
from schemas.envelope import derived_id
from schemas.events import LeadAssigned, LeadCaptured, LeadErased, LeadScored, LeadUpdated, MessagePlanned
from schemas.message import LeadId

NAME = "communication"


def acknowledge(state: Correspondence, event: Event[LeadCaptured], documents: Documents) -> Decision[Correspondence]:
    """The first submission is answered, unless it is quiet, has no address, or refuses consent."""
    body = event.body
    if state.erased:
        return Decision(state)
    if body.traits.email_hash is not None and body.traits.email_hash != state.email_hash:
        state = state.model_copy(update={"email_hash": body.traits.email_hash})
    if not body.first or body.quiet or body.traits.email_hash is None or body.consent is False:
        return Decision(state)
    return _mail(
        state,
        event.id,
        documents,
        body.lead,
        "acknowledgement",
        "lead",
        recipient=body.traits.email_hash,
        cause=body.submission_id,
    )


def note_address(state: Correspondence, event: Event[LeadUpdated], documents: Documents) -> Decision[Correspondence]:  # noqa: ARG001
    """A new address is another recipient for the gate."""
    traits = event.body.traits
    if state.erased or traits is None or traits.email_hash is None:
        return Decision(state)
    return Decision(state.model_copy(update={"email_hash": traits.email_hash}))


def note_score(state: Correspondence, event: Event[LeadScored], documents: Documents) -> Decision[Correspondence]:  # noqa: ARG001
    """So that an owner is told with the lead."""
    if state.erased:
        return Decision(state)
    return Decision(state.model_copy(update={"score": event.body.score, "grade": event.body.grade}))


def tell_owner(state: Correspondence, event: Event[LeadAssigned], documents: Documents) -> Decision[Correspondence]:
    """A new owner is told, unless the lead is a quiet one."""
    body = event.body
    if state.erased or body.quiet or body.owner is None or body.owner == body.before:
        return Decision(state)
    cause = body.request_id or event.id
    return _mail(
        state,
        event.id,
        documents,
        body.lead,
        "assignment",
        "owner",
        recipient=f"person:{body.owner}",
        cause=cause,
        owner=body.owner,
    )


def forget(state: Correspondence, event: Event[LeadErased], documents: Documents) -> Decision[Correspondence]:  # noqa: ARG001
    """Nothing of the person stays, and nobody is written to any more."""
    return Decision(Correspondence(erased=True))


def _mail(
    state: Correspondence,
    event_id: str,
    documents: Documents,
    lead: LeadId,
    template_name: Literal["acknowledgement", "assignment"],
    to: Literal["lead", "owner"],
    *,
    recipient: str,
    cause: str,
    owner: str | None = None,
) -> Decision[Correspondence]:
    """One mail: the wish for the gate, and the fact that it was wished for. The template's name is also the reason."""
    template, version = in_force(documents, template_name)
    message_id = derived_id(event_id, NAME, 0)
    effect = Effect(
        kind="mail",
        lead=lead,
        recipient=recipient,
        reason=template_name,
        cause=cause,
        payload={
            "template": template_name,
            "template_version": version,
            "to": to,
            "message_id": message_id,
            "owner": owner,
            "score": state.score if to == "owner" else None,
            "grade": state.grade if to == "owner" else None,
            "subject": template.subject,
            "text": template.text,
            "html": template.html,
        },
    )
    planned = MessagePlanned(
        lead=lead, message_id=message_id, template=template_name, template_version=version, to=to, reason=template_name
    )
    return Decision(state, events=(planned,), effects=(effect,))
