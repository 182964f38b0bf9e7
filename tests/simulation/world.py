"""One world from one seed: who runs next, and what goes wrong.

    choose an actor -> step its coroutine to its next await -> perhaps crash, freeze, rebalance -> ... -> heal -> quiet -> check

There is no asyncio. Every simulated port call awaits before and after its effect; each such await gives the word back to
the scheduler, which draws everything from one random generator. So a seed is a whole history, and runs the same again.
"""

import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.simulation.faults import Faults
from tests.simulation.folds import Consumer, consumers
from tests.simulation.group import Group
from tests.simulation.log import SimLog
from tests.simulation.people import Gateway, Job
from tests.simulation.process import GRACE_MS, Process
from tests.simulation.steps import Violation, pause
from tests.simulation.store import Tables
from tests.simulation.variants import Variants

BEGIN_MS = 1_000_000
HEALED_STEPS_MAX = 20_000
QUIET_EVERY = 32


class Actor:
    """A coroutine that somebody steps by hand."""

    __slots__ = ("coroutine", "name", "process", "wake_ms")

    def __init__(self, name: str, coroutine: Coroutine[Any, Any, None], process: Process | None) -> None:
        self.name, self.coroutine, self.process = name, coroutine, process
        self.wake_ms = 0


@dataclass(frozen=True)
class Size:
    """How much happens in a seed, in what portions, and how often partitions are polled together."""

    steps: int = 400
    commands: int = 16
    leads: int = 4
    records_per_commit: int = 6
    records_per_row: int = 2
    same_object: bool = False
    together: float = 0.5

    @classmethod
    def drawn(cls, source: random.Random) -> "Size":
        """Batches of all sizes; a Partition that is given again is made anew, or the old one."""
        choice = source.choice
        return cls(
            records_per_commit=choice((1, 4, 8, 50)),
            records_per_row=choice((1, 2, 2, 20)),
            same_object=choice((True, False)),
            together=choice((0.0, 0.5, 1.0)),
        )


class World:
    """See the module."""

    def __init__(
        self,
        seed: int,
        variants: Variants | None = None,
        *,
        size: Size | None = None,
        faults: Faults | None = None,
        keep_all: bool = False,
    ) -> None:
        self.seed, self.variants = seed, variants or Variants()
        self.random = random.Random(seed)
        self.size = size or Size.drawn(self.random)
        self.chance = self.random.random
        self.faults = self.faults_drawn = faults or Faults.drawn(self.random)
        self.scenario = "life"
        self.now_ms, self.steps, self.running = BEGIN_MS, 0, "world"
        self.healed, self.chaos = False, self.faults.chaos
        self.trace: deque[tuple[int, int, str, str]] = deque(maxlen=None if keep_all else 80)
        self.unready: set[str] = set()
        self.broken = ""
        self.strike: Callable[[Process], None] | None = None
        self.strike_at = 0
        self.remade: list[tuple[str, int]] = []
        self.told: list[tuple[int, int]] = []
        self.grace_ms = GRACE_MS
        self.actors: list[Actor] = []
        self.log: SimLog = self.variants.log(self)
        self.consumers: list[Consumer] = consumers(self)
        self.tables: dict[str, Tables] = {c.name: self.variants.tables(self, c.name) for c in self.consumers}
        self.processes = [Process(self, number) for number in range(2 + (self.chance() < 0.5))]
        self.groups = {c.name: Group(self, c) for c in self.consumers}
        self.gateway, self.job = Gateway(self), Job(self)
        self.spawn("gateway", self.gateway.run(), None)
        self.spawn("job", self.job.run(), None)

    # --- what ports ask for ---

    def say(self, text: str) -> None:
        """One line of the trace."""
        self.trace.append((self.steps, self.now_ms, self.running, text))

    def violate(self, text: str) -> None:
        """A promise is broken right here."""
        self.say(f"VIOLATION {text}")
        self.broken = self.broken or text
        raise Violation(text)

    async def point(self, label: str) -> None:
        """Perhaps give the word back: each seed has its own density, so that long and short histories are both seen."""
        if self.chance() < self.faults.yields:
            await pause(label)

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, None], process: Process | None) -> Actor:
        """A new actor."""
        actor = Actor(name, coroutine, process)
        self.actors.append(actor)
        return actor

    # --- the scheduler ---

    def live(self) -> None:
        """The whole life of a seed. Raises Violation."""
        for group in self.groups.values():
            group.rebalance()
        while self.steps < self.size.steps:
            self.step()
        self.settle()

    def settle(self) -> None:
        """Heal everything and run until nothing is left to do."""
        self.heal()
        end = self.steps + HEALED_STEPS_MAX
        while not (self.steps % QUIET_EVERY == 0 and self.quiet()):
            self.step()
            if self.steps > end:
                self.violate(f"stuck: {self.left()}")

    def step(self) -> None:
        """One actor runs to its next await, then something may go wrong."""
        self.steps += 1
        now = self.now_ms
        ready = [a for a in self.actors if a.wake_ms <= now and (a.process is None or a.process.awake)]
        if not ready:
            self._jump()
            return
        chance = self.chance
        actor = ready[int(chance() * len(ready))]
        self.running = actor.name
        try:
            word = actor.coroutine.send(None)
            if type(word) is int:
                actor.wake_ms = self.now_ms + word
        except StopIteration:
            self.actors.remove(actor)
        except Violation:
            raise
        except Exception as escaped:
            self.violate(f"{actor.name} let escape: {escaped!r}")
        if self.broken:  # the runtime under test catches exceptions
            raise Violation(self.broken)
        self.running = "world"
        self.now_ms += int(chance() * 4)
        if chance() < self.chaos:
            self._chaos(actor)
        elif self.strike is not None and actor.process is not None and self.steps >= self.strike_at:
            self.say(f"struck in {actor.name}")
            self.strike(actor.process)
            self.strike = None
        self.log.land_some()
        if self.steps % 16 == 0:
            self.keep_house()

    def _jump(self) -> None:
        """Nobody can run: time passes."""
        times = [a.wake_ms for a in self.actors if a.process is None or a.process.awake]
        times += [p.until_ms for p in self.processes if not p.awake]
        later = [t for t in times if t > self.now_ms]
        self.now_ms = min(later) if later else self.now_ms + 50
        self.keep_house()

    def keep_house(self) -> None:
        """Whoever was to wake up or start again does; groups notice who is gone."""
        for process in self.processes:
            process.keep_house()
        for group in self.groups.values():
            group.keep_house()

    def _chaos(self, actor: Actor) -> None:
        faults, r = self.faults, self.chance() * self.chaos
        if r < faults.crash:
            (actor.process or self.processes[int(self.chance() * len(self.processes))]).crash()
        elif (r := r - faults.crash) < faults.freeze:
            (actor.process or self.processes[int(self.chance() * len(self.processes))]).freeze()
        elif (r := r - faults.freeze) < faults.rebalance:
            groups = list(self.groups.values())
            groups[int(self.chance() * len(groups))].rebalance()
        elif self.unready:
            self.unready.discard(min(self.unready))

    def heal(self) -> None:
        """No more faults; what is in flight lands or is lost."""
        self.say("everything heals")
        self.healed = True
        self.faults, self.chaos = Faults.none(self.faults), 0.0
        self.unready.clear()
        for process in self.processes:
            process.heal()
        for tables in self.tables.values():
            tables.heal()
        self.log.heal()
        self.keep_house()

    # --- the end ---

    def close(self) -> None:
        """Let go of every coroutine."""
        for actor in self.actors:
            actor.coroutine.close()
        self.actors.clear()

    def quiet(self) -> bool:
        """Nothing is left to do."""
        return not self.left()

    def left(self) -> list[str]:
        """What is still to be done, for people."""
        out = [f"{a.name} is not done" for a in self.actors if a.process is None]
        if self.log.flights:
            out.append(f"{len(self.log.flights)} appends in flight")
        for consumer in self.consumers:
            tables = self.tables[consumer.name]
            for number in range(self.log.partitions(consumer.reads.name)):
                end, row = self.log.end(consumer.reads.name, number), tables.rows.get(number)
                at = row.watermark.position if row else 0
                if at < end:
                    out.append(f"{consumer.name}/{number} stands at {at} of {end}")
            if tables.outbox:
                out.append(f"{consumer.name} has {len(tables.outbox)} outbox rows")
            if tables.timers:
                out.append(f"{consumer.name} has {len(tables.timers)} timers")
        return out


def story(world: World) -> str:
    """The last events of a world, and how to see it all again."""
    lines = [f"seed {world.seed}, step {world.steps}, {world.faults_drawn}: the last {len(world.trace)} events"]
    lines += [f"{step:6} {now_ms - BEGIN_MS:7} ms  {who:<14} {text}" for step, now_ms, who, text in world.trace]
    again = "" if world.scenario == "life" else f" --scenario {world.scenario}"
    return "\n".join([*lines, f"again: python -m tests.simulation --seed {world.seed}{again} -v"])
