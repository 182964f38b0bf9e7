"""Everything that is kept of a person, for whoever has the right to have it."""

import pytest
import pytest_asyncio

from projections.history.endpoint import router
from schemas.person import Agreement, Person
from tests.projections.builders import (
    ADA,
    BOB,
    ada,
    assigned,
    captured,
    confirmed,
    erased,
    note,
    noted,
    planned,
    recorded,
    scored,
    tagged,
    task,
    task_added,
    task_changed,
)
from tests.projections.served import served

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def api(settings):
    async with served(settings, [router]) as found:
        yield found


async def a_life(api):
    log = await api.log()
    log.add(captured(consent=True, consents={"mail": True}, campaign={"utm_source": "ads"}), ada(phone="+44 20", custom={"a": 1}))
    log.add(captured(BOB, version=2), Person(name="Bob Secret"))
    log.add(noted(ADA), note("Likes tea"))
    log.add(task_added(ADA, owner="eve"), task("Call her"))
    log.add(task_changed(ADA, "done"))
    log.add(tagged(ADA, "vip"))
    log.add(planned(ADA), source="communication")
    log.add(recorded(ADA))
    log.add(scored(ADA, 20), source="scoring")
    log.add(captured(first=False, version=12, consents={"mail": False}), Person(answers={"when": "never"}, page_url="https://x"))
    log.add(None, lead=ADA)
    log.add(assigned(ADA, "eve", version=14))
    log.add(confirmed(ADA, Agreement(overall=True, purposes=("news",), wording="I agree."), version=15))
    await api.put(log)
    await api.services.pool.execute(
        """insert into identity.submissions (submission_id, status, lead, source_id, partition, "offset")
           values ('submission-1', 'processed', $1, 's', 0, 1), ('repeat', 'duplicate', $1, 's', 0, 2)""",
        ADA,
    )
    return log


async def written_down(api):
    rows = await api.services.pool.fetch(
        "select actor, object, outcome from audit.entries where action like '%export%' order by id"
    )
    return [tuple(row) for row in rows]


async def test_an_export_has_everything_and_of_nobody_else(api):
    log = await a_life(api)
    before = await written_down(api)
    answer = await api.get(f"/leads/{ADA}/export", "manager")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="lead-{ADA}.json"'
    found = answer.json()
    lead = found["lead"]
    assert (lead["email"], lead["name"], lead["phone"], lead["custom"]) == (
        "Ada@Acme.example",
        "Ada Lovelace",
        "+44 20",
        {"a": 1},
    )
    assert (lead["tags"], lead["owner"], lead["score"], lead["source"]) == (["vip"], "eve", 20, "typeform")
    assert [(one["purpose"], one["given"], one["submission"]) for one in found["consents"]] == [
        (None, True, "submission-1"),
        ("mail", True, "submission-1"),
        ("mail", False, "submission-12"),
        (None, True, None),
        ("news", True, None),
    ]
    assert {one["wording"] for one in found["consents"][3:]} == {"I agree."}
    assert {one["question"]: one["value"] for one in found["answers"]} == {"size": 12, "when": "never"}
    assert [one["text"] for one in found["notes"]] == ["Likes tea"]
    assert [(one["title"], one["state"], one["owner"]) for one in found["tasks"]] == [("Call her", "done", "eve")]
    assert [(one["template"], one["outcome"], one["detail"]) for one in found["messages"]] == [("welcome", "sent", "250 ok")]
    assert {one["id"]: one["status"] for one in found["submissions"]} == {
        "submission-1": "processed",
        "submission-12": "processed",
        "repeat": "duplicate",
    }
    sent = {one["id"]: one["personal"] for one in found["submissions"]}
    assert sent["submission-12"] == {"answers": {"when": "never"}, "page_url": "https://x"}
    assert len(found["timeline"]) == len(log.records) - 1
    assert found["timeline"][1]["personal"] == {"text": "Likes tea"}
    assert "Secret" not in answer.text
    assert await written_down(api) == [*before, ("user-manager", f"/leads/{ADA}", "done")]


async def test_nobody_is_exported_who_is_not_there_or_no_more(api):
    log = await a_life(api)
    assert (await api.get(f"/leads/{'0' * 8}-0000-8000-8000-{'0' * 12}/export")).status_code == 404
    log.add(erased(ADA))
    await api.put(log)
    assert (await api.get(f"/leads/{ADA}/export")).status_code == 404


@pytest.mark.parametrize("role", ["rep", "analyst"])
async def test_an_export_is_not_for_everybody(api, role):
    await a_life(api)
    assert (await api.get(f"/leads/{ADA}/export", role, "eve")).status_code == 403
