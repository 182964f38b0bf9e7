"""The log port in memory, for tests that drive a partition by hand: what was appended, and whether it can be."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from infra.kafka.partition import Partition
from infra.kafka.ports import Destination, LogUnavailable, Outgoing, Range, Record
from infra.kafka.rounds import decide
from infra.kafka.sending import send

START_MS = 1_790_000_000_000


class MemoryLog:
    """`away` refuses what is appended; `appended` keeps it in order, `kept` is what topics can be read for. Three partitions in every topic."""

    def __init__(self, topic_id: str = "topic") -> None:
        self.id, self.away = topic_id, False
        self.appended: list[tuple[Destination, Outgoing]] = []
        self.sought: list[tuple[int, int]] = []
        self.paused: set[int] = set()
        self.kept: dict[str, list[Record]] = {}

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

    @asynccontextmanager
    async def reader(self, topic: str) -> AsyncIterator["MemoryReader"]:
        yield MemoryReader(self.kept.get(topic, []))


class MemoryReader:
    """What a topic keeps. Implements ports.Reader."""

    numbers = (0, 1, 2)

    def __init__(self, records: Sequence[Record]) -> None:
        self._of = {number: [record for record in records if record.partition == number] for number in self.numbers}

    async def beginnings(self) -> dict[int, int]:
        return {number: records[0].offset if records else 0 for number, records in self._of.items()}

    async def ends(self) -> dict[int, int]:
        return {number: records[-1].offset + 1 if records else 0 for number, records in self._of.items()}

    async def at(self, moment: datetime) -> dict[int, int]:
        since, ends = moment.timestamp() * 1000, await self.ends()
        return {
            number: next((r.offset for r in records if r.recorded_ms >= since), ends[number])
            for number, records in self._of.items()
        }

    async def read(self, ranges: Mapping[int, Range]) -> AsyncIterator[list[Record]]:
        for number, wanted in ranges.items():
            yield [r for r in self._of[number] if r.offset >= wanted.start and (wanted.end is None or r.offset < wanted.end)]


class HandClock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms


def recorded(outgoing: Outgoing, offset: int, partition: int = 0) -> Record:
    """A record as the log would hand it over."""
    return Record(partition, offset, START_MS + offset * 1000, outgoing.key, list(outgoing.headers), outgoing.value)


async def work(partition: Partition, records: Sequence[Record]) -> None:
    """Decide records of one partition, and send what comes of them."""
    await decide({partition: records})
    await send(partition.log, [partition])
