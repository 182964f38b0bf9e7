"""The fold of communication: which mail is due to whom. Whether it may be sent is the gate's to say, at the moment of sending."""

from datetime import timedelta
from typing import Final, Literal

from pydantic import JsonValue

from consumers.communication.documents import in_force
from consumers.communication.state import Correspondence
from infra.kafka.fold import Decision, Documents, Effect, Event
from schemas.envelope import derived_id
from schemas.events import ConsentConfirmed, LeadAssigned, LeadCaptured, LeadErased, LeadScored, LeadUpdated, MessagePlanned
from schemas.message import LeadId
from schemas.person import Agreement

NAME = "communication"
ASKED_AGAIN_AFTER: Final = timedelta(days=1)
ASKED_WITHIN: Final = timedelta(days=30)
ASKED_MAX: Final = 3
"""So often is one address asked to confirm something within that time, as long as nobody answers."""


def acknowledge(state: Correspondence, event: Event[LeadCaptured], documents: Documents) -> Decision[Correspondence]:
    """The first submission is answered, unless it is quiet, has no address, or refuses consent.

    One that has to be confirmed is answered once it is; until then its sender is asked to confirm it, and hears no more.
    """
    body = event.body
    if state.erased:
        return Decision(state)
    if body.traits.email_hash is not None and body.traits.email_hash != state.email_hash:
        state = state.model_copy(update={"email_hash": body.traits.email_hash})
    if body.unconfirmed is not None:
        return _ask(state, event, documents, body.unconfirmed)
    if not body.first or body.quiet or body.traits.email_hash is None or body.consent is False:
        return Decision(state)
    return _acknowledgement(state, event.id, documents, body.lead, body.traits.email_hash, body.submission_id)


def answer_confirmation(state: Correspondence, event: Event[ConsentConfirmed], documents: Documents) -> Decision[Correspondence]:
    """Who has confirmed a first submission is answered as others are at once, and has shown that asking is welcome."""
    submission = state.unanswered
    state = state if state.erased else state.model_copy(update={"asked_at": state.asked_at[-1:], "unanswered": None})
    if submission is None or state.email_hash is None:
        return Decision(state)
    return _acknowledgement(state, event.id, documents, event.body.lead, state.email_hash, submission)


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


def _ask(
    state: Correspondence, event: Event[LeadCaptured], documents: Documents, agreement: Agreement
) -> Decision[Correspondence]:
    """One mail in a day, and a few in a month: a form must be no means to fill somebody else's mailbox."""
    body, now = event.body, event.recorded_at
    if body.quiet or body.traits.email_hash is None:
        return Decision(state)
    recent = tuple(at for at in state.asked_at if now - at < ASKED_WITHIN)
    unanswered = body.submission_id if body.first else state.unanswered
    if len(recent) >= ASKED_MAX or (recent and now - recent[-1] < ASKED_AGAIN_AFTER):
        return Decision(state.model_copy(update={"unanswered": unanswered}))
    return _mail(
        state.model_copy(update={"asked_at": (*recent, now), "unanswered": unanswered}),
        event.id,
        documents,
        body.lead,
        "confirmation",
        "lead",
        recipient=body.traits.email_hash,
        # The gate lets one a day through, also where a lead was erased and made again.
        cause=f"{now:%Y-%m-%d}",
        confirm={"source_id": body.source.source_id, "agreement": agreement.id, "wording": agreement.wording},
    )


def _acknowledgement(
    state: Correspondence, event_id: str, documents: Documents, lead: LeadId, recipient: str, submission_id: str
) -> Decision[Correspondence]:
    return _mail(state, event_id, documents, lead, "acknowledgement", "lead", recipient=recipient, cause=submission_id)


def _mail(
    state: Correspondence,
    event_id: str,
    documents: Documents,
    lead: LeadId,
    template_name: Literal["acknowledgement", "assignment", "confirmation"],
    to: Literal["lead", "owner"],
    *,
    recipient: str,
    cause: str,
    owner: str | None = None,
    confirm: dict[str, JsonValue] | None = None,
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
            **({} if confirm is None else {"confirm": confirm}),
        },
    )
    planned = MessagePlanned(
        lead=lead, message_id=message_id, template=template_name, template_version=version, to=to, reason=template_name
    )
    return Decision(state, events=(planned,), effects=(effect,))
