import orjson
import pytest
import pytest_asyncio

from projections.history.endpoint import router
from schemas.message import Sealed
from schemas.topics import partition
from tests.needing import needs
from tests.projections.builders import (
    ADA,
    BOB,
    START,
    ada,
    assigned,
    captured,
    erased,
    marker,
    note,
    noted,
    planned,
    recorded,
    scored,
    status_changed,
    updated,
)
from tests.projections.served import served

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def api(settings):
    async with served(settings, [router]) as found:
        yield found


async def a_life(api, number=None, submission="submission-1"):
    log = await api.log(number or 0)
    log.add(captured(submission_id=submission), ada())
    log.add(marker())
    log.add(scored(ADA, 20), source="scoring")
    log.add(assigned(ADA, "eve"))
    log.add(status_changed(ADA, "contacted"))
    log.add(noted(ADA), note())
    log.add(planned(ADA), source="communication")
    log.add(recorded(ADA))
    log.add(scored(ADA, 35, before=20, grade="A"), source="scoring")
    log.add(updated(ADA, ["name", "company"], company="Zuse"), ada(name="Ada King"))
    await api.put(log)
    return log


async def test_the_timeline_tells_a_life_newest_first(api):
    await api.services.pool.execute(
        "insert into documents.versions (kind, name, version, body, actor, pending) values ('person', 'eve', 1, $1, 'x', '{}')",
        orjson.dumps({"name": "Eve Example"}).decode(),
    )
    await a_life(api)
    items = (await api.json(f"/leads/{ADA}/timeline"))["items"]
    assert [item["title"] for item in items] == [
        "Changed name, company",
        "Score 20 → 35 (grade A)",
        "Mail sent",
        "Mail planned: welcome",
        "Note",
        "Status new → contacted",
        "Assigned to Eve Example",
        "Score 0 → 20 (grade B)",
        "Came in by typeform",
    ]
    assert items[0]["detail"]["changes"] == {"name": "Ada King", "company": "Zuse"}
    assert items[4]["text"] == "Called, wants a demo"
    assert [items[index]["actor"] for index in (1, 4, 6, 8)] == ["scoring", "user-1", "routing", "leads"]
    assert items[-1]["position"] == {"partition": 0, "offset": 0}
    assert (items[-1]["at"], items[-1]["recorded_at"]) == ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z")


async def test_the_timeline_comes_in_pages(api):
    await a_life(api)
    whole = (await api.json(f"/leads/{ADA}/timeline"))["items"]
    parts, cursor = [], {}
    for _ in range(5):
        page = await api.json(f"/leads/{ADA}/timeline", limit=4, **cursor)
        parts += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert parts == whole
    assert (await api.get(f"/leads/{ADA}/timeline", cursor="x")).status_code == 422


async def test_what_cannot_be_read_or_opened_is_shown_as_far_as_it_can(api):
    log = await a_life(api)
    log.add(None, lead=ADA)
    log.add(noted(ADA, "note-2").model_copy(update={"personal": Sealed("1.lead.AAAA")}))
    await api.put(log)
    await api.services.pool.execute('update history.records set value = \'{"x"\' where "offset" = 4')
    items = (await api.json(f"/leads/{ADA}/timeline"))["items"]
    assert (items[0]["title"], items[0]["text"]) == ("Note", None)
    assert items[1]["title"] == "pipe.burst.v9"
    assert items[7]["title"] == "lead.status_changed.v1"


async def test_a_receipt_adds_up(api):
    await a_life(api)
    found = await api.json(f"/leads/{ADA}/score")
    assert (found["score"], found["grade"], found["rules_version"]) == (35, "A", 1)
    assert sum(line["points"] for line in found["receipt"]) == 35
    assert [(point["before"], point["score"]) for point in found["history"]] == [(20, 35), (0, 20)]


async def test_a_lead_never_scored_has_no_score(api):
    log = await api.log()
    log.add(captured(), ada())
    await api.put(log)
    assert await api.json(f"/leads/{ADA}/score") == {
        "score": None,
        "grade": None,
        "rules_version": None,
        "receipt": [],
        "history": [],
    }


async def test_a_rep_reads_nothing_of_others_leads(api):
    await a_life(api)
    for what in ("timeline", "score", "trace"):
        assert (await api.get(f"/leads/{ADA}/{what}", "rep", "dan")).status_code == 404
        assert (await api.get(f"/leads/{BOB}/{what}")).status_code == 404


async def test_an_erased_lead_has_no_timeline(api):
    log = await a_life(api)
    log.add(erased(ADA))
    await api.put(log)
    assert (await api.get(f"/leads/{ADA}/timeline")).status_code == 404


async def filed(api, submission, status, lead=None, first=None):
    await api.services.pool.execute(
        'insert into identity.submissions (submission_id, status, lead, first_submission, source_id, partition, "offset")'
        " values ($1, $2, $3, $4, 'site', 1, 7)",
        submission,
        status,
        lead,
        first,
    )


async def decided(api, submission, position, status="done"):
    await api.services.pool.execute(
        "insert into leads.outcomes (command_id, lead, status, detail, version, position) values ($1, $2, $3, '', 1, $4)",
        submission,
        ADA,
        status,
        position,
    )


def verdicts(trace):
    return {hop["name"]: hop["verdict"] for hop in trace["hops"]}


async def test_a_submission_is_known_as_soon_as_it_was_accepted(api):
    id_ = api.services.ids.mint(round(START.timestamp() * 1000))
    found = await api.json(f"/submissions/{id_}")
    assert (found["status"], found["lead_id"]) == ("received", None)
    assert verdicts(found) == {"intake": "accepted", "identity": "not yet"}
    assert found["hops"][0]["at"] == "2026-03-01T09:00:00Z"
    ping = await api.json(f"/submissions/{api.services.ids.mint(1, ignored=True)}")
    assert (ping["status"], verdicts(ping)) == ("received", {"intake": "ignored"})


async def test_an_id_that_is_not_ours_is_not_found(api):
    assert (await api.get("/submissions/019a0000-0000-7000-8000-000000000000")).status_code == 404


@pytest.mark.parametrize("status", ["spam", "test", "rejected"])
async def test_what_identity_kept_out_says_so(api, status):
    await filed(api, "s-1", status)
    found = await api.json("/submissions/s-1")
    assert (found["status"], verdicts(found)["identity"]) == (status, status)
    assert found["hops"][0]["position"] == "1-7"


@pytest.mark.parametrize("kind", ["reference", "event"])
async def test_what_makes_no_lead_is_processed_once_it_was_seen(api, kind):
    await filed(api, "s-1", kind)
    found = await api.json("/submissions/s-1")
    assert (found["status"], found["lead_id"]) == ("processed", None)
    assert verdicts(found) == {"intake": "accepted", "identity": kind}
    assert found["hops"][1]["detail"]


async def test_news_of_mail_are_traced_to_the_lead_that_they_are_about(api):
    await filed(api, "s-1", "activity", ADA)
    found = await api.json("/submissions/s-1")
    assert (found["status"], found["lead_id"]) == ("processed", ADA)
    assert verdicts(found) == {"intake": "accepted", "identity": "activity", "leads": "not yet"}
    await decided(api, "s-1", 3)
    found = await api.json("/submissions/s-1")
    assert verdicts(found)["leads"] == "it wrote activity.recorded.v1"
    await filed(api, "s-2", "stranger")
    found = await api.json("/submissions/s-2")
    assert verdicts(found) == {"intake": "accepted", "identity": "stranger"}
    assert found["hops"][1]["detail"] == "activity of somebody who is no lead"


async def test_what_was_rejected_says_why_where_identity_said_it(api):
    await filed(api, "s-1", "rejected")
    await api.services.pool.execute("update identity.submissions set reason = 'blocked at the person''s wish'")
    assert (await api.json("/submissions/s-1"))["hops"][1]["detail"] == "blocked at the person's wish"


async def test_a_repeat_names_the_first_and_its_lead(api):
    await filed(api, "s-2", "duplicate", ADA, "s-1")
    found = await api.json("/submissions/s-2")
    assert (found["status"], found["lead_id"]) == ("duplicate", ADA)
    assert found["hops"][1]["detail"] == "it repeats s-1"


async def test_until_leads_has_decided_it_is_on_its_way(api):
    await filed(api, "s-1", "processed", ADA)
    found = await api.json("/submissions/s-1")
    assert (found["status"], verdicts(found)["leads"]) == ("received", "not yet")
    await decided(api, "s-1", 100)
    found = await api.json("/submissions/s-1")
    assert (found["status"], verdicts(found)["history"]) == ("processed", "not yet")
    here = partition(ADA, api.services.settings.kafka.partitions)
    assert found["hops"][2]["position"] == f"{here}-100"


async def test_a_lead_that_was_erased_meanwhile_declines(api):
    await filed(api, "s-1", "processed", ADA)
    await decided(api, "s-1", 100, "erased")
    found = await api.json("/submissions/s-1")
    assert (found["status"], verdicts(found)["leads"]) == ("processed", "erased")


@needs("scoring", "routing", "communication")
async def test_every_reader_of_the_log_says_what_it_made_of_it(api):
    await filed(api, "s-1", "processed", ADA)
    await decided(api, "s-1", 100)
    log = await api.log()
    log.add(captured(submission_id="s-1"), ada())
    log.add(scored(ADA, 20), source="scoring")
    log.add(assigned(ADA, "eve").model_copy(update={"actor": "routing.pools"}))
    await api.put(log)
    await api.stands("scoring", 0, 3)
    await api.stands("routing", 0, 3)
    await api.stands("communication", 0, 1)
    await api.stands("routing_pools", 0, 99, topic="another topic")
    found = await api.json("/submissions/s-1")
    assert found["status"] == "processed"
    assert verdicts(found) == {
        "intake": "accepted",
        "identity": "processed",
        "leads": "it wrote lead.captured.v1",
        "history": "it wrote its tables",
        "lead_list": "it wrote its tables",
        "lead_search": "it wrote its tables",
        "scoring": "it wrote lead.scored.v1",
        "routing": "it asked for lead.assigned.v1",
        "communication": "saw it and did nothing",
    }
    assert (await api.json(f"/leads/{ADA}/trace")) == found


@needs("scoring", "routing", "communication")
async def test_who_has_not_seen_it_yet_says_why(api):
    await filed(api, "s-1", "processed", ADA)
    await decided(api, "s-1", 101)
    log = await api.log()
    log.add(captured(BOB, version=100), ada())
    log.add(captured(submission_id="s-1"), ada())
    await api.put(log)
    pool = api.services.pool
    await api.stands("scoring", 0, 0)
    await api.stands("routing", 0, 1)
    await pool.execute("update routing.watermarks set waiting_offset = 1, waiting_reason = 'no key'")
    await api.stands("communication", 1, 5)
    hops = {hop["name"]: hop for hop in (await api.json("/submissions/s-1"))["hops"]}
    assert (hops["scoring"]["verdict"], hops["scoring"]["detail"]) == ("not yet", "2 records of its partition to go")
    assert hops["routing"]["detail"] == "it waits on record 1: no key"
    assert hops["communication"]["detail"] == "it has not started"
    await pool.execute("update scoring.watermarks set paused = true")
    hops = {hop["name"]: hop for hop in (await api.json("/submissions/s-1"))["hops"]}
    assert hops["scoring"]["detail"] == "it is paused"


@needs("scoring")
async def test_who_could_not_handle_it_says_why(api):
    await filed(api, "s-1", "processed", ADA)
    await decided(api, "s-1", 100)
    log = await api.log()
    log.add(captured(submission_id="s-1"), ada())
    await api.put(log)
    await api.stands("scoring", 0, 1)
    await api.services.pool.execute(
        'insert into dead_letters.letters (id, consumer, topic, partition, "offset", lead, reason, kind, attempts, record)'
        " values (gen_random_uuid(), 'scoring', 'leads.events', 0, 0, $1, 'bad luck', 'bug', 3, '')",
        ADA,
    )
    hops = {hop["name"]: hop for hop in (await api.json("/submissions/s-1"))["hops"]}
    assert hops["scoring"]["verdict"].startswith("failed")
    assert hops["scoring"]["detail"] == "bad luck"


async def test_a_rep_traces_no_submission_of_others_leads(api):
    await filed(api, "submission-1", "processed", ADA)
    await a_life(api)
    assert (await api.get("/submissions/submission-1", "rep", "dan")).status_code == 404
    assert (await api.get("/submissions/submission-1", "rep", "eve")).status_code == 200
