import uuid
from datetime import UTC, datetime

import pytest

from infra.crypto.codec import open_person
from schemas.commands import AddTask, ChangeTask, TagLead
from schemas.person import Task
from tests.infra.gateway.running import Running
from tests.producers.commands.asked import a_lead, last

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, pytest.mark.usefixtures("quiet")]


async def test_a_task_is_sealed_and_its_id_is_told(here: Running) -> None:
    lead = await a_lead(here)
    body = {"title": " Call Ada ", "due_at": "2026-12-01T10:00:00+01:00", "owner": "rep-1"}
    answer = await here.client.post(f"/v1/leads/{lead}/tasks", json=body, headers=here.token("manager"))
    assert answer.status_code == 201, answer.text
    command = last(here)
    assert isinstance(command, AddTask)
    assert (command.task_id, answer.json()["task"]) == (command.command_id, command.command_id)
    assert (command.due_at, command.owner) == (datetime(2026, 12, 1, 9, tzinfo=UTC), "rep-1")
    key = (await here.services.keyring.lead_keys([lead]))[lead]
    assert key is not None
    assert command.personal is not None
    assert open_person(key, command.personal, lead, Task).title == "Call Ada"
    done = await here.client.patch(
        f"/v1/leads/{lead}/tasks/{command.task_id}", json={"state": "done"}, headers=here.token("manager")
    )
    assert done.status_code == 200
    changed = last(here)
    assert isinstance(changed, ChangeTask)
    assert (changed.task_id, changed.state) == (command.task_id, "done")


async def test_a_rep_takes_tasks_and_gives_them_to_nobody_else(here: Running) -> None:
    lead, rep = await a_lead(here), here.token("rep", "rep-1")

    async def add(owner: str | None) -> int:
        body = {"title": "x", "owner": owner}
        return (await here.client.post(f"/v1/leads/{lead}/tasks", json=body, headers=rep)).status_code

    assert [await add("rep-1"), await add(None), await add("rep-2")] == [201, 201, 403]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x", "due_at": "2026-12-01T10:00:00"}, "due_at"),
        ({"title": "x", "due_at": "0001-01-01T00:00:00+14:00"}, "due_at"),
        ({"title": "x", "owner": "ghost"}, "owner"),
        ({"title": "a\x00b"}, "title"),
    ],
)
async def test_a_wrong_field_of_a_task_is_named(here: Running, body: dict[str, object], field: str) -> None:
    answer = await here.client.post(f"/v1/leads/{await a_lead(here)}/tasks", json=body, headers=here.token("admin"))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


async def test_a_task_of_no_such_id_is_missing(here: Running) -> None:
    path = f"/v1/leads/{await a_lead(here)}/tasks/{uuid.uuid4()}"
    assert (await here.client.patch(path, json={"state": "done"}, headers=here.token("admin"))).status_code == 404


async def test_tags_are_asked_for_as_they_are_kept(here: Running) -> None:
    lead = await a_lead(here)
    path, admin = f"/v1/leads/{lead}/tags", here.token("admin")
    answer = await here.client.post(path, json={"add": ["  Very   Important "], "remove": ["COLD"]}, headers=admin)
    assert answer.status_code == 200, answer.text
    command = last(here)
    assert isinstance(command, TagLead)
    assert (command.added, command.removed) == (("very important",), ("cold",))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"add": [""]},
        {"add": ["ada@example.com"]},
        {"add": ["+32 2 555 12 34"]},
        {"add": ["x" * 51]},
        {"add": ["a\x00b"]},
        {"add": ["same"], "remove": ["Same"]},
        {"add": [f"tag {number}" for number in range(51)]},
    ],
)
async def test_what_is_no_tag_is_refused(here: Running, body: dict[str, object]) -> None:
    answer = await here.client.post(f"/v1/leads/{await a_lead(here)}/tags", json=body, headers=here.token("admin"))
    assert answer.status_code == 422
    assert here.publisher.records == []
