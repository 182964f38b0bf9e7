"""The log port in memory, for tests that drive a partition by hand: what was appended, and whether it can be."""

from collections.abc import Sequence

from infra.kafka.ports import Destination, LogUnavailable, Outgoing, Record

START_MS = 1_790_000_000_000


class MemoryLog:
    """`away` refuses what is appended; `appended` keeps it in order. Three partitions in every topic."""

    def __init__(self, topic_id: str = "topic") -> None:
        self.id, self.away = topic_id, False
        self.appended: list[tuple[Destination, Outgoing]] = []
        self.sought: list[tuple[int, int]] = []
        self.paused: set[int] = set()

    async def topic_id(self) -> str:
        return self.id

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        if self.away:
            raise LogUnavailable("Kafka is away")
        self.appended.extend((destination, record) for destination, records in batches for record in records)

    async def seek(self, partition: int, offset: int) -> None:
        self.sought.append((partition, offset))

    def pause(self, partition: int) -> None:
        self.paused.add(partition)

    def resume(self, partition: int) -> None:
        self.paused.discard(partition)

    def partitions(self, topic: str) -> int:
        return 3


class HandClock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms


def recorded(outgoing: Outgoing, offset: int, partition: int = 0) -> Record:
    """A record as the log would hand it over."""
    return Record(partition, offset, START_MS + offset * 1000, outgoing.key, list(outgoing.headers), outgoing.value)
