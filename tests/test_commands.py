"""What people ask of leads through the gateway, decided by `leads` and read back from the read models."""

import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests.whole import Whole, whole

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Whole]:
    async with whole(settings) as found:
        yield found


async def a_lead(here: Whole, name: str) -> str:
    lead = await here.system.lead_of(await here.system.submit(f"{uuid.uuid4()}@asked.example", name=name))
    await here.system.settled()
    return lead


async def test_tags_are_there_as_soon_as_they_were_answered(here: Whole) -> None:
    lead = await a_lead(here, "Tagged Person")
    answer = await here.call("POST", f"/leads/{lead}/tags", {"add": ["VIP", "freight"]})
    assert answer.status_code == 200, answer.text
    found = await here.call("GET", f"/leads/{lead}?after={answer.json()['position']}")
    assert (found.json()["tags"], found.headers["etag"]) == (["freight", "vip"], answer.headers["etag"])
    stale = await here.call("POST", f"/leads/{lead}/tags", {"remove": ["vip"]}, if_match='"0"')
    assert stale.status_code == 412
    assert stale.headers["etag"] == answer.headers["etag"]
    assert [one["id"] for one in (await here.call("GET", "/leads?tag=vip")).json()["items"]] == [lead]
    assert (await here.call("GET", f"/leads/{lead}/timeline?limit=1")).json()["items"][0]["title"] == "Tagged freight, vip"


async def test_a_task_goes_from_the_list_of_open_ones_to_the_done(here: Whole) -> None:
    lead = await a_lead(here, "Busy Person")
    body = {"title": "Call the busy person", "due_at": "2027-01-01T09:00:00Z"}
    answers = [await here.call("POST", f"/leads/{lead}/tasks", body, idempotency_key="call") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    task = answers[0].json()["task"]
    await here.system.settled()
    (found,) = (await here.call("GET", f"/leads/{lead}/tasks?open=true")).json()["items"]
    assert (found["id"], found["title"], found["due_at"]) == (task, body["title"], body["due_at"])
    done = await here.call("PATCH", f"/leads/{lead}/tasks/{task}", {"state": "done"})
    assert done.status_code == 200, done.text
    await here.system.settled()
    assert (await here.call("GET", "/tasks?open=true")).json()["items"] == []
    assert [one["state"] for one in (await here.call("GET", f"/leads/{lead}/tasks")).json()["items"]] == ["done"]
    strange = here.services.ids.derived("never added")
    assert (await here.call("PATCH", f"/leads/{lead}/tasks/{strange}", {"state": "done"})).status_code == 404


async def test_many_leads_are_changed_once_under_one_key(here: Whole) -> None:
    leads = [await a_lead(here, f"Person {number}") for number in range(3)]
    body = {"leads": leads, "do": {"status": "contacted"}}
    urls = set()
    for _ in range(2):
        answer = await here.call("POST", "/leads/bulk", body, idempotency_key="many")
        assert answer.status_code == 202, answer.text
        urls.add(answer.json()["status_url"].removeprefix("/v1"))
    (url,) = urls

    async def decided() -> bool:
        return bool((await here.call("GET", url)).json()["done"])

    await here.system.until(decided, "every lead has its verdict")
    assert (await here.call("GET", url)).json()["counts"] == {"done": 3}
    await here.system.settled()
    assert {(await here.call("GET", f"/leads/{lead}")).json()["status"] for lead in leads} == {"contacted"}
    changed = "select count(*) from history.records where event_type = 'lead.status_changed.v1' and lead = any($1)"
    assert await here.system.has.pool.fetchval(changed, leads) == 3


async def test_an_export_has_what_was_asked_of_the_lead(here: Whole) -> None:
    lead = await a_lead(here, "Exported Person")
    await here.call("POST", f"/leads/{lead}/notes", {"text": "prefers the telephone"})
    await here.system.settled()
    found = (await here.call("GET", f"/leads/{lead}/export", role="manager")).json()
    assert found["lead"]["name"] == "Exported Person"
    assert [note["text"] for note in found["notes"]] == ["prefers the telephone"]
    assert [one["status"] for one in found["submissions"]] == ["processed"]
