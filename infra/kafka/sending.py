"""From the outbox to the log: what several partitions of one consumer have for one destination goes as one batch."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from infra.kafka.ports import Destination, Log, LogUnavailable, OutboxRow, Outgoing


class Sender(Protocol):
    """A partition, as sending sees it."""

    def departing(self) -> Sequence[OutboxRow]:
        """Rows that may go now: for each destination the first, and the next one only after its acknowledgement."""

    def acknowledged(self, rows: Sequence[OutboxRow]) -> None:
        """All replicas have them."""

    def unsent(self, away: LogUnavailable) -> None:
        """Perhaps they arrived, perhaps not: they will be sent again."""


async def send(log: Log, senders: Iterable[Sender]) -> bool:
    """Send all that is committed. False if the log is away."""
    waiting = list(senders)
    while flight := {sender: rows for sender in waiting if (rows := sender.departing())}:
        batches: dict[Destination, list[Outgoing]] = {}
        for rows in flight.values():
            for row in rows:
                batches.setdefault(row.destination, []).extend(row.records)
        try:
            await log.append(list(batches.items()))
        except LogUnavailable as away:
            for sender in flight:
                sender.unsent(away)
            return False
        for sender, rows in flight.items():
            sender.acknowledged(rows)
        waiting = list(flight)
    return True
