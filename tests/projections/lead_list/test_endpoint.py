import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from projections.lead_list.endpoint import router
from schemas.message import LeadId
from schemas.person import Agreement, Person, Source, Traits
from tests.projections.builders import (
    ADA,
    BOB,
    CAT,
    START,
    ada,
    assigned,
    captured,
    confirmed,
    erased,
    planned,
    recorded,
    scored,
    status_changed,
    tagged,
    updated,
)
from tests.projections.served import served

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def api(settings):
    async with served(settings, [router]) as found:
        yield found


async def three_leads(api):
    log = await api.log()
    log.add(captured(campaign={"utm_source": "ads"}, consent=True, consents={"mail": True}), ada(custom={"plan": "gold"}))
    log.add(
        captured(BOB, version=2, source=Source(vendor="csv", source_id="import"), traits=Traits(company="Bits")),
        Person(first_name="Bob", last_name="Byte"),
    )
    log.add(captured(CAT, version=3, traits=Traits()), Person(email="cat@x.example"))
    log.add(scored(ADA, 20, grade="B"), source="scoring")
    log.add(scored(CAT, 70, grade="A"), source="scoring")
    log.add(assigned(ADA, "eve", version=4))
    log.add(assigned(CAT, "dan", version=5))
    log.add(status_changed(BOB, "contacted", version=6))
    await api.put(log)
    return log


async def ids(api, role="admin", person=None, **asked):
    return [item["id"] for item in (await api.json("/leads", role, person, **asked))["items"]]


async def test_a_lead_has_the_shape_that_was_promised(api):
    await three_leads(api)
    answer = await api.get(f"/leads/{ADA}")
    assert answer.headers["etag"] == '"4"'
    assert answer.json() == {
        "id": ADA,
        "name": "Ada Lovelace",
        "first_name": None,
        "last_name": None,
        "email": "Ada@Acme.example",
        "phone": None,
        "company": "Acme Ltd",
        "status": "new",
        "score": 20,
        "grade": "B",
        "owner": "eve",
        "source": "typeform",
        "source_id": "site",
        "campaign": {"utm_source": "ads"},
        "answers": {"size": 12, "when": "soon"},
        "consent": True,
        "consents": {"mail": True},
        "awaits_confirmation": False,
        "custom": {"plan": "gold"},
        "tags": [],
        "merged_into": None,
        "merged": [],
        "created_at": "2026-03-01T09:00:00Z",
        "updated_at": "2026-03-01T09:05:00Z",
        "version": 4,
    }
    listed = (await api.json("/leads", q="ada"))["items"]
    assert listed == [answer.json()]


async def test_what_was_ticked_is_awaited_and_then_counts_with_its_time(api):
    words = Agreement(overall=True, purposes=("news",), wording="I agree.")
    log = await api.log()
    log.add(captured(unconfirmed=words), ada())
    await api.put(log)
    before = (await api.json("/leads"))["items"][0]
    assert (before["consent"], before["consents"], before["awaits_confirmation"]) == (None, {}, True)
    assert (await api.json(f"/leads/{ADA}"))["awaits_confirmation"] is True
    log.add(confirmed(ADA, words))
    await api.put(log)
    after = await api.json(f"/leads/{ADA}")
    assert (after["consent"], after["consents"], after["awaits_confirmation"]) == (True, {"news": True}, False)
    at = await api.services.pool.fetchval("select at from lead_list.consents where lead = $1 and purpose = 'news'", ADA)
    assert at == START + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [CAT, BOB, ADA]),
        ({"sort": "created_at"}, [ADA, BOB, CAT]),
        ({"sort": "-score"}, [CAT, ADA, BOB]),
        ({"sort": "score"}, [BOB, ADA, CAT]),
        ({"sort": "name"}, [ADA, BOB, CAT]),
        ({"sort": "-name"}, [CAT, BOB, ADA]),
        ({"status": "contacted"}, [BOB]),
        ({"owner": "eve"}, [ADA]),
        ({"owner": "none"}, [BOB]),
        ({"source": "csv"}, [BOB]),
        ({"source": "site"}, [CAT, ADA]),
        ({"grade": "A"}, [CAT]),
        ({"q": "LOVE"}, [ADA]),
        ({"q": "ada l"}, [ADA]),
        ({"q": "cat@"}, [CAT]),
        ({"q": "bit"}, [BOB]),
        ({"q": "byte"}, [BOB]),
        ({"q": "%"}, []),
        ({"q": "  "}, [CAT, BOB, ADA]),
        ({"q": "a", "status": "contacted"}, []),
        ({"q": "\x00ada"}, [ADA]),
    ],
)
async def test_the_list_is_filtered_and_sorted(api, asked, found):
    await three_leads(api)
    assert await ids(api, **asked) == found


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "-score", "score", "name", "-name"])
async def test_pages_follow_each_other_without_gap_or_overlap(api, sort):
    await three_leads(api)
    seen, cursor = [], {}
    for _ in range(4):
        page = await api.json("/leads", sort=sort, limit=1, **cursor)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == await ids(api, sort=sort)


async def test_a_cursor_of_another_order_or_none_of_ours_is_refused(api):
    await three_leads(api)
    name = (await api.json("/leads", sort="name", limit=1))["next"]
    for cursor in (name, "nonsense", "!!", "WzFd", "WyItc2NvcmUiLDk5OTk5OTk5OTk5LCJ4Il0"):
        for sort in ("-created_at", "-score"):
            answer = await api.get("/leads", sort=sort, cursor=cursor)
            assert answer.status_code == 422, cursor
            assert answer.json()["errors"][0]["field"] == "cursor"


async def test_a_forged_time_in_a_cursor_is_refused(api):
    from projections import paging

    for text in ("yesterday", "2026-03-01T09:00:00"):
        assert (await api.get("/leads", cursor=paging.cursor("-created_at", text, "x"))).status_code == 422


async def test_a_rep_sees_own_and_unassigned_leads(api):
    await three_leads(api)
    assert await ids(api, "rep", "eve") == [BOB, ADA]
    assert await ids(api, "rep", "eve", owner="dan") == []
    assert await ids(api, "rep") == [BOB]
    assert (await api.get(f"/leads/{CAT}", "rep", "eve")).status_code == 404
    assert (await api.get(f"/leads/{CAT}/messages", "rep", "eve")).status_code == 404
    assert (await api.get(f"/leads/{ADA}", "rep", "eve")).status_code == 200


async def test_nobody_sees_anything_without_logging_in(api):
    assert (await api.client.get("/v1/leads")).status_code == 401


async def test_an_unknown_lead_is_not_found(api):
    answer = await api.get("/leads/019a0000-0000-8000-8000-000000000000")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (await api.get("/leads/a%00b")).status_code == 422


async def test_as_of_shows_the_lead_as_it_was(api):
    log = await three_leads(api)
    log.add(updated(ADA, ["name"], version=9), Person(name="Ada King"))
    await api.put(log)
    now = await api.json(f"/leads/{ADA}")
    assert now["name"] == "Ada King"
    assert await api.json(f"/leads/{ADA}", as_of=log.at(100).isoformat()) == now
    then = await api.json(f"/leads/{ADA}", as_of=log.at(4).isoformat())
    assert (then["name"], then["owner"], then["score"], then["version"]) == ("Ada Lovelace", None, 20, 1)
    assert then["answers"] == now["answers"]
    before = START - timedelta(minutes=1)
    assert (await api.get(f"/leads/{ADA}", as_of=before.isoformat())).status_code == 404
    assert (await api.get(f"/leads/{ADA}", as_of="0001-01-01T00:00:00+14:00")).status_code == 404


async def test_as_of_without_a_zone_is_utc(api):
    await three_leads(api)
    assert (await api.json(f"/leads/{ADA}", as_of="2026-03-01T09:03:30"))["owner"] is None


async def test_an_erased_lead_was_never_here(api):
    log = await three_leads(api)
    log.add(erased(ADA))
    await api.put(log)
    assert (await api.get(f"/leads/{ADA}", as_of=START.isoformat())).status_code == 404
    assert (await api.json("/overview"))["leads_total"] == 2


async def test_reading_what_one_wrote_waits_until_it_is_here(api):
    log = await three_leads(api)
    log.add(status_changed(ADA, "won", version=50))
    offset = log.records[-1].envelope.sequence.offset

    async def later():
        await asyncio.sleep(0.15)
        await api.put(log)

    writing = asyncio.create_task(later())
    assert (await api.json(f"/leads/{ADA}", after=f"0-{offset}"))["status"] == "won"
    await writing


async def test_it_does_not_wait_for_ever(api):
    await three_leads(api)
    assert (await api.json(f"/leads/{ADA}", after="0-999999"))["status"] == "new"
    assert (await api.json(f"/leads/{ADA}", after="5-1"))["status"] == "new"
    assert (await api.get(f"/leads/{ADA}", after="soon")).status_code == 422


async def test_messages_say_what_became_of_them(api):
    log = await three_leads(api)
    log.add(planned(ADA), source="communication")
    log.add(recorded(ADA))
    log.add(planned(ADA, "message-2"), source="communication")
    await api.put(log)
    found = (await api.json(f"/leads/{ADA}/messages"))["items"]
    assert [(item["id"], item["outcome"], item["sent_at"] is not None) for item in found] == [
        ("message-2", None, False),
        ("message-1", "sent", True),
    ]
    assert found[1]["template"] == "welcome"


ALL = {
    "leads_total": 3,
    "leads_today": 0,
    "by_status": {"new": 2, "contacted": 1},
    "by_grade": {"A": 1, "B": 1},
    "by_source": {"typeform": 2, "csv": 1},
    "unassigned": 1,
}
NOBODYS = {
    "leads_total": 1,
    "leads_today": 0,
    "by_status": {"contacted": 1},
    "by_grade": {},
    "by_source": {"csv": 1},
    "unassigned": 1,
}
EVES = {
    "leads_total": 2,
    "leads_today": 0,
    "by_status": {"new": 1, "contacted": 1},
    "by_grade": {"B": 1},
    "by_source": {"typeform": 1, "csv": 1},
    "unassigned": 1,
}


@pytest.mark.parametrize(
    ("role", "person", "counted"),
    [
        ("admin", None, ALL),
        ("manager", None, ALL),
        ("analyst", None, ALL),
        ("manager", "eve", ALL),
        ("rep", "eve", EVES),
        ("rep", "zoe", NOBODYS),
        ("rep", None, NOBODYS),
    ],
)
async def test_the_overview_counts_what_its_reader_may_see(api, role, person, counted):
    await three_leads(api)
    assert await api.json("/overview", role, person) == counted
    assert len(await ids(api, role, person)) == counted["leads_total"]


async def test_what_a_rep_is_counted_follows_the_leads(api):
    log = await three_leads(api)
    log.add(assigned(CAT, "eve", version=7, before="dan"))
    log.add(assigned(ADA, "dan", version=8, before="eve"))
    log.add(status_changed(CAT, "won", version=9))
    log.add(erased(BOB))
    await api.put(log)
    assert await api.json("/overview", "rep", "eve") == {
        "leads_total": 1,
        "leads_today": 0,
        "by_status": {"won": 1},
        "by_grade": {"A": 1},
        "by_source": {"typeform": 1},
        "unassigned": 0,
    }


async def test_where_a_rep_sees_every_lead_they_are_counted_as_for_admins(api):
    log = await three_leads(api)
    log.add(assigned(CAT, "eve", version=7, before="dan"))
    today = LeadId(f"{ADA[:-2]}dd")
    log.add(captured(today, submitted_at=datetime.now(UTC), version=8))
    await api.put(log)
    counted = await api.json("/overview")
    assert (counted["leads_total"], counted["leads_today"]) == (4, 1)
    assert await api.json("/overview", "rep", "eve") == counted
    await api.services.pool.execute("update lead_list.leads set merged_into = $1 where id = $2", ADA, today)
    assert (await api.json("/overview", "rep", "eve"))["leads_total"] == 3


async def test_leads_are_shown_with_their_tags_and_found_by_one(api):
    log = await three_leads(api)
    log.add(tagged(ADA, "vip", "freight", version=7))
    log.add(tagged(BOB, "vip", version=8))
    moment = log.at(len(log.records) - 1)
    log.add(tagged(BOB, "cold", removed=["vip"], version=9))
    await api.put(log)
    assert (await api.json(f"/leads/{ADA}"))["tags"] == ["freight", "vip"]
    assert (await api.json(f"/leads/{BOB}"))["tags"] == ["cold"]
    assert (await api.json(f"/leads/{BOB}", as_of=moment.isoformat()))["tags"] == ["vip"]
    assert await ids(api, tag="vip") == [ADA]
    assert await ids(api, tag="cold", role="rep", person="eve") == [BOB]
    assert await ids(api, tag="vip", role="rep", person="dan") == []
    assert await ids(api, tag="none\x00such") == []
