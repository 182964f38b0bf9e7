import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from infra.effects import control
from infra.effects.model import Claimed, TryAgain, Undeliverable
from tests.infra.effects.making import FAST, FakePerformer, Reports, effect, planned, row, settled, state, until, worker
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def raises(error: BaseException) -> None:
    raise error


async def test_a_due_effect_is_handed_over_once_and_leads_is_told(db: Opened) -> None:
    wish, performer, reports = effect(), FakePerformer(), Reports()
    await planned(db, wish)
    works = worker(db, performer, reports)
    assert await works.work_once() == 1
    assert await works.work_once() == 0
    assert await works.report() == 1
    assert await works.report() == 0
    found = await row(db, wish)
    assert performer.handed_over == [found["id"]]
    assert (found["state"], found["attempts"], found["message_id"]) == ("done", 1, f"<{found['id']}@test>")
    [command] = reports.commands
    assert (command.lead, command.message_id, command.outcome, command.actor) == (
        wish.lead,
        wish.payload["message_id"],
        "sent",
        "work",
    )


async def test_an_effect_that_is_not_due_waits(db: Opened) -> None:
    wish, performer = effect(due_at=datetime.now(UTC) + timedelta(seconds=0.3)), FakePerformer()
    await planned(db, wish)
    works = worker(db, performer)
    assert await works.work_once() == 0

    async def claimed() -> bool:
        return await works.work_once() == 1

    await until(claimed)
    assert len(performer.handed_over) == 1


async def test_an_effect_of_a_kind_that_nobody_performs_stays_planned(db: Opened) -> None:
    wish = effect(kind="fax")
    await planned(db, wish)
    assert await worker(db, FakePerformer()).work_once() == 0
    assert await state(db, wish) == "planned"


async def test_the_running_worker_clears_the_list_and_stops_when_told(db: Opened) -> None:
    performer, reports, stop = FakePerformer(), Reports(unavailable=2), asyncio.Event()
    await planned(db, *(effect() for _ in range(60)))
    running = asyncio.create_task(worker(db, performer, reports).run(stop))
    await until(lambda: settled(db))
    stop.set()
    await running
    assert len(set(performer.handed_over)) == len(performer.handed_over) == 60
    assert sorted(set(reports.outcomes)) == ["sent"]
    assert len({command.command_id for command in reports.commands}) == 60


async def test_stopping_finishes_and_reports_what_is_being_done(db: Opened) -> None:
    going, stop, reports = asyncio.Event(), asyncio.Event(), Reports()

    async def slowly(effect: Claimed) -> None:
        going.set()
        await asyncio.sleep(0.1)

    wish = effect()
    await planned(db, wish)
    running = asyncio.create_task(worker(db, FakePerformer(before=slowly), reports).run(stop))
    await going.wait()
    stop.set()
    await running
    assert await state(db, wish) == "done"
    assert reports.outcomes == ["sent"]


async def test_what_cannot_be_done_now_is_tried_again_later_and_given_up_in_the_end(db: Opened) -> None:
    wish, reports = effect(), Reports()
    performer = FakePerformer(preparing=lambda _: raises(TryAgain("the mail server answered 451")))
    await planned(db, wish)
    works = worker(db, performer, reports)
    assert await works.work_once() == 1
    found = await row(db, wish)
    assert (found["state"], found["attempts"], found["detail"]) == ("planned", 1, "the mail server answered 451")
    assert found["due_at"] > found["created_at"]
    assert await works.report() == 0

    async def failed() -> bool:
        await works.work_once()
        return await state(db, wish) == "failed"

    await until(failed)
    await works.report()
    assert (await row(db, wish))["attempts"] == FAST.attempts_max + 1
    assert reports.commands[0].outcome == "failed"
    assert reports.commands[0].detail == "given up after 4 attempts"
    assert performer.handed_over == []


async def test_the_pauses_double_up_to_a_limit() -> None:
    limits = replace(FAST, retry_seconds_min=1.0, retry_seconds_max=60.0)
    assert [limits.retry_seconds(attempts) for attempts in (1, 2, 3, 7, 5000)] == [1.0, 2.0, 4.0, 60.0, 60.0]


@pytest.mark.parametrize("moment", ["preparing", "before"])
async def test_what_can_never_be_done_fails_at_once_with_its_reason(db: Opened, moment: str) -> None:
    wish, reports = effect(), Reports()
    performer = FakePerformer()
    setattr(performer, moment, lambda _: raises(Undeliverable("the mail server answered 550 \0 \ud800")))
    await planned(db, wish)
    works = worker(db, performer, reports)
    await works.work_once()
    await works.report()
    assert await state(db, wish) == "failed"
    assert reports.outcomes == ["failed"]
    assert reports.commands[0].detail == "the mail server answered 550 \ufffd ?"


async def test_a_refusal_while_handing_over_is_no_unknown_and_may_be_repeated(db: Opened) -> None:
    answers: list[Exception | None] = [TryAgain("the mail server answered 451"), None]

    async def answered(effect: Claimed) -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    wish, performer = effect(), FakePerformer(before=answered)
    await planned(db, wish)
    works = worker(db, performer)
    await works.work_once()
    assert await state(db, wish) == "planned"

    async def done() -> bool:
        await works.work_once()
        return await state(db, wish) == "done"

    await until(done)
    assert len(performer.handed_over) == 1


async def test_while_sending_is_paused_nothing_is_claimed_and_afterwards_everything_goes(db: Opened) -> None:
    wish, performer = effect(), FakePerformer()
    await planned(db, wish)
    async with db.pool.acquire() as connection:
        await control.pause_sending(connection, on=True, actor="admin")
        assert await worker(db, performer).work_once() == 0
        assert await state(db, wish) == "planned"
        await control.pause_sending(connection, on=False, actor="admin")
    assert await worker(db, performer).work_once() == 1
    assert await state(db, wish) == "done"


async def test_the_switch_is_looked_at_again_at_the_moment_of_acting(db: Opened) -> None:
    async def pause(effect: Claimed) -> None:
        async with db.pool.acquire() as connection:
            await control.pause_sending(connection, on=True, actor="admin")

    wish, performer = effect(), FakePerformer(preparing=pause)
    await planned(db, wish)
    await worker(db, performer).work_once()
    found = await row(db, wish)
    assert performer.handed_over == []
    assert (found["state"], found["attempts"], found["detail"]) == ("planned", 0, "sending is paused")


@pytest.mark.parametrize("when", ["before it is claimed", "while it is prepared"])
@pytest.mark.parametrize("whose", ["planned for", "really used"])
async def test_a_suppressed_address_is_not_written_to(db: Opened, when: str, whose: str) -> None:
    wish, reports = effect(), Reports()

    async def suppress(effect: Claimed | None = None) -> None:
        async with db.pool.acquire() as connection:
            await control.suppress(connection, [wish.recipient if whose == "planned for" else "used"], "unsubscribed")

    performer = FakePerformer(recipients=("used",))
    await planned(db, wish)
    if when == "while it is prepared":
        performer.preparing = suppress
    else:
        await suppress()
    works = worker(db, performer, reports)
    await works.work_once()
    await works.report()
    assert performer.handed_over == []
    assert await state(db, wish) == "suppressed"
    assert (reports.outcomes, reports.commands[0].detail) == (["suppressed"], "the address is suppressed")


@pytest.mark.parametrize("when", ["before it is claimed", "while it is prepared"])
async def test_an_erased_person_is_not_written_to(db: Opened, when: str) -> None:
    wish, reports = effect(), Reports()

    async def erase(effect: Claimed | None = None) -> None:
        async with db.pool.acquire() as connection, connection.transaction():
            await db.another_process().destroy(connection, wish.lead, actor="admin", reason="asked for it")

    performer = FakePerformer()
    await planned(db, wish)
    if when == "while it is prepared":
        performer.preparing = erase
    else:
        await erase()
    works = worker(db, performer, reports)
    await works.work_once()
    await works.report()
    assert performer.handed_over == []
    assert (reports.outcomes, reports.commands[0].detail) == (["suppressed"], "the lead was erased")
    assert bool(performer.prepared) == (when == "while it is prepared")


async def test_two_workers_beside_each_other_hand_over_each_effect_once(db: Opened) -> None:
    wishes = [effect() for _ in range(150)]
    # Nobody's time is up on a slow machine: an outcome that nobody saw is another test's.
    performers = [FakePerformer(deadline_seconds=20.0, before=lambda _: asyncio.sleep(0.002)) for _ in range(3)]
    limits = replace(FAST, lease_seconds=30.0)
    await planned(db, *wishes)
    stop, reports = asyncio.Event(), Reports()
    running = [asyncio.create_task(worker(db, performer, reports, limits=limits).run(stop)) for performer in performers]
    await until(lambda: settled(db))
    stop.set()
    await asyncio.gather(*running)
    handed_over = [id_ for performer in performers for id_ in performer.handed_over]
    assert len(handed_over) == len(set(handed_over)) == 150
    assert len({command.command_id for command in reports.commands}) == 150


@pytest.mark.parametrize("second_is", ["done", "still preparing"])
async def test_a_worker_whose_lease_has_ended_does_not_hand_over(db: Opened, second_is: str) -> None:
    go, prepared = (asyncio.Event(), asyncio.Event()), (asyncio.Event(), asyncio.Event())

    def waiting(nth: int) -> Callable[[Claimed], Awaitable[None]]:
        async def wait(effect: Claimed) -> None:
            prepared[nth].set()
            await go[nth].wait()

        return wait

    limits = replace(FAST, prepare_seconds_max=30.0, lease_seconds=30.0)
    slow, other, wish = FakePerformer(preparing=waiting(0)), FakePerformer(preparing=waiting(1)), effect()
    await planned(db, wish)
    first = asyncio.create_task(worker(db, slow, limits=limits).work_once())
    await prepared[0].wait()
    await db.pool.execute("update effects.effects set lease_until = now() - interval '1 ms'")
    works = worker(db, other, limits=limits)
    assert await works.sweep() == 1
    second = asyncio.create_task(works.work_once())
    await prepared[1].wait()
    last_to_go = [(go[1], second), (go[0], first)] if second_is == "done" else [(go[0], first), (go[1], second)]
    for event, task in last_to_go:
        event.set()
        await task
    assert (len(slow.prepared), len(slow.handed_over), len(other.handed_over)) == (1, 0, 1)
    assert await state(db, wish) == "done"


async def test_preparing_that_hangs_is_cut_off_and_tried_again(db: Opened) -> None:
    performer = FakePerformer(preparing=lambda _: asyncio.sleep(30))
    wish = effect()
    await planned(db, wish)
    await worker(db, performer, limits=replace(FAST, prepare_seconds_max=0.05)).work_once()
    assert (await row(db, wish))["detail"] == "could not be prepared: TimeoutError"
    assert await state(db, wish) == "planned"


async def test_a_bug_of_the_worker_itself_stops_it(db: Opened) -> None:
    await planned(db, effect(payload={"message_id": "m"}))

    async def wrongly(commands: object) -> None:
        raise ZeroDivisionError

    reports = Reports()
    reports.publish = wrongly  # type: ignore[method-assign, assignment]
    with pytest.raises(ExceptionGroup) as stopped:
        await worker(db, FakePerformer(), reports).run(asyncio.Event())
    assert isinstance(stopped.value.exceptions[0], ZeroDivisionError)
