"""A plain second implementation of the fold: one record after the other, no batches, no transactions, no faults.

It recognises a re-sent record by its id (the runtime by its origin's sequence) and shares with the runtime only the toy
handlers and the message classes.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from infra.kafka.fold import Decision, Documents, Due, Event, Fold, Reject
from infra.kafka.ports import Record
from schemas.envelope import derived_id
from schemas.events import DocumentPublished
from schemas.message import registry
from schemas.topics import partition
from tests.simulation.folds import NUL, REFUSED, Tally
from tests.simulation.log import COUNTS, Shelf
from tests.simulation.reading import Broken, Seen


class Output(NamedTuple):
    """One record that a fold must have written."""

    id: str
    type: str
    sequence: str
    key: bytes | None
    value: bytes


@dataclass
class Expected:
    """What one partition of one consumer comes to."""

    states: dict[str, Tally] = field(default_factory=dict)
    timers: dict[tuple[str, str], int] = field(default_factory=dict)
    documents: Documents = field(default_factory=Documents)
    answers: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    effects: set[tuple[str, str, str]] = field(default_factory=set)
    dead: list[int] = field(default_factory=list)
    outputs: dict[tuple[str, int], list[Output]] = field(default_factory=dict)
    lines: list[tuple[int, int, str]] = field(default_factory=list)


def moment(ms: int) -> datetime:
    """Aware UTC."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def stored(bodies: list[bytes]) -> None:
    """Raises ValueError for what the store would refuse."""
    if any(REFUSED in body for body in bodies):
        raise ValueError("refused")


class Refold:
    """One partition, folded from the beginning."""

    def __init__(self, fold: Fold[Tally], number: int, shelf: Shelf) -> None:
        self.fold, self.number = fold, number
        self.out = Expected()
        self.past: list[tuple[str | None, Event[Any]]] = []
        self.wanted = {cls.TYPE for cls in fold.handlers} | ({DocumentPublished.TYPE} if fold.documents else set())
        clock = 0
        kept = {record.offset: header for record, header in shelf.unique()}
        for record in shelf.records:
            if record.offset in kept:
                clock = max(clock, record.recorded_ms)
                self._one(record, kept[record.offset], clock)
                self._remember(record, kept[record.offset], clock)

    def _remember(self, record: Record, header: Seen | None, clock: int) -> None:
        cls = None if header is None else registry.get(header.type)
        if not self.fold.looks_back or header is None or cls is None:
            return
        try:
            body = cls.model_validate_json(record.value)
        except ValidationError:
            return
        event = Event(header.id, header.type, body, header.occurred_at, moment(clock), self.number, record.offset)
        self.past.append((body.lead, event))

    def _one(self, record: Record, header: Seen | None, clock: int) -> None:
        before = (dict(self.out.states), dict(self.out.timers), self.out.documents)
        buried = len(self.out.dead)
        outputs: list[tuple[Any, str]] = []
        effects: list[Any] = []
        answers: dict[tuple[str, str], tuple[int, str]] = {}
        try:
            self._fire(record, clock, outputs, effects)
            try:
                self._decide(record, header, clock, outputs, effects, answers)
            except (Reject, Broken, ValidationError):
                self.out.dead.append(record.offset)
            changed = [s for key, s in self.out.states.items() if before[0].get(key) is not s]
            bodies = [s.model_dump_json().encode() for s in changed] + [m.model_dump_json().encode() for m, _ in outputs]
            stored(bodies)
        except (RuntimeError, ValueError):
            self.out.states, self.out.timers, self.out.documents = before
            self.out.dead[buried:] = [record.offset]
            return
        self.out.answers.update(answers)
        self.out.effects.update((e.recipient, e.reason, e.cause) for e in effects)
        for nth, (message, cause) in enumerate(outputs):
            key = message.key()
            topic = message.TOPIC.name
            number = self.number if key is None else partition(key, COUNTS[topic])
            output = Output(
                derived_id(cause, self.fold.name, nth),
                message.TYPE,
                f"{record.offset}.{nth}",
                None if key is None else key.encode(),
                message.model_dump_json().encode(),
            )
            self.out.outputs.setdefault((topic, number), []).append(output)

    def _fire(self, record: Record, clock: int, outputs: list[Any], effects: list[Any]) -> None:
        while True:
            due = min(((at, key, name) for (key, name), at in self.out.timers.items() if at <= clock), default=None)
            if due is None:
                return
            at, key, name = due
            del self.out.timers[key, name]
            id_ = derived_id(f"{key}|{name}|{at}|{record.offset}", self.fold.name, 0)
            event = Due(id_, key, name, moment(at), moment(clock), self.number, record.offset)
            state = self.out.states.get(key, Tally())
            try:
                decision = self.fold.timers[name](state, event, self.out.documents)
            except (Reject, RuntimeError):
                self.out.dead.append(record.offset)  # the timer dies, not the record that it was to fire before
                continue
            self._keep(key, state, decision, id_, outputs, effects)

    def _decide(
        self, record: Record, header: Seen | None, clock: int, outputs: list[Any], effects: list[Any], answers: dict[Any, Any]
    ) -> None:
        if header is None:
            types = dict(record.headers).get("ce_type")
            if types is not None and types.decode() not in self.wanted:
                return
            raise Broken
        cls = registry.get(header.type)
        if cls is None or header.type not in self.wanted:
            return
        body: Any = cls.model_validate_json(record.value)
        if isinstance(body, DocumentPublished):
            kind = {kind.KIND: kind for kind in self.fold.documents}[body.kind]
            self.out.documents = self.out.documents.replaced(body.kind, body.name, body.version, kind.model_validate(body.body))
            return
        key = self.fold.key(body)
        if key is None:
            raise Broken
        if NUL in key:
            raise ValueError("refused")
        command = (body.command_id, body.lead) if hasattr(body, "command_id") else None
        if self.fold.answers and command in self.out.answers:
            return
        event = Event(header.id, header.type, body, header.occurred_at, moment(clock), self.number, record.offset)
        if cls in self.fold.looks_back:
            event = event._replace(past=tuple(past for lead, past in self.past if lead == body.lead))
        state = self.out.states.get(key, Tally())
        decision = self.fold.handlers[cls](state, event, self.out.documents)
        self._keep(key, state, decision, header.id, outputs, effects)
        if command is not None and decision.outcome is not None:
            answers[command] = (record.offset, decision.outcome.status)

    def _keep(
        self, key: str, before: Tally, decision: Decision[Tally], cause: str, outputs: list[Any], effects: list[Any]
    ) -> None:
        if decision.state is not before:
            self.out.states[key] = decision.state
        for timer in decision.timers:
            if timer.due_at is None:
                self.out.timers.pop((key, timer.name), None)
            else:
                self.out.timers[key, timer.name] = round(timer.due_at.timestamp() * 1000)
        effects.extend(decision.effects)
        outputs.extend((message, cause) for message in decision.events)


def read_model(number: int, shelf: Shelf) -> Expected:
    """What `lines` comes to."""
    out = Expected()
    for record, header in shelf.unique():
        cls = None if header is None else registry.get(header.type)
        try:
            if cls is not None:
                cls.model_validate_json(record.value)
        except ValidationError:
            header = None
        if header is None:
            out.dead.append(record.offset)
        else:
            out.lines.append((number, record.offset, header.id))
    return out
