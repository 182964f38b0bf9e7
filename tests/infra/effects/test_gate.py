import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from infra.effects import gate
from tests.infra.effects.making import effect, planned, row
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def count(db: Opened) -> int:
    return int(await db.pool.fetchval("select count(*) from effects.effects"))


async def test_an_effect_passes_once_however_often_it_is_asked(db: Opened) -> None:
    wish = effect()
    await planned(db, wish, wish)
    await planned(db, wish)
    await planned(db, effect(recipient=wish.recipient, reason=wish.reason, cause=wish.cause, payload={"other": 1}))
    assert await count(db) == 1
    found = await row(db, wish)
    assert (found["state"], found["lead"], found["attempts"]) == ("planned", wish.lead, 0)


async def test_another_reason_or_cause_or_person_is_another_effect(db: Opened) -> None:
    wish = effect()
    known = {"lead": wish.lead, "recipient": wish.recipient, "reason": wish.reason, "cause": wish.cause}
    await planned(db, wish, *(effect(**{**known, name: "another"}) for name in ("recipient", "reason", "cause")))
    assert await count(db) == 4


async def test_one_that_is_done_does_not_come_back(db: Opened) -> None:
    wish = effect()
    await planned(db, wish)
    await db.pool.execute("update effects.effects set state = 'done'")
    await planned(db, wish)
    assert (await row(db, wish))["state"] == "done"


async def test_an_effect_may_wait_for_its_time(db: Opened) -> None:
    at = datetime.now(UTC) + timedelta(days=3)
    now, later = effect(), effect(due_at=at)
    await planned(db, now, later)
    assert (await row(db, later))["due_at"] == at
    assert (await row(db, now))["due_at"] <= datetime.now(UTC)


async def test_what_is_rolled_back_was_never_asked(db: Opened) -> None:
    async with db.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await gate.plan(connection, [effect()])
        await transaction.rollback()
    assert await count(db) == 0


async def test_many_consumers_asking_in_any_order_never_deadlock(db: Opened) -> None:
    wishes = [effect() for _ in range(300)]

    async def ask(seed: int) -> None:
        mixed = random.Random(seed).sample(wishes, len(wishes))
        await planned(db, *mixed)

    await asyncio.gather(*(ask(seed) for seed in range(6)))
    assert await count(db) == 300


async def test_no_effects_need_no_statement(db: Opened) -> None:
    await planned(db)
    assert await count(db) == 0


async def test_what_postgresql_cannot_hold_is_refused(db: Opened) -> None:
    with pytest.raises(asyncpg.DataError):
        await planned(db, effect(payload={"subject": "NUL \0"}))


async def test_the_id_is_made_of_what_makes_it_unique() -> None:
    wish = effect(cause="c")
    same = effect(recipient=wish.recipient, cause="c", lead=str(uuid4()))
    assert gate.effect_id(wish) == gate.effect_id(same)
    assert gate.effect_id(wish) != gate.effect_id(effect(recipient=wish.recipient, cause="d"))
