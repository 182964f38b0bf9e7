"""The worker's side of the list: claim -> begin -> settle, each one commit. All statements name the claim they act under."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import orjson

from infra.crypto.keyring import Keyring
from infra.effects.impersonal import impersonal
from infra.effects.model import Claimed, FinalState, Verdict
from infra.effects.statements import (
    BEGIN,
    CLAIM,
    LOOK,
    LOOK_AND_LOCK,
    RELEASE,
    REPORTED,
    RETURN_EXPIRED,
    SETTLE,
    SETTLE_AS_RECORDED,
    STRANDED,
    UNREPORTED,
)

DETAIL_CHARACTERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Stranded:
    """A hand-over whose deadline has passed with nothing learnt."""

    id: UUID
    claim: UUID
    kind: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Unreported:
    """A settled effect that `leads` has not been told of."""

    id: UUID
    lead: str
    message_id: str
    state: FinalState
    detail: str


class EffectStore:
    """Statements of one worker. Everything raises asyncpg's errors."""

    def __init__(self, pool: asyncpg.Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    async def claim(self, kinds: Sequence[str], limit: int, lease_seconds: float) -> list[Claimed]:
        """Take due effects that nobody else has; none while sending is paused."""
        token = uuid4()
        rows = await self._pool.fetch(CLAIM, list(kinds), limit, lease_seconds, token)
        return [
            Claimed(
                id=row["id"],
                claim=token,
                kind=row["kind"],
                lead=row["lead"],
                recipient=row["recipient"],
                reason=row["reason"],
                cause=row["cause"],
                payload=orjson.loads(row["payload"]),
                attempts=row["attempts"],
            )
            for row in rows
        ]

    async def look(self, effect: Claimed) -> Verdict:
        """May it happen, as things stand? Asked before anything is prepared, and again by `begin`."""
        async with self._pool.acquire() as connection:
            return await self._look(connection, LOOK, effect, [effect.recipient])

    async def begin(self, effect: Claimed, recipients: Sequence[str], message_id: str | None, seconds: float) -> Verdict:
        """The last look, and the mark `handing_over` with its deadline, in one commit."""
        async with self._pool.acquire() as connection, connection.transaction():
            verdict = await self._look(connection, LOOK_AND_LOCK, effect, [effect.recipient, *recipients])
            if verdict is Verdict.GO:
                await connection.execute(BEGIN, effect.id, message_id, seconds)
            return verdict

    async def _look(self, connection: Any, statement: str, effect: Claimed, recipients: Sequence[str]) -> Verdict:
        found = await connection.fetchrow(statement, effect.id, effect.claim, recipients)
        if found is None:
            return Verdict.LOST
        if await self._keyring.erased(connection, [effect.lead]):
            return Verdict.ERASED
        if found["recorded"]:
            return Verdict.RECORDED
        if found["suppressed"]:
            return Verdict.SUPPRESSED
        return Verdict.PAUSED if found["paused"] else Verdict.GO

    async def settle(self, effect: UUID, claim: UUID, state: FinalState, detail: str = "") -> bool:
        """Write the end of an effect. False if the claim no longer holds."""
        return bool(await self._pool.fetchval(SETTLE, effect, claim, state, _storable(detail)))

    async def settle_as_recorded(self, effect: UUID, claim: UUID) -> None:
        """Write the end that the log knows of."""
        await self._pool.execute(SETTLE_AS_RECORDED, effect, claim)

    async def release(self, effect: UUID, claim: UUID, seconds: float, detail: str, *, counted: bool = True) -> bool:
        """Put an effect back for later; `counted` False takes the attempt back too. False if the claim no longer holds."""
        status = await self._pool.fetchval(RELEASE, effect, claim, seconds, _storable(detail), int(not counted))
        return bool(status)

    async def return_expired(self) -> int:
        """Put back what was claimed by workers that are gone: nothing was handed over yet."""
        return len(await self._pool.fetch(RETURN_EXPIRED))

    async def stranded(self, kinds: Sequence[str], limit: int) -> list[Stranded]:
        """Hand-overs past their deadline."""
        return [Stranded(**row) for row in await self._pool.fetch(STRANDED, list(kinds), limit)]

    async def unreported(self, limit: int) -> list[Unreported]:
        """Settled effects whose state was not reported yet, oldest first."""
        return [Unreported(**row) for row in await self._pool.fetch(UNREPORTED, limit)]

    async def reported(self, effects: Sequence[Unreported]) -> None:
        """Remember what was reported; an effect that changed since is reported again."""
        await self._pool.execute(REPORTED, [effect.id for effect in effects], [effect.state for effect in effects])


def _storable(detail: str) -> str:
    """What another server said may hold what PostgreSQL refuses, and name the person: it goes into the log, readable for ever."""
    return impersonal(detail)[:DETAIL_CHARACTERS_MAX].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
