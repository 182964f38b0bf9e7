"""effects.effects -> work -> the world -> leads.commands

Performs what passed the gate: claims due effects, prepares them, looks once more whether they may happen, marks them as being
handed over, hands them over, and writes what became of them. A crash before the mark is repeated, a crash after it is not:
such an effect is `unknown` once its deadline has passed, unless the other side can be asked. Then `leads` is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Final, Literal

import structlog

from infra.effects.impersonal import impersonal
from infra.effects.model import Claimed, FinalState, HandOver, Limits, Performer, Publish, TryAgain, Undeliverable, Verdict
from infra.effects.store import EffectStore, Stranded, Unreported
from infra.kafka.ports import LogUnavailable
from infra.postgres.pool import UNAVAILABLE
from schemas.commands import RecordMessage
from schemas.envelope import derived_id
from schemas.message import LeadId

ACTOR: Final = "work"
PAUSED_SECONDS: Final = 5.0
"""How soon an effect that was stopped by the switch is due again; claiming waits for the switch anyway."""
CLAIM_PART: Final = 4
"""A claim waits until one part in so many of the room is free."""
KEEP_PAUSES_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_OUTCOMES: Final[Mapping[FinalState, Literal["sent", "failed", "suppressed", "unknown"]]] = {
    "done": "sent",
    "failed": "failed",
    "suppressed": "suppressed",
    "unknown": "unknown",
}
_AWAY: Final[tuple[type[Exception], ...]] = (*UNAVAILABLE, LogUnavailable)

log = structlog.get_logger("work")


class Worker:
    """One process's worker; any number may run beside each other."""

    def __init__(
        self,
        store: EffectStore,
        performers: Mapping[str, Performer],
        publish: Publish,
        look_back: Callable[[], Awaitable[None]],
        limits: Limits | None = None,
    ) -> None:
        """`look_back` comes before the first claim, and again after the store was away: it may be back as it was before."""
        self._store = store
        self._performers = performers
        self._publish = publish
        self._look_back = look_back
        self._looked_back = False
        self._limits = limits or Limits()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what is being done and report it.

        Cancelled, it lets go at once: leases and deadlines settle what was being done. A server that is away is waited for.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._repeat(self._fill, self._limits.poll_seconds, stop))
                tasks.create_task(self._repeat(self._clear_up, self._limits.sweep_seconds, stop))
                tasks.create_task(self._repeat(self.report, self._limits.poll_seconds, stop))
            await self.drain()
            with suppress(*_AWAY):  # the next worker reports it
                await self.report()
        finally:
            for task in self._running:
                task.cancel()

    async def drain(self) -> None:
        """Wait for what is being done; bounded by the limits of preparing and handing over."""
        while self._running:
            await asyncio.wait(self._running)
            self._collect()

    async def work_once(self) -> int:
        """Claim what is due, once, and see it through; returns how many."""
        claimed = await self._claim()
        await self.drain()
        return claimed

    async def report(self) -> int:
        """Tell `leads` what became of effects; returns how many. Repeating a report is harmless: its id is its content's."""
        unreported = await self._store.unreported(self._limits.report_batch_max)
        if unreported:
            await self._publish([_report(effect) for effect in unreported])
            await self._store.reported(unreported)
        return len(unreported)

    async def sweep(self) -> int:
        """Put back what dead workers claimed, and settle what they were handing over; returns how many."""
        returned = await self._store.return_expired()
        stranded = await self._store.stranded(list(self._performers), self._limits.report_batch_max)
        for effect in stranded:
            await self._reconcile(effect)
        return returned + len(stranded)

    async def _clear_up(self) -> int:
        await self.sweep()
        return 0

    async def _fill(self) -> int:
        """Claim once a good part of the room is free, so that a claim is worth its statement; 0 if there was nothing to do."""
        self._collect()
        if self._limits.concurrency - len(self._running) < max(1, self._limits.concurrency // CLAIM_PART):
            await asyncio.wait(self._running, timeout=self._limits.poll_seconds, return_when=asyncio.FIRST_COMPLETED)
            return 1
        return await self._claim()

    async def _claim(self) -> int:
        if not self._looked_back:
            await self._look_back()
            self._looked_back = True
        room = self._limits.concurrency - len(self._running)
        claimed = await self._store.claim(list(self._performers), room, self._limits.lease_seconds)
        for effect in claimed:
            self._running.add(asyncio.create_task(self._see_through(effect)))
        return len(claimed)

    def _collect(self) -> None:
        """Raises what a task raised, except that the store was away: then the lease or the deadline settles the effect."""
        for task in [task for task in self._running if task.done()]:
            self._running.discard(task)
            if task.cancelled():
                continue
            error = task.exception()
            if isinstance(error, UNAVAILABLE):
                log.warning("effect_left_to_its_lease", error=type(error).__name__)
            elif error is not None:
                raise error

    async def _see_through(self, effect: Claimed) -> None:
        """One claimed effect, to its end or back on the list. Raises UNAVAILABLE errors: then lease or deadline settle it."""
        if effect.attempts > self._limits.attempts_max:
            await self._store.settle(effect.id, effect.claim, "failed", f"given up after {self._limits.attempts_max} attempts")
            return
        try:
            if await self._heed(effect, await self._store.look(effect)):
                await self._attempt(effect, self._performers[effect.kind])
        except TryAgain as later:
            seconds = self._limits.retry_seconds(effect.attempts)
            await self._store.release(effect.id, effect.claim, seconds, later.detail)
        except Undeliverable as never:
            await self._store.settle(effect.id, effect.claim, "failed", never.detail)

    async def _attempt(self, effect: Claimed, performer: Performer) -> None:
        async with AsyncExitStack() as stack:
            ready = await self._prepare(stack, effect, performer)
            seconds = performer.deadline_seconds + self._limits.deadline_margin_seconds
            verdict = await self._store.begin(effect, ready.recipients, ready.message_id, seconds)
            if await self._heed(effect, verdict) and await self._hand_over(effect, performer, ready):
                await self._keep_outcome(effect)

    async def _prepare(self, stack: AsyncExitStack, effect: Claimed, performer: Performer) -> HandOver:
        try:
            async with asyncio.timeout(self._limits.prepare_seconds_max):
                return await stack.enter_async_context(performer.prepare(effect))
        except (TryAgain, Undeliverable):
            raise
        except Exception as unforeseen:  # nothing has happened yet, so a bounded number of repeats can do no harm
            log.warning("effect_not_prepared", effect=str(effect.id), error=type(unforeseen).__name__)
            raise TryAgain(f"could not be prepared: {type(unforeseen).__name__}") from unforeseen

    async def _hand_over(self, effect: Claimed, performer: Performer, ready: HandOver) -> bool:
        """True if it was performed; False if nobody knows, which `sweep` settles after the deadline."""
        try:
            async with asyncio.timeout(performer.deadline_seconds):
                await ready.perform()
        except (TryAgain, Undeliverable):
            raise
        except Exception as unforeseen:  # whatever it was, the other side may have taken it: never repeat
            log.warning("effect_outcome_unknown", effect=str(effect.id), error=type(unforeseen).__name__)
            return False
        return True

    async def _keep_outcome(self, effect: Claimed) -> None:
        """Store `done`. It is known now and nowhere else, so a store that is away is asked several times."""
        for pause_seconds in KEEP_PAUSES_SECONDS:
            try:
                await self._store.settle(effect.id, effect.claim, "done")
            except UNAVAILABLE:
                await asyncio.sleep(pause_seconds)
            else:
                return
        await self._store.settle(effect.id, effect.claim, "done")

    async def _heed(self, effect: Claimed, verdict: Verdict) -> bool:
        """True for GO; everything else is written down."""
        if verdict is Verdict.PAUSED:
            await self._store.release(effect.id, effect.claim, PAUSED_SECONDS, "sending is paused", counted=False)
        elif verdict is Verdict.SUPPRESSED:
            await self._store.settle(effect.id, effect.claim, "suppressed", "the address is suppressed")
        elif verdict is Verdict.ERASED:
            await self._store.settle(effect.id, effect.claim, "suppressed", "the lead was erased")
        elif verdict is Verdict.RECORDED:
            await self._store.settle_as_recorded(effect.id, effect.claim)
        return verdict is Verdict.GO

    async def _reconcile(self, effect: Stranded) -> None:
        performer = self._performers[effect.kind]
        arrived: bool | None = None
        try:
            async with asyncio.timeout(performer.deadline_seconds):
                arrived = await performer.reconcile(effect.id, effect.message_id)
        except Exception as unforeseen:  # not being able to ask is not knowing
            log.warning("effect_not_reconciled", effect=str(effect.id), error=type(unforeseen).__name__)
        if arrived is None:
            await self._store.settle(effect.id, effect.claim, "unknown", "handed over, but nobody knows whether it arrived")
        elif arrived:
            await self._store.settle(effect.id, effect.claim, "done", "found on the other side")
        else:
            await self._store.release(effect.id, effect.claim, 0.0, "not found on the other side")

    async def _repeat(self, step: Callable[[], Awaitable[int]], pause_seconds: float, stop: asyncio.Event) -> None:
        """Until `stop`: at once again while there is work, after a pause while there is none, later while servers are away."""
        failures = 0
        while not stop.is_set():
            try:
                done = await step()
                failures = 0
            except _AWAY as away:
                log.warning("work_waits", error=type(away).__name__)
                self._looked_back = False
                done = 0
                failures += 1
            if not done:
                longest = max(self._limits.unavailable_seconds_max, pause_seconds)
                await _wait(stop, min(pause_seconds * 2 ** min(failures, 16), longest))


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _report(effect: Unreported) -> RecordMessage:
    return RecordMessage(
        lead=LeadId(effect.lead),
        command_id=derived_id(f"{effect.id}|{effect.state}", ACTOR, 0),
        actor=ACTOR,
        message_id=effect.message_id,
        outcome=_OUTCOMES[effect.state],
        detail=impersonal(effect.detail),
    )
