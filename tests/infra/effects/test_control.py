import pytest

from infra.effects import control, gate
from tests.infra.effects.making import FakePerformer, effect, planned, row, state, worker
from tests.infra.opened import Opened

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_the_switch_stands_as_it_was_thrown_last(db: Opened) -> None:
    async with db.pool.acquire() as connection:
        assert not await control.sending_paused(connection)
        await control.pause_sending(connection, on=True, actor="anna")
        assert await control.sending_paused(connection)
        await control.pause_sending(connection, on=False, actor="bob")
        assert not await control.sending_paused(connection)
    assert await db.pool.fetchval("select actor from effects.switches") == "bob"


async def test_a_suppression_can_be_taken_back(db: Opened) -> None:
    wish, performer = effect(), FakePerformer()
    await planned(db, wish)
    async with db.pool.acquire() as connection:
        await control.suppress(connection, [wish.recipient, "other", "other"], "bounced")
        await control.suppress(connection, [wish.recipient], "unsubscribed")
        assert (
            await connection.fetchval("select reason from effects.suppressions where recipient = $1", wish.recipient) == "bounced"
        )
        await control.allow(connection, [wish.recipient])
    await worker(db, performer).work_once()
    assert len(performer.handed_over) == 1


async def test_what_is_not_settled_is_counted(db: Opened) -> None:
    wishes = [effect() for _ in range(4)]
    await planned(db, *wishes)
    for wish, found in zip(wishes, ("done", "unknown", "claimed"), strict=False):
        await db.pool.execute("update effects.effects set state = $2 where id = $1", gate.effect_id(wish), found)
    async with db.pool.acquire() as connection:
        assert await control.counts(connection) == {("mail", "planned"): 1, ("mail", "unknown"): 1, ("mail", "claimed"): 1}


@pytest.mark.parametrize(("end", "becomes"), [("done", "done"), ("failed", "failed"), ("again", "planned")])
async def test_a_person_decides_what_became_of_an_unknown_one(db: Opened, end: str, becomes: str) -> None:
    wish = effect()
    await planned(db, wish)
    async with db.pool.acquire() as connection:
        assert not await control.decide(connection, gate.effect_id(wish), "done", "anna")
        await connection.execute("update effects.effects set state = 'unknown', attempts = 3")
        assert await control.decide(connection, gate.effect_id(wish), end, "anna")  # type: ignore[arg-type]
        assert await control.unknown(connection) == []
    assert await state(db, wish) == becomes
    assert (await row(db, wish))["detail"] == "decided by anna"
