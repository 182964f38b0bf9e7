"""What is old enough is forgotten, and nothing that is needed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from infra.activities.publishing import ActivityWriter, NewActivity
from infra.audit.store import Entry, write
from infra.kafka.reading import reader
from infra.settings import Settings
from infra.wiring import host, retention
from schemas.person import Source
from schemas.topics import EVENTS, SUBMISSIONS, Topic
from tests.submitting import publish, submission

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

NOW = datetime.now(UTC)
TODAY = NOW.date()


@pytest_asyncio.fixture(loop_scope="session")
async def has(topics: Settings) -> AsyncIterator[host.Base]:
    async with host.base(topics, "test") as base:
        await base.pool.execute("truncate crypto.intake_keys, identity.watermarks, identity.deliveries, leads.outcomes")
        yield base


async def days_kept(has: host.Base) -> list[int]:
    rows = await has.pool.fetch("select day from crypto.intake_keys where wrapped is not null order by day")
    return [(TODAY - row["day"]).days for row in rows]


async def test_keys_are_destroyed_once_their_submissions_are_gone(has: host.Base) -> None:
    for ago in (0, 1, 7, 8, 9, 30):
        await has.keyring.intake(TODAY - timedelta(days=ago))
    assert (await retention.tidy(has, NOW))["intake keys"] == 2
    assert await days_kept(has) == [8, 7, 1, 0]
    assert (await retention.tidy(has, NOW))["intake keys"] == 0


async def test_no_key_is_destroyed_that_identity_still_needs(has: host.Base) -> None:
    for ago in (0, 1, 2, 9):
        await has.keyring.intake(TODAY - timedelta(days=ago))
    await publish(has.producer, has.settings.kafka.partitions, await submission(has.keyring, "waiting@x.example"))
    in_a_month = NOW + timedelta(days=30)
    await retention.tidy(has, in_a_month)
    assert await days_kept(has) == [1, 0], "undecided since today"


async def test_no_key_is_destroyed_that_activity_still_needs(has: host.Base) -> None:
    await has.pool.execute("truncate identity_activities.watermarks")
    await has.keyring.intake(TODAY - timedelta(days=1))
    source = Source(vendor="tracking", source_id="site")
    view = NewActivity("e1", "page_view", NOW, source, visitor="visitor-0123456789", url="https://x.example")
    await ActivityWriter(has.keyring, has.producer, has.settings.kafka.partitions).publish([view])
    positions = {number: ((await _end(has, SUBMISSIONS))[number], 0) for number in range(has.settings.kafka.partitions)}
    await has.pool.executemany(
        "insert into identity.watermarks (partition, topic_id, epoch, position, clock_ms) values ($1, 'topic', 1, $2, 0)",
        [(number, position) for number, (position, _) in positions.items()],
    )
    await retention.tidy(has, NOW + timedelta(days=30))
    assert await days_kept(has) == [1, 0], "every submission is decided, but what somebody did is not"


async def _end(has: host.Base, topic: Topic) -> dict[int, int]:
    async with reader(has.settings.kafka, topic) as log:
        return await log.ends()


async def test_what_visitors_did_whom_nobody_came_to_know_is_forgotten(has: host.Base) -> None:
    await has.pool.execute(
        """insert into identity.held_activities (activity_id, visitor, "offset", body, held_at)
           select 'a' || days, 'v', days, '', now() - make_interval(days => days) from unnest(array[0, 29, 31]) as days"""
    )
    await has.pool.execute(
        """insert into identity.activities (activity_id, seen_at)
           select 'a' || days, now() - make_interval(days => days) from unnest(array[0, 29, 31]) as days"""
    )
    forgotten = await retention.tidy(has, NOW)
    assert (forgotten["held activities"], forgotten["activities"]) == (1, 1)
    assert await has.pool.fetchval("select count(*) from identity.held_activities") == 2
    await has.pool.execute("truncate identity.held_activities, identity.activities")


async def test_answers_and_deliveries_are_forgotten_with_what_could_repeat_them(has: host.Base) -> None:
    await has.pool.execute(
        """insert into leads.outcomes (command_id, lead, status, detail, position, decided_at)
           select 'c' || days, 'lead', 'done', '', 1, now() - make_interval(days => days) from unnest(array[0, 29, 31, 60]) as days"""
    )
    await has.pool.execute(
        """insert into identity.deliveries (delivery, submission_id, seen_at)
           select 'd' || days, 's', now() - make_interval(days => days) from unnest(array[0, 29, 31]) as days"""
    )
    await has.pool.execute(
        """insert into gateway.sent (id, actor, sent_at)
           select 's' || days, 'key:1', now() - make_interval(days => days) from unnest(array[0, 29, 31]) as days"""
    )
    forgotten = await retention.tidy(has, NOW)
    assert (forgotten["outcomes"], forgotten["deliveries"], forgotten["sent"]) == (2, 1, 1)


async def test_more_than_a_bite_is_forgotten_in_bites(has: host.Base, monkeypatch: pytest.MonkeyPatch) -> None:
    await has.pool.execute(
        """insert into leads.outcomes (command_id, lead, status, detail, position, decided_at)
           select 'c' || n, 'lead', 'done', '', 1, now() - interval '1 year' from generate_series(1, 25) as n"""
    )
    monkeypatch.setattr(retention, "ROWS_PER_BITE", 10)
    bites = {name: sql.replace("limit 10000", "limit 10") for name, sql in retention.FORGET.items()}
    monkeypatch.setattr(retention, "FORGET", bites)
    assert (await retention.tidy(has, NOW))["outcomes"] == 25


async def test_it_goes_on_after_a_server_was_away_and_stops_when_told(has: host.Base, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    stop = asyncio.Event()

    async def tidied(_has: host.Base, _now: datetime) -> dict[str, int]:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionError
        stop.set()
        return {}

    monkeypatch.setattr(retention, "tidy", tidied)
    monkeypatch.setattr(retention, "AGAIN_SECONDS", 0.01)
    async with asyncio.timeout(2):
        await retention.keep_tidy(has, stop)
    assert len(calls) == 2


async def test_what_is_kept_for_ever_has_no_days() -> None:
    with pytest.raises(ValueError, match="kept for ever"):
        retention._kept_days(EVENTS)


async def test_addresses_of_machines_are_forgotten_and_what_was_done_is_not(has: host.Base) -> None:
    for days in (0, 89, 91):
        await write(has.pool, Entry("u1", "login", f"{days}", address="198.51.100.1"))
    await has.pool.execute(
        """update audit.addresses set at = now() - make_interval(days => e.object::int)
           from audit.entries e where e.id = entry and e.object in ('0', '89', '91')"""
    )
    assert (await retention.tidy(has, NOW))["addresses"] == 1
    kept = await has.pool.fetch("select object from audit.entries left join audit.addresses on entry = id where address is null")
    assert [row["object"] for row in kept] == ["91"]
