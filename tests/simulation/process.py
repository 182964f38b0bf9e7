"""Processes and, in each, one driver a partition: what infra/kafka/subscriber.py is in production.

A driver calls one method of its Partition at a time. A crash forgets everything in memory at whatever await it was; a frozen
process wakes up in the middle of what it did, with the batch that it held.
"""

from collections import deque
from typing import TYPE_CHECKING

from infra.kafka.partition import Limits, Partition, Status
from infra.kafka.ports import Record, TopicRemade
from infra.kafka.step import Step
from tests.simulation.group import Feed
from tests.simulation.log import LogPort
from tests.simulation.steps import pause, sleep
from tests.simulation.store import SimStore

if TYPE_CHECKING:
    from tests.simulation.folds import Consumer
    from tests.simulation.world import Actor, World

SESSION_MS = 400
GRACE_MS = 2_000


class SimClock:
    """A process's own clock, which is off. Implements ports.Clock."""

    def __init__(self, world: "World") -> None:
        self._world, self._off_ms = world, int(world.chance() * 400) - 200

    def now_ms(self) -> int:
        """See ports.Clock."""
        return self._world.now_ms + self._off_ms


class Process:
    """One process with every consumer in it."""

    def __init__(self, world: "World", number: int) -> None:
        self.world, self.number = world, number
        self.awake = self.member = True
        self.crashed = False
        self.until_ms = self._since_ms = 0
        self.drivers: dict[tuple[str, int], Driver] = {}
        self.steps: dict[str, Step] = {}
        self.clock = SimClock(world)

    def driver(self, consumer: "Consumer", number: int) -> "Driver":
        """The driver of a partition, made when first asked for."""
        found = self.drivers.get((consumer.name, number))
        if found is None:
            found = self.drivers[consumer.name, number] = Driver(self.world, self, consumer, number)
        return found

    def step(self, consumer: "Consumer") -> Step:
        """One for all partitions of a consumer, as in production."""
        found = self.steps.get(consumer.name)
        if found is None:
            found = self.steps[consumer.name] = consumer.step()
        return found

    def crash(self) -> None:
        """Memory is gone. What was sent and not answered may have happened, or happen later."""
        if self.crashed:
            return
        self.world.say(f"p{self.number} crashes")
        self.crashed, self.awake = True, False
        self._since_ms, self.until_ms = self.world.now_ms, self.world.now_ms + int(self.world.chance() * 1500)
        gone = [a for a in self.world.actors if a.process is self]
        self.world.actors = [a for a in self.world.actors if a.process is not self]
        for actor in gone:
            self.world.running = actor.name
            actor.coroutine.close()
        self.world.running = "world"
        for driver in self.drivers.values():
            driver.over = True
        self.drivers.clear()
        self.steps.clear()

    def freeze(self, ms: int | None = None) -> None:
        """Stop the world in here, perhaps for longer than the session."""
        if self.awake:
            self.world.say(f"p{self.number} freezes")
            self.awake = False
            ms = int(self.world.chance() * 3 * SESSION_MS) if ms is None else ms
            self._since_ms, self.until_ms = self.world.now_ms, self.world.now_ms + ms

    def keep_house(self) -> None:
        """Wake up, start again, be missed."""
        if self.awake:
            return
        now = self.world.now_ms
        if self.member and now - self._since_ms >= SESSION_MS:
            self.member = False
            for group in self.world.groups.values():
                group.forget(self)
        if now >= self.until_ms:
            self.world.say(f"p{self.number} {'starts again' if self.crashed else 'wakes up'}")
            if self.crashed and self.member:
                for group in self.world.groups.values():
                    group.forget(self)
            self.awake = self.member = True
            self.crashed = False

    def heal(self) -> None:
        """Wake up or start again now."""
        self.until_ms = self.world.now_ms


class Driver:
    """One partition in one process."""

    def __init__(self, world: "World", process: Process, consumer: "Consumer", number: int) -> None:
        self.world, self.process, self.consumer, self.number = world, process, consumer, number
        self.topic = consumer.reads.name
        self.name = f"p{process.number}/{consumer.name}/{number}"
        self.mail: deque[Feed | None] = deque()
        self.feed = Feed(world, self.topic, number)
        self.partition: Partition | None = None
        self.fenced_at_ms: int | None = None
        self.over = self.held = self.resting = False
        self.actor: Actor | None = None

    def mail_assigned(self) -> None:
        """The group gives us the partition; we hear it in our own time."""
        self._post(Feed(self.world, self.topic, self.number))

    def mail_revoked(self) -> None:
        """The group takes it away; what was fetched may still be in our hands."""
        for feed in (self.feed, *self.mail):
            if feed is not None:
                feed.ours = False
        self._post(None)

    def _post(self, word: Feed | None) -> None:
        self.mail.append(word)
        if self.over or self.process.crashed:
            return
        if self.actor is None or self.actor not in self.world.actors:
            self.actor = self.world.spawn(self.name, self._drive(), self.process)
        self.actor.wake_ms = 0

    def _made(self) -> Partition:
        world = self.world
        limits = Limits(
            forget_every_ms=50,
            store_every_ms=50,
            records_per_commit_max=world.size.records_per_commit,
            retry_ms_min=20,
            retry_ms_max=400,
            fenced_grace_ms=GRACE_MS,
            tick_repeat_ms=100,
            deaths_max=10_000,
        )
        return world.variants.partition(
            self.number, self.process.step(self.consumer), LogPort(world, self), SimStore(world, self), self.process.clock, limits
        )

    async def _drive(self) -> None:
        world = self.world
        try:
            while True:
                if self.held:  # worked by another driver of the consumer, together with its own
                    await pause("held")
                elif self.mail and (self.partition is None or world.chance() < 0.5):
                    await self._hear(self.mail.popleft())
                elif self.partition is None:
                    return
                else:
                    await self._work(self.partition)
        except TopicRemade as remade:
            world.say(f"stops: {remade}")
            world.remade.append((self.consumer.name, self.number))

    async def _hear(self, feed: Feed | None) -> None:
        if feed is None:
            if self.partition is not None:
                self.partition.revoked()
                self.partition = self.partition if self.world.size.same_object else None
            return
        self.feed, self.fenced_at_ms = feed, None
        self.partition = self.partition or self._made()
        await self.partition.assigned()

    async def _work(self, partition: Partition) -> None:
        chance = self.world.chance
        batch = self.feed.poll() if chance() < 0.8 else []
        if batch:
            await self._round({partition: batch})
            return
        await partition.idle()
        if partition.status is Status.HELD:
            self.world.violate(f"{self.name} stopped: {partition.waiting_reason}")
        self.resting = True
        await sleep(5 + int(chance() * 60))
        self.resting = False

    async def _round(self, polled: dict[Partition, list[Record]]) -> None:
        """One poll: what it brought for other partitions of the consumer is worked together with ours."""
        others = [d for d in self.process.drivers.values() if d.consumer is self.consumer and d.resting and not d.held]
        held = []
        for other in others:
            if self.world.chance() < self.world.size.together and other.partition is not None and (found := other.feed.poll()):
                polled[other.partition] = found
                other.held = True
                held.append(other)
        await pause("polled")
        await self.world.variants.decide(polled)
        await pause("decided")
        await self.world.variants.send(LogPort(self.world, self), polled)
        for other in held:
            other.held = False
