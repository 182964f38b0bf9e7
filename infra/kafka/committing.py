"""One transaction of one consumer: of one partition, or of all that a poll brought records for.

At a steady rate a system's time goes into the number of its transactions, not into what is in them: so what was polled together
is decided and committed together. Where that fails for any reason, each partition is worked by itself, and finds out by itself.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from infra.kafka.batch import Batch
from infra.kafka.ports import Changes, DeadLetter, Log, OutboxRow, Stand, Store
from infra.kafka.step import Result, Step


class Owner(Protocol):
    """A partition, as a transaction sees it."""

    @property
    def stand(self) -> Stand:
        """What the store is to compare with."""

    @property
    def sent(self) -> Sequence[int]:
        """Acknowledged outbox rows, to be deleted."""

    def keep(self, batch: Batch, result: Result, rows: Sequence[OutboxRow]) -> None:
        """It is committed, and `sent` is gone."""


Shares = Sequence[tuple[Owner, Batch]]


async def commit(step: Step, store: Store, log: Log, shares: Shares, letters: Sequence[DeadLetter] = ()) -> None:
    """Run the step and commit what it says; with `letters` the records of the one batch die undecided.

    Raises Fenced and whatever the step or the store raise: then nothing is kept, unless the store went away at the commit.
    """
    batches = [batch for _, batch in shares]
    sent = [id_ for owner, _ in shares for id_ in owner.sent]
    async with store.transaction([owner.stand for owner, _ in shares]) as transaction:
        await transaction.advance({batch.partition: batch.watermark for batch in batches})
        if letters:
            results: Sequence[Result] = [Result(Changes(dead_letters=list(letters)), batch.documents) for batch in batches]
        else:
            results = await step.run(transaction, batches, log)
            for batch, result in zip(batches, results, strict=True):
                result.changes.dead_letters.extend(batch.dead_letters)
        changes = {batch.partition: result.changes for batch, result in zip(batches, results, strict=True)}
        rows: Mapping[int, Sequence[OutboxRow]] = await transaction.write(changes, sent)
    for (owner, batch), result in zip(shares, results, strict=True):
        owner.keep(batch, result, rows.get(batch.partition, ()))
    with contextlib.suppress(Exception):  # listeners may miss it; what is committed must never look like a failed batch
        await step.committed(batches, results)
