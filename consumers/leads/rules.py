"""Accept or decline what is asked of a lead. Pure."""

from typing import Final

from consumers.leads import activities, consents
from consumers.leads.moved import passed_on
from consumers.leads.state import LeadState
from infra.kafka.fold import Decision, Documents, Event, Outcome
from schemas import commands, events
from schemas.commands import TaskState
from schemas.message import Message

ERASED = Outcome("erased", "the lead was erased")
MISSING = Outcome("missing", "there is no such lead")
TAGS_MAX: Final = 50
TASKS_MAX: Final = 200
"""Of one lead, those that are done among them: each can be opened again."""


def key(message: Message) -> str | None:
    """A lead; for documents, the document in this partition."""
    if isinstance(message, commands.PublishDocument):
        return f"document:{message.kind}/{message.name}@{message.partition}"
    return message.lead


def capture(state: LeadState, event: Event[commands.CaptureLead], _: Documents) -> Decision[LeadState]:
    """A submission becomes part of its lead."""
    if state.erased:
        return Decision(state, outcome=ERASED)
    asked = event.body
    captured = events.LeadCaptured(
        lead=asked.lead,
        personal=asked.personal,
        version=event.offset,
        first=not state.exists,
        submission_id=asked.submission_id,
        source=asked.source,
        campaign=asked.campaign,
        consent=asked.consent,
        consents=asked.consents,
        traits=asked.traits,
        claimed=asked.claimed,
        quiet=asked.quiet,
        submitted_at=asked.submitted_at,
        visitor=asked.visitor,
        actor=asked.actor,
        unconfirmed=consents.news(state, asked),
    )
    # A live submission wakes a quiet lead up; a quiet one doesn't put a live lead to sleep.
    quiet = asked.quiet and (state.quiet or not state.exists)
    changed = {"exists": True, "version": event.offset, "quiet": quiet, "early": (), **consents.heard(state, captured)}
    early = [fact for one in state.early for fact in activities.told(one, event.offset, event.offset)]
    after = state.model_copy(update=changed)
    facts = passed_on(after, event.offset, captured, *early)
    return Decision(after, facts, outcome=Outcome("done", version=event.offset))


def edit(state: LeadState, event: Event[commands.EditLead], _: Documents) -> Decision[LeadState]:
    """Fields change; nothing to change is done already."""
    refused = _refusal(state, event.body)
    if refused is not None:
        return Decision(state, outcome=refused)
    asked = event.body
    if asked.refused:
        return Decision(state, outcome=Outcome("declined", asked.refused, state.version))
    if not asked.fields:
        return Decision(state, outcome=Outcome("done", version=state.version))
    updated = events.LeadUpdated(
        lead=asked.lead,
        personal=asked.personal,
        version=event.offset,
        fields=asked.fields,
        changes=asked.changes,
        traits=asked.traits,
        claimed=asked.claimed,
        actor=asked.actor,
    )
    return done(state, event.offset, updated)


def change_status(state: LeadState, event: Event[commands.ChangeStatus], _: Documents) -> Decision[LeadState]:
    """Along the pipeline."""
    refused = _refusal(state, event.body)
    if refused is not None:
        return Decision(state, outcome=refused)
    asked = event.body
    if asked.status == state.status:
        return Decision(state, outcome=Outcome("done", version=state.version))
    changed = events.LeadStatusChanged(
        lead=asked.lead, version=event.offset, before=state.status, status=asked.status, actor=asked.actor
    )
    return done(state, event.offset, changed, status=asked.status)


def assign(state: LeadState, event: Event[commands.AssignLead], _: Documents) -> Decision[LeadState]:
    """A person assigns whomever they like; routing only as long as its request is open."""
    refused = _refusal(state, event.body)
    if refused is not None:
        return Decision(state, outcome=refused)
    asked = event.body
    if asked.request_id is not None and (state.owner is not None or state.answered_request == asked.request_id):
        return Decision(state, outcome=Outcome("declined", "request no longer open", state.version))
    if asked.request_id is None and asked.owner == state.owner:
        return Decision(state, outcome=Outcome("done", version=state.version))
    assigned = events.LeadAssigned(
        lead=asked.lead,
        version=event.offset,
        before=state.owner,
        owner=asked.owner,
        actor=asked.actor,
        reason=asked.reason,
        path=asked.path,
        request_id=asked.request_id,
        quiet=state.quiet and asked.request_id is not None,
    )
    return done(state, event.offset, assigned, owner=asked.owner, answered_request=asked.request_id or state.answered_request)


def note(state: LeadState, event: Event[commands.NoteLead], _: Documents) -> Decision[LeadState]:
    """A note on a lead."""
    refused = _refusal(state, event.body)
    if refused is not None:
        return Decision(state, outcome=refused)
    asked = event.body
    noted = events.LeadNoted(
        lead=asked.lead, personal=asked.personal, version=event.offset, note_id=asked.note_id, actor=asked.actor
    )
    return done(state, event.offset, noted)


def tag(state: LeadState, event: Event[commands.TagLead], _: Documents) -> Decision[LeadState]:
    """What it has already, and what it has not, is neither added nor removed; a tag in both lists is added."""
    refused = _refusal(state, event.body)
    if refused is not None:
        return Decision(state, outcome=refused)
    asked, before = event.body, set(state.tags)
    after = tuple(sorted(before - set(asked.removed) | set(asked.added)))
    added, removed = tuple(tag for tag in after if tag not in before), tuple(tag for tag in state.tags if tag not in after)
    if not added and not removed:
        return Decision(state, outcome=Outcome("done", version=state.version))
    if added and len(after) > TAGS_MAX:
        return Decision(state, outcome=Outcome("declined", f"a lead has {TAGS_MAX} tags at most", state.version))
    tagged = events.LeadTagged(lead=asked.lead, version=event.offset, added=added, removed=removed, actor=asked.actor)
    return done(state, event.offset, tagged, tags=after)


def add_task(state: LeadState, event: Event[commands.AddTask], _: Documents) -> Decision[LeadState]:
    """Something to do; the same task twice is one."""
    refused = _refusal(state, event.body)
    if refused is not None:
        return Decision(state, outcome=refused)
    asked = event.body
    if asked.task_id in state.tasks:
        return Decision(state, outcome=Outcome("done", version=state.version))
    if len(state.tasks) >= TASKS_MAX:
        return Decision(state, outcome=Outcome("declined", f"a lead has {TASKS_MAX} tasks at most", state.version))
    added = events.TaskAdded(
        lead=asked.lead,
        personal=asked.personal,
        version=event.offset,
        task_id=asked.task_id,
        due_at=asked.due_at,
        owner=asked.owner,
        actor=asked.actor,
    )
    return done(state, event.offset, added, tasks={**state.tasks, asked.task_id: "open"})


def change_task(state: LeadState, event: Event[commands.ChangeTask], _: Documents) -> Decision[LeadState]:
    """Done, given up, or open again."""
    refused = _refusal(state, event.body)
    if refused is not None:
        return Decision(state, outcome=refused)
    asked = event.body
    origin, tasks = _tasks_with(state, asked.task_id)
    before = tasks.get(asked.task_id)
    if before is None:
        return Decision(state, outcome=Outcome("missing", "the lead has no such task", state.version))
    if before == asked.state:
        return Decision(state, outcome=Outcome("done", version=state.version))
    changed = events.TaskChanged(
        lead=asked.lead, version=event.offset, task_id=asked.task_id, before=before, state=asked.state, actor=asked.actor
    )
    tasks = {**tasks, asked.task_id: asked.state}
    if origin is None:
        return done(state, event.offset, changed, tasks=tasks)
    taken = state.absorbed[origin].model_copy(update={"tasks": tasks})
    return done(state, event.offset, changed, absorbed={**state.absorbed, origin: taken})


def record_message(state: LeadState, event: Event[commands.RecordMessage], _: Documents) -> Decision[LeadState]:
    """What the worker did is so, whatever became of the lead meanwhile; an erased one keeps no trace of it."""
    if state.erased or not state.exists:
        return Decision(state, outcome=ERASED if state.erased else MISSING)
    asked = event.body
    recorded = events.MessageRecorded(
        lead=asked.lead, version=event.offset, message_id=asked.message_id, outcome=asked.outcome, detail=asked.detail
    )
    return done(state, event.offset, *passed_on(state, event.offset, recorded))


def confirm_consent(state: LeadState, event: Event[commands.ConfirmConsent], _: Documents) -> Decision[LeadState]:
    """What was ticked counts from now on, also of a lead that goes on as another; saying so again changes nothing."""
    if state.erased or not state.exists:
        return Decision(state, outcome=ERASED if state.erased else MISSING)
    asked = event.body
    if asked.agreement in state.confirmed:
        return Decision(state, outcome=Outcome("done", version=state.version))
    agreement = state.unconfirmed.get(asked.agreement)
    if agreement is None:
        return Decision(state, outcome=Outcome("declined", "nothing waits for this confirmation", state.version))
    fact = events.ConsentConfirmed(lead=asked.lead, version=event.offset, agreement=agreement, actor=asked.actor)
    return done(state, event.offset, *passed_on(state, event.offset, fact), **consents.confirmed(state, agreement))


def erase(state: LeadState, event: Event[commands.EraseLead], _: Documents) -> Decision[LeadState]:
    """A tombstone: nothing revives the lead. One that nobody ever heard of gets none."""
    if event.body.stranger and not state.exists:
        return Decision(state, outcome=MISSING)
    if state.erased:
        return Decision(state, outcome=Outcome("done", version=state.version))
    erased = events.LeadErased(lead=event.body.lead, version=event.offset, actor=event.body.actor, blocked=event.body.blocked)
    tombstone = LeadState(exists=True, erased=True, version=event.offset)
    return Decision(tombstone, [erased], outcome=Outcome("done", version=event.offset))


def lift(state: LeadState, event: Event[commands.LiftBlock], _: Documents) -> Decision[LeadState]:
    """For `identity` to remember. The lead stays as it is: erased, or to be erased by what this has overtaken."""
    asked = event.body
    lifted = events.BlockLifted(lead=asked.lead, version=event.offset, actor=asked.actor, lifted=asked.lifted)
    return done(state, event.offset, lifted)


def publish(state: LeadState, event: Event[commands.PublishDocument], _: Documents) -> Decision[LeadState]:
    """A marker in this partition; a version that it has (the publisher tries until all have it) changes nothing."""
    asked = event.body
    if state.exists and asked.version <= state.version:
        return Decision(state)
    marker = events.DocumentPublished(kind=asked.kind, name=asked.name, version=asked.version, body=asked.body, actor=asked.actor)
    return Decision(LeadState(exists=True, version=asked.version), [marker])


def done(state: LeadState, version: int, *facts: Message, **changed: object) -> Decision[LeadState]:
    """Accepted: these are so now."""
    after = state.model_copy(update={"version": version, **changed})
    return Decision(after, facts, outcome=Outcome("done", version=version))


def _refusal(state: LeadState, asked: commands.Command) -> Outcome | None:
    if state.erased:
        return ERASED
    if state.merged_into is not None:
        return Outcome("moved", state.merged_into, state.version)
    if not state.exists:
        return MISSING
    if asked.expected_version is not None and asked.expected_version != state.version:
        detail = f"the lead is at version {state.version}, not {asked.expected_version}: read it again"
        return Outcome("conflict", detail, state.version)
    return None


def _tasks_with(state: LeadState, task_id: str) -> tuple[str | None, dict[str, TaskState]]:
    """The tasks among which a task is, and the lead that brought them (None: the lead's own)."""
    for origin, taken in state.absorbed.items():
        if task_id in taken.tasks and task_id not in state.tasks:
            return origin, taken.tasks
    return None, state.tasks
