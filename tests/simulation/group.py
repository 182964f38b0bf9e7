"""Consumer groups: who is given which partition, told in its own time; and the feed of one assignment."""

from collections import deque
from typing import TYPE_CHECKING

from infra.kafka.ports import Record

if TYPE_CHECKING:
    from tests.simulation.folds import Consumer
    from tests.simulation.process import Process
    from tests.simulation.world import World

PREFETCHED_MAX = 2


class Feed:
    """What one assignment delivers. Where it begins is Kafka's business; a seek is honoured, after what was fetched before."""

    def __init__(self, world: "World", topic: str, number: int) -> None:
        self.world, self.topic, self.number = world, topic, number
        end = world.log.end(topic, number)
        self.position = int(world.chance() * (end + 1)) if world.chance() < world.faults.lies else 0
        self.ahead: deque[list[Record]] = deque()
        self.paused = False
        self.ours = True
        self._fetch()

    def seek(self, offset: int) -> None:
        """The next fetch starts here."""
        self.position = offset
        if self.ahead and self.world.chance() >= self.world.faults.stale:
            self.ahead.clear()

    def poll(self) -> list[Record]:
        """The next batch; empty if there is none or the partition is paused."""
        if self.paused:
            return []
        if not self.ahead:
            self._fetch()
        batch = self.ahead.popleft() if self.ahead else []
        if batch and self.world.chance() < 0.5:
            self._fetch()
        return batch

    def _fetch(self) -> None:
        if self.ours and len(self.ahead) < PREFETCHED_MAX:
            batch = self.world.log.fetch(self.topic, self.number, self.position)
            if batch:
                self.position = batch[-1].offset + 1
                self.ahead.append(batch)


class Group:
    """One consumer's group."""

    def __init__(self, world: "World", consumer: "Consumer") -> None:
        self.world, self.consumer = world, consumer
        self.count = world.log.partitions(consumer.reads.name)
        self.owners: dict[int, Process | None] = dict.fromkeys(range(self.count))

    def rebalance(self) -> None:
        """Any partition may move, and one that stays may be taken and given again."""
        members = [p for p in self.world.processes if p.member]
        if not members:
            return
        for number in range(self.count):
            self._give(number, members[int(self.world.chance() * len(members))])

    def keep_house(self) -> None:
        """Partitions of who is gone go to who is there."""
        members = None
        for number, owner in self.owners.items():
            if owner is None or not owner.member:
                members = members if members is not None else [p for p in self.world.processes if p.member]
                if members:
                    self._give(number, members[int(self.world.chance() * len(members))])

    def forget(self, process: "Process") -> None:
        """The process is gone: the session is over."""
        for number, owner in self.owners.items():
            if owner is process:
                self.owners[number] = None
                process.driver(self.consumer, number).mail_revoked()

    def _give(self, number: int, process: "Process") -> None:
        before = self.owners[number]
        if before is process and self.world.chance() < 0.5:
            return
        if before is not None:
            before.driver(self.consumer, number).mail_revoked()
        self.owners[number] = process
        process.driver(self.consumer, number).mail_assigned()
        self.world.say(f"{self.consumer.name}/{number} is given to p{process.number}")
