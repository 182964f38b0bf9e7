import asyncio
from collections.abc import Mapping

import pytest

from infra.auth.ended import LOOK_BACK_SECONDS, EndedSessions
from infra.auth.sessions import SESSIONS_MAX, AccountChanged
from infra.auth.users import renew_hash
from tests.infra.auth.logins import bearer, cookie, hash_of, log_in, refresh
from tests.infra.gateway.offline import NoStore
from tests.infra.gateway.running import Running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def status(here: Running, headers: Mapping[str, str]) -> int:
    return (await here.client.get("/v1/auth/me", headers=dict(headers))).status_code


async def listed(here: Running, headers: Mapping[str, str]) -> list[dict[str, object]]:
    return (await here.client.get("/v1/auth/sessions", headers=dict(headers))).json()["items"]


async def test_sessions_say_where_they_are(fresh: Running) -> None:
    fresh.client.headers["user-agent"] = "Firefox on a train"
    mine = await bearer(fresh)
    fresh.client.headers["user-agent"] = "x" * 500 + "\x01"
    await bearer(fresh)
    await bearer(fresh, "admin@example.com")
    found = await listed(fresh, mine)
    assert [one["device"] for one in found] == ["x" * 200, "Firefox on a train"]
    assert [one["current"] for one in found] == [False, True]
    assert {one["address"] for one in found} == {"127.0.0.1"}
    assert all(one["begun_at"] and one["last_used_at"] for one in found)


async def test_a_session_that_is_ended_takes_its_access_token_along(fresh: Running) -> None:
    mine, other = await bearer(fresh), await bearer(fresh)
    (there,) = [one for one in await listed(fresh, mine) if not one["current"]]
    assert await status(fresh, other) == 200
    assert (await fresh.client.delete(f"/v1/auth/sessions/{there['id']}", headers=mine)).status_code == 204
    assert await status(fresh, other) == 401
    assert await status(fresh, mine) == 200
    assert (await fresh.client.delete(f"/v1/auth/sessions/{there['id']}", headers=mine)).status_code == 404


async def test_nobody_ends_or_sees_the_sessions_of_others(fresh: Running) -> None:
    mine, theirs = await bearer(fresh), await bearer(fresh, "admin@example.com")
    (there,) = await listed(fresh, theirs)
    assert (await fresh.client.delete(f"/v1/auth/sessions/{there['id']}", headers=mine)).status_code == 404
    assert await status(fresh, theirs) == 200
    assert there["id"] not in {one["id"] for one in await listed(fresh, mine)}


async def test_all_others_can_be_ended_at_once(fresh: Running) -> None:
    others = [await bearer(fresh) for _ in range(3)]
    mine = await bearer(fresh)
    assert (await fresh.client.delete("/v1/auth/sessions", headers=mine)).status_code == 204
    assert [await status(fresh, other) for other in others] == [401, 401, 401]
    assert await status(fresh, mine) == 200
    assert len(await listed(fresh, mine)) == 1


async def test_logging_out_everywhere_ends_all(fresh: Running) -> None:
    other = await bearer(fresh)
    answer = await log_in(fresh)
    fresh.client.cookies.clear()
    gone = await fresh.client.post("/v1/auth/logout?everywhere=true", headers={"Cookie": f"lf_refresh={cookie(answer)}"})
    assert gone.status_code == 204
    assert await status(fresh, other) == 401
    assert await status(fresh, {"Authorization": f"Bearer {answer.json()['access_token']}"}) == 401
    assert (await refresh(fresh, cookie(answer))).status_code == 401


async def test_a_session_keeps_its_name_from_refresh_to_refresh(fresh: Running) -> None:
    answer = await log_in(fresh)
    refreshed = await refresh(fresh, cookie(answer))
    headers = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    (one,) = await listed(fresh, headers)
    assert one["current"]
    await fresh.client.delete(f"/v1/auth/sessions/{one['id']}", headers=headers)
    for token in (answer.json()["access_token"], refreshed.json()["access_token"]):
        assert await status(fresh, {"Authorization": f"Bearer {token}"}) == 401


async def test_other_processes_hear_of_it(fresh: Running) -> None:
    mine = await log_in(fresh)
    session = await fresh.services.sessions.session_of(cookie(mine))
    assert session is not None
    async with EndedSessions(fresh.services.pool, token_seconds=900) as elsewhere:
        assert session[0] not in elsewhere
        await fresh.services.sessions.end(session[1], session[0], "test")
        await elsewhere.look()
        assert session[0] in elsewhere
    async with EndedSessions(fresh.services.pool, token_seconds=900) as begun_later:
        assert session[0] in begun_later
    async with asyncio.timeout(5):
        while session[0] not in fresh.services.ended:
            await asyncio.sleep(0.05)


async def test_an_ended_session_is_forgotten_with_its_last_token(fresh: Running) -> None:
    now = 0.0
    ended = EndedSessions(fresh.services.pool, token_seconds=60, now=lambda: now)
    ended.add("s1")
    now = 59.0 + LOOK_BACK_SECONDS
    await ended.look()
    assert "s1" in ended
    now = 61.0 + LOOK_BACK_SECONDS
    await ended.look()
    assert "s1" not in ended


async def test_while_postgres_is_away_what_is_known_stays_known() -> None:
    async with EndedSessions(NoStore(), token_seconds=60) as ended:
        ended.add("s1")
        assert "s1" in ended
        assert None not in ended


async def test_nobody_has_sessions_without_end(fresh: Running) -> None:
    proven = await hash_of(fresh, user_id(fresh))
    opened = [await fresh.services.sessions.open(user_id(fresh), proven=proven) for _ in range(3)]
    await fresh.services.pool.execute(
        "update auth.families set last_used_at = now() - interval '1 day' where id = $1", opened[1].session
    )
    for _ in range(SESSIONS_MAX - 2):
        await fresh.services.sessions.open(user_id(fresh), proven=proven)
    kept = {one.id for one in await fresh.services.sessions.listed(user_id(fresh))}
    assert len(kept) == SESSIONS_MAX
    assert opened[1].session not in kept
    assert opened[0].session in kept


def user_id(here: Running) -> str:
    return here.user_ids["rep"]


async def test_an_api_key_has_no_sessions(fresh: Running) -> None:
    made = await fresh.client.post("/v1/auth/keys", json={"name": "k", "role": "analyst"}, headers=fresh.token("admin"))
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    assert (await fresh.client.get("/v1/auth/sessions", headers=headers)).status_code == 403


async def test_a_login_that_a_reset_or_a_disabling_overtakes_begins_no_session(fresh: Running) -> None:
    pool, id_ = fresh.services.pool, user_id(fresh)
    proven = await hash_of(fresh, id_)
    with pytest.raises(AccountChanged):
        await fresh.services.sessions.open(id_, proven=proven + "x")
    await pool.execute("update auth.users set disabled = true where id = $1", id_)
    try:
        with pytest.raises(AccountChanged):
            await fresh.services.sessions.open(id_, proven=proven)
    finally:
        await pool.execute("update auth.users set disabled = false where id = $1", id_)
    assert await pool.fetchval("select count(*) from auth.families where user_id = $1", id_) == 0


async def test_a_hash_is_renewed_only_where_the_old_one_stands(fresh: Running) -> None:
    proven = await hash_of(fresh, user_id(fresh))
    assert not await renew_hash(fresh.services.pool, user_id(fresh), "another", "new")
    assert await hash_of(fresh, user_id(fresh)) == proven
