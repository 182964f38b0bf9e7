"""The log in memory: topics of partitions of records, appends that may land late, or never."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.kafka.ports import Destination, LogUnavailable, Outgoing, Record
from schemas import topics
from tests.simulation.reading import Seen, unique
from tests.simulation.steps import pause

if TYPE_CHECKING:
    from tests.simulation.process import Driver
    from tests.simulation.world import World

COUNTS = {topics.COMMANDS.name: 3, topics.EVENTS.name: 3, topics.ROUTING.name: 1}
FETCH_MAX = 9


@dataclass(slots=True, eq=False)
class Flight:
    """A batch on its way to a destination."""

    destination: Destination
    records: Sequence[Outgoing]
    landed: bool = False


class Shelf:
    """One partition."""

    __slots__ = ("_unique", "next", "offsets", "records")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.offsets: list[int] = []
        self.next = 0
        self._unique: tuple[int, list[tuple[Record, Seen | None]]] = (-1, [])

    def unique(self) -> list[tuple[Record, Seen | None]]:
        """Without what was re-sent, read once."""
        if self._unique[0] != len(self.records):
            self._unique = (len(self.records), unique(self.records))
        return self._unique[1]


class SimLog:
    """All topics."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.ids = {name: f"{name}-id-1" for name in COUNTS}
        self.shelves = {name: [Shelf() for _ in range(count)] for name, count in COUNTS.items()}
        self.flights: list[Flight] = []
        self.former: dict[str, list[tuple[str, list[Shelf]]]] = {}

    def partitions(self, topic: str) -> int:
        """How many."""
        return COUNTS[topic]

    def end(self, topic: str, number: int) -> int:
        """One after the last record."""
        offsets = self.shelves[topic][number].offsets
        return offsets[-1] + 1 if offsets else 0

    def remake(self, topic: str) -> None:
        """Delete a topic and make it again."""
        known = self.former.setdefault(topic, [])
        known.append((self.ids[topic], self.shelves[topic]))
        self.ids[topic] = f"{topic}-id-{len(known) + 1}"
        self.shelves[topic] = [Shelf() for _ in range(COUNTS[topic])]

    def fetch(self, topic: str, number: int, offset: int) -> list[Record]:
        """Records from an offset on, a few."""
        shelf = self.shelves[topic][number]
        start = bisect_left(shelf.offsets, offset)
        return shelf.records[start : start + 1 + int(self.world.chance() * FETCH_MAX)]

    # --- appending ---

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        """Acknowledged, or LogUnavailable and nobody knows."""
        world = self.world
        await pause("append")
        flights = [Flight(destination, records) for destination, records in batches]
        self.flights.extend(flights)
        for flight in self._shuffled(flights):
            if not flight.landed and world.chance() < 0.6:
                self.land(flight)
        await pause("append in flight")
        if world.chance() < world.faults.append_fails:
            self._lose_some(flights)
            world.say("append fails")
            raise LogUnavailable("no acknowledgement")
        for flight in self._shuffled(flights):
            if not flight.landed:
                self.land(flight)
        await world.point("appended")

    def _shuffled(self, flights: list[Flight]) -> list[Flight]:
        if len(flights) > 1:
            flights = flights.copy()
            self.world.random.shuffle(flights)
        return flights

    def _lose_some(self, flights: list[Flight]) -> None:
        for flight in flights:
            if not flight.landed and self.world.chance() < 0.4:
                self.flights.remove(flight)

    def land(self, flight: Flight) -> None:
        """One atomic batch becomes readable."""
        world, (topic, number) = self.world, flight.destination
        flight.landed = True
        self.flights.remove(flight)
        shelf = self.shelves[topic][number]
        if world.chance() < world.faults.gaps:
            shelf.next += 1 + int(world.chance() * 2)
        at = world.now_ms
        if world.chance() < world.faults.back:
            at -= int(world.chance() * 200)
        first = shelf.next
        for outgoing in flight.records:
            shelf.records.append(Record(number, shelf.next, at, outgoing.key, outgoing.headers, outgoing.value))
            shelf.offsets.append(shelf.next)
            shelf.next += 1
        world.say(f"lands {topic}/{number} {first}..{shelf.next - 1}")

    def land_some(self) -> None:
        """Late batches land late."""
        if self.flights and self.world.chance() < self.world.faults.late:
            flight = self.flights[int(self.world.chance() * len(self.flights))]
            self.world.say("late:")
            self.land(flight)

    def heal(self) -> None:
        """What is in flight lands or is lost. Appends that wait for an acknowledgement find theirs landed."""
        for flight in self.flights.copy():
            self.land(flight)


class LogPort:
    """The log as one driver sees it. Implements ports.Log."""

    def __init__(self, world: "World", driver: "Driver") -> None:
        self._world, self._driver = world, driver

    async def topic_id(self) -> str:
        """See ports.Log."""
        world = self._world
        await world.point("topic id")
        if world.chance() < world.faults.store_away:
            raise LogUnavailable("no answer")
        return world.log.ids[self._driver.topic]

    async def append(self, batches: Sequence[tuple[Destination, Sequence[Outgoing]]]) -> None:
        """See ports.Log."""
        await self._world.log.append(batches)

    async def seek(self, partition: int, offset: int) -> None:
        """See ports.Log."""
        assert partition == self._driver.number
        await self._world.point("seek")
        self._driver.feed.seek(offset)

    def pause(self, partition: int) -> None:
        """See ports.Log."""
        assert partition == self._driver.number
        self._driver.feed.paused = True

    def resume(self, partition: int) -> None:
        """See ports.Log."""
        assert partition == self._driver.number
        self._driver.feed.paused = False

    def partitions(self, topic: str) -> int:
        """See ports.Log."""
        return COUNTS[topic]
