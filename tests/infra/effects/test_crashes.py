"""Whatever dies whenever: before the mark an effect is done again, after it never; what nobody knows is called unknown."""

import asyncio
import random
from uuid import UUID

import asyncpg
import pytest

from infra.effects import control
from infra.effects.model import Claimed
from tests.infra.effects.making import FAST, Cut, FakePerformer, Reports, effect, planned, row, settled, state, until, worker
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def hangs(effect: Claimed) -> None:
    await asyncio.sleep(60)


async def dies(effect: Claimed) -> None:
    raise RuntimeError("a bug of the performer")


async def killed_while(db: Opened, performer: FakePerformer, wanted: str) -> None:
    """Run a worker until the list shows the state `wanted`, and cancel everything it does."""
    running = asyncio.create_task(worker(db, performer).run(asyncio.Event()))

    async def reached() -> bool:
        return bool(await db.pool.fetchval("select exists (select from effects.effects where state = $1)", wanted))

    await until(reached)
    await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def work_until_settled(db: Opened, performer: FakePerformer, reports: Reports | None = None) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(worker(db, performer, reports).run(stop))
    await until(lambda: settled(db))
    stop.set()
    await running


async def test_killed_while_preparing_another_does_it_once_the_lease_has_ended(db: Opened) -> None:
    wish, survivor = effect(), FakePerformer()
    await planned(db, wish)
    await killed_while(db, FakePerformer(preparing=hangs), "claimed")
    assert await worker(db, survivor).work_once() == 0
    await work_until_settled(db, survivor)
    assert len(survivor.handed_over) == 1
    assert await state(db, wish) == "done"


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_killed_while_handing_over_it_is_unknown_after_the_deadline_and_never_repeated(db: Opened, moment: str) -> None:
    wish, survivor, reports = effect(), FakePerformer(), Reports()
    killed = FakePerformer(deadline_seconds=5.0)
    setattr(killed, moment, hangs)
    await planned(db, wish)
    await killed_while(db, killed, "handing_over")
    assert await worker(db, survivor).sweep() == 0
    assert await state(db, wish) == "handing_over"
    await db.pool.execute("update effects.effects set lease_until = now() - interval '1 ms'")
    await work_until_settled(db, survivor, reports)
    assert await state(db, wish) == "unknown"
    assert survivor.handed_over == []
    assert reports.outcomes == ["unknown"]
    async with db.pool.acquire() as connection:
        [shown] = await control.unknown(connection)
    assert (shown.lead, shown.message_id) == (wish.lead, f"<{shown.id}@test>")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("trouble", [dies, hangs])
async def test_a_hand_over_that_raises_or_hangs_is_unknown_not_repeated(db: Opened, moment: str, trouble: object) -> None:
    wish, performer, reports = effect(), FakePerformer(deadline_seconds=0.1), Reports()
    setattr(performer, moment, trouble)
    await planned(db, wish)
    await work_until_settled(db, performer, reports)
    assert await state(db, wish) == "unknown"
    assert len(performer.prepared) == 1
    assert reports.outcomes == ["unknown"]


@pytest.mark.parametrize(("arrived", "end", "times"), [(True, "done", 0), (False, "done", 1), (None, "unknown", 0)])
async def test_the_other_side_is_asked_where_it_can_be(db: Opened, arrived: bool | None, end: str, times: int) -> None:
    async def answer(effect: UUID) -> bool | None:
        return arrived

    wish, survivor = effect(), FakePerformer(arrived=answer)
    await planned(db, wish)
    await killed_while(db, FakePerformer(before=hangs, deadline_seconds=0.2), "handing_over")
    await work_until_settled(db, survivor)
    assert await state(db, wish) == end
    assert len(survivor.handed_over) == times


async def test_an_other_side_that_cannot_be_asked_leaves_it_unknown(db: Opened) -> None:
    async def away(effect: UUID) -> bool | None:
        raise ConnectionError

    wish = effect()
    await planned(db, wish)
    await killed_while(db, FakePerformer(before=hangs, deadline_seconds=0.2), "handing_over")
    await work_until_settled(db, FakePerformer(arrived=away))
    assert await state(db, wish) == "unknown"


async def test_an_outcome_learnt_late_replaces_unknown_and_is_reported_too(db: Opened) -> None:
    going, arrives = asyncio.Event(), asyncio.Event()

    async def slowly(effect: Claimed) -> None:
        going.set()
        await arrives.wait()

    reports, wish = Reports(), effect()
    await planned(db, wish)
    handing_over = asyncio.create_task(worker(db, FakePerformer(before=slowly, deadline_seconds=30.0), reports).work_once())
    await going.wait()
    await db.pool.execute("update effects.effects set lease_until = now() - interval '1 ms'")
    second = worker(db, FakePerformer(), reports)
    assert await second.sweep() == 1
    await second.report()
    arrives.set()
    await handing_over
    await second.report()
    assert await state(db, wish) == "done"
    assert reports.outcomes == ["unknown", "sent"]
    assert len({command.command_id for command in reports.commands}) == 2


@pytest.mark.parametrize(
    ("at", "moment", "handed_over", "end"),
    [
        ("look", "before", 1, "done"),
        ("look", "after", 1, "done"),
        ("begin", "before", 1, "done"),
        ("begin", "after", 0, "unknown"),
        ("settle", "before", 1, "unknown"),
        ("settle", "after", 1, "done"),
    ],
)
@pytest.mark.parametrize("error", [asyncpg.ConnectionDoesNotExistError("gone"), asyncio.CancelledError()])
async def test_a_process_or_connection_cut_at_any_statement_never_acts_twice(
    db: Opened, at: str, moment: str, handed_over: int, end: str, error: BaseException
) -> None:
    wish, performer, reports = effect(), FakePerformer(deadline_seconds=0.1), Reports()
    await planned(db, wish)
    store = Cut(db, at, moment, error)
    cut = asyncio.create_task(worker(db, performer, store=store).work_once())
    await until(store.was_cut)
    cut.cancel()  # a store that is away is asked several times; the process ends before that
    await asyncio.gather(cut, return_exceptions=True)
    await work_until_settled(db, performer, reports)
    assert len(performer.handed_over) == handed_over
    assert await state(db, wish) == end
    assert len(reports.commands) == 1


async def test_a_store_that_is_away_for_a_moment_after_the_hand_over_still_learns_of_it(db: Opened) -> None:
    wish, performer = effect(), FakePerformer()
    await planned(db, wish)
    store = Cut(db, "settle", "before", ConnectionError())
    works = asyncio.create_task(worker(db, performer, store=store).work_once())
    await until(store.was_cut)
    store._at = "nowhere"
    await works
    assert await state(db, wish) == "done"


async def test_a_crash_between_reporting_and_remembering_repeats_the_same_report(db: Opened) -> None:
    reports = Reports()
    await planned(db, effect())
    works = worker(db, FakePerformer(), reports)
    await works.work_once()
    await works.report()
    await db.pool.execute("update effects.effects set reported = null")
    await works.report()
    assert len(reports.commands) == 2
    assert reports.commands[0] == reports.commands[1]


async def test_an_effect_that_kills_its_worker_each_time_is_given_up(db: Opened) -> None:
    wish, reports = effect(), Reports()
    await planned(db, wish)
    for _ in range(FAST.attempts_max):
        await killed_while(db, FakePerformer(preparing=hangs), "claimed")
        await db.pool.execute("update effects.effects set lease_until = now() - interval '1 ms'")
        await worker(db, FakePerformer()).sweep()
    await work_until_settled(db, FakePerformer(), reports)
    assert await state(db, wish) == "failed"
    assert (await row(db, wish))["detail"] == "given up after 4 attempts"


@pytest.mark.parametrize("seed", range(4))
async def test_workers_killed_at_random_never_hand_over_one_effect_twice(db: Opened, seed: int) -> None:
    chance = random.Random(seed)

    async def now_and_then(effect: Claimed) -> None:
        await asyncio.sleep(chance.random() * 0.01)

    performer = FakePerformer(preparing=now_and_then, before=now_and_then, after=now_and_then, deadline_seconds=0.2)
    wishes = [effect() for _ in range(80)]
    await planned(db, *wishes)
    for _ in range(12):
        running = [asyncio.create_task(worker(db, performer).run(asyncio.Event())) for _ in range(2)]
        await asyncio.sleep(chance.random() * 0.06)
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    reports = Reports()
    await work_until_settled(db, performer, reports)
    assert len(performer.handed_over) == len(set(performer.handed_over))
    states = {wish.cause: await state(db, wish) for wish in wishes}
    assert set(states.values()) <= {"done", "unknown", "failed"}
    done = sum(found == "done" for found in states.values())
    assert done <= len(performer.handed_over)
