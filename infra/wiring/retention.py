"""What is kept for a time, and then no longer: `leadflow work` looks once an hour, and forgets in bounded bites.

Intake keys of days whose submissions and activity are gone from Kafka are destroyed, and with them whatever a backup or a mirror
still has of what came in; never before `identity` has read them. The rest is memory of what was answered and of what came before.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import structlog

from consumers.identity.claims import Claims
from consumers.identity.held import Activities
from consumers.identity.recall import undecided
from infra.dead_letters import store as dead_letters
from infra.kafka.ports import LogUnavailable
from infra.kafka.reading import opener
from infra.postgres.pool import UNAVAILABLE
from infra.wiring import host
from infra.wiring.reapply import reapply
from schemas.topics import ACTIVITIES, COMMANDS, DAY_MS, SUBMISSIONS, Topic

log = structlog.get_logger("retention")

EVERY_SECONDS: Final = 3_600.0
AGAIN_SECONDS: Final = 60.0
"""After a server was away."""
ROWS_PER_BITE: Final = 10_000
BITES_MAX: Final = 100
"""Of one table in one hour."""


def _kept_days(topic: Topic) -> int:
    if topic.retention_ms is None:
        raise ValueError(f"{topic.name} is kept for ever: nothing that goes with it may be forgotten")
    return topic.retention_ms // DAY_MS


ANSWERED_DAYS: Final = _kept_days(COMMANDS)
"""As long as a command can be read again, it is known to be done."""
DELIVERED_DAYS: Final = 30
"""Vendors try for hours or days; the longest that we know of a week."""
HELD_DAYS: Final = 30
"""Who comes back after that long is somebody new. Sooner than that the day's key is destroyed, and with it what was personal."""
AWAY: Final[tuple[type[Exception], ...]] = (LogUnavailable, *UNAVAILABLE)
FORGET: Final = {
    "outcomes": f"""delete from leads.outcomes where ctid in (
        select ctid from leads.outcomes where decided_at < now() - interval '{ANSWERED_DAYS} days' limit {ROWS_PER_BITE})""",
    "sent": f"""delete from gateway.sent where ctid in (
        select ctid from gateway.sent where sent_at < now() - interval '{ANSWERED_DAYS} days' limit {ROWS_PER_BITE})""",
    "activities": f"""delete from identity.activities where ctid in (
        select ctid from identity.activities where seen_at < now() - interval '{DELIVERED_DAYS} days' limit {ROWS_PER_BITE})""",
    "held activities": f"""delete from identity.held_activities where ctid in (
        select ctid from identity.held_activities where held_at < now() - interval '{HELD_DAYS} days' limit {ROWS_PER_BITE})""",
    "deliveries": f"""delete from identity.deliveries where ctid in (
        select ctid from identity.deliveries where seen_at < now() - interval '{DELIVERED_DAYS} days' limit {ROWS_PER_BITE})""",
}

FORGET_ADDRESSES: Final = f"""delete from audit.addresses where ctid in (
    select ctid from audit.addresses where at < now() - make_interval(days => $1) limit {ROWS_PER_BITE})"""


async def keep_tidy(has: host.Base, stop: asyncio.Event) -> None:
    """Until `stop`."""
    while not stop.is_set():
        pause = EVERY_SECONDS
        try:
            await tidy(has, datetime.now(UTC))
        except AWAY as away:
            log.warning("retention waits", error=type(away).__name__)
            pause = AGAIN_SECONDS
        try:
            async with asyncio.timeout(pause):
                await stop.wait()
        except TimeoutError:
            continue


async def tidy(has: host.Base, now: datetime) -> dict[str, int]:
    """Forget what is old enough; returns how many of what. Raises LogUnavailable, and asyncpg's errors."""
    await reapply(has)
    forgotten = {name: await _bite_by_bite(has.pool, sql) for name, sql in FORGET.items()}
    forgotten["addresses"] = await _bite_by_bite(has.pool, FORGET_ADDRESSES, has.settings.audit.address_days)
    async with has.pool.acquire() as connection:
        forgotten["dead letters"] = await dead_letters.purge(connection)
        stands = {SUBMISSIONS: await Claims(connection).stands(), ACTIVITIES: await Activities(connection).stands()}
    before = await _read_before(has, stands, now)
    async with has.pool.acquire() as connection, connection.transaction():
        forgotten["intake keys"] = len(await has.keyring.destroy_intake(connection, before))
    if any(forgotten.values()):
        log.info("forgotten", **{name.replace(" ", "_"): count for name, count in forgotten.items()})
    return forgotten


async def _bite_by_bite(pool: Any, sql: str, *values: Any) -> int:
    count = 0
    for _ in range(BITES_MAX):
        bite = int((await pool.execute(sql, *values)).rpartition(" ")[2])
        count += bite
        if bite < ROWS_PER_BITE:
            break
    return count


async def _read_before(has: host.Base, stands: Mapping[Topic, dict[int, tuple[int, int]]], now: datetime) -> date:
    """The first day whose key is still needed: Kafka keeps what was sealed then, or identity has not read it."""
    needed = now
    for topic, positions in stands.items():
        needed = min(needed, now - timedelta(days=_kept_days(topic)))
        since_ms, _ = await undecided(opener(has.settings.kafka), positions, topic)
        if since_ms is not None:
            needed = min(needed, datetime.fromtimestamp(since_ms / 1000, UTC))
    # A record may have been sealed a little before it was recorded, on the day before.
    return needed.date() - timedelta(days=1)
