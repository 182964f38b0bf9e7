"""Topics as Kafka has them: made from the catalogue, described with their ids."""

import asyncio
from typing import ClassVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from infra.kafka.connecting import arguments
from infra.kafka.ports import LogUnavailable
from infra.settings import Kafka
from schemas import topics

KNOWN_SECONDS_MAX = 10.0
KNOWN_PAUSE_SECONDS = 0.1


class _Uuid:
    """Kafka's 16-byte UUID, as hex text."""

    @classmethod
    def encode(cls, value: str) -> bytes:
        return bytes.fromhex(value)

    @classmethod
    def decode(cls, data: object) -> str:
        return data.read(16).hex()  # type: ignore[attr-defined, no-any-return]

    @classmethod
    def repr(cls, value: str) -> str:
        return value


class _MetadataResponse(Response):
    """Metadata version 10, the first that carries topic ids; aiokafka stops at version 5."""

    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    FLEXIBLE_VERSION: ClassVar[bool] = True
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataStruct]):
    API_KEY = 3

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class([("00" * 16, name, {}) for name in self._names], False, False, False, {})


async def topic_ids(settings: Kafka, names: list[str]) -> dict[str, str]:
    """Kafka's id of each topic that exists, by full name. Raises KafkaError, LogUnavailable."""
    client = AIOKafkaAdminClient(**arguments(settings), request_timeout_ms=5000)
    await client.start()
    try:
        response = await client._client.send(client._client.get_random_node(), _MetadataRequest(names))
    finally:
        await client.close()
    found = {}
    for error_code, name, topic_id, *_ in response.topics:
        if error_code == 0:
            found[name] = topic_id
        elif error_code != 3:  # 3 is "unknown topic": simply not there
            raise LogUnavailable(f"Kafka can't describe {name}: {for_code(error_code).__name__}")
    return found


async def apply(settings: Kafka) -> list[str]:
    """Create what the catalogue lists and Kafka lacks. Returns the names made. Raises KafkaError."""
    client = AIOKafkaAdminClient(**arguments(settings), request_timeout_ms=10_000)
    await client.start()
    try:
        existing = set(await client.list_topics())
        missing = [topic for topic in topics.CATALOGUE.values() if settings.prefix + topic.name not in existing]
        made = []
        for topic in missing:
            response = await client.create_topics([_new(topic, settings)])
            for name, code, *message in response.topic_errors:  # the client itself raises for none of them
                if code == TopicAlreadyExistsError.errno:
                    continue
                if code:
                    raise for_code(code)(f"{name} can't be made: {message[0] if message else ''}")
                made.append(topic.name)
    finally:
        await client.close()
    await _until_known(settings)
    return made


async def _until_known(settings: Kafka) -> None:
    """A topic that was made is known to the broker's metadata a moment later. Raises LogUnavailable."""
    names = [settings.prefix + topic.name for topic in topics.CATALOGUE.values()]
    for _ in range(round(KNOWN_SECONDS_MAX / KNOWN_PAUSE_SECONDS)):
        if len(await topic_ids(settings, names)) == len(names):
            return
        await asyncio.sleep(KNOWN_PAUSE_SECONDS)
    raise LogUnavailable(f"Kafka does not show the topics it made after {KNOWN_SECONDS_MAX:.0f} s")


def _new(topic: topics.Topic, settings: Kafka) -> NewTopic:
    return NewTopic(
        settings.prefix + topic.name,
        topic.partitions(settings.partitions),
        settings.replication,
        topic_configs={
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(topics.RECORD_BYTES_MAX),
            "retention.ms": str(-1 if topic.retention_ms is None else topic.retention_ms),
            "min.insync.replicas": str(max(1, settings.replication - 1)),
        },
    )
