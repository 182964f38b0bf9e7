import asyncio
import uuid

import pytest
from pydantic import BaseModel

from infra.kafka.publisher import Position
from producers.commands.bulk import LEADS_MAX, PART
from schemas.commands import AssignLead, ChangeStatus, Command, TagLead
from tests.infra.gateway.running import Running, read
from tests.producers.commands.asked import a_lead, last

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, pytest.mark.usefixtures("quiet")]


def published(here: Running) -> dict[str, list[str]]:
    """Command ids by lead."""
    found: dict[str, list[str]] = {}
    for one in here.publisher.records:
        command = read(one.record)
        assert isinstance(command, Command)
        found.setdefault(command.lead, []).append(command.command_id)
    return found


async def test_each_lead_is_asked_by_a_command_of_its_own_and_has_its_own_verdict(here: Running) -> None:
    leads = [await a_lead(here) for _ in range(PART + 3)]
    gone, never = await a_lead(here), str(uuid.uuid4())
    async with here.services.pool.acquire() as connection, connection.transaction():
        await here.services.keyring.destroy(connection, gone, actor="x", reason="y")
    body = {"leads": [*leads, leads[0].upper(), gone, never], "do": {"status": "contacted"}}
    answer = await here.client.post("/v1/leads/bulk", json=body, headers=here.token("manager"))
    assert answer.status_code == 202, answer.text
    command = last(here)
    assert isinstance(command, ChangeStatus)
    assert (command.status, command.actor, command.expected_version) == ("contacted", "user-manager", None)
    assert {lead: len(ids) for lead, ids in published(here).items()} == dict.fromkeys(leads, 1)
    assert answer.headers["location"] == answer.json()["status_url"]
    state = (await here.client.get(answer.json()["status_url"], headers=here.token("manager"))).json()
    assert state["counts"] == {"done": len(leads), "erased": 1, "missing": 1}
    assert state["done"] is True
    assert [item["lead"] for item in state["items"]] == [*leads, gone, never]
    assert state["items"][0]["version"] == 41
    assert state["items"][0]["position"].endswith("-0")


async def test_a_repeat_under_the_same_key_asks_nothing_twice_also_after_half_of_it_failed(here: Running) -> None:
    leads = [await a_lead(here) for _ in range(PART + 2)]
    headers = {**here.token("admin"), "Idempotency-Key": str(uuid.uuid4())}
    body = {"leads": leads, "do": {"tag": {"add": ["vip"]}}}

    async def then_away(here: Running, message: BaseModel, position: Position) -> None:
        here.publisher.away = position.offset + 1 >= PART

    here.publisher.decide = then_away
    answer = await here.client.post("/v1/leads/bulk", json=body, headers=headers)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    first = published(here)
    assert len(first) == PART
    here.publisher.away, here.publisher.decide = False, None
    both = await asyncio.gather(*(here.client.post("/v1/leads/bulk", json=body, headers=headers) for _ in range(2)))
    assert [answer.status_code for answer in both] == [202, 202]
    assert both[0].json() == both[1].json()
    assert {lead: len(set(ids)) for lead, ids in published(here).items()} == dict.fromkeys(leads, 1)
    state = (await here.client.get(both[0].json()["status_url"], headers=headers)).json()
    assert (state["done"], state["counts"]) == (False, {"pending": len(leads)})
    other = {"leads": leads[:1], "do": {"tag": {"add": ["other"]}}}
    assert (await here.client.post("/v1/leads/bulk", json=other, headers=headers)).status_code == 422


async def test_a_rep_changes_what_is_theirs_to_see_and_the_rest_is_missing(here: Running) -> None:
    own, free, other = await a_lead(here, "rep-1"), await a_lead(here), await a_lead(here, "rep-2")
    rep = here.token("rep", "rep-1")
    body = {"leads": [own, free, other], "do": {"assign": "rep-1"}}
    answer = await here.client.post("/v1/leads/bulk", json=body, headers=rep)
    assert answer.status_code == 202
    assert set(published(here)) == {own, free}
    command = last(here)
    assert isinstance(command, AssignLead)
    url = answer.json()["status_url"]
    state = (await here.client.get(url, headers=rep)).json()
    assert [item["status"] for item in state["items"]] == ["done", "done", "missing"]
    body["do"] = {"assign": "rep-2"}
    assert (await here.client.post("/v1/leads/bulk", json=body, headers=rep)).status_code == 403


async def test_who_asked_and_who_sees_all_may_look_and_nobody_else(here: Running) -> None:
    body = {"leads": [await a_lead(here)], "do": {"assign": None}}
    url = (await here.client.post("/v1/leads/bulk", json=body, headers=here.token("admin"))).json()["status_url"]
    assert (await here.client.get(url, headers=here.token("manager"))).status_code == 200
    assert (await here.client.get(url, headers=here.token("rep", "rep-1"))).status_code == 404
    assert (await here.client.get(f"/v1/bulk/{uuid.uuid4()}", headers=here.token("admin"))).status_code == 404


async def test_tags_in_bulk_are_as_strict_as_for_one(here: Running) -> None:
    body = {"leads": [await a_lead(here)], "do": {"tag": {"add": [" Hot "], "remove": ["cold"]}}}
    assert (await here.client.post("/v1/leads/bulk", json=body, headers=here.token("admin"))).status_code == 202
    command = last(here)
    assert isinstance(command, TagLead)
    assert (command.added, command.removed) == (("hot",), ("cold",))


LEAD = str(uuid.uuid4())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"leads": [], "do": {"status": "won"}}, "leads"),
        ({"leads": [LEAD] * (LEADS_MAX + 1), "do": {"status": "won"}}, "leads"),
        ({"leads": ["nonsense"], "do": {"status": "won"}}, "leads.0"),
        ({"leads": [LEAD], "do": {}}, "do"),
        ({"leads": [LEAD], "do": {"status": "won", "assign": None}}, "do"),
        ({"leads": [LEAD], "do": {"status": None}}, "do"),
        ({"leads": [LEAD], "do": {"assign": "ghost"}}, "do.assign"),
        ({"leads": [LEAD], "do": {"tag": {"add": ["a@b.example"]}}}, "do.tag.add.0"),
        ({"leads": [LEAD], "do": {"erase": True}}, "do.erase"),
    ],
)
async def test_what_cant_be_asked_is_named(here: Running, body: dict[str, object], field: str) -> None:
    answer = await here.client.post("/v1/leads/bulk", json=body, headers=here.token("admin"))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert here.publisher.records == []


async def test_its_answer_is_described_as_what_it_is(here: Running) -> None:
    described = here.gateway.api.openapi()["paths"]["/v1/leads/bulk"]["post"]["responses"]["202"]
    assert described["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/BulkAccepted"}
