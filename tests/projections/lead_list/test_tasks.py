import dataclasses
from datetime import timedelta

import pytest
import pytest_asyncio

from infra.gateway.app import create_app
from projections.lead_list.endpoint import router
from schemas.person import Person
from tests.infra.gateway import offline
from tests.projections.builders import ADA, BOB, START, ada, assigned, captured, erased, task, task_added, task_changed
from tests.projections.served import served

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def api(settings):
    async with served(settings, [router]) as found:
        yield found


async def some_tasks(api):
    log = await api.log()
    log.add(captured(), ada())
    log.add(captured(BOB, version=2), Person(name="Bob"))
    log.add(assigned(BOB, "dan", version=3))
    log.add(task_added(ADA, "t-late", owner="eve", due_at=START + timedelta(days=9)), task("Late"))
    log.add(task_added(ADA, "t-some-time", owner="eve"), task("Some time"))
    log.add(task_added(BOB, "t-soon", owner="eve", due_at=START + timedelta(days=1)), task("Soon"))
    log.add(task_added(ADA, "t-done", due_at=START + timedelta(days=2)), task("Done"))
    log.add(task_changed(ADA, "done", "t-done"))
    await api.put(log)
    return log


async def ids(api, path="/tasks", role="admin", person=None, **asked):
    return [item["id"] for item in (await api.json(path, role, person, **asked))["items"]]


async def test_tasks_come_in_the_order_in_which_they_are_due(api):
    await some_tasks(api)
    assert await ids(api) == ["t-soon", "t-done", "t-late", "t-some-time"]
    assert await ids(api, f"/leads/{ADA}/tasks") == ["t-done", "t-late", "t-some-time"]
    assert await ids(api, open="true") == ["t-soon", "t-late", "t-some-time"]
    assert await ids(api, open="false") == ["t-done"]
    assert await ids(api, owner="none") == ["t-done"]
    assert (await api.json("/tasks", owner="eve", limit=1))["items"] == [
        {
            "id": "t-soon",
            "lead": BOB,
            "title": "Soon",
            "due_at": "2026-03-02T09:00:00Z",
            "owner": "eve",
            "state": "open",
            "added_at": "2026-03-01T09:05:00Z",
        }
    ]


async def test_pages_follow_each_other_without_a_gap(api):
    await some_tasks(api)
    found, cursor = [], None
    for _ in range(4):
        page = await api.json("/tasks", limit=1, **({} if cursor is None else {"cursor": cursor}))
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == ["t-soon", "t-done", "t-late", "t-some-time"]
    assert cursor is None
    assert (await api.get("/tasks", cursor="nonsense")).status_code == 422


async def test_a_rep_sees_tasks_of_leads_that_are_theirs_to_see(api):
    await some_tasks(api)
    assert await ids(api, role="rep", person="eve", owner="me", open="true") == ["t-late", "t-some-time"]
    assert await ids(api, role="rep", person="dan", owner="eve") == ["t-soon", "t-late", "t-some-time"]
    assert (await api.get(f"/leads/{BOB}/tasks", "rep", "eve")).status_code == 404
    assert await ids(api, role="admin", owner="me") == []


async def test_who_is_erased_has_nothing_to_be_done(api):
    log = await some_tasks(api)
    log.add(erased(ADA))
    await api.put(log)
    assert await ids(api) == ["t-soon"]


async def test_a_rep_who_sees_the_leads_of_the_team_sees_their_tasks(api):
    await some_tasks(api)
    given = api.services.settings
    seeing = given.model_copy(update={"auth": given.auth.model_copy(update={"reps_see": "team"})})

    class Team:
        async def mates(self, person):
            return frozenset({"eve", "dan"}) if person in ("eve", "dan") else frozenset()

    app = create_app(dataclasses.replace(api.services, settings=seeing, teams=Team()), [router])
    async with offline.client(app) as client:
        for person, found in (("eve", 4), ("zoe", 3)):
            answer = await client.get("/v1/tasks", headers=api.headers("rep", person))
            assert len(answer.json()["items"]) == found, person
