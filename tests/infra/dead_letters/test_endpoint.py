"""/v1/rejections: found, grouped, opened for whoever may, repaired and driven again under their original ids."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from infra.dead_letters import endpoint
from infra.kafka.ports import Outgoing
from infra.settings import Settings
from schemas import topics
from tests.infra.dead_letters.burying import broken, bury
from tests.infra.gateway.running import Running, running
from tests.submitting import publish, submission
from tests.system import running as running_system

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
LEAD = "0190a6b0-0000-7000-8000-000000000001"


@pytest_asyncio.fixture
async def has(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as started:
        await started.services.pool.execute("truncate dead_letters.letters")
        yield started


async def listed(has: Running, query: str = "", role: Any = "analyst") -> dict[str, Any]:
    answer = await has.client.get(f"/v1/rejections{query}", headers=has.token(role))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_they_are_found_by_what_is_known_of_them_page_by_page(has: Running) -> None:
    for offset in range(5):
        await bury(has, (await broken(has))[1], offset, reason="kind: x" if offset else "personal: y")
    await bury(has, Outgoing(LEAD.encode(), (), b"{}"), 9, topic=topics.EVENTS.name, consumer="scoring", reason="KeyError")
    seen, query = [], "?limit=2"
    while True:
        page = await listed(has, query)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query = f"?limit=2&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 6
    assert len((await listed(has, "?consumer=scoring"))["items"]) == 1
    assert len((await listed(has, "?source=s1"))["items"]) == 5
    assert len((await listed(has, "?source=s1&reason=personal: y"))["items"]) == 1
    assert (await listed(has, "?since=2999-01-01T00:00:00Z"))["items"] == []
    assert len((await listed(has, "?until=2999-01-01T00:00:00Z"))["items"]) == 6
    causes = (await listed(has, "/causes"))["items"]
    assert [(cause["consumer"], cause["reason"], cause["count"]) for cause in causes][0] == ("identity", "kind: x", 4)
    assert {cause["count"] for cause in causes} == {4, 1}


@pytest.mark.parametrize("cursor", ["x", "eA", "\u00e9", "MjAyNi0wMS0wMVQwMDowMDowMCB4"])
async def test_a_cursor_of_nobody_is_refused(has: Running, cursor: str) -> None:
    answer = await has.client.get("/v1/rejections", params={"cursor": cursor}, headers=has.token("admin"))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


async def test_what_was_sent_is_opened_for_whoever_may_repair_it_and_for_nobody_else(has: Running) -> None:
    id_, record = await broken(has)
    letter = await bury(has, record, 1)
    shown = (await has.client.get(f"/v1/rejections/{letter}", headers=has.token("manager"))).json()
    assert (shown["raw"], shown["raw_content_type"]) == ('{"a": 1}', "application/json")
    assert (shown["body"]["submission_id"], shown["headers"]["ce_id"], shown["reason"]) == (id_, id_, "kind: x")
    analyst = await has.client.get(f"/v1/rejections/{letter}", headers=has.token("analyst"))
    assert (analyst.json()["raw"], analyst.status_code) == (None, 200)
    assert (await has.client.get(f"/v1/rejections/{uuid.uuid4()}", headers=has.token("admin"))).status_code == 404
    unreadable = await bury(has, Outgoing(b"k", (), b"\xff ada@engines.example"), 2)
    whole = (await has.client.get(f"/v1/rejections/{unreadable}", headers=has.token("admin"))).json()["body"]
    part = (await has.client.get(f"/v1/rejections/{unreadable}", headers=has.token("analyst"))).json()["body"]
    assert (whole, part) == ("\ufffd ada@engines.example", None)


async def test_a_repaired_one_is_published_under_its_id_and_settled(has: Running) -> None:
    id_, record = await broken(has)
    letter = await bury(has, record, 1)
    address = f"/v1/rejections/{letter}/redrive"
    refused = await has.client.post(address, headers=has.token("admin"))
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "not-redrivable")
    changed = await has.client.post(
        address, headers=has.token("admin"), json={"patch": {"kind": "lead", "submission_id": str(uuid.uuid4())}}
    )
    assert changed.status_code == 422
    assert "must stay" in changed.json()["detail"]
    posing = await has.client.post(
        address, headers=has.token("manager"), json={"patch": {"kind": "lead", "actor": "somebody-else"}}
    )
    assert (posing.status_code, "actor must stay" in posing.json()["detail"]) == (422, True)
    both = await has.client.post(address, headers=has.token("admin"), json={"patch": {}, "body": {}})
    assert both.status_code == 422
    done = await has.client.post(address, headers=has.token("manager"), json={"patch": {"kind": "lead"}})
    assert done.status_code == 200, done.text
    assert done.json()["settled_at"]
    [published] = has.publisher.records
    assert orjson.loads(published.record.value)["submission_id"] == id_
    assert dict(published.record.headers)["ce_id"] == id_.encode()
    assert (await listed(has))["items"] == []
    assert len((await listed(has, "?settled=true"))["items"]) == 1


async def test_a_log_that_is_away_settles_nothing(has: Running) -> None:
    letter = await bury(has, (await broken(has))[1], 1)
    has.publisher.away = True
    patch = {"patch": {"kind": "lead"}}
    assert (await has.client.post(f"/v1/rejections/{letter}/redrive", headers=has.token("admin"), json=patch)).status_code == 503
    bulk = await has.client.post("/v1/rejections/redrive", headers=has.token("admin"), json={"consumer": "identity", **patch})
    assert [verdict["status"] for verdict in bulk.json()["items"]] == ["unavailable"]
    assert len((await listed(has))["items"]) == 1


async def test_a_group_is_driven_again_with_a_verdict_each_in_bites(has: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "BULK_PAUSE_SECONDS", 0.0)
    ids = []
    for offset in range(4):
        id_, record = await broken(has)
        ids.append(id_)
        await bury(has, record, offset)
    await bury(has, (await broken(has, traits=7))[1], 8)
    await bury(has, (await broken(has))[1], 9, reason="another")
    asked = {"reason": "kind: x", "patch": {"kind": "lead"}, "limit": 3}
    first = (await has.client.post("/v1/rejections/redrive", headers=has.token("admin"), json=asked)).json()
    assert sorted(verdict["status"] for verdict in first["items"]) == ["redriven", "redriven", "refused"]
    assert first["left"] == 3
    second = (await has.client.post("/v1/rejections/redrive", headers=has.token("admin"), json=asked)).json()
    assert second["left"] == 1, "the one that can't be repaired like this"
    assert sorted(orjson.loads(one.record.value)["submission_id"] for one in has.publisher.records) == sorted(ids)
    for wrong in ({}, {"reason": "x", "limit": 101}, {"patch": {"a": 1}}):
        assert (await has.client.post("/v1/rejections/redrive", headers=has.token("admin"), json=wrong)).status_code == 422


async def test_one_that_is_given_up_is_kept_with_the_reason(has: Running) -> None:
    letter = await bury(has, (await broken(has))[1], 1)
    said = await has.client.post(f"/v1/rejections/{letter}/discard", headers=has.token("admin"), json={"reason": "a test"})
    assert said.json()["resolution"] == "discarded by user-admin: a test"
    again = await has.client.post(f"/v1/rejections/{letter}/discard", headers=has.token("manager"))
    assert again.json()["resolution"] == "discarded by user-admin: a test", "what was settled stays so"
    assert (await has.client.post(f"/v1/rejections/{uuid.uuid4()}/discard", headers=has.token("admin"))).status_code == 404


async def test_what_died_in_identity_becomes_a_lead_once_it_is_repaired(settings: Settings) -> None:
    async with running_system(settings, team=False) as system, running(settings) as has:
        pool = system.has.pool
        await pool.execute("truncate dead_letters.letters")
        id_, record = await broken(has)
        body, _ = await submission(has.services.keyring, "ada@engines.example")
        await publish(system.has.producer, settings.kafka.partitions, (body, record))
        await system.until_value(1, "select count(*) from dead_letters.letters")
        [item] = (await listed(has))["items"]
        assert (item["consumer"], item["source_id"]) == ("identity", "s1")
        object.__setattr__(has.services, "publisher", system.has.producer)
        patch = {"patch": {"kind": "lead"}}
        for _ in range(2):
            answer = await has.client.post(f"/v1/rejections/{item['id']}/redrive", headers=has.token("admin"), json=patch)
            assert answer.status_code == 200, answer.text
        lead = await system.lead_of(id_)
        await system.settled()
        assert await pool.fetchval("select count(*) from lead_list.leads where id = $1", lead) == 1
        assert (
            await pool.fetchval("select count(*) from history.records where event_type = 'lead.captured.v1' and lead = $1", lead)
            == 1
        )
