"""One transaction of the store in memory: read committed, and a commit whose outcome may stay unknown."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from infra.kafka.ports import Changes, Fenced, OutboxRow, Record, Refused, Stand, StoredTimer, StoreUnavailable, Watermark
from schemas.topics import EVENTS
from tests.simulation.folds import REFUSED
from tests.simulation.reading import about
from tests.simulation.steps import pause

if TYPE_CHECKING:
    from tests.simulation.store import Row, SimStore


class SimTransaction:
    """One transaction: read committed, writes kept until the commit. Implements ports.Transaction."""

    def __init__(self, store: "SimStore", stands: Sequence[Stand]) -> None:
        self.store, self.world, self.tables = store, store.world, store.tables
        self.stands = {stand.partition: stand for stand in stands}
        self.connection: Any = self
        self.watermarks: dict[int, Watermark] = {}
        self.changes: Mapping[int, Changes] | None = None
        self.outbox: dict[int, list[OutboxRow]] = {}
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

    async def advance(self, watermarks: Mapping[int, Watermark]) -> None:
        """See ports.Transaction."""
        await self._statement("advance")
        for number, watermark in watermarks.items():
            row = await self.tables.lock(number)
            if self.dead:
                raise StoreUnavailable("the session was ended")
            stand = self.stands[number]
            if not self.same(row, stand):
                self.world.say(f"fenced: {stand} of epoch {row.epoch}, position {row.watermark.position}")
                driver = self.store.driver
                driver.process.driver(driver.consumer, number).fenced_at_ms = self.world.now_ms
                raise Fenced(f"epoch {stand.epoch} is over")
            row.holder, self.watermarks[number] = self, watermark.copy()
        await self.world.point("advanced")

    def same(self, row: "Row", stand: Stand) -> bool:
        """Compare and set."""
        return row.epoch == stand.epoch and row.watermark.position == stand.position

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See ports.Transaction."""
        await self._statement("load")
        if any("\x00" in key for key in keys):
            raise Refused("invalid byte sequence: 0x00")
        states = self.tables.states
        return {key: states[key] for key in keys if key in states}

    async def due(self, until_ms: Mapping[int, int], limit: int) -> dict[int, list[StoredTimer]]:
        """See ports.Transaction."""
        await self._statement("due")
        found: dict[int, list[StoredTimer]] = {}
        for (key, name), (number, due) in self.tables.timers.items():
            if due <= until_ms.get(number, -1):
                found.setdefault(number, []).append(StoredTimer(due, key, name))
        return {number: sorted(timers, key=lambda t: (t.due_ms, t.key, t.name))[:limit] for number, timers in found.items()}

    async def answered(self, ids: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """See ports.Transaction."""
        await self._statement("answered")
        return {pair for pair in ids if pair in self.tables.answers}

    async def history(self, partition: int, lead: str, before: int) -> list[Record] | None:
        """See ports.Transaction: of `lines`, which keeps every record."""
        await self._statement("history")
        kept = self.world.tables["lines"]
        row = kept.rows.get(partition)
        if row is None or row.watermark.position < before:
            return None
        offsets = {offset for number, offset, _ in kept.lines if number == partition and offset < before}
        shelf = self.world.log.shelves[EVENTS.name][partition]
        return [record for record in shelf.records if record.offset in offsets and about(record) == lead]

    async def write(self, changes: Mapping[int, Changes], sent: Sequence[int] = ()) -> dict[int, list[OutboxRow]]:
        """See ports.Transaction."""
        await self._statement("write")
        for one in changes.values():
            bodies = [body for body in one.states.values() if body is not None]
            bodies += [record.value for records in one.outbox.values() for record in records]
            if any(REFUSED in body for body in bodies):
                raise Refused("out of range")
        self.changes, self.forgotten = changes, list(sent)
        self.outbox = {number: self.tables.parts(one) for number, one in changes.items()}
        await self.world.point("written")
        return {number: list(rows) for number, rows in self.outbox.items()}

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
        for number, stand in self.stands.items():
            row = self.tables.rows.get(number)
            if row is not None and row.holder is self:
                row.holder = None
                self.world.say(f"{self.tables.name}/{number}: transaction at {stand.position} ends: {why}")

    def decide(self) -> None:
        """A commit that was under way when its owner lost sight of it."""
        self.tables.limbo.remove(self)
        if self.world.chance() < 0.5:
            self.apply()
        else:
            self.die("commit lost after all")

    def apply(self) -> None:
        """All of it, at once."""
        if self.changes is None:
            self.world.violate(f"{self.tables.name} commits nothing")
            return
        self.committing = False
        for number, changes in self.changes.items():
            self.move(number)
            self.keep(number, changes)
        for id_ in self.forgotten:
            self.tables.outbox.pop(id_, None)
        self.tables.lines.extend(self.lines)

    def move(self, number: int) -> None:
        """The watermark of one partition."""
        row, stand, watermark = self.tables.rows[number], self.stands[number], self.watermarks.get(number)
        if row.holder is not self or watermark is None:
            self.world.violate(f"{self.tables.name}/{number} commits without its lock")
            return
        if row.epoch != stand.epoch:
            self.world.violate(f"{self.tables.name}/{number} commits under epoch {stand.epoch}, and {row.epoch} has begun")
        if watermark.position <= row.watermark.position:
            self.world.violate(f"{self.tables.name}/{number} goes back to {watermark.position}")
        self.world.say(f"{self.tables.name}/{number}: commits {stand.position}..{watermark.position - 1}")
        row.holder, row.watermark = None, watermark

    def keep(self, number: int, changes: Changes) -> None:
        """What was decided for one partition."""
        tables = self.tables
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
        tables.outbox.update((row.id, (number, row)) for row in self.outbox.get(number, ()))
        tables.documents.update(((number, d.kind, d.name), d) for d in changes.documents)
        for answer in changes.answers:
            tables.answers.setdefault((answer.command_id, answer.lead), answer)
        for effect in changes.effects:
            tables.effects.add((effect.recipient, effect.reason, effect.cause))
        tables.dead.extend((number, letter) for letter in changes.dead_letters)
