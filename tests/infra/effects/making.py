"""Fakes and builders for the gate and the worker: a performer that remembers, a store that fails where it is told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg

from infra.effects import gate
from infra.effects.model import Claimed, FinalState, Limits, Verdict
from infra.effects.store import EffectStore
from infra.effects.worker import Worker
from infra.kafka.fold import Effect
from infra.kafka.ports import LogUnavailable
from schemas.commands import RecordMessage
from tests.infra.opened import Opened

FAST = Limits(
    concurrency=8,
    attempts_max=4,
    retry_seconds_min=0.02,
    retry_seconds_max=0.05,
    prepare_seconds_max=5.0,
    lease_seconds=0.3,
    deadline_margin_seconds=0.1,
    poll_seconds=0.01,
    sweep_seconds=0.02,
    unavailable_seconds_max=0.05,
)


async def nothing(effect: Claimed) -> None:
    """Goes well."""


async def knows_all() -> None:
    """There is nothing in the log that the list has not."""


@dataclass
class Ready:
    effect: Claimed
    performer: "FakePerformer"
    message_id: str | None
    recipients: Sequence[str]

    async def perform(self) -> None:
        await self.performer.before(self.effect)
        self.performer.handed_over.append(self.effect.id)
        await self.performer.after(self.effect)


@dataclass
class FakePerformer:
    """Remembers what was handed over. `preparing`, `before` and `after` run at those moments and may raise or wait."""

    deadline_seconds: float = 0.3
    preparing: Callable[[Claimed], Awaitable[None]] = nothing
    before: Callable[[Claimed], Awaitable[None]] = nothing
    after: Callable[[Claimed], Awaitable[None]] = nothing
    arrived: Callable[[UUID], Awaitable[bool | None]] | None = None
    recipients: tuple[str, ...] = ()
    handed_over: list[UUID] = field(default_factory=list)
    prepared: list[UUID] = field(default_factory=list)

    @asynccontextmanager
    async def prepare(self, effect: Claimed) -> AsyncIterator[Ready]:
        await self.preparing(effect)
        self.prepared.append(effect.id)
        yield Ready(effect, self, f"<{effect.id}@test>", self.recipients)

    async def reconcile(self, effect: UUID, message_id: str | None) -> bool | None:
        assert message_id == f"<{effect}@test>"
        return None if self.arrived is None else await self.arrived(effect)


@dataclass
class Reports:
    """Stands for leads.commands."""

    commands: list[RecordMessage] = field(default_factory=list)
    unavailable: int = 0

    async def publish(self, commands: Sequence[RecordMessage]) -> None:
        if self.unavailable:
            self.unavailable -= 1
            raise LogUnavailable("no broker")
        self.commands.extend(commands)

    @property
    def outcomes(self) -> list[str]:
        return [command.outcome for command in self.commands]


class Cut(EffectStore):
    """A store whose connection breaks, or whose process dies, around one of its statements."""

    def __init__(self, db: Opened, at: str, moment: str, error: BaseException) -> None:
        super().__init__(db.pool, db.keyring)
        self._at, self._moment, self._error = at, moment, error
        self.cut = 0

    async def _around(self, name: str, moment: str) -> None:
        if (self._at, self._moment) == (name, moment):
            self.cut += 1
            raise self._error

    async def was_cut(self) -> bool:
        return self.cut > 0

    async def look(self, effect: Claimed) -> Verdict:
        await self._around("look", "before")
        found = await super().look(effect)
        await self._around("look", "after")
        return found

    async def begin(self, effect: Claimed, recipients: Sequence[str], message_id: str | None, seconds: float) -> Verdict:
        await self._around("begin", "before")
        found = await super().begin(effect, recipients, message_id, seconds)
        await self._around("begin", "after")
        return found

    async def settle(self, effect: UUID, claim: UUID, state: FinalState, detail: str = "") -> bool:
        await self._around("settle", "before")
        found = await super().settle(effect, claim, state, detail)
        await self._around("settle", "after")
        return found


def effect(**changes: object) -> Effect:
    known: dict[str, object] = {
        "kind": "mail",
        "lead": str(uuid4()),
        "recipient": uuid4().hex,
        "reason": "acknowledgement",
        "cause": str(uuid4()),
        "payload": {"message_id": str(uuid4())},
    }
    return Effect(**{**known, **changes})  # type: ignore[arg-type]


async def planned(db: Opened, *effects: Effect) -> None:
    async with db.pool.acquire() as connection, connection.transaction():
        await gate.plan(connection, effects)


def worker(
    db: Opened,
    performer: FakePerformer,
    reports: Reports | None = None,
    *,
    limits: Limits = FAST,
    store: EffectStore | None = None,
    look_back: Callable[[], Awaitable[None]] = knows_all,
) -> Worker:
    publish = (reports or Reports()).publish
    return Worker(store or EffectStore(db.pool, db.keyring), {"mail": performer}, publish, look_back, limits)


async def row(db: Opened, of: Effect) -> asyncpg.Record:
    return await db.pool.fetchrow("select * from effects.effects where id = $1", gate.effect_id(of))


async def state(db: Opened, of: Effect) -> str:
    return str((await row(db, of))["state"])


async def until(wanted: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not await wanted():
            await asyncio.sleep(0.01)


async def settled(db: Opened) -> bool:
    """Nothing is planned, claimed or being handed over, and everything was reported."""
    return not await db.pool.fetchval(
        "select exists (select from effects.effects"
        " where state in ('planned', 'claimed', 'handing_over') or reported is distinct from state)"
    )
