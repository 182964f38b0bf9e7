"""Publishing single records, as the gateway and the worker see it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from infra.kafka.ports import LogUnavailable, Outgoing
from schemas.topics import Topic


class Position(NamedTuple):
    """Where a record stands. As text `partition-offset`: the token that a read sends back to see its own write."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


class Waiting(Protocol):
    """Whoever waits for an acknowledgement: a future, or what would else wait for one. Must not raise."""

    def done(self) -> bool:
        """Whether nothing is to be told any more."""

    def set_result(self, position: Position, /) -> None:
        """Acknowledged by all replicas."""

    def set_exception(self, away: LogUnavailable, /) -> None:
        """Not acknowledged; it may still land."""


class Publisher(Protocol):
    """Appends single records."""

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        """Acknowledged by all replicas, within a bounded time.

        Raises LogUnavailable when not (the record may still land), and at once when too much waits already.
        """

    def send(self, topic: Topic, partition: int, record: Outgoing, waiting: Waiting) -> None:
        """As `publish`, telling `waiting`. Raises LogUnavailable at once when too much waits already."""

    async def publish_all(self, topic: Topic, records: Sequence[tuple[int, Outgoing]]) -> list[Position]:
        """As `publish`, for (partition, record) pairs: one batch for each partition. Raises where any is not acknowledged."""
