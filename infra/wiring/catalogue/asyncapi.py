"""Topics, messages and participants -> AsyncAPI 3.0.

FastStream could make it of its subscribers, but ours take raw batches and carry no types: what travels is told by the catalogue.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema

import schemas
from infra.wiring.catalogue.participants import NOT_IN_USE, Kind, Participant, carried, participants
from schemas.message import JsonObject, Message
from schemas.publishing import Readable, messages, summary
from schemas.topics import CATALOGUE, PARTITIONS_LAPTOP, RECORD_BYTES_MAX, Topic

EXAMPLES: Final = Path(next(iter(schemas.__path__))) / "examples"
KAFKA_BINDING: Final = "0.5.0"
HEADERS: Final = "CloudEventsHeaders"

DESCRIPTION: Final = (
    "Every record is a CloudEvent 1.0 in Kafka binary mode: attributes in headers, the JSON body alone in the value. What "
    "identifies a person travels as one sealed `personal` text; `x-personal` says what it holds once it is opened. The log, "
    "leads.events, is kept for ever; read models are told again from it. Made from the code: topics from the catalogue, messages "
    "from the registry, operations from what consumers handle and producers construct."
)

_HEADER_NOTES: Final = {
    "ce_specversion": "CloudEvents version, 1.0",
    "ce_id": "id of the event; of whatever a consumer writes, derived from its cause",
    "ce_type": "type with its version",
    "ce_source": "who says so: a consumer, or gateway, work, operator",
    "ce_time": "when it happened outside, ISO 8601 UTC",
    "ce_subject": "lead id, where it is about one",
    "ce_origin": "consumer.version@topic-id/partition of a consumer's output",
    "ce_sequence": "offset.index: offset of the record that caused it, and its place among the outputs",
    "traceparent": "W3C trace of the request that began it all",
    "content-type": "application/json",
}
_HEADERS_ALWAYS: Final = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type")


@lru_cache(maxsize=4)
def document(prefix: str = "", partitions: int = PARTITIONS_LAPTOP) -> JsonObject:
    """The whole description; `prefix` and `partitions` are the deployment's."""
    everybody = participants()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Leadflow", "version": "1", "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The cluster that LEADFLOW_KAFKA__BOOTSTRAP names",
                "variables": {"bootstrap": {"description": "host:port of a broker", "default": "127.0.0.1:9092"}},
            }
        },
        "channels": {topic.name: _channel(topic, prefix, partitions) for topic in CATALOGUE.values()},
        "operations": {name: operation for one in everybody for name, operation in _operations(one, prefix)},
        "components": {
            "messages": {type_: _message(cls) for type_, cls in messages().items()},
            "schemas": _schemas(),
        },
    }


def _channel(topic: Topic, prefix: str, partitions: int) -> JsonObject:
    retention = -1 if topic.retention_ms is None else topic.retention_ms
    more = f" Not in use yet: {NOT_IN_USE[topic.name]}." if topic.name in NOT_IN_USE else ""
    return {
        "address": prefix + topic.name,
        "title": topic.name,
        "description": f"{topic.carries[:1].upper()}{topic.carries[1:]}. Key: {topic.key}.{more}",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {cls.TYPE: {"$ref": f"#/components/messages/{cls.TYPE}"} for cls in carried(topic)},
        "bindings": {
            "kafka": {
                "topic": prefix + topic.name,
                "partitions": topic.partitions(partitions),
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": retention,
                    "max.message.bytes": RECORD_BYTES_MAX,
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operations(participant: Participant, prefix: str) -> list[tuple[str, JsonObject]]:
    found: list[tuple[str, JsonObject]] = []
    if participant.reads is not None:
        operation = _operation(participant, "receive", participant.reads, participant.takes)
        group = {"groupId": {"type": "string", "const": prefix + participant.name}, "bindingVersion": KAFKA_BINDING}
        found.append((f"{participant.name}.reads", {**operation, "bindings": {"kafka": group}}))
    for topic in participant.topics_written():
        types = tuple(cls for cls in participant.writes if cls.TOPIC is topic)
        found.append((f"{participant.name}.writes.{topic.name}", _operation(participant, "send", topic, types)))
    return found


def _operation(participant: Participant, action: str, topic: Topic, types: tuple[type[Message], ...]) -> JsonObject:
    reads = action == "receive"
    everything = " Reads everything, also types it does not know." if reads and participant.kind is Kind.READ_MODEL else ""
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "title": f"{participant.name} {'reads' if reads else 'writes'} {topic.name}",
        "summary": f"{participant.says}.{everything}",
        "tags": [{"name": participant.kind.value}],
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{cls.TYPE}"} for cls in types],
    }


def _message(cls: type[Message]) -> JsonObject:
    found: JsonObject = {
        "name": cls.TYPE,
        "title": cls.__name__,
        "summary": summary(cls).partition("\n\n")[0].replace("\n", " "),
        "description": summary(cls),
        "contentType": "application/json",
        "headers": {"$ref": f"#/components/schemas/{HEADERS}"},
        "payload": {"$ref": f"#/components/schemas/{cls.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": KAFKA_BINDING}},
    }
    if cls.PERSON is not None:
        found["x-personal"] = {"$ref": f"#/components/schemas/{cls.PERSON.__name__}"}
    example = example_of(cls)
    if example is not None:
        found["examples"] = [{"name": cls.TYPE, "headers": example["headers"], "payload": example["body"]}]
    return found


def example_of(cls: type[Message]) -> JsonObject | None:
    """The example as it is kept beside the schemas; None where a deployment left examples out."""
    path = EXAMPLES / cls.TOPIC.name / f"{cls.TYPE}.json"
    if not path.is_file():
        return None
    found: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    return found


def _schemas() -> dict[str, Any]:
    """Bodies and personal parts, and what they are made of, under their class names."""
    classes = list(messages().values())
    persons = {cls.PERSON for cls in classes if cls.PERSON is not None}
    models = [(cls, "validation") for cls in (*classes, *sorted(persons, key=lambda cls: cls.__name__))]
    _, definitions = models_json_schema(
        models,  # type: ignore[arg-type]
        schema_generator=Readable,
        ref_template="#/components/schemas/{model}",
    )
    found = {
        name: {word: said for word, said in schema.items() if word != "title"} for name, schema in definitions["$defs"].items()
    }
    properties = {name: {"type": "string", "description": note} for name, note in _HEADER_NOTES.items()}
    found[HEADERS] = {"type": "object", "properties": properties, "required": list(_HEADERS_ALWAYS)}
    return found
