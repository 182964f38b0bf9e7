"""Two leads that are one person, as `leads` sees it: one ends, and the other takes its facts and what it leaves. Pure.

The one that ends keeps its state, so that it can be one of its own again. What comes for it too late to be asked of the other is
still noted, and said once more to have moved, so that `leads.merging` takes it along.
"""

from pydantic import ValidationError

from consumers.leads.rules import ERASED, done
from consumers.leads.state import LeadState, Taken
from infra.kafka.fold import Decision, Documents, Event, Outcome
from schemas import commands, events
from schemas.message import Message


def merge(state: LeadState, event: Event[commands.MergeLead], _: Documents) -> Decision[LeadState]:
    """From here on it is another."""
    if state.erased:
        return Decision(state, outcome=ERASED)
    asked = event.body
    merged = events.LeadMergedInto(
        lead=asked.lead,
        version=event.offset,
        into=asked.into,
        actor=asked.actor,
        asked=asked.asked,
        estate=commands.Estate(status=state.status, owner=state.owner, tags=state.tags),
    )
    return done(state, event.offset, merged, merged_into=asked.into)


def unmerge(state: LeadState, event: Event[commands.UnmergeLead], _: Documents) -> Decision[LeadState]:
    """One of its own again, as it was."""
    if state.erased:
        return Decision(state, outcome=ERASED)
    asked = event.body
    unmerged = events.LeadUnmerged(
        lead=asked.lead, version=event.offset, out_of=asked.out_of, actor=asked.actor, asked=asked.asked
    )
    return done(state, event.offset, unmerged, merged_into=None)


def absorb(state: LeadState, event: Event[commands.AbsorbLead], _: Documents) -> Decision[LeadState]:
    """Another lead's facts are this one's too. An owner, a status and tags are taken over where this one had none."""
    if state.erased:
        return Decision(state, outcome=ERASED)
    asked = event.body
    after, facts = state, list[Message]()
    taken = state.absorbed.get(asked.origin, Taken())
    if asked.estate is not None:
        taken, after, facts = _take_over(state, taken, asked.estate, event)
    for fact in asked.facts:
        absorbed = events.LeadAbsorbed(
            lead=asked.lead, version=event.offset, origin=asked.origin, **{name: getattr(fact, name) for name in _CARRIED}
        )
        taken = _with_task(taken, absorbed)
        facts.append(absorbed)
    if state.merged_into is not None:
        facts.append(events.LeadMergedInto(lead=asked.lead, version=event.offset, into=state.merged_into, actor=asked.actor))
    return done(after, event.offset, *facts, absorbed={**after.absorbed, asked.origin: taken})


def release(state: LeadState, event: Event[commands.ReleaseLead], _: Documents) -> Decision[LeadState]:
    """What a lead brought goes back with it, as far as nobody has changed it since."""
    if state.erased:
        return Decision(state, outcome=ERASED)
    asked = event.body
    taken = state.absorbed.get(asked.origin)
    if taken is None:
        return Decision(state, outcome=Outcome("done", version=state.version))
    version, lead = event.offset, asked.lead
    facts: list[Message] = [events.LeadReleased(lead=lead, version=version, origin=asked.origin, actor=asked.actor)]
    changed: dict[str, object] = {"absorbed": {o: other for o, other in state.absorbed.items() if o != asked.origin}}
    if taken.owner is not None and taken.owner == state.owner:
        reason = "the lead that brought the owner is one of its own again"
        facts.append(
            events.LeadAssigned(lead=lead, version=version, before=state.owner, owner=None, actor=asked.actor, reason=reason)
        )
        changed["owner"] = None
    if taken.status is not None and taken.status == state.status:
        before = taken.status_before
        facts.append(events.LeadStatusChanged(lead=lead, version=version, before=state.status, status=before, actor=asked.actor))
        changed["status"] = before
    if gone := tuple(tag for tag in taken.tags if tag in state.tags):
        facts.append(events.LeadTagged(lead=lead, version=version, removed=gone, actor=asked.actor))
        changed["tags"] = tuple(tag for tag in state.tags if tag not in gone)
    return done(state, version, *facts, **changed)


def decline(state: LeadState, event: Event[commands.DeclineCommand], _: Documents) -> Decision[LeadState]:
    """`identity` could not: whoever asked is told."""
    return Decision(state, outcome=Outcome("declined", event.body.detail, state.version if state.exists else None))


_CARRIED = ("of", "event_id", "fact_type", "occurred_at", "body", "personal")


def _take_over(
    state: LeadState, taken: Taken, estate: commands.Estate, event: Event[commands.AbsorbLead]
) -> tuple[Taken, LeadState, list[Message]]:
    lead, version, actor = event.body.lead, event.offset, event.body.actor
    facts: list[Message] = []
    changed: dict[str, object] = {}
    if state.owner is None and estate.owner is not None:
        reason = "the owner of the lead that was merged into this one"
        facts.append(
            events.LeadAssigned(
                lead=lead, version=version, before=None, owner=estate.owner, actor=actor, reason=reason, quiet=True
            )
        )
        taken = taken.model_copy(update={"owner": estate.owner})
        changed["owner"] = estate.owner
    if state.status == "new" and estate.status != "new":
        facts.append(events.LeadStatusChanged(lead=lead, version=version, before=state.status, status=estate.status, actor=actor))
        taken = taken.model_copy(update={"status": estate.status, "status_before": state.status})
        changed["status"] = estate.status
    if news := tuple(tag for tag in estate.tags if tag not in state.tags):
        facts.append(events.LeadTagged(lead=lead, version=version, added=news, actor=actor))
        taken = taken.model_copy(update={"tags": tuple(sorted({*taken.tags, *news}))})
        changed["tags"] = tuple(sorted({*state.tags, *news}))
    return taken, state.model_copy(update=changed), facts


def _with_task(taken: Taken, absorbed: events.LeadAbsorbed) -> Taken:
    if absorbed.fact_type not in (events.TaskAdded.TYPE, events.TaskChanged.TYPE):
        return taken
    try:
        fact = absorbed.fact()
    except ValidationError:
        return taken
    if isinstance(fact, events.TaskAdded):
        return taken.model_copy(update={"tasks": {**taken.tasks, fact.task_id: "open"}})
    if isinstance(fact, events.TaskChanged):
        return taken.model_copy(update={"tasks": {**taken.tasks, fact.task_id: fact.state}})
    return taken
