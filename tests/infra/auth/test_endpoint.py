import asyncio

import pytest
import pytest_asyncio

from tests.infra.auth.logins import cookie, log_in, refresh
from tests.infra.gateway.running import PASSWORD, Running, demo_users

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_guesses(fresh: Running) -> None:
    """Every test begins anew."""


async def test_a_login_grants_an_access_token_and_a_cookie_that_scripts_cannot_read(here: Running) -> None:
    answer = await log_in(here, "REP@example.com ")
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 900
    set_cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in set_cookie
    assert "Path=/v1/auth" in set_cookie
    assert "samesite=strict" in set_cookie.lower()
    me = await here.client.get("/v1/auth/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert me.json() == {
        "id": me.json()["id"],
        "email": "rep@example.com",
        "name": "Rep",
        "role": "rep",
        "person": "rep-1",
    }


async def test_a_wrong_password_and_an_unknown_address_look_alike(here: Running) -> None:
    wrong, unknown = await log_in(here, password="no"), await log_in(here, "nobody@example.com")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_guessing_takes_ever_longer_and_the_right_password_waits_too(here: Running) -> None:
    for _ in range(5):
        assert (await log_in(here, password="guess")).status_code == 401
    assert (await log_in(here, password="guess")).status_code == 401
    waiting = await log_in(here)
    assert waiting.status_code == 429
    assert int(waiting.headers["retry-after"]) >= 1
    await asyncio.sleep(1.1)
    assert (await log_in(here)).status_code == 200


async def test_each_refresh_gives_the_next_token_and_a_stale_one_ends_the_family(here: Running) -> None:
    first = cookie(await log_in(here))
    answer = await refresh(here, first)
    assert answer.status_code == 200
    second = cookie(answer)
    assert second != first
    await here.services.pool.execute(
        "update auth.refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null"
    )
    assert (await refresh(here, first)).status_code == 401
    assert (await refresh(here, second)).status_code == 401


async def test_two_tabs_that_refresh_at_once_get_the_same_successor(here: Running) -> None:
    first = cookie(await log_in(here))
    answers = [await refresh(here, first) for _ in range(2)]
    assert cookie(answers[0]) == cookie(answers[1])
    found = await asyncio.gather(*(here.services.sessions.refresh(cookie(answers[0])) for _ in range(4)))
    assert len({one.token for one in found if one is not None}) == 1
    assert None not in found


async def test_fifty_parallel_refreshes_of_one_token_end_in_one_lineage(here: Running) -> None:
    token = cookie(await log_in(here))
    family = await here.services.pool.fetchval("select family from auth.refresh_tokens order by issued_at desc limit 1")
    for generation in range(1, 4):
        found = await asyncio.gather(*(here.services.sessions.refresh(token) for _ in range(50)))
        successors = {one.token for one in found if one is not None}
        assert len(successors) == 1
        assert None not in found
        (token,) = successors
        kept = await here.services.pool.fetch("select used_at from auth.refresh_tokens where family = $1", family)
        assert len(kept) == generation + 1
        assert [row["used_at"] for row in kept].count(None) == 1, "one that can be used is left"


async def test_public_keys_are_there_for_whoever_asks(here: Running) -> None:
    answer = await here.client.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert {key["alg"] for key in answer.json()["keys"]} == {"ES256"}
    assert "d" not in answer.json()["keys"][0]


async def test_logging_out_ends_the_session(here: Running) -> None:
    token = cookie(await log_in(here))
    here.client.cookies.clear()
    answer = await here.client.post("/v1/auth/logout", headers={"Cookie": f"lf_refresh={token}"})
    assert answer.status_code == 204
    refused = await refresh(here, token)
    assert refused.status_code == 401
    assert "Max-Age=0" in refused.headers["set-cookie"]
    assert (await here.client.post("/v1/auth/logout")).status_code == 204


async def test_a_disabled_user_gets_no_further(here: Running) -> None:
    token = cookie(await log_in(here, "analyst@example.com"))
    await here.services.pool.execute("update auth.users set disabled = true where email = 'analyst@example.com'")
    assert (await refresh(here, token)).status_code == 401
    assert (await log_in(here, "analyst@example.com")).status_code == 401
    await demo_users(here.services)
    assert (await log_in(here, "analyst@example.com")).status_code == 200


async def test_nonsense_refresh_tokens_are_refused(here: Running) -> None:
    assert (await here.client.post("/v1/auth/refresh")).status_code == 401
    assert (await refresh(here, "x" * 500)).status_code == 401
    assert (await refresh(here, "unknown")).status_code == 401


async def test_people_are_users_who_stand_for_a_person_and_published_persons(here: Running) -> None:
    found = await here.client.get("/v1/people", headers=here.token("analyst"))
    assert found.json() == {"items": [{"id": "rep-1", "name": "Rep", "email": "rep@example.com", "team": None}]}


async def test_users_that_are_ensured_again_keep_their_id_and_password(here: Running) -> None:
    before = {user.email: user.id for user in await demo_users(here.services)}
    assert {user.email: user.id for user in await demo_users(here.services)} == before
    assert (await log_in(here)).status_code == 200


async def test_a_login_waits_for_no_new_hash_where_too_many_wait_already(here: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher

    from infra.auth.passwords import TooBusy

    async def full(_password: str) -> str:
        raise TooBusy

    pool, other = here.services.pool, PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash(PASSWORD)
    await pool.execute("update auth.users set password_hash = $1 where email = 'rep@example.com'", other)
    with monkeypatch.context() as busy:
        busy.setattr(here.services.passwords, "hash", full)
        assert (await log_in(here)).status_code == 200
        assert await pool.fetchval("select password_hash from auth.users where email = 'rep@example.com'") == other
    assert (await log_in(here)).status_code == 200
    assert await pool.fetchval("select password_hash from auth.users where email = 'rep@example.com'") != other


async def test_a_hash_of_another_cost_is_made_anew_at_login(here: Running) -> None:
    from argon2 import PasswordHasher

    other = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash(PASSWORD)
    await here.services.pool.execute("update auth.users set password_hash = $1 where email = 'rep@example.com'", other)
    assert (await log_in(here)).status_code == 200
    now = await here.services.pool.fetchval("select password_hash from auth.users where email = 'rep@example.com'")
    assert now != other
    assert not here.services.passwords.outdated(now)


async def test_what_no_store_takes_is_refused_by_its_field(here: Running) -> None:
    answer = await here.client.post("/v1/auth/login", json={"email": "a\x00@b.example", "password": "x"})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["email"])
