"""Toy consumers, with the real messages: small, and sensitive to everything.

    commands -> first -> the log -> second -> the log, routing -> pools -> commands
                         the log -> lines (a read model, and the history that `second` looks back into)

States keep a chain: a checksum over the id, position, time and document version of everything decided, in order. One record
lost, repeated, swapped or decided by another version leaves another chain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zlib import crc32

from infra.kafka.fold import Decision, Document, Documents, Due, Effect, Event, Fold, Outcome, Reject, RetryLater, Timer
from infra.kafka.projection import Projection, ProjectionBatch, ProjectionStep
from infra.kafka.step import Step
from schemas import topics
from schemas.commands import AssignLead, NoteLead, PublishDocument
from schemas.events import DocumentPublished, LeadAssigned, LeadNoted, LeadScored, LeadStatusChanged
from schemas.message import Frozen, LeadId, Message
from schemas.person import Source, Traits
from schemas.routing import OwnerRequested

if TYPE_CHECKING:
    from tests.simulation.world import World

REFUSED = b"REFUSE"
NUL = "\x00"


class Weights(Document):
    """What `second` decides by."""

    KIND: ClassVar[str] = "weights"
    points: int = 1


class Tally(Frozen):
    """Any toy's state."""

    count: int = 0
    fired: int = 0
    chain: int = 0
    last: str = ""


@dataclass(frozen=True)
class Consumer:
    """A toy: its step, made anew for each process, and its fold if it is one."""

    name: str
    reads: topics.Topic
    step: Callable[[], Step]
    fold: Fold[Tally] | None = None


def chained(state: Tally, *parts: object, **changes: Any) -> Tally:
    """The state after one more thing."""
    chain = crc32("|".join(map(str, parts)).encode(), state.chain)
    return Tally.model_construct(**{**state.__dict__, **changes, "chain": chain})


def draw(text: str) -> int:
    """Chance, seeded by an id."""
    return crc32(text.encode())


def poisoned(actor: str, who: str) -> None:
    """Some actors can't be handled by some folds."""
    if actor == f"{who}-rejects":
        raise Reject("says so")
    if actor == f"{who}-breaks":
        raise RuntimeError("a bug")


def _first(world: "World") -> Fold[Tally]:
    def note(state: Tally, event: Event[NoteLead], _documents: Documents) -> Decision[Tally]:
        body, d = event.body, draw(event.id)
        if body.note_id in world.unready:
            raise RetryLater("not ready", 0.05)
        poisoned(body.actor, "first")
        if d % 11 == 0:
            return Decision(chained(state, event.id), outcome=Outcome("declined"))
        note_id = REFUSED.decode() if body.actor == "first-is-refused" else body.note_id
        after = chained(state, event.id, event.offset, event.recorded_at, count=state.count + 1, last=body.note_id)
        version = event.offset
        events: list[Message] = [LeadNoted(lead=body.lead, version=version, note_id=note_id, actor=body.actor)]
        if d % 4 == 0:
            status = LeadStatusChanged(lead=body.lead, version=version, before="new", status="won", actor=body.actor)
            events += [status] * (1 + d % 3)
        return Decision(after, events, outcome=Outcome("done", version=version))

    def assign(state: Tally, event: Event[AssignLead], _documents: Documents) -> Decision[Tally]:
        body = event.body
        fact = LeadAssigned(lead=body.lead, version=event.offset, before=None, owner=body.owner, actor=body.actor)
        return Decision(chained(state, event.id, event.offset, body.owner), [fact], outcome=Outcome("done"))

    def publish(state: Tally, event: Event[PublishDocument], _documents: Documents) -> Decision[Tally]:
        body = event.body
        marker = DocumentPublished(kind=body.kind, name=body.name, version=body.version, body=body.body, actor=body.actor)
        return Decision(state, [marker])

    return Fold(
        name="first",
        reads=topics.COMMANDS,
        state=Tally,
        handlers={NoteLead: note, AssignLead: assign, PublishDocument: publish},
        writes=(LeadNoted, LeadStatusChanged, LeadAssigned, DocumentPublished),
        key=lambda message: message.lead or f"partition-{getattr(message, 'partition', None)}",
        answers=True,
    )


def score(state: Tally, lead: str, version: int, *, refused: bool = False) -> LeadScored:
    """A fact of `second`'s own."""
    grade = REFUSED.decode() if refused else str(state.chain)
    return LeadScored(lead=LeadId(lead), score=state.count, before=0, grade=grade, receipt=(), rules_version=version)


def _noted(state: Tally, event: Event[LeadNoted], documents: Documents) -> Decision[Tally]:
    body, d = event.body, draw(event.id)
    poisoned(body.actor, "second")
    version = documents.version(Weights)
    points = documents.get(Weights).points
    after = chained(state, event.id, event.offset, event.recorded_at, version, count=state.count + points, last=body.note_id)
    timers = [Timer("remind", event.recorded_at + timedelta(milliseconds=1 + d % 300))] if d % 3 else []
    if d % 5 == 0:
        timers.append(Timer("again", event.recorded_at + timedelta(milliseconds=d % 50)))
    if body.actor == "second-times-badly":
        timers.append(Timer("bad", event.recorded_at + timedelta(milliseconds=d % 40)))
    events: list[Message] = [score(after, body.lead, version, refused=body.actor == "second-is-refused")]
    if d % 4 == 1:
        source = Source(vendor="toy", source_id="toy")
        events.append(OwnerRequested(lead=body.lead, request_id=event.id, team="all", source=source, traits=Traits()))
    effects = [Effect("mail", body.lead, body.lead, "noted", event.id, {})] if d % 2 else []
    return Decision(after, events, effects, timers)


def _moved(state: Tally, event: Event[LeadStatusChanged], documents: Documents) -> Decision[Tally]:
    after = chained(state, event.id, event.offset, documents.version(Weights), [past.id for past in event.past])
    return Decision(after, timers=[Timer("remind", None)] if draw(event.id) % 2 else [])


def _remind(state: Tally, due: Due, documents: Documents) -> Decision[Tally]:
    version = documents.version(Weights)
    after = chained(state, due.id, due.due_at, due.recorded_at, due.offset, version, fired=state.fired + 1)
    again = [Timer(due.name, due.recorded_at + timedelta(milliseconds=1 + draw(due.id) % 90))] if draw(due.id) % 3 == 0 else []
    return Decision(after, [score(after, due.key, version)], timers=again)


def _bad(state: Tally, due: Due, documents: Documents) -> Decision[Tally]:
    if draw(due.id) % 2:
        raise Reject("not this timer")
    raise RuntimeError("a bug in a timer")


SECOND = Fold(
    name="second",
    reads=topics.EVENTS,
    state=Tally,
    handlers={LeadNoted: _noted, LeadStatusChanged: _moved},
    looks_back=(LeadStatusChanged,),
    writes=(LeadScored, OwnerRequested),
    documents=(Weights,),
    timers={"remind": _remind, "again": _remind, "bad": _bad},
)


def _asked(state: Tally, event: Event[OwnerRequested], _documents: Documents) -> Decision[Tally]:
    body = event.body
    after = chained(state, event.id, event.offset, event.recorded_at, count=state.count + 1, last=body.lead)
    owner = f"rep{state.count % 3}"
    asked = AssignLead(
        lead=body.lead, command_id=f"{body.request_id}-answer", actor="pools", owner=owner, request_id=body.request_id
    )
    d = draw(event.id)
    return Decision(
        after, [asked], timers=[Timer("look", event.recorded_at + timedelta(milliseconds=1 + d % 200))] if d % 2 else []
    )


def _looked(state: Tally, due: Due, _documents: Documents) -> Decision[Tally]:
    after = chained(state, due.id, due.due_at, due.recorded_at, due.offset, fired=state.fired + 1)
    asked = AssignLead(lead=LeadId(state.last), command_id=due.id, actor="pools", owner=f"rep{state.fired % 3}")
    again = [Timer(due.name, due.recorded_at + timedelta(milliseconds=1 + draw(due.id) % 90))] if draw(due.id) % 3 == 0 else []
    return Decision(after, [asked], timers=again)


POOLS = Fold(
    name="pools",
    reads=topics.ROUTING,
    state=Tally,
    handlers={OwnerRequested: _asked},
    writes=(AssignLead,),
    timers={"look": _looked},
    key=lambda message: getattr(message, "team", None),
)


def _lines(world: "World") -> Projection:
    async def apply(connection: Any, batch: ProjectionBatch) -> None:
        await world.point("apply")
        connection.lines.extend((r.record.partition, r.record.offset, r.envelope.id) for r in batch.records)

    async def after_commit(batch: ProjectionBatch) -> None:
        await world.point("tell")
        if world.chance() < world.faults.deaf:
            raise ConnectionError("Redis is away")
        world.told.extend((r.record.partition, r.record.offset) for r in batch.records)

    return Projection(name="lines", reads=topics.EVENTS, apply=apply, after_commit=after_commit, opens=False)


def consumers(world: "World") -> list[Consumer]:
    """All toys of one world."""
    make = world.variants.step
    folds = [_first(world), world.variants.second, POOLS]
    lines = _lines(world)
    toys = [Consumer(fold.name, fold.reads, lambda fold=fold: make(fold, world), fold) for fold in folds]
    return [*toys, Consumer("lines", topics.EVENTS, lambda: ProjectionStep(lines, None))]
