"""What the worker hands to performers, and what performers answer: three words, as in the runtime.

returned            the world was changed
TryAgain            certainly not, may be later
Undeliverable       certainly not, and never will be
anything else       while preparing: try again; while handing over: nobody knows, until reconciled
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from schemas.commands import RecordMessage

FinalState = Literal["done", "failed", "unknown", "suppressed"]


class TryAgain(Exception):
    """Certainly not performed; it may work later. The detail holds nothing personal."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Undeliverable(Exception):
    """Certainly not performed, and it never will be. The detail holds nothing personal."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Claimed:
    """An effect that this worker alone may perform, until its lease ends.

    Attributes:
        claim: token of this claim; every later statement names it.
        attempts: claims so far, this one too.
    """

    id: UUID
    claim: UUID
    kind: str
    lead: str
    recipient: str
    reason: str
    cause: str
    payload: dict[str, JsonValue]
    attempts: int


class HandOver(Protocol):
    """Everything is ready; one call changes the world."""

    @property
    def message_id(self) -> str | None:
        """What the other side will know it by (Message-ID, idempotency key); None if it knows no such thing."""

    @property
    def recipients(self) -> Sequence[str]:
        """HMACs of the addresses really used, to be looked up among the suppressions."""

    async def perform(self) -> None:
        """Hand over, once. Raises TryAgain or Undeliverable only where the other side certainly did not take it."""


class Performer(Protocol):
    """Performs one kind of effect."""

    @property
    def deadline_seconds(self) -> float:
        """A hand-over that has not returned by then is cut off; its outcome is known only by reconciling."""

    def prepare(self, effect: Claimed) -> AbstractAsyncContextManager[HandOver]:
        """Everything that can be done beforehand; may be done again. Raises TryAgain, Undeliverable."""

    async def reconcile(self, effect: UUID, message_id: str | None) -> bool | None:
        """Ask the other side whether a hand-over of unknown outcome arrived; None if it can't tell."""


class Verdict(Enum):
    """What the last look before acting found."""

    GO = "go"
    LOST = "lost"
    """The lease ended and somebody else has it, or had it."""
    PAUSED = "paused"
    SUPPRESSED = "suppressed"
    ERASED = "erased"
    RECORDED = "recorded"
    """The log knows what became of it, and the list had forgotten."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one worker."""

    concurrency: int = 32
    attempts_max: int = 40
    retry_seconds_min: float = 1.0
    retry_seconds_max: float = 1_800.0
    """With these, an effect is given up after about 15 hours of trying."""
    prepare_seconds_max: float = 60.0
    lease_seconds: float = 120.0
    deadline_margin_seconds: float = 5.0
    """Between the hand-over's deadline and calling it unknown: for storing what was learnt at the last moment."""
    poll_seconds: float = 0.25
    sweep_seconds: float = 2.0
    report_batch_max: int = 200
    unavailable_seconds_max: float = 10.0
    """Longest pause between two attempts to reach a store that is away."""

    def retry_seconds(self, attempts: int) -> float:
        """Doubling from the least to the most."""
        return min(self.retry_seconds_min * 2.0 ** min(max(attempts - 1, 0), 30), self.retry_seconds_max)


Publish = Callable[[Sequence[RecordMessage]], Awaitable[None]]
"""Puts commands on leads.commands, acknowledged; raises infra.kafka.ports.LogUnavailable where it could not. May repeat."""
