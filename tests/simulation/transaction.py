"""One transaction of the store in memory: read committed, and a commit whose outcome may stay unknown."""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from infra.kafka.ports import Changes, Fenced, OutboxRow, Refused, StoredTimer, StoreUnavailable, Watermark
from tests.simulation.folds import REFUSED
from tests.simulation.steps import pause

if TYPE_CHECKING:
    from tests.simulation.store import Row, SimStore


class SimTransaction:
    """One transaction: read committed, writes kept until the commit. Implements ports.Transaction."""

    def __init__(self, store: "SimStore", partition: int, epoch: int, position: int) -> None:
        self.store, self.world, self.tables = store, store.world, store.tables
        self.partition, self.epoch, self.position = partition, epoch, position
        self.connection: Any = self
        self.watermark: Watermark | None = None
        self.changes: Changes | None = None
        self.outbox: list[OutboxRow] = []
        self.forgotten: list[int] = []
        self.lines: list[tuple[int, int, str]] = []
        self.dead = self.committing = False

    async def __aenter__(self) -> "SimTransaction":
        await self._statement("begin")
        return self

    async def _statement(self, name: str) -> None:
        world = self.world
        await world.point(name)
        if self.dead:
            raise StoreUnavailable("the session was ended")
        if world.chance() < world.faults.store_away * 0.5:
            world.say(f"{name}: the store is away")
            self.die("connection lost")
            raise StoreUnavailable(f"{name}: connection lost")

    async def advance(self, watermark: Watermark) -> None:
        """See ports.Transaction."""
        await self._statement("advance")
        row = await self.tables.lock(self.partition)
        if self.dead:
            raise StoreUnavailable("the session was ended")
        if not self.same(row):
            self.world.say(f"fenced: epoch {self.epoch} of {row.epoch}, position {self.position} of {row.watermark.position}")
            self.store.driver.fenced_at_ms = self.world.now_ms
            raise Fenced(f"epoch {self.epoch} is over")
        row.holder, self.watermark = self, watermark.copy()
        await self.world.point("advanced")

    def same(self, row: "Row") -> bool:
        """Compare and set."""
        return row.epoch == self.epoch and row.watermark.position == self.position

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See ports.Transaction."""
        await self._statement("load")
        if any("\x00" in key for key in keys):
            raise Refused("invalid byte sequence: 0x00")
        states = self.tables.states
        return {key: states[key] for key in keys if key in states}

    async def due(self, until_ms: int, limit: int) -> list[StoredTimer]:
        """See ports.Transaction."""
        await self._statement("due")
        found = [
            StoredTimer(due, key, name)
            for (key, name), (number, due) in self.tables.timers.items()
            if number == self.partition and due <= until_ms
        ]
        return sorted(found, key=lambda timer: (timer.due_ms, timer.key, timer.name))[:limit]

    async def answered(self, ids: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """See ports.Transaction."""
        await self._statement("answered")
        return {pair for pair in ids if pair in self.tables.answers}

    async def write(self, changes: Changes) -> list[OutboxRow]:
        """See ports.Transaction."""
        await self._statement("write")
        bodies = [body for body in changes.states.values() if body is not None]
        bodies += [record.value for records in changes.outbox.values() for record in records]
        if any(REFUSED in body for body in bodies):
            raise Refused("out of range")
        self.changes, self.outbox = changes, self.tables.parts(changes)
        await self.world.point("written")
        return list(self.outbox)

    async def forget(self, outbox_ids: Sequence[int]) -> None:
        """See ports.Transaction."""
        await self._statement("forget")
        self.forgotten.extend(outbox_ids)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            self.die("rolled back")
            return
        world, faults = self.world, self.world.faults
        if self.dead:
            raise StoreUnavailable("the session was ended")
        self.committing = True
        try:
            await pause("commit")
        except GeneratorExit:
            self.tables.limbo.append(self)
            raise
        r = world.chance()
        if r < faults.commit_lost:
            self.die("commit lost")
            raise StoreUnavailable("commit: connection lost")
        if (r := r - faults.commit_lost) < faults.commit_late:
            self.tables.limbo.append(self)
            raise StoreUnavailable("commit: timeout")
        self.apply()
        if r - faults.commit_late < faults.commit_unknown:
            world.say("commit applied, and the answer is lost")
            raise StoreUnavailable("commit: connection reset")
        await world.point("committed")

    # --- how it ends ---

    def die(self, why: str) -> None:
        """Nothing of it is kept."""
        self.dead, self.committing = True, False
        row = self.tables.rows.get(self.partition)
        if row is not None and row.holder is self:
            row.holder = None
            self.world.say(f"{self.store.driver.name}: transaction at {self.position} ends: {why}")

    def decide(self) -> None:
        """A commit that was under way when its owner lost sight of it."""
        self.tables.limbo.remove(self)
        if self.world.chance() < 0.5:
            self.apply()
        else:
            self.die("commit lost after all")

    def apply(self) -> None:
        """All of it, at once."""
        changes, number, row = self.changes, self.partition, self.tables.rows[self.partition]
        if row.holder is not self or changes is None or self.watermark is None:
            self.world.violate(f"{self.tables.name}/{number} commits without its lock, or nothing")
            return
        if row.epoch != self.epoch:
            self.world.violate(f"{self.tables.name}/{number} commits under epoch {self.epoch}, and {row.epoch} has begun")
        if self.watermark.position <= row.watermark.position:
            self.world.violate(f"{self.tables.name}/{number} goes back to {self.watermark.position}")
        self.world.say(f"{self.store.driver.name}: commits {self.position}..{self.watermark.position - 1}")
        row.holder, self.committing = None, False
        row.watermark = self.watermark
        self.keep(changes)

    def keep(self, changes: Changes) -> None:
        """What was decided."""
        tables, number = self.tables, self.partition
        for key, body in changes.states.items():
            if body is None:
                tables.states.pop(key, None)
            else:
                tables.states[key] = body
        for pair, due in changes.timers.items():
            if due is None:
                tables.timers.pop(pair, None)
            else:
                tables.timers[pair] = (number, due)
        for id_ in self.forgotten:
            tables.outbox.pop(id_, None)
        tables.outbox.update((row.id, (number, row)) for row in self.outbox)
        tables.documents.update(((number, d.kind, d.name), d) for d in changes.documents)
        for answer in changes.answers:
            tables.answers.setdefault((answer.command_id, answer.lead), answer)
        for effect in changes.effects:
            tables.effects.add((effect.recipient, effect.reason, effect.cause))
        tables.dead.extend((number, letter) for letter in changes.dead_letters)
        tables.lines.extend(self.lines)
