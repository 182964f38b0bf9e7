import asyncio

import asyncpg
import pytest
import pytest_asyncio

from infra.auth.roles import User
from infra.opensearch.client import SearchUnavailable, open_client
from infra.opensearch.index import ensure
from infra.postgres.pool import open_pool
from projections.lead_search import model, queries
from projections.lead_search.indexer import index_dirty, keep_indexed
from projections.lead_search.jobs import jobs
from projections.lead_search.projector import Projector
from schemas.person import Person, Traits
from tests.projections.builders import ADA, BOB, CAT, LogOfFacts, ada, assigned, captured, erased, note, noted, scored, updated

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

ADMIN = User("u1", "a@example.com", "A", "admin", None)
EVE = User("u2", "e@example.com", "E", "rep", "eve")


@pytest_asyncio.fixture
async def pool(database):
    found = await open_pool(database, name="test")
    yield found
    await found.execute("truncate lead_search.leads, lead_search.dirty")
    await found.close()


@pytest_asyncio.fixture
async def client(settings):
    found = open_client(settings.opensearch.url)
    await ensure(found, model.index(settings.opensearch.prefix))
    yield found
    await found.indices.delete(index=f"{settings.opensearch.prefix}*")
    await found.close()


@pytest.fixture
def name(settings):
    return model.index(settings.opensearch.prefix).write_alias


async def write(pool: asyncpg.Pool, log: LogOfFacts) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await Projector().apply(connection, log.batch())


async def find(client, name: str, text: str, user: User = ADMIN) -> list[str]:
    await client.indices.refresh(index=name)
    hits, _ = await queries.search(client, name, text, user, 10)
    return sorted(hit.lead for hit in hits)


async def dirty(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("select count(*) from lead_search.dirty")


async def three_leads(pool: asyncpg.Pool) -> LogOfFacts:
    log = LogOfFacts()
    log.add(captured(), ada())
    log.add(captured(BOB, version=2, traits=Traits(company="Bits & Bytes")), Person(first_name="Jürgen", last_name="Byte"))
    log.add(
        captured(CAT, version=3, traits=Traits()),
        Person(name="Catherine Abernathy-Featherstonehaughington", email="cat@x.example"),
    )
    log.add(assigned(ADA, "eve", version=4))
    log.add(assigned(CAT, "dan", version=5))
    await write(pool, log)
    return log


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ada", [ADA]),
        ("lovel", [ADA]),
        ("LOVELACE ada", [ADA]),
        ("ada@acme.example", [ADA]),
        ("acme", [ADA]),
        ("jurgen", [BOB]),
        ("jür by", [BOB]),
        ("byte bits", [BOB]),
        ("a", [ADA, CAT]),
        ("featherstonehaughington", [CAT]),
        ("soon", [ADA]),
        ("ada bits", []),
        ("nobody", []),
        ("& - .", []),
    ],
)
async def test_leads_are_found_by_what_people_type(pool, client, name, typed, found):
    await three_leads(pool)
    assert await index_dirty(pool, client, name=name) == 3
    assert await dirty(pool) == 0
    assert await find(client, name, typed) == sorted(found)


async def test_a_rep_finds_own_and_unassigned_leads(pool, client, name):
    await three_leads(pool)
    await index_dirty(pool, client, name=name)
    assert await find(client, name, "a", EVE) == [ADA]
    assert await find(client, name, "byte", EVE) == [BOB]
    assert await find(client, name, "cat", EVE) == []


async def test_what_was_found_is_marked_and_everything_else_escaped(pool, client, name):
    log = LogOfFacts()
    log.add(captured(traits=Traits(company="<b>Acme</b>")), ada())
    await write(pool, log)
    await index_dirty(pool, client, name=name)
    await client.indices.refresh(index=name)
    hits, total = await queries.search(client, name, "acm", ADMIN, 10)
    assert total == 1
    assert "&lt;b&gt;<em>Acme</em>&lt;&#x2F;b&gt;" in hits[0].highlights


async def test_a_later_fact_changes_the_document(pool, client, name):
    log = await three_leads(pool)
    await index_dirty(pool, client, name=name)
    log.add(updated(ADA, ["company"], version=6, company="Zuse"))
    log.add(scored(ADA, 77), source="scoring")
    await write(pool, log)
    assert await index_dirty(pool, client, name=name) == 1
    assert await find(client, name, "zuse") == [ADA]
    assert await find(client, name, "acme ltd") == []
    assert (await client.get(index=name, id=ADA))["_source"]["score"] == 77


async def test_notes_and_mails_are_no_reason_to_index_again(pool, client, name):
    log = await three_leads(pool)
    await index_dirty(pool, client, name=name)
    log.add(noted(ADA), note())
    await write(pool, log)
    assert await dirty(pool) == 0


async def test_an_erased_lead_leaves_a_tombstone_and_nothing_revives_it(pool, client, name):
    log = await three_leads(pool)
    await index_dirty(pool, client, name=name)
    log.add(erased(ADA))
    log.add(scored(ADA, 3), source="scoring")
    await write(pool, log)
    log.add(captured(first=False, version=20), ada())
    await write(pool, log)
    await index_dirty(pool, client, name=name)
    assert await find(client, name, "ada") == []
    assert (await client.get(index=name, id=ADA))["_source"] == {"erased": True}
    assert await pool.fetchval("select body from lead_search.leads where lead = $1", ADA) is None
    assert await queries.current(pool, [ADA, BOB]) == {BOB: (await queries.current(pool, [BOB]))[BOB]}


async def test_a_mark_set_anew_while_indexing_stays(pool, client, name):
    log = await three_leads(pool)

    class Meanwhile:
        """Stands before the client and lets a fact come while a request is under way."""

        async def bulk(self, **asked):
            answer = await client.bulk(**asked)
            log.add(scored(ADA, 9), source="scoring")
            await write(pool, log)
            return answer

    assert await index_dirty(pool, Meanwhile(), name=name) == 3
    assert await pool.fetch("select lead from lead_search.dirty") == [(ADA,)]
    assert await index_dirty(pool, client, name=name) == 1
    assert await dirty(pool) == 0


async def test_rounds_are_bounded_and_oldest_first(pool, client, name):
    await three_leads(pool)
    assert await index_dirty(pool, client, 2, name=name) == 2
    assert await dirty(pool) == 1


async def test_what_was_marked_just_now_waits_for_what_comes_right_after(pool, client, name):
    await three_leads(pool)
    await pool.execute("update lead_search.dirty set since = now() - interval '61 s' where lead = $1", ADA)
    assert await index_dirty(pool, client, name=name, settling_seconds=60.0) == 1
    assert [row["lead"] for row in await pool.fetch("select lead from lead_search.dirty order by lead")] == [BOB, CAT]


async def test_facts_of_unknown_leads_make_no_documents(pool):
    log = LogOfFacts()
    log.add(scored(ADA, 3), source="scoring")
    await write(pool, log)
    assert await dirty(pool) == 0
    assert await pool.fetchval("select count(*) from lead_search.leads") == 0


async def test_a_refused_document_waits_for_the_next_fact_and_holds_up_nobody(pool, client, name):
    log = await three_leads(pool)

    class Refusing:
        """OpenSearch that doesn't like the first document."""

        async def bulk(self, **asked):
            answer = await client.bulk(**asked)
            items = [{"index": {"status": 201}} for _ in range(3)]
            items[0] = {"index": {"status": 400, "error": {"type": "illegal_argument_exception"}}}
            return {**answer, "errors": True, "items": items}

    await index_dirty(pool, Refusing(), name=name)
    assert await pool.fetchval("select refused from lead_search.dirty") == "illegal_argument_exception"
    assert await index_dirty(pool, client, name=name) == 0
    for lead in (ADA, BOB, CAT):
        log.add(scored(lead, 1), source="scoring")
    await write(pool, log)
    assert await index_dirty(pool, client, name=name) == 3
    assert await dirty(pool) == 0


async def test_while_opensearch_is_away_the_marks_stay(pool):
    await three_leads(pool)
    away = open_client("http://127.0.0.1:9")
    with pytest.raises(SearchUnavailable):
        await index_dirty(pool, away, name="any")
    assert await dirty(pool) == 3
    stop = asyncio.Event()
    running = asyncio.create_task(keep_indexed(pool, away, "any-", stop))
    await asyncio.sleep(0.2)
    assert not running.done()
    stop.set()
    await running
    await away.close()


async def test_a_busy_opensearch_is_asked_again(pool, name):
    await three_leads(pool)

    class Busy:
        """Took some, and has had enough."""

        async def bulk(self, **_asked):
            return {"errors": True, "items": [{"index": {"status": 429}}] * 3}

    with pytest.raises(SearchUnavailable):
        await index_dirty(pool, Busy(), name=name)
    assert await dirty(pool) == 3


async def test_the_job_makes_the_index_and_keeps_it_up_to_date(pool, settings):
    class Host:
        """The process it runs in."""

    host = Host()
    host.pool, host.settings = (
        pool,
        settings.model_copy(
            update={"opensearch": settings.opensearch.model_copy(update={"prefix": f"{settings.opensearch.prefix}job-"})}
        ),
    )
    (job,) = jobs(host)
    stop = asyncio.Event()
    running = asyncio.create_task(job(stop))
    await three_leads(pool)
    async with asyncio.timeout(20):
        while await dirty(pool):
            await asyncio.sleep(0.02)
    stop.set()
    await running
    client = open_client(settings.opensearch.url)
    alias = model.index(host.settings.opensearch.prefix).alias
    assert await find(client, alias, "ada") == [ADA]
    await client.indices.delete(index=f"{host.settings.opensearch.prefix}*")
    await client.close()


async def test_an_index_of_a_new_version_is_filled_before_people_search_it(pool, client, settings):
    prefix = settings.opensearch.prefix
    before = model.index(prefix, version=0)
    await client.indices.delete(index=f"{prefix}*")
    await ensure(client, before)
    await three_leads(pool)
    await index_dirty(pool, client, name=before.write_alias)
    stop = asyncio.Event()
    running = asyncio.create_task(keep_indexed(pool, client, prefix, stop))
    async with asyncio.timeout(20):
        while await client.indices.exists(index=before.name):
            await asyncio.sleep(0.05)
    stop.set()
    await running
    assert await find(client, before.alias, "ada") == [ADA]
    assert list(await client.indices.get_alias(name=before.alias)) == [model.index(prefix).name]


async def test_a_lost_index_is_not_made_anew_by_chance(pool, client, name):
    await three_leads(pool)
    await client.indices.delete(index=name.removesuffix("-write"))
    with pytest.raises(SearchUnavailable):
        await index_dirty(pool, client, name=name)
    assert await dirty(pool) == 3
    await ensure(client, model.index(name.split("lead-search")[0]))


async def test_the_tables_can_be_made_beside_the_live_ones(pool):
    async with pool.acquire() as connection:
        await model.create(connection, "lead_search_next")
        async with connection.transaction():
            log = LogOfFacts()
            log.add(captured(), ada())
            await Projector("lead_search_next").apply(connection, log.batch())
        assert await connection.fetchval("select count(*) from lead_search_next.dirty") == 1
        await connection.execute("drop schema lead_search_next cascade")
