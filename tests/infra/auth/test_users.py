import asyncio
from typing import Any

import pytest
import pytest_asyncio

from infra.auth import first_admin, roles, users
from infra.auth.roles import Permission
from infra.auth.users import LastAdmin
from infra.settings import Auth
from tests.infra.auth.logins import bearer, log_in
from tests.infra.gateway.running import PASSWORD, Running, demo_users

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
NEW = {"email": "Grace@Example.com", "name": "Grace", "role": "rep", "person": "grace", "password": PASSWORD}


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def as_it_was(fresh: Running) -> None:
    await fresh.services.pool.execute(
        "delete from auth.users where email not like '%@example.com' or email = 'grace@example.com'"
    )
    await demo_users(fresh.services)


async def ask(here: Running, method: str, path: str, headers: dict[str, str] | None = None, **body: Any) -> Any:
    sent = {"json": body} if body else {}
    return await here.client.request(method, f"/v1/users{path}", headers=headers or here.token("admin"), **sent)


async def test_a_user_that_an_admin_makes_can_log_in(fresh: Running) -> None:
    made = await ask(fresh, "POST", "", **NEW)
    assert made.status_code == 201, made.text
    assert made.json() == {
        "id": made.json()["id"],
        "email": "grace@example.com",
        "name": "Grace",
        "role": "rep",
        "person": "grace",
        "disabled": False,
        "invited": False,
        "second_factor": False,
        "created_at": made.json()["created_at"],
    }
    headers = await bearer(fresh, "grace@example.com")
    assert (await fresh.client.get("/v1/auth/me", headers=headers)).json()["person"] == "grace"


async def test_an_address_is_used_once(fresh: Running) -> None:
    await ask(fresh, "POST", "", **NEW)
    again = await ask(fresh, "POST", "", **{**NEW, "email": "GRACE@example.com"})
    assert (again.status_code, again.json()["errors"][0]["field"]) == (409, "email")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "grace"}, "email"),
        ({"role": "integration"}, "role"),
        ({"role": "root"}, "role"),
        ({"name": " "}, "name"),
        ({"password": "short"}, "password"),
        ({"person": ""}, "person"),
        ({"more": 1}, "more"),
    ],
)
async def test_what_makes_no_user_is_named(fresh: Running, wrong: dict[str, Any], field: str) -> None:
    answer = await ask(fresh, "POST", "", **{**NEW, **wrong})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


async def test_users_are_paged_by_address(fresh: Running) -> None:
    seen, cursor = [], ""
    for _ in range(10):
        page = (await ask(fresh, "GET", f"?limit=3{cursor}")).json()
        seen += [one["email"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(f"{role}@example.com" for role in ("admin", "manager", "rep", "analyst"))
    assert (await ask(fresh, "GET", "?cursor=nobody")).json()["items"] == []


async def test_a_new_role_ends_the_tokens_of_the_old_one(fresh: Running) -> None:
    headers = await bearer(fresh)
    id_ = fresh.user_ids["rep"]
    changed = await ask(fresh, "PATCH", f"/{id_}", role="manager", person=None)
    assert (changed.status_code, changed.json()["role"], changed.json()["person"]) == (200, "manager", None)
    assert (await fresh.client.get("/v1/auth/me", headers=headers)).status_code == 401
    assert (await fresh.client.get("/v1/auth/me", headers=await bearer(fresh))).json()["role"] == "manager"


async def test_only_what_is_still_as_it_was_read_is_changed(fresh: Running) -> None:
    path, headers = f"/v1/users/{fresh.user_ids['rep']}", fresh.token("admin")
    read = await fresh.client.get(path, headers=headers)
    tag = read.headers["etag"]
    first = await fresh.client.patch(path, json={"name": "R."}, headers={**headers, "If-Match": tag})
    assert (first.status_code, first.json()["name"]) == (200, "R.")
    assert first.headers["etag"] != tag
    second = await fresh.client.patch(path, json={"name": "S."}, headers={**headers, "If-Match": tag})
    assert (second.status_code, second.json()["type"].rpartition("/")[2]) == (412, "version-conflict")
    again = await fresh.client.patch(path, json={"name": "S."}, headers={**headers, "If-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert (await fresh.client.patch(path, json={"name": "S."}, headers={**headers, "If-Match": "x"})).status_code == 400
    assert (await fresh.client.get("/v1/users/nobody", headers=headers)).status_code == 404


async def test_a_new_name_ends_nothing(fresh: Running) -> None:
    headers = await bearer(fresh)
    assert (await ask(fresh, "PATCH", f"/{fresh.user_ids['rep']}", name="Regina")).json()["name"] == "Regina"
    assert (await fresh.client.get("/v1/auth/me", headers=headers)).status_code == 200


async def test_who_is_disabled_is_out_at_once_and_can_come_back(fresh: Running) -> None:
    headers = await bearer(fresh)
    assert (await ask(fresh, "PATCH", f"/{fresh.user_ids['rep']}", disabled=True)).json()["disabled"] is True
    assert (await fresh.client.get("/v1/auth/me", headers=headers)).status_code == 401
    assert (await log_in(fresh)).status_code == 401
    await ask(fresh, "PATCH", f"/{fresh.user_ids['rep']}", disabled=False)
    assert (await log_in(fresh)).status_code == 200


async def test_the_last_admin_stays_one(fresh: Running) -> None:
    id_ = fresh.user_ids["admin"]
    for change in ({"role": "manager"}, {"disabled": True}):
        answer = await ask(fresh, "PATCH", f"/{id_}", **change)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "last-admin")
    assert (await ask(fresh, "PATCH", f"/{id_}", name="Boss")).status_code == 200
    assert (await users.by_id(fresh.services.pool, id_)).user.role == "admin"  # type: ignore[union-attr]


async def test_of_two_admins_who_disable_each_other_one_stays(fresh: Running) -> None:
    pool = fresh.services.pool
    made = (await ask(fresh, "POST", "", **{**NEW, "role": "admin"})).json()["id"]

    async def disable(id_: str) -> bool:
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await users.change(connection, id_, {"disabled": True})
        except LastAdmin:
            return False

    done = await asyncio.gather(disable(made), disable(fresh.user_ids["admin"]))
    assert sorted(done) == [False, True]
    assert await users.any_admin(pool)


async def test_what_changes_nothing_or_nobody_says_so(fresh: Running) -> None:
    headers = fresh.token("admin")
    empty = await fresh.client.patch(f"/v1/users/{fresh.user_ids['rep']}", json={}, headers=headers)
    assert empty.status_code == 422
    assert (await ask(fresh, "PATCH", "/nobody", name="X")).status_code == 404
    assert (await ask(fresh, "PATCH", f"/{fresh.user_ids['rep']}", role=None, name="X")).status_code == 422
    assert (await ask(fresh, "PATCH", "/%00", name="X")).status_code == 422
    assert (await ask(fresh, "DELETE", "/nobody/totp")).status_code == 404
    assert (await ask(fresh, "POST", "/nobody/invite")).status_code == 404


async def test_an_admin_helps_who_lost_the_second_factor(fresh: Running) -> None:
    id_ = fresh.user_ids["rep"]
    await fresh.services.pool.execute("insert into auth.totp (user_id, secret, confirmed_at) values ($1, '\\x00', now())", id_)
    assert (await log_in(fresh)).status_code == 401
    listed = (await ask(fresh, "GET", "")).json()["items"]
    assert {one["email"]: one["second_factor"] for one in listed}["rep@example.com"] is True
    assert (await ask(fresh, "DELETE", f"/{id_}/totp")).status_code == 204
    assert (await log_in(fresh)).status_code == 200


async def test_the_first_admin_comes_from_the_settings_or_is_told_once(fresh: Running) -> None:
    pool, passwords = fresh.services.pool, fresh.services.passwords
    assert await first_admin.ensure(pool, passwords, Auth()) is None, "there is one"
    await pool.execute("update auth.users set disabled = true")
    named = Auth(admin_email="Boss@x.example", admin_password="from the settings")
    made = await asyncio.gather(*(first_admin.from_settings(pool, passwords, named) for _ in range(3)))
    assert [one for one in made if one] == [first_admin.FirstAdmin("boss@x.example", None)]
    assert (await log_in(fresh, "boss@x.example", "from the settings")).status_code == 200
    await pool.execute("update auth.users set disabled = true")
    assert await first_admin.from_settings(pool, passwords, Auth()) is None
    told = await first_admin.ensure(pool, passwords, Auth())
    assert told is not None
    assert told.password is not None
    assert (await log_in(fresh, told.email, told.password)).status_code == 200
    assert await first_admin.ensure(pool, passwords, Auth()) is None


@pytest.fixture
def managers_let_people_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the roles were others: a manager may write users, and is no admin for that."""
    given = {**roles.PERMISSIONS, "manager": roles.PERMISSIONS["manager"] | {Permission.USERS_WRITE}}
    monkeypatch.setattr(roles, "PERMISSIONS", given)


@pytest.mark.usefixtures("managers_let_people_in")
async def test_nobody_gives_what_they_have_not_nor_touches_who_stands_above_them(fresh: Running) -> None:
    manager, admin, rep = fresh.token("manager"), fresh.user_ids["admin"], fresh.user_ids["rep"]
    await fresh.services.pool.execute("insert into auth.totp (user_id, secret, confirmed_at) values ($1, '\\x00', now())", admin)
    try:
        for method, path, body in (
            ("POST", "", {**NEW, "role": "admin"}),
            ("PATCH", f"/{rep}", {"role": "admin"}),
            ("PATCH", f"/{fresh.user_ids['manager']}", {"role": "admin"}),
            *(("PATCH", f"/{admin}", change) for change in ({"role": "rep"}, {"disabled": True}, {"name": "X"}, {"person": "x"})),
            ("POST", f"/{admin}/invite", {}),
            ("DELETE", f"/{admin}/totp", {}),
        ):
            answer = await ask(fresh, method, path, manager, **body)
            assert answer.status_code == 403, (method, path, body)
            assert "audit:read" in answer.json()["detail"]
        listed = {one["email"]: one for one in (await ask(fresh, "GET", "")).json()["items"]}
        assert listed.keys() == {f"{role}@example.com" for role in ("admin", "manager", "rep", "analyst")}
        assert listed["admin@example.com"]["second_factor"] is True
        assert (await ask(fresh, "POST", "", manager, **NEW)).status_code == 201
        assert (await ask(fresh, "PATCH", f"/{rep}", manager, role="manager")).status_code == 200
    finally:
        await fresh.services.pool.execute("delete from auth.totp")


async def test_an_admin_who_has_chosen_no_password_lets_nobody_in(fresh: Running) -> None:
    invited = await ask(fresh, "POST", "", email="next@x.example", name="Next", role="admin")
    assert (invited.status_code, invited.json()["invited"]) == (201, True)
    for change in ({"role": "manager"}, {"disabled": True}):
        answer = await ask(fresh, "PATCH", f"/{fresh.user_ids['admin']}", **change)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "last-admin")
