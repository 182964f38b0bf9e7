"""What the runtime asks of a consumer: the port between a partition and whoever decides."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from infra.kafka.batch import Batch
from infra.kafka.fold import Documents
from infra.kafka.ports import Changes, Log, Outgoing, StoredDocument, Transaction
from schemas.topics import Topic


@dataclass(frozen=True, slots=True)
class Result:
    """What a step made of a batch: what to write, and the documents in force after it."""

    changes: Changes
    documents: Documents


Begin = Callable[[], AbstractAsyncContextManager[Transaction]]
"""A transaction of the partition that was taken, which leaves the watermark as it is."""


class Step(Protocol):
    """What a consumer does with batches, inside the transaction. `breath_ms`: see Fold."""

    name: str
    reads: Topic
    breath_ms: int

    def wants(self, type_: str) -> bool:
        """Whether records of this type are decoded."""

    def restore(self, documents: Sequence[StoredDocument]) -> Documents:
        """Documents as stored beside the watermark."""

    async def recall(self, log: Log, begin: Begin) -> None:
        """After taking a partition: learn what the log knows and the store doesn't. Nothing, for who decides the same again."""

    def concerns(self, batch: Batch) -> bool:
        """False if running this batch would change nothing: then only the position moves, and is stored later."""

    async def run(self, transaction: Transaction, batches: Sequence[Batch], log: Log) -> Sequence[Result]:
        """Read, decide, and say what to write: a result for each batch, of one partition each. Any exception undoes everything.

        RetryLater makes the partition wait; Reject and every other exception are traced to one record: each partition is run
        by itself, and its batch halved.
        """

    async def committed(self, batches: Sequence[Batch], results: Sequence[Result]) -> None:
        """After the commit: tell whoever listens. May be lost, never repeated."""

    def tick(self, now_ms: int) -> Outgoing | None:
        """A record that lets due timers fire; None if this step has no timers."""
