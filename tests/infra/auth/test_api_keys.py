from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.infra.auth.logins import bearer
from tests.infra.gateway.running import Running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_keys(fresh: Running) -> None:
    await fresh.services.pool.execute("delete from auth.api_keys")


async def make(here: Running, **asked: Any) -> Any:
    return await here.client.post("/v1/auth/keys", json={"name": "k", **asked}, headers=here.token("admin"))


async def status(here: Running, key: str, path: str = "/v1/auth/me") -> int:
    return (await here.client.get(path, headers={"Authorization": f"Bearer {key}"})).status_code


async def test_an_api_key_works_until_it_is_revoked(fresh: Running) -> None:
    admin = fresh.token("admin")
    made = await fresh.client.post("/v1/auth/keys", json={"name": "reports", "role": "analyst"}, headers=admin)
    assert made.status_code == 201
    key = {"Authorization": f"Bearer {made.json()['key']}"}
    assert made.json()["key"].startswith("lf_")
    me = await fresh.client.get("/v1/auth/me", headers=key)
    assert me.json()["role"] == "analyst"
    assert me.json()["name"] == "reports"
    listed = (await fresh.client.get("/v1/auth/keys", headers=admin)).json()["items"]
    assert [item["name"] for item in listed] == ["reports"]
    assert "key" not in listed[0]
    gone = f"/v1/auth/keys/{made.json()['id']}"
    assert (await fresh.client.delete(gone, headers=admin)).status_code == 204
    assert (await fresh.client.delete(gone, headers=admin)).status_code == 404
    assert (await fresh.client.get("/v1/auth/me", headers=key)).status_code == 401
    assert (await fresh.client.get("/v1/auth/me", headers={"Authorization": "Bearer lf_" + "x" * 200})).status_code == 401


async def test_a_key_is_over_when_its_time_has_come(fresh: Running) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = (await make(fresh, expires_at=soon)).json()
    assert datetime.fromisoformat(made["expires_at"]) == datetime.fromisoformat(soon)
    assert await status(fresh, made["key"]) == 200
    await fresh.services.pool.execute("update auth.api_keys set expires_at = now() - interval '1 second'")
    assert await status(fresh, made["key"]) == 401


async def test_a_keys_last_use_is_noted_once_a_minute(fresh: Running) -> None:
    made = (await make(fresh)).json()
    assert made["last_used_at"] is None

    async def used() -> Any:
        return (await fresh.client.get("/v1/auth/keys", headers=fresh.token("admin"))).json()["items"][0]["last_used_at"]

    await status(fresh, made["key"])
    first = await used()
    assert first is not None
    await status(fresh, made["key"])
    assert await used() == first
    await fresh.services.pool.execute("update auth.api_keys set last_used_at = last_used_at - interval '61 seconds'")
    await status(fresh, made["key"])
    assert await used() > first


async def test_scopes_limit_a_key_to_some_of_what_its_role_may(fresh: Running) -> None:
    made = (await make(fresh, role="manager", scopes=["people:read"])).json()
    assert made["scopes"] == ["people:read"]
    assert await status(fresh, made["key"], "/v1/people") == 200
    assert await status(fresh, made["key"], "/v1/sources") == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "integration", "scopes": ["leads:read"]},
        {"scopes": []},
        {"scopes": ["leads:everything"]},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2099-01-01T00:00:00"},
        {"name": ""},
        {"name": "\x00"},
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(fresh: Running, wrong: dict[str, Any]) -> None:
    assert (await make(fresh, **wrong)).status_code == 422
    assert await fresh.services.pool.fetchval("select count(*) from auth.api_keys") == 0


async def test_only_a_hash_of_a_key_is_stored(fresh: Running) -> None:
    key = (await make(fresh)).json()["key"]
    assert key not in await fresh.services.pool.fetchval("select api_keys::text from auth.api_keys")


async def test_what_roles_may_is_data(fresh: Running) -> None:
    answer = (await fresh.client.get("/v1/auth/roles", headers=fresh.token("admin"))).json()
    found = {item["role"]: item["permissions"] for item in answer["items"]}
    assert found["integration"] == ["leads:write", "submissions:read"]
    assert set(found) == {"admin", "manager", "rep", "analyst", "integration"}


async def test_a_machine_sends_leads_and_follows_its_own(fresh: Running) -> None:
    async def key(name: str) -> dict[str, str]:
        made = await make(fresh, role="integration", name=name)
        return {"Authorization": f"Bearer {made.json()['key']}"}

    crm, shop = await key("crm"), await key("shop")
    sent = await fresh.client.post("/v1/leads", json={"email": "ada@x.example"}, headers=crm)
    assert sent.status_code == 202, sent.text
    for path in (sent.json()["status_url"], f"/v1/submissions/{sent.json()['command_id']}"):
        assert (await fresh.client.get(path, headers=crm)).status_code == 200
        assert (await fresh.client.get(path, headers=shop)).status_code == 404
    for path in ("/v1/leads", "/v1/search?q=ada", "/v1/people", "/v1/stream", "/v1/overview"):
        assert (await fresh.client.get(path, headers=crm)).status_code == 403


async def test_a_key_makes_none_that_may_more_or_lasts_longer(fresh: Running) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    key = (await make(fresh, role="admin", scopes=["keys:write", "users:write"], expires_at=soon)).json()["key"]
    mine = {"Authorization": f"Bearer {key}"}

    async def asked(**more: Any) -> int:
        return (await fresh.client.post("/v1/auth/keys", json={"name": "k", **more}, headers=mine)).status_code

    assert await asked(role="admin", expires_at=soon) == 403
    assert await asked(role="admin", scopes=["leads:read"], expires_at=soon) == 403
    assert await asked(role="admin", scopes=["keys:write"]) == 422
    assert await asked(role="admin", scopes=["keys:write"], expires_at=soon) == 201
    new = {"email": "made-by-a-key@example.com", "name": "x", "role": "admin", "password": "long enough for all"}
    assert (await fresh.client.post("/v1/users", json=new, headers=mine)).status_code == 403


async def test_a_key_ends_with_whoever_made_it_and_shrinks_with_their_role(fresh: Running) -> None:
    admin = await bearer(fresh, "admin@example.com")
    made = await fresh.client.post("/v1/auth/keys", json={"name": "k", "role": "admin"}, headers=admin)
    key = made.json()["key"]
    child = {"Authorization": f"Bearer {key}"}
    made = await fresh.client.post("/v1/auth/keys", json={"name": "c", "role": "admin"}, headers=child)
    keys, pool = [key, made.json()["key"]], fresh.services.pool
    try:
        await pool.execute("update auth.users set role = 'rep' where email = 'admin@example.com'")
        assert [await status(fresh, one, "/v1/auth/keys") for one in keys] == [403, 403]
        assert [await status(fresh, one) for one in keys] == [200, 200]
        await pool.execute("update auth.users set disabled = true where email = 'admin@example.com'")
        assert [await status(fresh, one) for one in keys] == [401, 401]
    finally:
        await pool.execute("update auth.users set role = 'admin', disabled = false where email = 'admin@example.com'")


async def test_a_key_revokes_none_that_may_more(fresh: Running) -> None:
    keeper = await make(fresh, role="admin", scopes=["keys:write"])
    mine = {"Authorization": f"Bearer {keeper.json()['key']}"}
    strong = await make(fresh, role="admin")
    assert (await fresh.client.delete(f"/v1/auth/keys/{strong.json()['id']}", headers=mine)).status_code == 403
    assert await status(fresh, strong.json()["key"]) == 200
    assert (await fresh.client.delete("/v1/auth/keys/nobody", headers=mine)).status_code == 404
    assert (await fresh.client.delete(f"/v1/auth/keys/{keeper.json()['id']}", headers=mine)).status_code == 204
