"""One partition of one consumer: taken, worked, given up.

Runs against the three ports alone and starts no task of its own, so that simulation can stop it at every await. Whoever drives
it calls one method at a time: `assigned`, `idle`, `revoked`. All that were polled together are decided by rounds.decide, and what
comes of them is sent by sending.send.

The promises it keeps: state, outbox, effects and watermark change in one transaction (compare and set on epoch and position);
the watermark says where to read, Kafka's offsets never do; outbox rows are sent in order, the next one for a destination only
after the last one's acknowledgement, and deleted only then; whoever was fenced drops everything and waits for the group.
"""

import dataclasses
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

from infra.kafka.batch import Batch, admit
from infra.kafka.committing import commit
from infra.kafka.fold import Documents, Reject, RetryLater
from infra.kafka.ports import (
    Changes,
    Clock,
    DeadLetter,
    Destination,
    Fenced,
    Log,
    LogUnavailable,
    Orders,
    OutboxRow,
    Record,
    Refused,
    Stand,
    Store,
    StoreUnavailable,
    Watermark,
)
from infra.kafka.sending import send
from infra.kafka.step import Result, Step


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one partition's work.

    Attributes:
        forget_every_ms: how long acknowledged outbox rows wait for a commit that deletes them too.
        store_every_ms: how often a position is stored that moved without a commit.
    """

    records_per_commit_max: int = 1000
    attempts_max: int = 3
    retry_ms_min: int = 100
    retry_ms_max: int = 10_000
    fenced_grace_ms: int = 30_000
    tick_repeat_ms: int = 5_000
    deaths_window: int = 1000
    deaths_max: int = 500
    orders_every_ms: int = 2_000
    forget_every_ms: int = 1_000
    store_every_ms: int = 1_000


class Status(Enum):
    """Where a partition stands."""

    LOST = "not ours"
    UNTAKEN = "ours, to be taken"
    OWNED = "ours"
    FENCED = "taken over by another process"
    HELD = "paused by an operator"


def _place(failure: Exception) -> str:
    """Type and line of a bug; not its message, which may quote a person."""
    frames = traceback.extract_tb(failure.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(failure).__name__}{where}"


def _said(failure: Exception) -> str:
    """Why a record fails, for people: in its own words where these are ours."""
    return str(failure) if isinstance(failure, Refused | Reject | RetryLater) else _place(failure)


class Partition:
    """See the module."""

    def __init__(self, number: int, step: Step, log: Log, store: Store, clock: Clock, limits: Limits | None = None) -> None:
        self.number = number
        self.status = Status.LOST
        self.waiting_reason: str | None = None
        self.alone = False
        self.step, self.log, self.store, self._clock = step, log, store, clock
        self.limits = limits or Limits()
        self._epoch = 0
        self._topic_id = ""
        self._watermark = Watermark()
        self._stored = 0
        self._stored_at_ms = 0
        self._forgot_at_ms = 0
        self._documents = Documents()
        self._outbox: deque[OutboxRow] = deque()
        self._sent: list[int] = []
        self._stalled_until_ms: int | None = None
        self._failures = 0
        self._attempts: tuple[int, int] = (-1, 0)
        self._fenced_at_ms = 0
        self._ticked: tuple[int, int] = (-1, 0)
        self._deaths: deque[bool] = deque(maxlen=self.limits.deaths_window)
        self._gap_at = -1
        self._orders = Orders()
        self._orders_at_ms = 0

    @property
    def position(self) -> int:
        """The next offset to decide."""
        return self._watermark.position

    @property
    def clock_ms(self) -> int:
        """Recorded time of the last record."""
        return self._watermark.clock_ms

    async def assigned(self) -> None:
        """The group gave us this partition."""
        self._drop(Status.UNTAKEN)
        await self._take()

    def revoked(self) -> None:
        """The group took it away; an owner that did not notice is fenced by the next one."""
        self._drop(Status.LOST)

    async def ready(self, records: Sequence[Record]) -> Sequence[Record]:
        """Those that are news and can be decided now; none while the partition waits or isn't ours."""
        if self.status is Status.UNTAKEN and self._stalled_until_ms is None:
            await self._take()
        if self.status is not Status.OWNED or self._stalled_until_ms is not None:
            return ()
        fresh: list[Record] = []
        for record in records:
            # One poll may bring a record twice, if it was sought in its middle.
            if record.offset >= (fresh[-1].offset + 1 if fresh else self._watermark.position):
                fresh.append(record)
        if not fresh:
            return ()
        if fresh[0].offset == self._watermark.position:
            self._gap_at = -1
        elif not self._gap_confirmed(fresh[0].offset):
            await self.log.seek(self.number, self._watermark.position)
            return ()
        return fresh

    async def idle(self) -> None:
        """Called now and then: ends waits, fires ticks, tidies the outbox."""
        now = self._clock.now_ms()
        if now - self._orders_at_ms >= self.limits.orders_every_ms:
            self._orders_at_ms = now
            await self._obey()
        if self.status is Status.FENCED and now - self._fenced_at_ms >= self.limits.fenced_grace_ms:
            # The group still says that it is ours and its next word never came: the taker may have died right after taking.
            self.status = Status.UNTAKEN
        if self._stalled_until_ms is not None and now < self._stalled_until_ms:
            return
        if self.status is Status.UNTAKEN:
            await self._take()
        elif self.status is Status.OWNED:
            if self._stalled_until_ms is not None:
                await self._resume()
            if self._stalled_until_ms is None:
                await self._tidy(now)

    async def _obey(self) -> None:
        """Ask for an operator's orders: pause, go on, or let the record that is waited on die."""
        if self.status not in (Status.OWNED, Status.HELD):
            return
        try:
            self._orders = await self.store.orders(self.number)
        except StoreUnavailable:
            return  # whatever works next finds out, and waits
        if self._orders.paused and self.status is Status.OWNED:
            self.status = Status.HELD
            self.waiting_reason = self.waiting_reason or Status.HELD.value
            self.log.pause(self.number)
        elif not self._orders.paused and self.status is Status.HELD:
            self.status = Status.OWNED
            self._deaths.clear()
            await self._resume()
        elif self._orders.skip_offset == self._watermark.position and self._stalled_until_ms is not None:
            self._stalled_until_ms = 0

    # --- taking and giving up ---

    async def _take(self) -> None:
        try:
            topic_id = await self.log.topic_id()
            taken = await self.store.take(self.number, topic_id)
        except (StoreUnavailable, LogUnavailable) as away:
            self._stall(str(away))
            return
        self._epoch, self._topic_id = taken.epoch, topic_id
        self._watermark = taken.watermark
        self._stored = taken.watermark.position
        try:
            self._documents = self.step.restore(taken.documents)
        except ValueError as unreadable:
            self._stall(f"a document in force can't be read by this code: {type(unreadable).__name__}")
            return
        try:
            await self.step.recall(self.log, partial(self.store.transaction, [self.stand]))
        except (StoreUnavailable, LogUnavailable) as away:
            self._stall(str(away))
            return
        self._outbox = deque(taken.outbox)
        self._sent = []
        self.status = Status.OWNED
        await self._obey()
        if self.status is Status.OWNED:
            await self._resume()

    def _drop(self, status: Status) -> None:
        self.status = status
        self._outbox.clear()
        self._sent = []
        self._stalled_until_ms = None
        self._failures = 0
        self.waiting_reason = None

    def _fence(self) -> None:
        """Somebody else owns it: wait for the group's next word."""
        self._drop(Status.FENCED)
        self._fenced_at_ms = self._clock.now_ms()

    def lose(self, away: StoreUnavailable) -> None:
        """Only the watermark knows where we are: take the partition again, later."""
        self._drop(Status.UNTAKEN)
        self._stall(str(away))

    async def _resume(self) -> None:
        self._stalled_until_ms = None
        self._gap_at = -1  # what was seen before a seek says nothing about what comes after it
        if await send(self.log, [self]):
            await self.log.seek(self.number, self._watermark.position)
            self.log.resume(self.number)
            self.waiting_reason = None

    def _stall(self, reason: str, after_ms: int | None = None) -> None:
        """Wait, with back-off where no time is given; idle() goes on."""
        limits = self.limits
        if after_ms is None:
            after_ms = min(limits.retry_ms_max, limits.retry_ms_min << min(self._failures, 10))
            self._failures += 1
        self._stalled_until_ms = self._clock.now_ms() + after_ms
        self.waiting_reason = reason
        self.log.pause(self.number)

    def _gap_confirmed(self, found: int) -> bool:
        """The log has nothing between our position and `found`, seen twice: retention took it, or control records stand there.

        Seen once, it is Kafka's hint (or a batch from before a seek), and never trusted.
        """
        confirmed = self._gap_at == found
        self._gap_at = -1 if confirmed else found
        return confirmed

    # --- deciding ---

    def admitted(self, records: Sequence[Record], wants: Callable[[str], bool] | None = None) -> Batch:
        """`records` sorted out and decoded."""
        return admit(self.number, self._topic_id, records, self._watermark, wants or self.step.wants, self._documents)

    def may_pass(self, batch: Batch) -> bool:
        """Whether nothing in the batch concerns this consumer, so that moving on needs no commit of its own.

        That is most records of a topic, for most of its readers: reading them again after a crash costs less.
        """
        far = batch.watermark.position - self._stored >= self.limits.records_per_commit_max
        return not (far or batch.dead_letters or self.step.concerns(batch))

    def passed(self, batch: Batch) -> None:
        """Move on; the position is stored with the next commit, or by and by."""
        self._count(batch, 0)
        self._watermark = batch.watermark

    async def settle(self, records: Sequence[Record]) -> bool:
        """Commit `records`, halving the batch to find a culprit. False if the partition has to wait."""
        try:
            batch = self.admitted(records)
            if self.may_pass(batch):
                self.passed(batch)
                return True
            await self._commit(batch)
        except Fenced:
            self._fence()
            return False
        except StoreUnavailable as away:
            # The outcome of the commit is unknown: only the watermark knows, so take the partition again.
            self.lose(away)
            return False
        except Exception as failure:  # named below, or a bug: traced to its record
            if len(records) > 1:
                middle = len(records) // 2
                return await self.settle(records[:middle]) and await self.settle(records[middle:])
            return await self._blame(records[0], failure)
        return await self.settled()

    async def settled(self) -> bool:
        """After a commit. False, and held for a person to look at, when too many records are dying: a deploy is bad, not they."""
        self._failures, self.alone = 0, False
        if sum(self._deaths) < self.limits.deaths_max:
            return True
        self.status = Status.HELD
        self.waiting_reason = f"{sum(self._deaths)} of the last {len(self._deaths)} records died: held for somebody to look"
        self.log.pause(self.number)
        try:
            await self.store.hold(self.number)
            await self.store.report_waiting(self.number, self._watermark.position, self.waiting_reason)
        except StoreUnavailable as away:
            self.lose(away)
        return False

    @property
    def stand(self) -> Stand:
        """See committing.Owner."""
        return Stand(self.number, self._epoch, self._stored)

    @property
    def sent(self) -> Sequence[int]:
        """See committing.Owner."""
        return tuple(self._sent)

    def keep(self, batch: Batch, result: Result, rows: Sequence[OutboxRow]) -> None:
        """See committing.Owner."""
        self._sent = []
        self._count(batch, len(result.changes.dead_letters))
        self._watermark, self._documents = batch.watermark, result.documents
        self._stored = batch.watermark.position
        self._outbox.extend(rows)

    async def _blame(self, record: Record, failure: Exception) -> bool:
        """One record can't be handled: wait, try again, or let it die."""
        offset, attempts = self._attempts
        attempts = attempts + 1 if offset == record.offset else 1
        self._attempts = (record.offset, attempts)
        if self._orders.skip_offset == record.offset:
            return await self._bury(record, DeadLetter(record, f"skipped by an operator: {_said(failure)}", "skipped", attempts))
        if isinstance(failure, RetryLater):
            await self._wait_on(record, failure.reason, round(failure.after_seconds * 1000))
            return False
        kind = {Refused: "refused", Reject: "reject"}.get(type(failure), "bug")
        reason = _said(failure)
        if kind == "bug" and attempts < self.limits.attempts_max:
            await self._wait_on(record, reason, self.limits.retry_ms_min << attempts)
            return False
        return await self._bury(record, DeadLetter(record, reason, kind, attempts))

    async def _wait_on(self, record: Record, reason: str, after_ms: int) -> None:
        self._stall(f"offset {record.offset}: {reason}", after_ms)
        try:
            await self.store.report_waiting(self.number, record.offset, reason)
        except StoreUnavailable:
            self._drop(Status.UNTAKEN)
            self._stall("the store is away")

    async def _bury(self, record: Record, letter: DeadLetter) -> bool:
        """Commit a dead letter in place of the record."""
        try:
            try:
                await self._die(record, letter)
            except Refused:
                # Its own headers can't be stored: keep its value and say so.
                bare = record._replace(headers=(), key=None)
                await self._die(record, dataclasses.replace(letter, record=bare))
        except Fenced:
            self._fence()
            return False
        except StoreUnavailable as away:
            self.lose(away)
            return False
        return await self.settled()

    def _count(self, batch: Batch, died: int) -> None:
        lived = batch.watermark.position - self._watermark.position - died
        self._deaths.extend([True] * died + [False] * min(lived, self.limits.deaths_window))

    async def _commit(self, batch: Batch, letters: Sequence[DeadLetter] = ()) -> None:
        await commit(self.step, self.store, self.log, [(self, batch)], letters)

    async def _die(self, record: Record, letter: DeadLetter) -> None:
        await self._commit(self.admitted([record], lambda _: False), [letter])

    async def _store_position(self) -> None:
        """What was passed without a commit."""
        async with self.store.transaction([self.stand]) as transaction:
            await transaction.advance({self.number: self._watermark})
            await transaction.write({self.number: Changes()}, self._sent)
        self._stored, self._sent = self._watermark.position, []

    # --- the outbox ---

    def departing(self) -> Sequence[OutboxRow]:
        """See sending.Sender."""
        if self.status not in (Status.OWNED, Status.HELD):
            return ()
        first: dict[Destination, OutboxRow] = {}
        for row in self._outbox:
            first.setdefault(row.destination, row)
        return list(first.values())

    def acknowledged(self, rows: Sequence[OutboxRow]) -> None:
        """See sending.Sender."""
        if self.status in (Status.OWNED, Status.HELD):
            sent = {row.id for row in rows}
            self._sent.extend(sent)
            self._outbox = deque(row for row in self._outbox if row.id not in sent)

    def unsent(self, away: LogUnavailable) -> None:
        """See sending.Sender."""
        self._stall(str(away))

    async def _tidy(self, now: int) -> None:
        try:
            if self._stored != self._watermark.position and now - self._stored_at_ms >= self.limits.store_every_ms:
                self._stored_at_ms = now
                await self._store_position()
            elif self._sent and now - self._forgot_at_ms >= self.limits.forget_every_ms:
                self._forgot_at_ms = now
                await self.store.forget(self.number, self._sent)
                self._sent = []
            await self._tick(now)
        except Fenced:
            self._fence()
        except StoreUnavailable as away:
            self.lose(away)

    async def _tick(self, now: int) -> None:
        """A timer is due and no record comes: let time pass in the log."""
        tick = self.step.tick(now)
        if tick is None:
            return
        due = await self.store.next_due(self.number)
        if due is None or due > now:
            return
        ticked_due, ticked_at = self._ticked
        if ticked_due == due and now - ticked_at < self.limits.tick_repeat_ms:
            return
        self._ticked = (due, now)
        try:
            await self.log.append([(Destination(self.step.reads.name, self.number), (tick,))])
        except LogUnavailable:
            self._ticked = (due, now - self.limits.tick_repeat_ms + self.limits.retry_ms_max)
