"""Other people's leads don't exist for a rep: not in any list, by no address, under no id that has to do with them."""

import dataclasses
import itertools
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute, iter_route_contexts

from infra.auth import api_keys
from infra.auth.roles import PERMISSIONS, Permission, User
from infra.auth.teams import Teams
from infra.documents import store as documents
from infra.gateway import idempotency
from infra.gateway.app import create_app
from infra.gateway.live import Change, Client
from infra.settings import Settings
from infra.wiring import discovery
from tests.infra.gateway import offline
from tests.projections.builders import ADA, BOB, CAT, ada, assigned, captured, planned
from tests.projections.served import Served, served

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
OPEN = ("/docs", "/f/", "/v1/intake/", "/v1/users/")
"""Addresses with something in them that is no lead's: for everybody, or for admins alone."""
ELSEWHERE = {"GET /v1/bulk/{bulk_id}", "GET /v1/leads/{lead}/files", "GET /v1/leads/{lead}/files/{file_id}"}
"""Whose ids are made by asking, or that need S3: tried with reps in tests of their own."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(settings: Settings) -> AsyncIterator[Served]:
    """ADA is eve's, BOB nobody's, CAT dan's; each was made by a submission and has had a command since."""
    async with served(settings, discovery.routers()) as found:
        log = await found.log()
        for number, lead in enumerate((ADA, BOB, CAT), 1):
            log.add(captured(lead, version=number, submission_id=submission(found, lead)), ada())
        log.add(assigned(ADA, "eve", version=4))
        log.add(assigned(CAT, "dan", version=5))
        log.add(planned(CAT))
        await found.put(log)
        for number, lead in enumerate((ADA, BOB, CAT)):
            await decided(found, lead, submission(found, lead), 100 + number)
            await decided(found, lead, found.services.ids.derived(f"command {lead}"), 200 + number)
            await found.services.pool.execute(
                'insert into identity.submissions (submission_id, status, lead, source_id, partition, "offset")'
                " values ($1, 'processed', $2, 's', 0, $3), ($4, 'duplicate', $2, 's', 0, $3)",
                submission(found, lead),
                lead,
                number,
                found.services.ids.derived(f"again {lead}"),
            )
        yield found
        await found.services.pool.execute("truncate documents.versions, gateway.sent, auth.api_keys")


def submission(api: Served, lead: str) -> str:
    return api.services.ids.derived(f"submission {lead}")


async def decided(api: Served, lead: str, id_: str, position: int) -> None:
    await api.services.pool.execute(
        "insert into leads.outcomes (command_id, lead, status, detail, version, position) values ($1, $2, 'done', '', 1, $3)",
        id_,
        lead,
        position,
    )


def ids(api: Served, lead: str) -> list[str]:
    """Everything that names this lead."""
    named = [f"submission {lead}", f"again {lead}", f"command {lead}"]
    return [lead, lead.upper(), *(api.services.ids.derived(name) for name in named)]


def routes(*methods: str) -> Iterator[tuple[str, str]]:
    for context in iter_route_contexts(create_app(offline.services(), discovery.routers()).api.routes):
        if isinstance(context.original_route, APIRoute):
            path = getattr(context, "path", context.original_route.path)
            if "{" in path and not path.startswith(OPEN):
                yield from ((method, path) for method in sorted(context.methods or ()) if method in methods)


ASKED = ["", "?as_of=2099-01-01T00:00:00Z", "?after=0-1", "?limit=1", "?owner=dan"]


async def test_by_no_address_does_a_rep_get_at_leads_of_others(api: Served) -> None:
    """Every route with something in its path, with everything that names dan's lead."""
    rep, manager = api.headers("rep", "eve"), api.headers("manager")
    reachable: dict[str, set[int]] = {}
    told: dict[str, set[int]] = {}
    for (method, path), id_, asked in itertools.product(routes("GET"), ids(api, CAT), ASKED):
        address = re.sub(r"\{\w+\}", id_, path) + asked
        answer = await api.client.request(method, address, headers=rep)
        assert answer.status_code in (404, 403), f"{method} {address} answers {answer.status_code}: {answer.text[:200]}"
        assert CAT not in answer.text.replace(address.partition("?")[0], "")
        seen = await api.client.request(method, address, headers=manager)
        reachable.setdefault(f"{method} {path}", set()).add(seen.status_code)
        told.setdefault(f"{method} {path}", set()).add(answer.status_code)
    closed = {route for route, statuses in told.items() if statuses == {403}}
    dead = [route for route, statuses in reachable.items() if 200 not in statuses and route not in closed | ELSEWHERE]
    assert dead == [], "nobody gets at these with what this test knows, so it says nothing of them: teach it"


async def test_nor_does_one_change_them(api: Served) -> None:
    rep = api.headers("rep", "eve")
    body = {"text": "x", "status": "contacted", "owner": "eve"}
    for method, path in routes("POST", "PATCH", "PUT", "DELETE"):
        for fields in (body, *({name: value} for name, value in body.items()), {"name": "Mallory"}, {}):
            answer = await api.client.request(method, re.sub(r"\{\w+\}", CAT, path), headers=rep, json=fields)
            assert answer.status_code in (403, 404, 422), f"{method} {path} answers {answer.status_code}: {answer.text[:200]}"
    assert api.services.publisher.records == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("lead", [ADA, BOB])
async def test_own_and_unassigned_leads_are_there(api: Served, lead: str) -> None:
    for path in (f"/leads/{lead}", f"/leads/{lead}/timeline", f"/submissions/{submission(api, lead)}", f"/leads/{lead}/messages"):
        assert (await api.get(path, "rep", "eve")).status_code == 200, path
    for name in ("submission", "command", "again"):
        path = f"/commands/{api.services.ids.derived(f'{name} {lead}')}"
        assert (await api.get(path, "rep", "eve")).status_code == 200, path


@asynccontextmanager
async def where_reps_see_their_team(api: Served) -> AsyncIterator[httpx2.AsyncClient]:
    """The same stores behind another setting."""
    given = api.services.settings
    seeing = given.model_copy(update={"auth": given.auth.model_copy(update={"reps_see": "team"})})
    app = create_app(dataclasses.replace(api.services, settings=seeing, teams=Teams(api.services.pool)), discovery.routers())
    async with offline.client(app) as client:
        yield client


async def test_by_setting_a_rep_sees_the_leads_of_the_team(api: Served) -> None:
    body = {"members": [{"person": "eve"}, {"person": "dan"}]}
    await documents.publish(api.services.pool, "team", "sales", body, actor="test", partitions=1)
    async with where_reps_see_their_team(api) as client:
        for person, leads in (("eve", {ADA, BOB, CAT}), ("zoe", {BOB})):
            headers = api.headers("rep", person)
            assert {item["id"] for item in (await client.get("/v1/leads", headers=headers)).json()["items"]} == leads
            assert (await client.get("/v1/overview", headers=headers)).json()["leads_total"] == len(leads)
            answer = await client.get(f"/v1/leads/{CAT}/timeline", headers=headers)
            assert answer.status_code == (200 if CAT in leads else 404)
    assert [item["id"] for item in (await api.json("/leads", "rep", "eve", sort="created_at"))["items"]] == [ADA, BOB]


async def test_live_changes_are_those_of_leads_that_one_may_see() -> None:
    message = {"owner": "dan"}
    for user, seen in (
        (User("u", "", "", "rep", "eve"), 0),
        (User("u", "", "", "rep", "eve", team=frozenset({"dan"})), 1),
        (User("u", "", "", "rep", "dan"), 1),
        (User("u", "", "", "manager"), 1),
        (User("key:1", "", "", "manager", scopes=frozenset({Permission.LEADS_READ})), 0),
    ):
        client = Client(user)
        client.offer(Change("0-1", b"{}"), message)
        assert len(await client.changes(0.01)) == seen


async def test_teams_are_remembered_for_a_moment_and_while_postgres_is_away() -> None:
    now = 0.0

    class Pool:
        away, asked = False, 0

        async def fetch(self, *_: object) -> list[dict[str, object]]:
            self.asked += 1
            if self.away:
                raise ConnectionRefusedError
            body = '{"members": [{"person": "eve"}, {"person": "dan"}]}'
            return [{"kind": "team", "name": "sales", "version": 1, "body": body}]

    pool = Pool()
    teams = Teams(pool, now=lambda: now)
    for _ in range(3):
        assert await teams.mates("eve") == {"eve", "dan"}
    assert pool.asked == 1
    now, pool.away = 11.0, True
    assert await teams.mates("eve") == {"eve", "dan"}
    assert await teams.mates("zoe") == frozenset()
    assert pool.asked == 3


async def test_a_key_that_may_not_see_all_sees_what_is_nobodys(api: Served) -> None:
    async def key(*scopes: Permission) -> dict[str, str]:
        _, text = await api_keys.create(api.services.pool, name="k", role="analyst", created_by="u", scopes=scopes)
        return {"Authorization": f"Bearer {text}"}

    headers = await key(Permission.LEADS_READ)
    page = (await api.client.get("/v1/leads", headers=headers)).json()
    assert [item["id"] for item in page["items"]] == [BOB]
    assert (await api.client.get(f"/v1/leads/{ADA}", headers=headers)).status_code == 404
    for scopes, counted in (
        ((Permission.LEADS_READ,), None),
        ((Permission.REPORTS_READ,), None),
        ((Permission.LEADS_READ, Permission.REPORTS_READ), 1),
        ((Permission.LEADS_READ, Permission.REPORTS_READ, Permission.LEADS_ALL), 3),
    ):
        answer = await api.client.get("/v1/overview", headers=await key(*scopes))
        assert answer.status_code == (403 if counted is None else 200), scopes
        assert answer.json().get("leads_total") == counted


async def test_an_integration_follows_what_it_sent_and_nothing_else(api: Served) -> None:
    _, text = await api_keys.create(api.services.pool, name="crm", role="integration", created_by="u")
    user = await api_keys.user_of(api.services.pool, text)
    assert user is not None
    headers = {"Authorization": f"Bearer {text}"}
    paths = [f"{kind}/{id_}" for kind, id_ in itertools.product(("submissions", "commands"), ids(api, BOB)[2:])]
    before = {path: (await api.client.get(f"/v1/{path}", headers=headers)).status_code for path in paths}
    assert set(before.values()) == {404}
    await api.services.pool.execute("insert into gateway.sent (id, actor) values ($1, $2)", submission(api, BOB), user.id)
    after = {path: (await api.client.get(f"/v1/{path}", headers=headers)).status_code for path in paths}
    assert {path for path, status in after.items() if status == 200} == {
        f"submissions/{submission(api, BOB)}",
        f"commands/{submission(api, BOB)}",
    }
    for method, path in (
        ("GET", f"/leads/{BOB}"),
        ("GET", "/leads"),
        ("GET", "/people"),
        ("GET", "/search"),
        ("PATCH", f"/leads/{BOB}"),
    ):
        answer = await api.client.request(method, f"/v1{path}", headers=headers, json={"name": "X"})
        assert answer.status_code == 403, path


async def test_what_somebody_asks_for_who_does_not_see_all_is_remembered_as_their_own(api: Served) -> None:
    given = api.services
    machine, rep = User("key:1", "", "crm", "integration"), User("u1", "", "", "rep", "eve")
    manager = User("u2", "", "", "manager")
    for key in (None, "once"):
        for user in (machine, rep, manager):
            id_ = await idempotency.claim(given.pool, given.ids, user, key, b"asked", now_ms=int(time.time() * 1000))
            known = await given.pool.fetchval("select actor from gateway.sent where id = $1", id_)
            assert known == (None if user is manager else user.id)


async def test_permissions_are_what_the_role_has_and_the_key_is_limited_to() -> None:
    key = User("key:1", "", "", "manager", scopes=frozenset({Permission.LEADS_READ, Permission.KEYS_WRITE}))
    assert [permission for permission in Permission if key.may(permission)] == [Permission.LEADS_READ]
    assert not key.sees_all
    assert not User("key:1", "", "", "integration").may_see(None), "who reads no leads sees none"
    assert PERMISSIONS["integration"] == {Permission.LEADS_WRITE, Permission.SUBMISSIONS_READ}
