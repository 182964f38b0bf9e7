"""Submissions that died, for tests of what is done about them."""

from typing import Any

import orjson

from infra.dead_letters import store
from infra.kafka.ports import DeadLetter, Outgoing, Record
from schemas import topics
from tests.infra.gateway.running import Running
from tests.submitting import submission


async def bury(
    has: Running,
    record: Outgoing,
    offset: int,
    *,
    topic: str = topics.SUBMISSIONS.name,
    consumer: str = "identity",
    reason: str = "kind: x",
) -> str:
    """Its id."""
    dead = DeadLetter(Record(2, offset, 1, record.key, list(record.headers), record.value), reason, "undecodable", 1)
    await has.services.keyring.dead_letter_key()
    async with has.services.pool.acquire() as connection:
        await store.add(connection, [dead], consumer=consumer, topic=topic, keyring=has.services.keyring)
    return str(store.letter_id(consumer, topic, 2, offset))


async def broken(has: Running, raw: str = '{"a": 1}', **changes: Any) -> tuple[str, Outgoing]:
    """A submission that can't be decoded; its id."""
    body, record = await submission(has.services.keyring, "ada@engines.example", raw=raw)
    value = orjson.dumps({**body.model_dump(mode="json"), "kind": "nonsense", **changes})
    return body.submission_id, Outgoing(record.key, record.headers, value)
