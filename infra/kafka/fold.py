"""What a deciding consumer is made of: a pure fold of exactly one topic.

    decide(state, event, documents) -> Decision(state, events, effects, timers, outcome)

A handler reads no clock, no store and no network; time is `event.recorded_at` or `event.occurred_at`, chance comes from
`event.id`. The runtime (infra/kafka/partition.py) loads states, calls handlers in the log's order and commits everything they
decided in one transaction. The same handlers serve live traffic, replay, what-if and simulation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, Literal, NamedTuple, TypeVar

from pydantic import JsonValue

from infra.kafka.ticks import TICKS
from schemas.message import Frozen, LeadId, Message
from schemas.topics import EVENTS, Topic

BREATH_MS: Final = 40
"""How long the broker gathers records while they are coming: what comes right behind a record is decided with it."""
LONG_BREATH_MS: Final = 250
"""The same for what nobody waits for."""

MessageT_co = TypeVar("MessageT_co", bound=Message, covariant=True)
StateT = TypeVar("StateT", bound=Frozen)
DocumentT = TypeVar("DocumentT", bound="Document")


class Reject(Exception):
    """This record can never be handled: a dead letter now, with this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RetryLater(Exception):
    """This record can't be handled yet: its partition waits, visibly, and tries again."""

    def __init__(self, reason: str, after_seconds: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_seconds = after_seconds


class Document(Frozen):
    """A versioned body of rules, published into the log. The defaults of its fields are version 0.

    KIND names the kind; a kind with one document uses the name `default`.
    """

    KIND: ClassVar[str]


class Documents:
    """The documents in force at one position of one partition: immutable, replaced when a marker comes by."""

    __slots__ = ("_bodies",)

    def __init__(self, bodies: Mapping[tuple[str, str], tuple[int, Document]] | None = None) -> None:
        self._bodies = dict(bodies or {})

    def get(self, kind: type[DocumentT], name: str = "default") -> DocumentT:
        """The document in force, version 0 (the defaults in code) if none was published."""
        found = self._bodies.get((kind.KIND, name))
        if found is None:
            return kind()
        body = found[1]
        if not isinstance(body, kind):
            raise TypeError(f"document {kind.KIND}/{name} is a {type(body).__name__}, not a {kind.__name__}")
        return body

    def version(self, kind: type[Document], name: str = "default") -> int:
        """Version in force."""
        found = self._bodies.get((kind.KIND, name))
        return 0 if found is None else found[0]

    def all(self, kind: type[DocumentT]) -> dict[str, DocumentT]:
        """Every published document of a kind, by name."""
        return {name: body for (k, name), (_, body) in self._bodies.items() if k == kind.KIND and isinstance(body, kind)}

    def replaced(self, kind: str, name: str, version: int, body: Document) -> "Documents":
        """With one document switched; a lower or equal version changes nothing."""
        known = self._bodies.get((kind, name))
        if known is not None and known[0] >= version:
            return self
        return Documents({**self._bodies, (kind, name): (version, body)})


class Event(NamedTuple, Generic[MessageT_co]):
    """One record as a handler sees it.

    Attributes:
        id: CloudEvents id; the seed of any draw.
        occurred_at: outside time (reports, decay).
        recorded_at: the log's time, never stepping back in a partition (timers, capacity).
        partition, offset: position in the topic that is folded.
        past: what the log said of the lead before; only for types that a fold looks back from.
    """

    id: str
    type: str
    body: MessageT_co
    occurred_at: datetime
    recorded_at: datetime
    partition: int
    offset: int
    past: "tuple[Event[Any], ...]" = ()


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to look at again. One per (key, name): setting it again moves it; `due_at` None cancels it."""

    name: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that has come due, as a handler sees it. `id` seeds draws, `cause` is the record it fired before."""

    id: str
    key: str
    name: str
    due_at: datetime
    recorded_at: datetime
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Effect:
    """A wish to act on the world, for the gate (infra/effects), which lets each (recipient, reason, cause) pass once.

    Attributes:
        kind: who performs it; `mail` so far.
        lead: whose matter it is; its erasure ends the effect.
        recipient: HMAC of the address, hex.
        reason: such as `acknowledgement`.
        cause: id of the original cause (a submission, not a retry of it).
        payload: what the performer needs, nothing personal.
        due_at: not before; None is now.
    """

    kind: str
    lead: str
    recipient: str
    reason: str
    cause: str
    payload: dict[str, JsonValue]
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command, for whoever waits for it.

    status: done; declined (422: `detail` says why); conflict (412: the version moved); missing (404); erased (410);
    moved (409: `detail` is the lead that it was merged into).
    """

    status: Literal["done", "declined", "conflict", "missing", "erased", "moved"]
    detail: str = ""
    version: int | None = None


class Decision(NamedTuple, Generic[StateT]):
    """Everything that one record changes. The runtime commits all of it or nothing."""

    state: StateT
    events: Sequence[Message] = ()
    effects: Sequence[Effect] = ()
    timers: Sequence[Timer] = ()
    outcome: Outcome | None = None


Handler = Callable[[StateT, Event[Any], Documents], Decision[StateT]]
TimerHandler = Callable[[StateT, Due, Documents], Decision[StateT]]


Amend = Callable[[LeadId, StateT, StateT, Sequence[Message]], Sequence[Message]]
"""From a lead, the state that it had, the one that it has, and all that was said anew on the way to it: what is news."""


def lead_of(message: Message) -> str | None:
    """The usual key of a state: the lead."""
    return message.lead


@dataclass(frozen=True)
class Fold(Generic[StateT]):
    """A deciding consumer, declared: what it reads, keeps and publishes on one screen.

    Attributes:
        name: group id, PostgreSQL schema (with `.` as `_`) and folder; a folder's second fold is `folder.name`.
        reads: the one topic.
        state: model of the state; its defaults are the state of a key never seen.
        handlers: by message class. A fold never handles a type that it writes: its state changed when it decided.
        writes: message classes it may publish.
        documents: kinds of documents it decides by.
        timers: by timer name.
        key: the state's key for a message.
        looks_back: types of the log whose handlers are given the lead's past. They wait until `history` has it.
        amends: what to say of a lead that was folded anew, where readers add up what they are told: see Amend.
        answers: keep outcomes by (command_id, lead), and do a command once (`leads` alone).
        breath_ms: how long it gathers records after a batch; a record that comes after a pause is never kept waiting.
        version: part of the origin; raise it when a rebuild beside is to be told from the live one.
    """

    name: str
    reads: Topic
    state: type[StateT]
    handlers: Mapping[type[Message], Handler[StateT]]
    writes: tuple[type[Message], ...] = ()
    documents: tuple[type[Document], ...] = ()
    timers: Mapping[str, TimerHandler[StateT]] = field(default_factory=dict)
    key: Callable[[Message], str | None] = lead_of
    looks_back: tuple[type[Message], ...] = ()
    amends: Amend[StateT] | None = None
    answers: bool = False
    breath_ms: int = BREATH_MS
    version: int = 1

    def __post_init__(self) -> None:
        both = [cls.TYPE for cls in self.handlers if cls in self.writes]
        if both:
            raise TypeError(f"{self.name} handles {both}, which it writes: decide the state when writing instead")
        foreign = [cls.TYPE for cls in self.handlers if self.reads is not cls.TOPIC]
        if foreign:
            raise TypeError(f"{self.name} reads {self.reads.name}, where {foreign} never appears")
        if self.timers and self.reads.name not in TICKS:
            raise TypeError(f"{self.name} sets timers, and only {', '.join(TICKS)} have ticks to fire them")
        if self.looks_back and self.reads is not EVENTS:
            raise TypeError(f"{self.name} looks back, and only {EVENTS.name} has a history")

    @property
    def schema(self) -> str:
        """PostgreSQL schema of its tables."""
        return self.name.replace(".", "_")
