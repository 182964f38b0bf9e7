"""Two leads that are one person: merged, taken apart, forgotten, on the real servers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from infra.settings import Settings
from infra.wiring import discovery
from producers.commands.sending import record_of
from replay.rebuild import Rebuild
from schemas.commands import RecordMessage
from schemas.topics import COMMANDS, partition
from tests.needing import needs
from tests.whole import Whole, whole

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

MOVING = ("version", "updated_at")
"""What a merge that was taken back leaves behind."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(settings: Settings) -> AsyncIterator[Whole]:
    async with whole(settings) as started:
        yield started


async def submitted(app: Whole, email: str, **fields: Any) -> str:
    """The lead, once everybody who decides about a new one has."""
    lead = await app.system.lead_of(await app.system.submit(email, **fields))
    ready = "select exists (select from lead_list.leads where id = $1 and owner is not null and score is not null)"
    if {"routing", "scoring"} <= set(discovery.consumer_names()):
        await app.system.until_value(True, ready, lead)
    else:
        await app.system.settled()
    return lead


async def two(app: Whole, name: str) -> tuple[str, str]:
    """One person under two addresses; the second one with a note, a task and a tag."""
    first = await submitted(app, f"{name}@work.example", name=f"{name} Work", company=None)
    second = await submitted(app, f"{name}@home.example", phone="+3225550199", company=None)
    for path, body in (
        ("notes", {"text": f"{name} called"}),
        ("tasks", {"title": f"call {name}"}),
        ("tags", {"add": ["vip"]}),
        ("status", {"status": "contacted"}),
    ):
        assert (await app.call("POST", f"/leads/{second}/{path}", body)).status_code in (200, 201)
    return first, second


async def merged(app: Whole, survivor: str, loser: str) -> None:
    await ask(app, survivor, "merge", loser)


async def ask(app: Whole, lead: str, what: str, other: str) -> None:
    answer = await app.call("POST", f"/leads/{lead}/{what}", {"lead_id": other})
    assert answer.status_code in (200, 202), answer.text
    if answer.status_code == 202:
        url = answer.json()["status_url"].removeprefix("/v1")

        async def decided() -> bool:
            return (await app.call("GET", url)).json()["status"] == "done"

        await app.system.until(decided, f"{what} is done")
    await app.system.settled()


async def seen(app: Whole, lead: str) -> dict[str, Any]:
    answer = await app.call("GET", f"/leads/{lead}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@needs("scoring")
async def test_the_survivor_has_everything_and_the_other_is_found_under_it(app: Whole) -> None:
    first, second = await two(app, "una")
    score = (await seen(app, first))["score"]
    await merged(app, first, second)
    lead = await seen(app, first)
    assert (lead["name"], lead["email"], lead["phone"]) == ("una Work", "una@work.example", "+3225550199")
    assert (lead["merged"], lead["tags"], lead["status"]) == ([second], ["vip"], "contacted")
    assert lead["score"] > score, "what the other one asked for counts too"
    receipt = (await app.call("GET", f"/leads/{first}/score")).json()
    assert sum(line["points"] for line in receipt["receipt"]) == receipt["score"] == lead["score"]
    other = await app.call("GET", f"/leads/{second}")
    assert (other.json()["id"], other.headers["content-location"]) == (first, f"/v1/leads/{first}")
    listed = [item["id"] for item in (await app.call("GET", "/leads?q=una")).json()["items"]]
    assert listed == [first]
    tasks = (await app.call("GET", f"/leads/{first}/tasks")).json()["items"]
    assert [task["title"] for task in tasks] == ["call una"]
    timeline = (await app.call("GET", f"/leads/{first}/timeline?limit=50")).json()["items"]
    (note,) = [item for item in timeline if item["title"] == "Note"]
    assert (note["text"], note["detail"]["merged_from"]) == ("una called", second)
    export = (await app.call("GET", f"/leads/{first}/export")).json()
    assert [note["text"] for note in export["notes"]] == ["una called"]
    assert (len(export["submissions"]), export["lead"]["phone"]) == (2, "+3225550199")


async def test_who_comes_back_under_the_other_address_is_the_survivor(app: Whole) -> None:
    first, second = await two(app, "dora")
    await merged(app, first, second)
    assert await submitted(app, "dora@home.example", company="Later Ltd") == first
    await app.system.settled()
    assert (await seen(app, first))["company"] == "Later Ltd"


async def test_what_is_asked_of_the_other_is_refused_with_the_survivors_id(app: Whole) -> None:
    first, second = await two(app, "rita")
    await merged(app, first, second)
    answer = await app.call("PATCH", f"/leads/{second}", {"company": "X"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "merged")
    assert first in answer.json()["detail"]


async def test_a_task_that_came_along_can_be_done(app: Whole) -> None:
    first, second = await two(app, "tess")
    await merged(app, first, second)
    (task,) = (await app.call("GET", f"/leads/{first}/tasks")).json()["items"]
    assert (await app.call("PATCH", f"/leads/{first}/tasks/{task['id']}", {"state": "done"})).status_code == 200
    await app.system.settled()
    (task,) = (await app.call("GET", f"/leads/{first}/tasks")).json()["items"]
    assert task["state"] == "done"


async def test_a_merge_taken_back_leaves_both_as_they_were(app: Whole) -> None:
    first, second = await two(app, "vera")
    await app.system.settled()
    before = [await seen(app, lead) for lead in (first, second)]
    counted = (await app.call("GET", "/overview")).json()
    await merged(app, first, second)
    assert (await app.call("GET", "/overview")).json()["leads_total"] == counted["leads_total"] - 1
    await ask(app, first, "unmerge", second)
    after = [await seen(app, lead) for lead in (first, second)]
    for was, now in zip(before, after, strict=True):
        assert {k: v for k, v in now.items() if k not in MOVING} == {k: v for k, v in was.items() if k not in MOVING}
    assert (await app.call("GET", "/overview")).json() == counted
    assert await submitted(app, "vera@home.example") == second
    assert (await app.call("GET", f"/leads/{first}/tasks")).json()["items"] == []


async def why_not(app: Whole, lead: str, other: str) -> str:
    """What stands in the way of taking a merge back."""
    refused = await app.call("POST", f"/leads/{lead}/unmerge", {"lead_id": other})
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "declined"), refused.text
    return str(refused.json()["detail"])


async def test_a_chain_ends_in_one_lead(app: Whole) -> None:
    first, second = await two(app, "nina")
    third = await submitted(app, "nina@club.example", company="Club")
    await merged(app, second, third)
    await merged(app, first, second)
    assert (await seen(app, third))["id"] == first
    assert (await seen(app, first))["company"] == "Club"
    assert await submitted(app, "nina@club.example") == first
    assert await why_not(app, second, third) == (
        f"this lead is part of the lead {first}: first unmerge the lead {second} from the lead {first}"
    )
    assert await why_not(app, first, third) == (
        f"that lead came with the lead {second}: first unmerge the lead {second} from this one"
    )
    other = await submitted(app, "nina@elsewhere.example", company="Elsewhere")
    assert await why_not(app, other, third) == f"that lead is part of the lead {first}, not of this one"
    assert await why_not(app, first, other) == "that lead is part of no other"
    await ask(app, first, "unmerge", second)
    assert (await seen(app, third))["id"] == second
    await ask(app, second, "unmerge", third)
    assert (await seen(app, third))["id"] == third


@pytest.mark.parametrize("what", ["merge", "unmerge"])
async def test_nonsense_is_refused_with_the_reason(app: Whole, what: str) -> None:
    first, second = await two(app, f"oona-{what}")
    stranger = "00000000-0000-7000-8000-000000000000"
    assert (await app.call("POST", f"/leads/{first}/{what}", {"lead_id": first})).status_code == 422
    assert (await app.call("POST", f"/leads/{first}/{what}", {"lead_id": stranger})).status_code == 422
    if what == "merge":
        await merged(app, first, second)
    answer = await app.call("POST", f"/leads/{first}/{what}", {"lead_id": second})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "declined"), answer.text


async def test_two_merges_crosswise_at_once_end_in_one_lead(app: Whole) -> None:
    first, second = await two(app, "cleo")
    answers = await asyncio.gather(
        app.call("POST", f"/leads/{first}/merge", {"lead_id": second}),
        app.call("POST", f"/leads/{second}/merge", {"lead_id": first}),
    )
    assert sorted(answer.status_code for answer in answers)[1] in (409, 422), [answer.text for answer in answers]
    await app.system.settled()
    assert (await seen(app, first))["id"] == (await seen(app, second))["id"]


async def test_what_is_still_said_of_the_other_reaches_the_survivor(app: Whole) -> None:
    """Its mail is reported sent, and a capture that was decided before the merge comes in after it."""
    first, second = await two(app, "late")
    await merged(app, first, second)
    report = RecordMessage(lead=second, command_id="late-report", actor="work", message_id="late-mail", outcome="sent")
    has = app.system.has
    await has.producer.publish(COMMANDS, partition(second, has.settings.kafka.partitions), record_of(report, None))
    await app.system.until_value("done", "select status from leads.outcomes where command_id = 'late-report'")

    async def told() -> bool:
        return "late-mail" in [m["id"] for m in (await app.call("GET", f"/leads/{first}/messages")).json()["items"]]

    await app.system.until(told, "the survivor's messages show it")


async def test_forgetting_one_forgets_the_person(app: Whole) -> None:
    first, second = await two(app, "gone")
    await merged(app, first, second)
    assert (await app.call("POST", f"/leads/{second}/erase", {"reason": "asked"})).status_code in (200, 202)
    for lead in (first, second):
        await app.system.until_value(True, "select exists (select from lead_list.erased where lead = $1)", lead)
        assert (await app.call("GET", f"/leads/{lead}")).status_code == 404
    await app.system.settled()
    assert (
        await app.system.has.pool.fetchval("select count(*) from crypto.lead_keys where lead = any($1::text[])", [first, second])
        == 0
    )
    again = await submitted(app, "gone@home.example")
    assert again not in (first, second)


@pytest.mark.parametrize("name", ["lead_list", "lead_search", "history"])
async def test_a_rebuild_gives_the_same_rows(app: Whole, name: str) -> None:
    await app.system.settled()
    declare, create = discovery.projection_models()[name]
    kafka, keyring = app.system.has.settings.kafka, app.system.has.keyring
    done = await Rebuild(app.system.has.pool, kafka, keyring, declare, create, lambda _: None).run(switch=False)
    assert done.differences == ()
