"""Bugs to be planted: each a small variant of one part, which the simulation has to find."""

import contextlib
import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.kafka.batch import Batch
from infra.kafka.committing import commit
from infra.kafka.fold import Decision, Documents, Event, Fold
from infra.kafka.folding import FoldStep
from infra.kafka.partition import Partition, Status
from infra.kafka.ports import (
    DeadLetter,
    Destination,
    Fenced,
    LogUnavailable,
    OutboxRow,
    Outgoing,
    Record,
    Stand,
    StoreUnavailable,
    Watermark,
)
from infra.kafka.rounds import decide
from infra.kafka.step import Result
from schemas import topics
from schemas.envelope import Envelope
from schemas.events import LeadScored
from tests.simulation.folds import SECOND, Tally, Weights, chained, score
from tests.simulation.people import WHEN
from tests.simulation.store import Row
from tests.simulation.transaction import SimTransaction
from tests.simulation.variants import Variants


class PositionFirst(SimTransaction):
    """The position is saved before what was decided."""

    async def advance(self, watermarks: Mapping[int, Watermark]) -> None:
        await super().advance(watermarks)
        for number, watermark in watermarks.items():
            self.tables.rows[number].watermark = watermark.copy()

    def move(self, number: int) -> None:
        self.tables.rows[number].watermark.position = self.stands[number].position
        super().move(number)


class NoEpoch(SimTransaction):
    """Whoever stands at the right position may commit."""

    def same(self, row: Row, stand: Stand) -> bool:
        return row.watermark.position == stand.position


class NoCompare(SimTransaction):
    """Whoever likes to may commit, and the store does not even notice: only what comes of it can tell."""

    def same(self, row: Row, stand: Stand) -> bool:
        return True

    def move(self, number: int) -> None:
        row = self.tables.rows[number]
        row.watermark.position = self.stands[number].position
        self.stands[number] = self.stands[number]._replace(epoch=row.epoch)
        super().move(number)


class Hasty(SimTransaction):
    """The past is what history has so far."""

    async def history(self, partition: int, lead: str, before: int) -> list[Record] | None:
        return await super().history(partition, lead, before) or []


class Retakes(Partition):
    """Whoever is fenced takes the partition right back."""

    def _drop(self, status: Status) -> None:
        super()._drop(Status.UNTAKEN if status is Status.FENCED else status)


class NoOrigins(Partition):
    """Re-sent records are news."""

    def admitted(self, records: Sequence[Record], wants: Callable[[str], bool] | None = None) -> Batch:
        self._watermark.origins.clear()
        return super().admitted(records, wants)


class NoTopicId(Partition):
    """The origin does not say which incarnation of the topic was read."""

    async def _take(self) -> None:
        await super()._take()
        self._topic_id = "topic"


class DeletesFirst(Partition):
    """Outbox rows are deleted before the log has them."""

    def departing(self) -> Sequence[OutboxRow]:
        rows = super().departing()
        for row in rows:
            self.store.tables.outbox.pop(row.id, None)
        return rows


class AllDepart(Partition):
    """All rows at once, several for one destination."""

    def departing(self) -> Sequence[OutboxRow]:
        return list(self._outbox) if super().departing() else ()


async def each_by_itself(log: Any, senders: Iterable[Partition]) -> bool:
    """Rows for one destination race each other."""
    flight = {sender: rows for sender in senders if (rows := sender.departing())}
    try:
        await log.append([(row.destination, row.records) for rows in flight.values() for row in rows])
    except LogUnavailable as away:
        for sender in flight:
            sender.unsent(away)
        return False
    for sender, rows in flight.items():
        sender.acknowledged(rows)
    return True


class BatchDies(Partition):
    """One bad record takes its batch along."""

    async def settle(self, records: Sequence[Record]) -> bool:
        try:
            await self._commit(self.admitted(records))
        except Fenced:
            self._drop(Status.FENCED)
            self._fenced_at_ms = self._clock.now_ms()
            return False
        except StoreUnavailable as away:
            self._drop(Status.UNTAKEN)
            self._stall(str(away))
            return False
        except Exception:
            if len(records) == 1:
                return bool(await super().settle(records))
            return await self._all_die(records)
        return True

    async def _all_die(self, records: Sequence[Record]) -> bool:
        with contextlib.suppress(Fenced, StoreUnavailable):
            await self._commit(self.admitted(records), [DeadLetter(record, "its batch", "bug", 1) for record in records])
        self._drop(Status.UNTAKEN)
        self._stall("after a death")
        return False


class Holds(Partition):
    """A bad record is tried for ever."""

    async def _blame(self, record: Record, failure: Exception) -> bool:
        self._stall("again")
        return False


class KeepsHints(Partition):
    """A gap that was seen once is believed whenever it is seen again, whatever was sought meanwhile."""

    async def assigned(self) -> None:
        self.hints: set[int] = set()
        await super().assigned()

    def _gap_confirmed(self, found: int) -> bool:
        known = found in self.hints
        self.hints.add(found)
        return known


class MindsListeners(Partition):
    """Whoever is told after a commit, and fails, makes a failed batch of what is committed."""

    def keep(self, batch: Batch, result: Result, rows: Sequence[OutboxRow]) -> None:
        super().keep(batch, result, rows)
        if self._clock.now_ms() % 11 == 0:
            raise ConnectionError("Redis is away")


async def all_or_none(polled: Mapping[Partition, Sequence[Record]]) -> None:
    """What was polled together fails together."""
    ready = {partition: fresh for partition, records in polled.items() if (fresh := await partition.ready(records))}
    try:
        for partition, records in ready.items():
            await partition._commit(partition.admitted(records))
    except Exception:
        for partition in ready:
            partition.lose(StoreUnavailable("it failed"))


async def half_known(polled: Mapping[Partition, Sequence[Record]]) -> None:
    """A commit of several whose outcome is unknown is believed to have come to nothing."""
    ready = {partition: fresh for partition, records in polled.items() if (fresh := await partition.ready(records))}
    batches = [(partition, partition.admitted(records)) for partition, records in ready.items()]
    if len(batches) < 2:
        await decide(ready)
        return
    try:
        await commit(batches[0][0].step, batches[0][0].store, batches[0][0].log, batches)
    except Exception:
        await decide(ready)


class Trusts(Partition):
    """Where Kafka says that we stand is where we stand."""

    def _gap_confirmed(self, found: int) -> bool:
        return True


class Causeless(FoldStep[Tally]):
    """A fact about the batch, under no record."""

    async def run(self, transaction: Any, batches: Sequence[Batch], log: Any) -> Sequence[Result]:
        results = await super().run(transaction, batches, log)
        for batch, result in zip(batches, results, strict=True):
            if len(batch.entries) > 3 and self.name == "second":
                envelope = Envelope(f"batch-{batch.watermark.position}", LeadScored.TYPE, self.name, WHEN)
                record = Outgoing(None, envelope.headers(), score(Tally(), "lead-0", 0).model_dump_json().encode())
                result.changes.outbox.setdefault(Destination(LeadScored.TOPIC.name, batch.partition), []).append(record)
        return results


class OneVersion(FoldStep[Tally]):
    """The newest document seen by any partition of the process is in force for all."""

    newest: dict[int, Documents]

    async def run(self, transaction: Any, batches: Sequence[Batch], log: Any) -> Sequence[Result]:
        for batch in batches:
            known = self.newest.get(0, batch.documents)
            if known.version(Weights) > batch.documents.version(Weights):
                batch.documents = known
        results = await super().run(transaction, batches, log)
        self.newest[0] = max((result.documents for result in results), key=lambda documents: documents.version(Weights))
        return results


def one_version(fold: Fold[Tally], world: Any) -> OneVersion:
    """All steps of a world share it."""
    step = OneVersion(fold)
    step.newest = world.__dict__.setdefault("newest_documents", {})
    return step


class NoTicks(FoldStep[Tally]):
    """Time passes only where the log says so."""

    def tick(self, now_ms: int) -> Outgoing | None:
        return super().tick(now_ms) if self.reads is topics.EVENTS else None


def _echo(state: Tally, event: Event[LeadScored], documents: Documents) -> Decision[Tally]:
    after = chained(state, event.id)
    return Decision(after, [score(after, str(event.body.lead), documents.version(Weights))])


def handles_its_own() -> Fold[Tally]:
    """Built past the constructor, which refuses it."""
    fold = copy.copy(SECOND)
    object.__setattr__(fold, "handlers", {**SECOND.handlers, LeadScored: _echo})
    return fold


@dataclass(frozen=True)
class Bug:
    """A planted bug, what its finding has to say, and how many seeds may pass before it."""

    name: str
    found: str
    variants: Variants
    seeds: int = 100
    scenario: str = "life"


BUGS = (
    Bug("the position is saved before the state", r"^P[236] ", Variants(transaction=PositionFirst)),
    Bug("the epoch is not compared", r"commits under epoch", Variants(transaction=NoEpoch)),
    Bug("nothing is compared", r"^P[236] ", Variants(transaction=NoCompare), seeds=400),
    Bug("a fold looks back before history is there", r"^P[26] ", Variants(transaction=Hasty)),
    Bug("whoever is fenced retakes", r"takes the partition again", Variants(partition=Retakes)),
    Bug("the origin is not looked at", r"^P[236] ", Variants(partition=NoOrigins)),
    Bug("the origin has no topic id", r"^P[236] ", Variants(partition=NoTopicId), scenario="remade"),
    Bug("the outbox is deleted before the acknowledgement", r"^P3 ", Variants(partition=DeletesFirst)),
    Bug("two rows are in flight to a destination", r"^P[23] ", Variants(partition=AllDepart, send=each_by_itself)),
    Bug("one bad record kills its batch", r"^P[28] ", Variants(partition=BatchDies)),
    Bug("a bad record holds its partition", r"^stuck", Variants(partition=Holds)),
    Bug("a hint of a gap outlives a seek", r"^P[2368] ", Variants(partition=KeepsHints), seeds=600),
    Bug("a listener fails what is committed", r"goes back|^P[2368] ", Variants(partition=MindsListeners)),
    Bug("what is polled together fails together", r"^stuck", Variants(decide=all_or_none)),
    Bug("an unknown outcome of several is none", r"takes the partition again|^stuck|^P", Variants(decide=half_known)),
    Bug("Kafka's offsets are trusted", r"^P[236] ", Variants(partition=Trusts)),
    Bug("an output has no cause", r"has no cause$", Variants(step=lambda fold, _: Causeless(fold))),
    Bug("a fold handles a type that it writes", r"^stuck", Variants(second=handles_its_own())),
    Bug("requests for an owner know no ticks", r"^stuck: .*pools has", Variants(step=lambda fold, _: NoTicks(fold))),
    Bug("one document version for all partitions", r"^P[236] ", Variants(step=one_version)),
    Bug("a publishing job dies half-way and is not retried", r"^P6: second/. decides by version", Variants(job_is_retried=False)),
)
