"""The consumers and read models of one deployment, hosted in the test's own loop against real servers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from infra.documents import store as documents
from infra.kafka import admin
from infra.settings import Settings
from infra.wiring import discovery, host
from schemas import topics
from tests.submitting import publish, submission

WAIT_SECONDS_MAX = 40.0
TEAM = {"members": [{"person": "ann"}, {"person": "bob"}]}


@dataclass
class System:
    """A running system. `has` is shared with it: pool, keyring, producer."""

    has: host.Base
    running: asyncio.Task[None]

    async def until(self, what: Callable[[], Awaitable[bool]], why: str) -> None:
        """Wait for something to become true; fails with `why`, or with what ended the system."""
        give_up = time.monotonic() + WAIT_SECONDS_MAX
        while not await what():
            if self.running.done():
                self.running.result()
                raise AssertionError(f"the system ended before {why}")
            assert time.monotonic() < give_up, f"not within {WAIT_SECONDS_MAX:.0f} s: {why}"
            await asyncio.sleep(0.05)

    async def until_value(self, wanted: Any, query: str, *values: Any) -> None:
        """Wait until a query gives a value."""

        async def same() -> bool:
            return bool(await self.has.pool.fetchval(query, *values) == wanted)

        await self.until(same, f"{query} gives {wanted!r}")

    async def submit(self, email: str | None, **more: Any) -> str:
        """Publish a submission; its id."""
        sent = await submission(self.has.keyring, email, **more)
        await publish(self.has.producer, self.has.settings.kafka.partitions, sent)
        return sent[0].submission_id

    async def lead_of(self, submission_id: str) -> str:
        """The lead that a submission became part of."""
        await self.until_value(True, "select exists(select 1 from identity.submissions where submission_id = $1)", submission_id)
        found: str = await self.has.pool.fetchval("select lead from identity.submissions where submission_id = $1", submission_id)
        return found

    async def settled(self) -> None:
        """Wait until every consumer and read model has come to the end of its topic, and nothing new came of it."""
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(0.15)
            quiet = quiet + 1 if await self._at_the_end() else 0

    async def _at_the_end(self) -> bool:
        from infra.kafka.reading import reader
        from infra.wiring import discovery

        ends: dict[str, dict[int, int]] = {}
        for topic in topics.CATALOGUE.values():
            async with reader(self.has.settings.kafka, topic) as log:
                ends[topic.name] = await log.ends()
        reads = {fold.name: fold.reads.name for fold in discovery.folds()}
        reads |= {step.name: step.reads.name for make in discovery.step_makers().values() for step in make(self.has.keyring)}
        reads |= dict.fromkeys(discovery.projection_makers(), topics.EVENTS.name)
        for name, topic_name in reads.items():
            schema = name.replace(".", "_")
            rows = await self.has.pool.fetch(f"select partition, position from {schema}.watermarks")
            positions = {row["partition"]: row["position"] for row in rows}
            if any(positions.get(number, 0) < end for number, end in ends[topic_name].items()):
                return False
            if await self.has.pool.fetchval(f"select exists(select 1 from {schema}.outbox)"):
                # Rows that were acknowledged are deleted a moment later; one that was not is still to come.
                await asyncio.sleep(0.3)
                if await self.has.pool.fetchval(f"select exists(select 1 from {schema}.outbox)"):
                    return False
        return True


@asynccontextmanager
async def running(settings: Settings, names: Sequence[str] = (), *, team: bool = True) -> AsyncIterator[System]:
    """All consumers and read models, with a team of two to route to."""
    await admin.apply(settings.kafka)
    stop = asyncio.Event()
    async with host.base(settings, "test") as has:
        steps = host.consumer_steps(has, names) + host.projection_steps(has, ())
        task = asyncio.create_task(host.run_steps(has, steps, stop, host.projection_jobs(has, ())))
        system = System(has, task)
        try:
            if team and "routing" in discovery.consumer_names():
                await documents.publish(has.pool, "team", "sales", TEAM, actor="test", partitions=settings.kafka.partitions)
                await documents.send_pending(has.pool, has.producer)
                await system.until_value(True, "select exists(select 1 from routing_pools.states)")
            yield system
        finally:
            stop.set()
            await asyncio.wait([task], timeout=20)
