"""Publishing single records, as the gateway and the worker see it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from infra.kafka.ports import Outgoing
from schemas.topics import Topic


class Position(NamedTuple):
    """Where a record stands. As text `partition-offset`: the token that a read sends back to see its own write."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


class Publisher(Protocol):
    """Appends single records."""

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        """Acknowledged by all replicas, within a bounded time.

        Raises LogUnavailable when not (the record may still land), and at once when too much waits already.
        """

    async def publish_all(self, topic: Topic, records: Sequence[tuple[int, Outgoing]]) -> list[Position]:
        """As `publish`, for (partition, record) pairs: one batch for each partition. Raises where any is not acknowledged."""
