"""Topics as a real Kafka has them."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from infra.kafka import admin
from infra.settings import Settings
from schemas import topics as catalogue

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


def names(settings: Settings) -> list[str]:
    return [settings.kafka.prefix + name for name in catalogue.CATALOGUE]


async def test_every_topic_of_the_catalogue_has_an_id_of_its_own(topics: Settings) -> None:
    found = await admin.topic_ids(topics.kafka, names(topics))
    assert set(found) == set(names(topics))
    assert len(set(found.values())) == len(found)
    assert all(len(id_) == 32 and int(id_, 16) for id_ in found.values())
    assert await admin.topic_ids(topics.kafka, names(topics)) == found


async def test_a_topic_that_does_not_exist_has_none_and_is_not_made_by_asking(topics: Settings) -> None:
    for _ in range(2):
        assert await admin.topic_ids(topics.kafka, ["no.such.topic"]) == {}


async def test_a_topic_that_was_made_again_has_another_id(settings: Settings) -> None:
    own = settings.kafka.model_copy(update={"prefix": f"{settings.kafka.prefix}again."})
    await admin.apply(own)
    (name,) = [own.prefix + catalogue.ROUTING.name]
    before = await admin.topic_ids(own, [name])
    client = AIOKafkaAdminClient(bootstrap_servers=own.bootstrap)
    await client.start()
    try:
        await client.delete_topics([name])
    finally:
        await client.close()
    async with asyncio.timeout(20):
        while name not in (after := await admin.topic_ids(own, [name])) or after == before:
            await admin.apply(own)
            await asyncio.sleep(0.1)
    assert after != before


async def test_topics_are_made_as_the_catalogue_says(topics: Settings) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=topics.kafka.bootstrap)
    await client.start()
    try:
        described = await client.describe_topics(names(topics))
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names(topics)]
        answers = [answer for answer in await client.describe_configs(resources)]
    finally:
        await client.close()
    counts = {topic["topic"].removeprefix(topics.kafka.prefix): len(topic["partitions"]) for topic in described}
    assert counts == {name: topic.partitions(6) for name, topic in catalogue.CATALOGUE.items()}
    for answer in answers:
        for _, _, _, name, entries in answer.resources:
            topic = catalogue.CATALOGUE[name.removeprefix(topics.kafka.prefix)]
            values = {entry[0]: entry[1] for entry in entries}
            assert values["message.timestamp.type"] == "LogAppendTime"
            assert int(values["retention.ms"]) == (-1 if topic.retention_ms is None else topic.retention_ms)
            assert int(values["max.message.bytes"]) == catalogue.RECORD_BYTES_MAX


async def test_two_who_make_topics_at_once_end_with_one_of_each(settings: Settings) -> None:
    own = settings.kafka.model_copy(update={"prefix": f"{settings.kafka.prefix}both."})
    made = await asyncio.gather(admin.apply(own), admin.apply(own))
    assert sorted([*made[0], *made[1]]) == sorted(catalogue.CATALOGUE)


async def test_a_topic_that_kafka_refuses_to_make_is_an_error_that_names_it(settings: Settings) -> None:
    own = settings.kafka.model_copy(update={"prefix": f"{settings.kafka.prefix}three.", "replication": 3})
    with pytest.raises(KafkaError, match=r"three\.leads\.submissions can't be made: .*replicat"):
        await admin.apply(own)
