"""Letting in again who was blocked: what is published, and what comes back."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from infra.kafka.publisher import Position
from schemas import topics
from schemas.submissions import BlockLiftRequested
from tests.infra.gateway.running import Running
from tests.producers.commands.asked import last

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, pytest.mark.usefixtures("quiet")]
GONE = str(uuid.uuid4())


async def ask(here: Running, role: Any = "admin", key: str | None = None, **body: Any) -> httpx2.Response:
    headers = here.token(role) if key is None else {**here.token(role), "Idempotency-Key": key}
    return await here.client.post("/v1/blocks/lift", json=body, headers=headers)


async def lifted(here: Running, message: BaseModel, _at: Position) -> None:
    """As `leads` would."""
    assert isinstance(message, BlockLiftRequested)
    await here.outcome(message.command_id, GONE, version=9, position=9)


async def nobody(here: Running, message: BaseModel, _at: Position) -> None:
    """As `identity` would."""
    assert isinstance(message, BlockLiftRequested)
    await here.filed(message.command_id, "missing")


async def test_a_lift_is_a_submission_of_the_hash_alone(here: Running) -> None:
    here.publisher.decide = lifted
    answer = await ask(here, email=" Ada@X.example ")
    assert (answer.status_code, answer.json()["id"]) == (200, GONE)
    published, asked = here.publisher.records[-1], last(here)
    assert isinstance(asked, BlockLiftRequested)
    hash_ = here.services.keyring.hash("email", "ada@x.example")
    assert (asked.kind, asked.identity, asked.actor) == ("email", hash_, "user-admin")
    assert published.topic is topics.SUBMISSIONS
    assert published.record.key == hash_.encode()
    partitions = topics.SUBMISSIONS.partitions(here.services.settings.kafka.partitions)
    assert published.partition == topics.partition(hash_, partitions)
    assert b"ada@" not in published.record.value.lower()
    written = await here.services.pool.fetchrow("select action, object from audit.entries order by id desc limit 1")
    assert tuple(written) == ("lift_block", f"leads/{GONE}")


async def test_a_number_is_hashed_in_its_one_form(here: Running) -> None:
    here.publisher.decide = lifted
    assert (await ask(here, phone="+32 2 555 01 77")).status_code == 200
    asked = last(here)
    assert isinstance(asked, BlockLiftRequested)
    assert (asked.kind, asked.identity) == ("phone", here.services.keyring.hash("phone", "+3225550177"))


async def test_where_nobody_is_blocked_there_is_nothing_to_lift_also_when_asked_again(here: Running) -> None:
    here.publisher.decide = nobody
    for _ in range(2):
        assert (await ask(here, key="lift-1", email="ada@x.example")).status_code == 404
    assert len(here.publisher.records) == 1, "what was answered is not asked again"


async def test_what_takes_long_is_followed_by_its_command(here: Running) -> None:
    here.publisher.decide = None
    answer = await ask(here, email="ada@x.example")
    assert answer.status_code == 202
    path = answer.json()["status_url"]
    assert (await here.client.get(path, headers=here.token("admin"))).json()["status"] == "pending"
    await here.filed(answer.json()["command_id"], "missing")
    assert (await here.client.get(path, headers=here.token("admin"))).json()["status"] == "missing"


async def test_only_who_may_erase_may_lift(here: Running) -> None:
    for role in ("manager", "rep", "analyst"):
        assert (await ask(here, role, email="ada@x.example")).status_code == 403
    assert here.publisher.records == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"email": "ada@x.example", "phone": "+3225550177"}, "body"),
        ({"email": "nobody"}, "email"),
        ({"phone": "02 555 01 77"}, "phone"),
        ({"email": "ada@x.example", "block": True}, "block"),
    ],
)
async def test_a_wrong_field_is_named(here: Running, body: dict[str, Any], field: str) -> None:
    answer = await ask(here, **body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert here.publisher.records == []


async def test_the_same_request_twice_at_once_has_one_answer(here: Running) -> None:
    here.publisher.decide = lifted
    answers = await asyncio.gather(*(ask(here, key="lift-2", email="ada@x.example") for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len({record.record.value for record in here.publisher.records}) == 1


async def test_without_kafka_nothing_was_asked(here: Running) -> None:
    here.publisher.away = True
    answer = await ask(here, email="ada@x.example")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
