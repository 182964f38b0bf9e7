import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import APIRouter, Depends

from infra.audit import recording
from infra.audit.store import CLI, NOBODY, Entry, write
from infra.auth.dependencies import CurrentUser
from infra.gateway.app import create_app
from infra.gateway.middleware import Around
from infra.settings import Settings
from tests.infra.auth.logins import bearer, cookie, log_in, refresh
from tests.infra.gateway import offline
from tests.infra.gateway.running import PASSWORD, Running, demo_users, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        found.user_ids.update({user.role: user.id for user in await demo_users(found.services)})
        yield found


class Since:
    """What was written down since the test began."""

    def __init__(self, here: Running, last: int) -> None:
        self._here = here
        self._last = last

    async def __call__(self) -> list[dict[str, Any]]:
        rows = await self._here.services.pool.fetch(
            """select e.*, a.address from audit.entries e left join audit.addresses a on a.entry = e.id
               where e.id > $1 order by e.id""",
            self._last,
        )
        return [dict(row) for row in rows]

    async def one(self) -> tuple[Any, ...]:
        (entry,) = await self()
        return tuple(entry[name] for name in ("actor", "action", "object", "outcome", "status", "detail"))


@pytest_asyncio.fixture(loop_scope="session")
async def since(here: Running) -> Since:
    here.client.cookies.clear()
    return Since(here, await here.services.pool.fetchval("select coalesce(max(id), 0) from audit.entries"))


async def test_a_login_says_who_from_where_and_under_which_request(here: Running, since: Since) -> None:
    answer = await log_in(here)
    (entry,) = await since()
    session = await here.services.sessions.session_of(cookie(answer))
    assert session is not None
    assert entry["object"] == f"auth/sessions/{session[0]}"
    assert (entry["actor"], entry["action"], entry["outcome"]) == (here.user_ids["rep"], "login", "done")
    assert entry["address"] == "127.0.0.1"
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert abs(entry["at"] - datetime.now(UTC)) < timedelta(seconds=30)


async def test_a_login_that_failed_names_the_account_if_there_is_one_and_never_the_address_that_was_typed(
    here: Running, since: Since
) -> None:
    await log_in(here, password="no")
    await log_in(here, "nobody@secret.example", password="hunter2hunter2")
    known, unknown = await since()
    assert (known["actor"], known["outcome"], known["status"], known["detail"]) == (
        here.user_ids["rep"],
        "refused",
        401,
        "unauthorized",
    )
    assert (unknown["actor"], unknown["outcome"]) == (NOBODY, "refused")
    assert "secret.example" not in str(unknown)
    assert "hunter2" not in str(unknown)


async def test_a_page_that_is_loaded_again_is_no_deed_and_logging_out_is(here: Running, since: Since) -> None:
    answer = await log_in(here)
    refreshed = await refresh(here, cookie(answer))
    assert refreshed.status_code == 200
    here.client.cookies.clear()
    await here.client.post("/v1/auth/logout", headers={"Cookie": f"lf_refresh={cookie(refreshed)}"})
    found = await since()
    assert [entry["action"] for entry in found] == ["login", "logout"]
    assert len({entry["object"] for entry in found}) == 1
    assert {entry["actor"] for entry in found} == {here.user_ids["rep"]}


async def test_a_used_token_that_comes_back_is_written_down_and_so_is_one_of_a_session_that_ended(
    here: Running, since: Since
) -> None:
    first = cookie(await log_in(here))
    second = cookie(await refresh(here, first))
    await here.services.pool.execute(
        "update auth.refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null"
    )
    for token in (first, second):
        assert (await refresh(here, token)).status_code == 401
    await refresh(here, "unknown")
    login, *refused = await since()
    assert [(entry["action"], entry["outcome"], entry["status"], entry["detail"]) for entry in refused] == [
        ("refresh", "refused", 401, "unauthorized")
    ] * 2
    assert {(entry["actor"], entry["object"]) for entry in refused} == {(here.user_ids["rep"], login["object"])}


async def test_what_admins_change_names_what_they_changed(here: Running, since: Since) -> None:
    admin = await bearer(here, "admin@example.com")
    new = {"email": "eve@x.example", "name": "Eve", "role": "rep", "password": PASSWORD}
    made = (await here.client.post("/v1/users", json=new, headers=admin)).json()["id"]
    await here.client.patch(f"/v1/users/{made}", json={"role": "manager"}, headers=admin)
    key = (await here.client.post("/v1/auth/keys", json={"name": "k"}, headers=admin)).json()["id"]
    await here.client.delete(f"/v1/auth/keys/{key}", headers=admin)
    source = (await here.client.post("/v1/sources", json={"name": "s", "vendor": "generic"}, headers=admin)).json()["id"]
    found = await since()
    assert [(entry["action"], entry["object"]) for entry in found[1:]] == [
        ("create_user", f"users/{made}"),
        ("change_user", f"users/{made}"),
        ("create_key", f"auth/keys/{key}"),
        ("revoke_key", f"auth/keys/{key}"),
        ("create_source", f"sources/{source}"),
    ]
    assert {entry["actor"] for entry in found} == {here.user_ids["admin"]}
    assert not any("eve@x.example" in str(entry) or PASSWORD in str(entry) for entry in found)


async def test_what_was_refused_is_written_down_too(here: Running, since: Since) -> None:
    rep = await bearer(here)
    await here.client.post("/v1/users", json={}, headers=rep)
    refused = (await since())[-1]
    assert (refused["actor"], refused["action"], refused["outcome"], refused["status"], refused["detail"]) == (
        here.user_ids["rep"],
        "create_user",
        "refused",
        403,
        "forbidden",
    )


async def test_a_reset_is_written_down_without_whose_and_its_mail_with(here: Running, since: Since) -> None:
    await here.client.post("/v1/auth/reset", json={"email": "rep@example.com"})
    await here.client.post("/v1/auth/reset/confirm", json={"token": "nonsense", "password": "long enough, this"})
    async with asyncio.timeout(10):
        while len(found := await since()) < 3:
            await asyncio.sleep(0.02)
    by_action = {entry["action"]: entry for entry in found}
    assert by_action["request_reset"]["actor"] == by_action["confirm_reset"]["actor"] == NOBODY
    assert by_action["confirm_reset"]["detail"] == "reset-token-invalid"
    assert by_action["send_reset_mail"]["object"] == f"users/{here.user_ids['rep']}"


async def test_reading_is_not_written_down_nor_what_strangers_ask_in_vain(here: Running, since: Since) -> None:
    await here.client.get("/v1/users", headers=here.token("admin"))
    await here.client.post("/v1/users", json={})
    await here.client.post("/v1/nowhere", json={})
    await here.client.post("/v1/auth/refresh")
    await here.client.post("/v1/auth/logout")
    assert await since() == []


async def test_reading_that_counts_is_written_down(here: Running, since: Since) -> None:
    router = APIRouter()

    @router.get("/v1/exports/{name}", dependencies=[Depends(recording.counts)])
    async def export_leads(name: str, _user: CurrentUser) -> str:
        return name

    async with offline.client(create_app(here.services, [router])) as client:
        await client.get("/v1/exports/all", headers=here.token("analyst"))
    assert await since.one() == ("user-analyst", "export_leads", "exports/all", "done", 200, "")


async def test_what_is_no_id_of_ours_is_hidden(here: Running, since: Since) -> None:
    await here.client.patch("/v1/leads/ada@x.example", json={"name": "X"}, headers=here.token("admin"))
    assert await since.one() == ("user-admin", "edit_lead", "leads/?", "refused", 404, "not-found")


async def test_a_bug_is_a_failure_that_is_written_down(here: Running, since: Since) -> None:
    router = APIRouter()

    @router.post("/v1/bugs")
    async def bug(_user: CurrentUser) -> None:
        raise RuntimeError("the secret reason")

    async with offline.client(create_app(here.services, [router])) as client:
        assert (await client.post("/v1/bugs", headers=here.token("admin"))).status_code == 500
    assert await since.one() == ("user-admin", "bug", "", "failed", 500, "")


@pytest.mark.parametrize("answering", [False, True], ids=["before it answers", "while its entry is written"])
async def test_what_is_cut_off_at_its_deadline_is_written_down_too(here: Running, since: Since, answering: bool) -> None:
    router, pool = APIRouter(), SlowPool(here.services.pool, answering)

    @router.post("/v1/things/{thing}")
    async def work(thing: str, _user: CurrentUser) -> str:
        await asyncio.sleep(0 if answering else 60)
        return thing

    async with offline.client(create_app(dataclasses.replace(here.services, pool=pool), [router])) as client:
        app = client._transport.app.api  # type: ignore[attr-defined]
        around = next(one for one in app.user_middleware if one.cls is Around)
        around.kwargs["answer_seconds"] = 0.3
        answer = await client.post("/v1/things/t1", headers=here.token("admin"))
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (503, "timeout")
    assert await since.one() == ("user-admin", "work", "things/t1", "failed", 503, "timeout")


class SlowPool:
    """A pool whose first statement takes for ever, if it is to."""

    def __init__(self, pool: Any, slow: bool) -> None:
        self._pool, self._slow = pool, slow

    async def execute(self, *asked: Any) -> Any:
        if self._slow:
            self._slow = False
            await asyncio.sleep(60)
        return await self._pool.execute(*asked)


async def test_an_entry_that_takes_for_ever_is_given_up(here: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "WRITE_SECONDS_MAX", 0.05)
    router = APIRouter()

    @router.post("/v1/things")
    async def thing(_user: CurrentUser) -> None:
        return None

    before = recording.LOST._value.get()
    slow = dataclasses.replace(here.services, pool=SlowPool(here.services.pool, True))
    async with offline.client(create_app(slow, [router])) as client:
        assert (await client.post("/v1/things", headers=here.token("admin"))).status_code == 200
    assert recording.LOST._value.get() == before + 1


async def test_an_entry_that_can_not_be_written_is_counted_and_the_answer_goes_out(here: Running, since: Since) -> None:
    router = APIRouter()

    @router.post("/v1/things")
    async def thing(_user: CurrentUser) -> None:
        return None

    before = recording.LOST._value.get()
    away = dataclasses.replace(here.services, pool=offline.NoStore())
    async with offline.client(create_app(away, [router])) as client:
        assert (await client.post("/v1/things", headers=here.token("admin"))).status_code == 200
    assert recording.LOST._value.get() == before + 1
    assert await since() == []


@pytest.mark.parametrize(
    "change",
    [
        "update audit.entries set actor = 'somebody else'",
        "update audit.entries set actor = actor where false",
        "delete from audit.entries",
        "truncate audit.entries cascade",
    ],
)
async def test_entries_are_never_changed(here: Running, since: Since, change: str) -> None:
    await write(here.services.pool, Entry(CLI, "test"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await here.services.pool.execute(change)
    assert len(await since()) == 1


async def get(here: Running, **asked: Any) -> dict[str, Any]:
    answer = await here.client.get("/v1/audit", params=asked, headers=here.token("admin"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_admins_read_it_filtered_and_paged(here: Running) -> None:
    begun = datetime.now(UTC)
    for number in range(5):
        await write(here.services.pool, Entry("u9", f"action_{number % 2}", f"leads/{number}", address="198.51.100.1"))
    newest = await get(here, actor="u9", limit=2)
    assert [item["object"] for item in newest["items"]] == ["leads/4", "leads/3"]
    seen, cursor = [], newest["next"]
    while cursor is not None:
        page = await get(here, actor="u9", limit=2, cursor=cursor)
        seen += [item["object"] for item in page["items"]]
        cursor = page["next"]
    assert seen == ["leads/2", "leads/1", "leads/0"]
    assert [item["object"] for item in (await get(here, actor="u9", action="action_1"))["items"]] == ["leads/3", "leads/1"]
    (item,) = (await get(here, actor="u9", object="leads/2"))["items"]
    assert (item["outcome"], item["address"], item["status"]) == ("done", "198.51.100.1", None)
    assert len((await get(here, actor="u9", since=begun.isoformat()))["items"]) == 5
    assert (await get(here, actor="u9", until=begun.isoformat()))["items"] == []
    assert (await get(here, actor="u9", since=begun.replace(tzinfo=None).isoformat(), outcome="refused"))["items"] == []


@pytest.mark.parametrize("asked", [{"cursor": "x"}, {"limit": 0}, {"outcome": "well"}, {"since": "yesterday"}, {"actor": "\x00"}])
async def test_what_can_not_be_asked_is_said(here: Running, asked: dict[str, Any]) -> None:
    answer = await here.client.get("/v1/audit", params=asked, headers=here.token("admin"))
    assert answer.status_code == 422


async def test_only_admins_read_it(here: Running) -> None:
    for role in ("manager", "rep", "analyst", "integration"):
        assert (await here.client.get("/v1/audit", headers=here.token(role))).status_code == 403
