"""A bounded client, and many notifications in one round trip."""

from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

CONNECT_TIMEOUT_SECONDS: Final = 2.0
SOCKET_TIMEOUT_SECONDS: Final = 5.0
CONNECTIONS_MAX: Final = 64
RETRIES_MAX: Final = 1
HEALTH_CHECK_SECONDS: Final = 30
PIPELINE_MAX: Final = 1_000
"""Notifications in one round trip: bounds what is buffered on both sides."""


def open_client(url: str, *, name: str) -> Redis:
    """A client that connects when first used. The caller closes it with `aclose()`.

    `name` is shown by CLIENT LIST as `leadflow-NAME`. Every reply is awaited at most SOCKET_TIMEOUT_SECONDS.
    """
    client: Redis = Redis.from_url(
        url,
        client_name=f"leadflow-{name}",
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        health_check_interval=HEALTH_CHECK_SECONDS,
        max_connections=CONNECTIONS_MAX,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), RETRIES_MAX),
    )
    return client


async def publish_many(client: Redis, channel: str, messages: Sequence[bytes]) -> bool:
    """Publish in order, in one round trip per PIPELINE_MAX. False if Redis could not be told: then readers find out by polling.

    A message may arrive twice after a broken connection.
    """
    try:
        for start in range(0, len(messages), PIPELINE_MAX):
            async with client.pipeline(transaction=False) as pipeline:
                for message in messages[start : start + PIPELINE_MAX]:
                    pipeline.publish(channel, message)
                await pipeline.execute()
    except (RedisError, OSError):
        return False
    return True
