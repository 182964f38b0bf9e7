"""Many rejections repaired alike: tried on a few, then each driven again once, in the background, and written down."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from infra.crypto.codec import open_person
from infra.dead_letters import repairing
from infra.dead_letters.access import redriver
from infra.kafka.ports import LogUnavailable, Outgoing
from infra.settings import Settings
from infra.wiring.remapping import FormsRemap
from schemas import topics
from schemas.message import Sealed
from schemas.person import SubmittedPerson
from tests.infra.dead_letters.burying import broken, bury
from tests.infra.gateway.running import Running, running
from tests.submitting import publish, submission
from tests.system import running as running_system

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
GROUP = {"consumer": "identity", "reason": "kind: x"}
MAPPING = {"email": "who.mail", "company": "who.org"}
RAW = '{"who": {"mail": "eve@mapped.example", "org": "Mapped Ltd"}, "Budget": "10"}'


@pytest_asyncio.fixture
async def has(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setattr(repairing, "PAUSE_SECONDS", 0.0)
    async with running(settings) as started:
        await started.services.pool.execute("truncate dead_letters.letters, dead_letters.repairs")
        object.__setattr__(started.services, "remap", FormsRemap(started.services.keyring))
        yield started


async def ask(has: Running, path: str = "", status: int = 202, role: Any = "manager", **asked: Any) -> dict[str, Any]:
    answer = await has.client.post(f"/v1/rejections/repairs{path}", headers=has.token(role), json=asked)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def progress(has: Running, id_: str) -> tuple[str, int, int, int, int]:
    found = (await has.client.get(f"/v1/rejections/repairs/{id_}", headers=has.token("analyst"))).json()
    return found["state"], found["total"], found["redriven"], found["refused"], found["left"]


async def work(has: Running) -> None:
    """As the worker does, until nothing is left."""
    stop = asyncio.Event()
    while await repairing.work_once(redriver(has.services), stop):
        pass


def published(has: Running) -> list[str]:
    return [orjson.loads(one.record.value)["submission_id"] for one in has.publisher.records]


async def test_a_mapping_is_tried_on_a_few_and_nothing_is_published(has: Running) -> None:
    letters = [await bury(has, (await broken(has, RAW))[1], offset) for offset in range(4)]
    nameless = await bury(has, (await broken(has))[1], 9)
    seen = await ask(has, "/preview", 200, **GROUP, mapping=MAPPING, limit=2)
    assert (seen["count"], [item["id"] for item in seen["items"]]) == (5, [nameless, letters[3]])
    refused, mapped = seen["items"]
    assert refused["error"] == "by this mapping it has neither an e-mail address nor a phone number nor a name"
    assert (mapped["fields"]["email"], mapped["fields"]["company"], mapped["error"]) == ("eve@mapped.example", "Mapped Ltd", None)
    patched = (await ask(has, "/preview", 200, ids=[letters[0]], patch={"kind": "lead"}))["items"]
    assert [(one["fields"], one["body"]["kind"]) for one in patched] == [(None, "lead")]
    (still,) = (await ask(has, "/preview", 200, ids=[letters[0]]))["items"]
    assert "kind" in still["error"]
    assert has.publisher.records == []
    await ask(has, "/preview", 403, "analyst", **GROUP)


async def test_a_group_is_read_anew_and_each_driven_again_once_under_its_id(has: Running) -> None:
    ids = []
    for offset in range(6):
        id_, record = await broken(has, RAW)
        ids.append(id_)
        await bury(has, record, offset)
    other = await bury(has, (await broken(has, RAW))[1], 8, reason="another")
    started = await ask(has, **GROUP, mapping=MAPPING)
    assert await progress(has, started["id"]) == ("running", 6, 0, 0, 6)
    twice = await ask(has, "", 409, **GROUP, mapping=MAPPING)
    assert twice["type"].endswith("/nothing-to-repair")

    await work(has)

    assert await progress(has, started["id"]) == ("done", 6, 6, 0, 0)
    assert published(has) == ids, "the oldest first"
    keyring, record = has.services.keyring, has.publisher.records[0].record
    body = orjson.loads(record.value)
    assert dict(record.headers)["ce_id"] == ids[0].encode()
    assert body["identity"] == body["traits"]["email_hash"] == keyring.hash("email", "eve@mapped.example")
    assert (body["traits"]["company"], body["source"]["source_id"]) == ("Mapped Ltd", "s1")
    key = await keyring.intake_of(Sealed(body["personal"]))
    assert key is not None
    person = open_person(key, Sealed(body["personal"]), ids[0], SubmittedPerson)
    assert (person.email, person.answers, person.raw) == ("eve@mapped.example", {"Budget": "10"}, RAW)
    left = (await has.client.get("/v1/rejections", headers=has.token("analyst"))).json()["items"]
    assert [item["id"] for item in left] == [other]
    written = "select actor, object from audit.entries where action = 'redrive_rejection' and detail = $1"
    lines = await has.services.pool.fetch(written, f"repair {started['id']}")
    assert len({line["object"] for line in lines}) == len(lines) == 6
    assert {line["actor"] for line in lines} == {"user-manager"}


async def test_several_workers_drive_each_again_once(has: Running) -> None:
    ids = []
    for offset in range(20):
        id_, record = await broken(has, RAW)
        ids.append(id_)
        await bury(has, record, offset)
    started = await ask(has, **GROUP, mapping=MAPPING)
    await asyncio.gather(work(has), work(has), work(has))
    await work(has)
    assert await progress(has, started["id"]) == ("done", 20, 20, 0, 0)
    assert sorted(published(has)) == sorted(ids)


async def test_those_that_can_not_be_repaired_like_this_say_why_and_are_there_for_another_try(has: Running) -> None:
    good = await bury(has, (await broken(has, RAW))[1], 1)
    bad = await bury(has, (await broken(has, '{"a": 1}'))[1], 2)
    gone = await bury(has, (await broken(has, RAW, personal="1.day.nonsense"))[1], 3)
    log = await bury(has, Outgoing(b"x", (), b"{}"), 4, topic=topics.EVENTS.name, consumer="scoring")
    started = await ask(has, ids=[good, bad, gone, log], mapping=MAPPING)
    await work(has)
    assert await progress(has, started["id"]) == ("done", 4, 1, 3, 0)
    left = (await has.client.get("/v1/rejections", headers=has.token("analyst"))).json()["items"]
    why = {item["id"]: item["refused"] for item in left}
    assert why[bad] == "by this mapping it has neither an e-mail address nor a phone number nor a name"
    assert why[gone] == "what its sender sent can't be opened any more"
    assert "not changed" in why[log]
    again = await ask(has, ids=[bad], patch={"kind": "lead"})
    await work(has)
    assert await progress(has, again["id"]) == ("done", 1, 1, 0, 0)
    listed = (await has.client.get("/v1/rejections/repairs", headers=has.token("analyst"))).json()["items"]
    assert [(one["id"], one["how"]) for one in listed] == [(again["id"], "patch"), (started["id"], "mapping")]


async def test_a_log_that_is_away_is_waited_for_and_a_repair_that_is_stopped_lets_go(has: Running) -> None:
    for offset in range(3):
        await bury(has, (await broken(has, RAW))[1], offset)
    started = await ask(has, **GROUP, mapping=MAPPING)
    has.publisher.away = True
    with pytest.raises(LogUnavailable):
        await work(has)
    assert await progress(has, started["id"]) == ("running", 3, 0, 0, 3)
    has.publisher.away = False
    assert (await ask(has, f"/{started['id']}/cancel", 200))["state"] == "cancelled"
    await work(has)
    assert has.publisher.records == []
    started = await ask(has, **GROUP, mapping=MAPPING)
    await work(has)
    assert await progress(has, started["id"]) == ("done", 3, 3, 0, 0)


async def test_what_is_asked_has_bounds(has: Running) -> None:
    await bury(has, (await broken(has, RAW))[1], 1)
    for wrong in (
        {},
        {"mapping": MAPPING},
        {**GROUP, "mapping": {}},
        {**GROUP, "mapping": {"email": ""}},
        {**GROUP, "mapping": MAPPING, "patch": {}},
        {"ids": []},
        {**GROUP, "mapping": {f"answers.{number}": "a" for number in range(201)}},
    ):
        await ask(has, "", 422, **wrong)
    assert (await has.client.get("/v1/rejections/repairs/7", headers=has.token("admin"))).status_code == 422


async def test_one_that_fails_again_comes_back_with_its_new_reason_and_the_others_are_leads(settings: Settings) -> None:
    async with running_system(settings, team=False) as system, running(settings) as has:
        object.__setattr__(has.services, "remap", FormsRemap(has.services.keyring))
        object.__setattr__(has.services, "publisher", system.has.producer)
        pool = system.has.pool
        await pool.execute("truncate dead_letters.letters, dead_letters.repairs")
        sent = []
        for _ in range(2):
            id_, record = await broken(has, RAW)
            body, _ = await submission(has.services.keyring, "ada@engines.example")
            await publish(system.has.producer, settings.kafka.partitions, (body, record))
            sent.append(id_)
        await system.until_value(2, "select count(*) from dead_letters.letters where resolved_at is null")
        # One is driven again as broken as it was, only in another way.
        worse = (await pool.fetchval("select id from dead_letters.letters order by created_at, id limit 1"),)
        await ask(has, ids=[str(worse[0])], patch={"kind": "lead", "personal": "1.day.nonsense"})
        await work(has)
        await system.until_value(2, "select count(*) from dead_letters.letters where resolved_at is null")
        again = await pool.fetchrow("select reason from dead_letters.letters where resolved_at is null order by created_at desc")
        assert "personal can't be opened" in again["reason"]
        started = await ask(has, consumer="identity", mapping=MAPPING)
        await work(has)
        assert (await progress(has, started["id"]))[2:4] == (1, 1)
        await system.until_value(1, "select count(*) from identity.submissions where status = 'processed'")
        await system.until_value(1, "select count(*) from lead_list.leads where email = 'eve@mapped.example'")
