"""A bounded client, and many notifications in one round trip."""

import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from infra import settings
from infra.tls.contexts import context_of

CONNECT_TIMEOUT_SECONDS: Final = 2.0
SOCKET_TIMEOUT_SECONDS: Final = 5.0
CONNECTIONS_MAX: Final = 64
RETRIES_MAX: Final = 1
HEALTH_CHECK_SECONDS: Final = 30
PIPELINE_MAX: Final = 1_000
"""Notifications in one round trip: bounds what is buffered on both sides."""


class _OverTls(SSLConnection):
    """With a context of ours: redis-py's own takes a client certificate from files alone."""

    def __init__(self, *, context: ssl.SSLContext, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._context = context

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {**super()._connection_arguments(), "ssl": self._context}


def open_client(address: str | settings.Redis, *, name: str) -> Redis:
    """A client that connects when first used; `address` is a URL or settings. The caller closes it with `aclose()`.

    `name` is shown by CLIENT LIST as `leadflow-NAME`. Every reply is awaited at most SOCKET_TIMEOUT_SECONDS. Raises BadSettings.
    """
    given = settings.Redis(url=address) if isinstance(address, str) else address
    arguments: dict[str, Any] = {
        "client_name": f"leadflow-{name}",
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "max_connections": CONNECTIONS_MAX,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), RETRIES_MAX),
        "password": None if given.password is None else given.password.get_secret_value(),
        **parse_url(given.url),
    }
    if arguments.get("connection_class") is SSLConnection:
        arguments |= {"connection_class": _OverTls, "context": context_of(given, "REDIS")}
    return Redis.from_pool(ConnectionPool(**arguments))


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
