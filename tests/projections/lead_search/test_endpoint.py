import pytest
import pytest_asyncio

from infra.opensearch.client import open_client
from infra.opensearch.index import ensure
from projections.lead_search import model
from projections.lead_search.endpoint import router
from projections.lead_search.indexer import index_dirty
from tests.projections.builders import ADA, BOB, ada, assigned, captured, erased, scored
from tests.projections.served import served

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def client(settings):
    found = open_client(settings.opensearch.url)
    await ensure(found, model.index(settings.opensearch.prefix))
    yield found
    await found.indices.delete(index=f"{settings.opensearch.prefix}*")
    await found.close()


@pytest_asyncio.fixture
async def api(settings, client):
    async with served(settings, [router], opensearch=client) as found:
        yield found


async def indexed(api, client):
    name = model.index(api.services.settings.opensearch.prefix).write_alias
    await index_dirty(api.services.pool, client, name=name)
    await client.indices.refresh(index=name)


async def two_leads(api, client):
    log = await api.log()
    log.add(captured(), ada())
    log.add(captured(BOB, version=2), ada(name="Ada Byte", email=None))
    log.add(scored(ADA, 20), source="scoring")
    log.add(assigned(ADA, "eve", version=3))
    await api.put(log)
    await indexed(api, client)
    return log


async def test_a_lead_is_found_by_the_beginning_of_its_name(api, client):
    await two_leads(api, client)
    assert await api.json("/search", q="lovel") == {
        "items": [
            {
                "id": ADA,
                "name": "Ada Lovelace",
                "email": "Ada@Acme.example",
                "company": "Acme Ltd",
                "score": 20,
                "grade": "B",
                "status": "new",
                "highlights": ["Ada <em>Lovelace</em>"],
            }
        ],
        "total": 1,
    }
    assert (await api.json("/search", q="ada"))["total"] == 2


async def test_nothing_typed_finds_nothing(api):
    assert await api.json("/search", q="  ") == {"items": [], "total": 0}
    assert await api.json("/search") == {"items": [], "total": 0}


async def test_what_changed_a_moment_ago_counts_already(api, client):
    log = await two_leads(api, client)
    log.add(assigned(BOB, "dan", version=4))
    await api.put(log)
    found = await api.json("/search", "rep", "eve", q="ada")
    assert ([item["id"] for item in found["items"]], found["total"]) == ([ADA], 1)
    log.add(erased(ADA))
    await api.put(log)
    assert await api.json("/search", "rep", "eve", q="ada") == {"items": [], "total": 0}


async def test_without_opensearch_only_the_search_is_away(settings):
    for away in (None, open_client("http://127.0.0.1:9")):
        async with served(settings, [router], opensearch=away) as api:
            answer = await api.get("/search", q="ada")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert answer.json()["detail"] == "Search can't be reached."
        if away is not None:
            await away.close()
