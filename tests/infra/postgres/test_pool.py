import asyncpg
import pytest

from infra.postgres.pool import UNAVAILABLE, open_pool

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_every_session_is_bounded_and_says_whose_it_is(database: str) -> None:
    async with await open_pool(database, name="scoring") as pool:
        shown = {
            name: await pool.fetchval(f"show {name}")
            for name in ("application_name", "lock_timeout", "idle_in_transaction_session_timeout", "jit")
        }
    assert shown == {
        "application_name": "leadflow-scoring",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "5s",
        "jit": "off",
    }


async def test_a_lock_held_by_another_is_waited_for_two_seconds_at_most(database: str) -> None:
    async with (
        await open_pool(database, name="a") as pool,
        pool.acquire() as holder,
        pool.acquire() as waiter,
        holder.transaction(),
    ):
        await holder.execute("lock table effects.switches")
        with pytest.raises(asyncpg.LockNotAvailableError) as refused:
            await waiter.execute("select from effects.switches")
    assert isinstance(refused.value, UNAVAILABLE)


async def test_a_pool_on_a_server_that_is_not_there_fails_at_once() -> None:
    with pytest.raises(UNAVAILABLE):
        await open_pool("postgresql://nobody@127.0.0.1:1/none", name="a")
