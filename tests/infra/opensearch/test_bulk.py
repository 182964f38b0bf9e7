import asyncio
import uuid

import pytest
import pytest_asyncio

from infra.opensearch import bulk
from infra.opensearch.client import SearchUnavailable, asked, open_client
from infra.opensearch.index import IndexDefinition, ensure, switch

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

BODY = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0},
    "mappings": {"dynamic": False, "properties": {"score": {"type": "integer"}}},
}


@pytest_asyncio.fixture
async def client(settings):
    found = open_client(settings.opensearch.url)
    yield found
    await found.indices.delete(index=f"{settings.opensearch.prefix}*", params={"ignore_unavailable": "true"})
    await found.close()


@pytest.fixture
def definition(settings):
    alias = f"{settings.opensearch.prefix}{uuid.uuid4().hex[:6]}"
    return IndexDefinition(f"{alias}-v1", alias, BODY)


async def test_a_body_is_one_action_and_one_document_a_line():
    sent = bulk.body([bulk.Versioned('a"b', 3, b'{"score":1}')])
    assert sent == b'{"index":{"_id":"a\\"b","version":3,"version_type":"external_gte"}}\n{"score":1}\n'


async def test_an_index_is_made_once_by_however_many(client, definition):
    made = await asyncio.gather(*(ensure(client, definition) for _ in range(3)))
    assert made.count(True) == 1
    assert await client.indices.exists_alias(name=definition.alias)


async def test_an_older_version_never_replaces_a_newer_one(client, definition):
    await ensure(client, definition)
    assert await bulk.index(client, definition.write_alias, [bulk.Versioned("a", 5, b'{"score":5}')]) == []
    assert await bulk.index(client, definition.write_alias, [bulk.Versioned("a", 4, b'{"score":4}')]) == []
    assert (await client.get(index=definition.name, id="a"))["_source"] == {"score": 5}


async def test_a_document_that_can_not_be_taken_is_named_and_the_others_are_in(client, definition):
    await ensure(client, definition)
    sent = [bulk.Versioned("bad", 1, b'{"score":"Ada"}'), bulk.Versioned("good", 1, b'{"score":1}')]
    assert await bulk.index(client, definition.write_alias, sent) == [bulk.Refused("bad", "mapper_parsing_exception")]
    assert await client.exists(index=definition.name, id="good")


async def test_nothing_to_index_asks_nothing(client):
    assert await bulk.index(client, "there-is-none", []) == []


async def test_the_alias_moves_in_one_step(client, definition):
    await ensure(client, definition)
    following = IndexDefinition(f"{definition.alias}-v2", definition.alias, BODY)
    await ensure(client, following, live=False)
    assert list(await client.indices.get_alias(name=definition.alias)) == [definition.name]
    assert await switch(client, following) == [definition.name]
    assert list(await client.indices.get_alias(name=definition.alias)) == [following.name]
    assert not await client.indices.exists(index=definition.name)


async def test_an_alias_may_be_given_for_the_first_time_by_switching(client, definition):
    await ensure(client, definition, live=False)
    assert await switch(client, definition) == []


async def test_a_server_that_is_away_is_one_word():
    client = open_client("http://127.0.0.1:9")
    try:
        with pytest.raises(SearchUnavailable):
            await bulk.index(client, "any", [bulk.Versioned("a", 1, b"{}")])
    finally:
        await client.close()


async def test_a_missing_index_is_away_too_but_a_bad_question_is_our_mistake(client, definition):
    with pytest.raises(SearchUnavailable):
        async with asked():
            await client.search(index="there-is-none", body={})
    await ensure(client, definition)
    with pytest.raises(Exception, match="parsing_exception"):
        async with asked():
            await client.search(index=definition.name, body={"query": {"nonsense": {}}})
