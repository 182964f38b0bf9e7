"""Dead letters, driven again: records of intake and commands are published again under their id; for the log, the consumer is
fed the lead's history anew.
"""

from uuid import UUID

from pydantic import ValidationError

from infra.dead_letters import store as letters
from infra.kafka.batch import decode, reason_of
from infra.kafka.ports import Outgoing, Record
from infra.wiring.host import Base
from infra.wiring.refold import refold
from schemas import topics
from schemas.envelope import BadEnvelope, Envelope

OWN_HEADERS = ("ce_origin", "ce_sequence")
"""A record that is published again is a new one: its origin must not make it look like the one that was seen."""


class NotRedrivable(Exception):
    """Why this letter can't be driven again as it is."""


async def redrive(has: Base, letter_id: UUID, value: bytes | None = None) -> str:
    """Drive one letter again, with a repaired body if given; says what was done. Raises NotRedrivable, LogUnavailable."""
    async with has.pool.acquire() as connection:
        found = await letters.show(connection, letter_id, has.keyring)
    if found is None:
        raise NotRedrivable(f"there is no dead letter {letter_id}")
    letter, record = found
    if letter.topic == topics.EVENTS.name:
        if letter.lead is None:
            raise NotRedrivable("it is about no lead; nothing can be refolded")
        done = await refold(has, letter.consumer, letter.lead, letter.offset)
    else:
        done = await _again(has, letter.topic, record, value)
    async with has.pool.acquire() as connection:
        await letters.resolve(connection, [letter_id], done)
    return done


async def _again(has: Base, topic_name: str, record: Record, value: bytes | None) -> str:
    topic = topics.CATALOGUE[topic_name]
    repaired = record.value if value is None else value
    headers = tuple((name, text) for name, text in record.headers if name not in OWN_HEADERS)
    try:
        envelope = Envelope.read(headers)
        message = decode(envelope.type, repaired)
    except BadEnvelope as bad:
        raise NotRedrivable(f"its headers can't be read: {bad}") from bad
    except ValidationError as invalid:
        raise NotRedrivable(f"{reason_of(invalid)}: repair it and give the file with --value") from invalid
    key = None if message is None else message.key()
    count = topic.partitions(has.settings.kafka.partitions)
    number = record.partition if key is None else topics.partition(key, count)
    outgoing = Outgoing(record.key if key is None else key.encode(), headers, repaired)
    position = await has.producer.publish(topic, number, outgoing)
    return f"published again to {topic.name} at {position}"
