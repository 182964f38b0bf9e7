"""The step of a fold: load the states of a batch, decide in the log's order in memory, say what to write."""

import heapq
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic

from pydantic import ValidationError

from infra.kafka.batch import Batch, Entry, admit, reason_of
from infra.kafka.fold import Decision, Document, Documents, Due, Effect, Event, Fold, Reject, RetryLater, StateT
from infra.kafka.outputs import Outputs
from infra.kafka.past import event_of, events_of, history, recorded
from infra.kafka.ports import (
    Answer,
    Changes,
    DeadLetter,
    Log,
    Outgoing,
    StoredDocument,
    StoredTimer,
    Transaction,
    Watermark,
    from_ms,
)
from infra.kafka.step import Begin, Result
from infra.kafka.ticks import TICKS
from schemas.envelope import Envelope, derived_id
from schemas.events import DocumentPublished, RefoldRequested
from schemas.message import Message, from_json, to_json

TIMERS_PER_QUERY = 10_000
TIMERS_PER_RECORD_MAX = 1_000_000
UNREADABLE_DOCUMENT_RETRY_SECONDS = 30.0


Announce = Callable[[Sequence[Answer]], Awaitable[None]]


class FoldStep(Generic[StateT]):
    """Runs one Fold. Implements Step."""

    def __init__(self, fold: Fold[StateT], announce: Announce | None = None) -> None:
        """`announce` is told the answers of each committed batch."""
        self.fold = fold
        self._announce = announce
        self.name = fold.name
        self.reads = fold.reads
        self.breath_ms = fold.breath_ms
        self._handlers = {cls.TYPE: handler for cls, handler in fold.handlers.items()}
        self._writes = frozenset(fold.writes)
        self._kinds: dict[str, type[Document]] = {kind.KIND: kind for kind in fold.documents}
        own = {DocumentPublished.TYPE} if self._kinds else set()
        if fold.reads is RefoldRequested.TOPIC:
            own.add(RefoldRequested.TYPE)
        self._wanted = frozenset(self._handlers) | own

    def wants(self, type_: str) -> bool:
        """The handled types, and markers of documents it decides by."""
        return type_ in self._wanted

    def restore(self, documents: Sequence[StoredDocument]) -> Documents:
        """Raises ValidationError if a stored document can't be read by this code."""
        restored = Documents()
        for stored in documents:
            kind = self._kinds.get(stored.kind)
            if kind is not None:
                restored = restored.replaced(stored.kind, stored.name, stored.version, kind.model_validate_json(stored.body))
        return restored

    async def recall(self, log: Log, begin: Begin) -> None:
        """Nothing: read again, the same records say the same."""

    def concerns(self, batch: Batch) -> bool:
        """Time alone matters only where there are timers."""
        return bool(self.fold.timers) or any(entry.body is not None for entry in batch.entries)

    def tick(self, now_ms: int) -> Outgoing | None:
        """For folds that set timers."""
        if not self.fold.timers:
            return None
        tick = TICKS[self.reads.name]
        envelope = Envelope(f"tick-{self.name}-{now_ms}", tick.TYPE, self.name, from_ms(now_ms))
        return Outgoing(None, envelope.headers(), to_json(tick()))

    async def run(self, transaction: Transaction, batches: Sequence[Batch], log: Log) -> Sequence[Result]:
        """See Step."""
        works = [_Work(self, batch, log) for batch in batches]
        await self._load(transaction, works)
        for work in works:
            for entry in work.batch.entries:
                work.fire(entry)
                if isinstance(entry.body, RefoldRequested):
                    await self._refold(transaction, work, entry, entry.body, log)
                elif entry.body is not None and entry.envelope is not None:
                    past = await self._past(transaction, entry, entry.body)
                    work.decide(entry, entry.envelope, entry.body, past)
        return [work.result() for work in works]

    async def _past(self, transaction: Transaction, entry: Entry, body: Message) -> "tuple[Event[Any], ...]":
        """What the log says of the lead before this record, where the fold looks back from it."""
        if type(body) not in self.fold.looks_back or body.lead is None:
            return ()
        return events_of(body.lead, await history(transaction, entry, body.lead))

    async def _load(self, transaction: Transaction, works: Sequence["_Work[StateT]"]) -> None:
        """What all of them need to know, in a query of each kind."""
        due = await self._due(transaction, works) if self.fold.timers else {}
        keys = {work: work.keys(due.get(work.batch.partition, ())) for work in works}
        wanted = sorted({key for found in keys.values() for key in found})
        states = await transaction.load(wanted) if wanted else {}
        asked = [pair for work in works for pair in work.commands()] if self.fold.answers else []
        answered = await transaction.answered(asked) if asked else set()
        for work, found in keys.items():
            work.begin({key: from_json(self.fold.state, states[key]) for key in found if key in states}, answered)

    @staticmethod
    async def _due(transaction: Transaction, works: Sequence["_Work[StateT]"]) -> dict[int, list[StoredTimer]]:
        """All timers due by the end of each batch: where one ends must not change the order that they fire in."""
        until = {work.batch.partition: work.batch.watermark.clock_ms for work in works}
        limit = TIMERS_PER_QUERY
        due = await transaction.due(until, limit)
        while any(len(found) == limit for found in due.values()):
            limit *= 4
            due = await transaction.due(until, limit)
        return due

    async def _refold(
        self, transaction: Transaction, work: "_Work[StateT]", entry: Entry, asked: RefoldRequested, log: Log
    ) -> None:
        """Fold one lead's facts anew; publish what differs from what is recorded. Where nothing differs, nothing happens.

        What the dead record causes is published now, and of every type the last output, if it is not the last one recorded;
        unless the fold itself knows what is news.
        """
        if asked.consumer != self.name or entry.envelope is None:
            return
        records = await history(transaction, entry, asked.lead)
        batch = admit(entry.record.partition, "refold", records, Watermark(), self.wants)
        again = _Work(self, batch, log)
        caused: list[Message] = []
        effects: list[Effect] = []
        for past in batch.entries:
            again.fire(past)
            before = len(again.published), len(again.effects)
            if past.body is not None and past.envelope is not None and not isinstance(past.body, RefoldRequested):
                looks_back = type(past.body) in self.fold.looks_back
                before_it = [record for record in records if record.offset < past.record.offset] if looks_back else []
                again.decide(past, past.envelope, past.body, events_of(asked.lead, before_it))
            if past.record.offset == asked.offset:
                caused, effects = again.published[before[0] :], again.effects[before[1] :]
        last = {type(message): message for message in again.published}
        known = recorded(records, self.name)
        news = [message for message in last.values() if known.get(message.TYPE) != message]
        news = [*caused, *(message for message in news if message not in caused)]
        if self.fold.amends is not None:
            news = list(self.fold.amends(asked.lead, work.state(asked.lead), again.state(asked.lead), again.published))
        work.replace(asked.lead, again, news, effects, entry)

    async def committed(self, batches: Sequence[Batch], results: Sequence[Result]) -> None:  # noqa: ARG002
        """Wake up who waits for an outcome."""
        answers = [answer for result in results for answer in result.changes.answers]
        if self._announce is not None and answers:
            await self._announce(answers)


class _Work(Generic[StateT]):
    """One batch in memory."""

    def __init__(self, step: FoldStep[StateT], batch: Batch, log: Log) -> None:
        self._step, self._fold, self.batch = step, step.fold, batch
        self._documents = batch.documents
        self._changes = Changes()
        self._states: dict[str, StateT] = {}
        self._loaded: dict[str, StateT] = {}
        self._timers: dict[tuple[str, str], int] = {}
        self._heap: list[tuple[int, str, str]] = []
        self._answered: set[tuple[str, str]] = set()
        self._published: list[Message] = []
        self._outputs = Outputs(self._fold.name, self._fold.version, batch.topic_id, batch.partition, self._changes, log)

    def keys(self, due: Sequence[StoredTimer]) -> set[str]:
        """Whose states are needed, by timers due and by records."""
        for timer in due:
            self._set_timer(timer.key, timer.name, timer.due_ms)
        found = {key for entry in self.batch.entries if entry.body is not None and (key := self._fold.key(entry.body))}
        return found.union(timer.key for timer in due)

    def commands(self) -> list[tuple[str, str]]:
        """Commands in the batch, as (command_id, lead)."""
        return [pair for entry in self.batch.entries if (pair := _command(entry)) is not None]

    def begin(self, loaded: dict[str, StateT], answered: set[tuple[str, str]]) -> None:
        """What is known before the first record."""
        self._loaded, self._states = loaded, dict(loaded)
        self._answered = set(answered)

    def fire(self, entry: Entry) -> None:
        """Every timer due by this record, in order (due, key, name), before it is decided.

        A timer that can't be handled dies with a letter that names it; the record that it fired before is innocent.
        """
        for fired in range(TIMERS_PER_RECORD_MAX + 1):
            if not self._heap or self._heap[0][0] > entry.clock_ms:
                return
            if fired == TIMERS_PER_RECORD_MAX:
                raise Reject(f"more than {TIMERS_PER_RECORD_MAX} timers fire here: one sets itself again for a time that is past")
            due_ms, key, name = heapq.heappop(self._heap)
            if self._timers.get((key, name)) != due_ms:
                continue  # moved or cancelled meanwhile
            del self._timers[key, name]
            self._changes.timers[key, name] = None
            handler = self._fold.timers.get(name)
            if handler is None:
                continue  # set by an older version of this fold
            at = entry.record
            id_ = derived_id(f"{key}|{name}|{due_ms}|{at.offset}", self._fold.name, 0)
            due = Due(id_, key, name, from_ms(due_ms), from_ms(entry.clock_ms), at.partition, at.offset)
            state = self.state(key)
            try:
                decision = handler(state, due, self._documents)
            except RetryLater:
                raise
            except Exception as failure:  # pure code fails the same way next time: bury the timer, not the record
                kind = "reject" if isinstance(failure, Reject) else "bug"
                why = failure.reason if isinstance(failure, Reject) else type(failure).__name__
                self._die(entry, f"timer {name}: {why}", kind)
                continue
            self._keep(key, state, decision)
            self._publish(decision, Envelope(id_, name, self._fold.name, from_ms(due_ms), subject=key), entry)

    def decide(self, entry: Entry, envelope: Envelope, body: Message, past: "tuple[Event[Any], ...]" = ()) -> None:
        if isinstance(body, DocumentPublished):
            self._switch(body)
        handler = self._step._handlers.get(envelope.type)
        if handler is None:
            return
        key = self._fold.key(body)
        if key is None:
            self._die(entry, f"{envelope.type} has no key for {self._fold.name}: lead is missing")
            return
        command = _command(entry)
        if command in self._answered:
            return
        event = event_of(entry, envelope, body)._replace(past=past)
        state = self.state(key)
        try:
            decision = handler(state, event, self._documents)
        except Reject as rejected:
            self._die(entry, rejected.reason, "reject")
            return
        self._keep(key, state, decision)
        if command is not None and decision.outcome is not None:
            self._answered.add(command)
            self._changes.answers.append(Answer(command[0], command[1], decision.outcome, entry.record.offset))
        self._publish(decision, envelope, entry)

    @property
    def published(self) -> list[Message]:
        """Outputs so far, in order."""
        return self._published

    @property
    def effects(self) -> list[Effect]:
        """Effects so far, in order."""
        return self._changes.effects

    def replace(self, lead: str, again: "_Work[StateT]", news: list[Message], effects: list[Effect], entry: Entry) -> None:
        """Take over a state that was folded anew, and what it says differently."""
        self._states[lead] = again.state(lead)
        for name in self._fold.timers:
            due_ms = again._timers.get((lead, name))
            self._changes.timers[lead, name] = due_ms
            if due_ms is None:
                self._timers.pop((lead, name), None)
            else:
                self._set_timer(lead, name, due_ms)
        self._changes.effects.extend(effects)
        if entry.envelope is not None:
            for message in news:
                self._outputs.add(message, entry.envelope, entry.record.offset)

    def result(self) -> Result:
        for key, state in self._states.items():
            if state is not self._loaded.get(key):
                self._changes.states[key] = to_json(state)
        return Result(self._changes, self._documents)

    def state(self, key: str) -> StateT:
        """As decided so far."""
        state = self._states.get(key)
        return self._fold.state() if state is None else state

    def _keep(self, key: str, before: StateT, decision: Decision[StateT]) -> None:
        if decision.state is not before:
            self._states[key] = decision.state
        for timer in decision.timers:
            due_ms = None if timer.due_at is None else round(timer.due_at.timestamp() * 1000)
            self._changes.timers[key, timer.name] = due_ms
            if due_ms is None:
                self._timers.pop((key, timer.name), None)
            else:
                self._set_timer(key, timer.name, due_ms)
        self._changes.effects.extend(decision.effects)

    def _set_timer(self, key: str, name: str, due_ms: int) -> None:
        self._timers[key, name] = due_ms
        heapq.heappush(self._heap, (due_ms, key, name))

    def _publish(self, decision: Decision[StateT], cause: Envelope, entry: Entry) -> None:
        for message in decision.events:
            if type(message) not in self._step._writes:
                raise TypeError(f"{self._fold.name} does not declare that it writes {message.TYPE}")
            self._outputs.add(message, cause, entry.record.offset)
            self._published.append(message)

    def _switch(self, marker: DocumentPublished) -> None:
        kind = self._step._kinds.get(marker.kind)
        if kind is None or self._documents.replaced(marker.kind, marker.name, marker.version, kind()) is self._documents:
            return
        try:
            body = kind.model_validate(marker.body)
        except ValidationError as unreadable:
            raise RetryLater(
                f"document {marker.kind}/{marker.name} version {marker.version} can't be read: {reason_of(unreadable)}",
                UNREADABLE_DOCUMENT_RETRY_SECONDS,
            ) from None
        self._documents = self._documents.replaced(marker.kind, marker.name, marker.version, body)
        stored = StoredDocument(marker.kind, marker.name, marker.version, body.model_dump_json().encode())
        self._changes.documents.append(stored)

    def _die(self, entry: Entry, reason: str, kind: str = "reject") -> None:
        self._changes.dead_letters.append(DeadLetter(entry.record, reason, kind, 1))


def _command(entry: Entry) -> tuple[str, str] | None:
    body: Any = entry.body
    command_id = getattr(body, "command_id", None)
    return None if command_id is None else (command_id, body.lead)
