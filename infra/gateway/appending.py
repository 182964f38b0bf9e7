"""One record of a request's, acknowledged by Kafka or refused with a problem."""

import asyncpg

from infra.gateway.problems import unavailable
from infra.gateway.services import Services
from infra.kafka.ports import LogUnavailable, Outgoing
from schemas.topics import Topic, partition


async def append(given: Services, topic: Topic, key: str, record: Outgoing) -> None:
    """Raises Problem 503."""
    where = partition(key, topic.partitions(given.settings.kafka.partitions))
    try:
        await given.publisher.publish(topic, where, record)
    except (LogUnavailable, asyncpg.PostgresError, OSError, TimeoutError):
        raise unavailable("The event log") from None
