"""Polling that lets the broker gather: what comes right behind a record is fetched with it, in one request of all partitions.

aiokafka fetches ahead while a batch is worked, and not again until that is taken. As it is set up once, such a fetch returns with
the first record, and every record after it waits for another batch. So while records are coming, the next fetch is one that the
broker answers after a breath; and when they have stopped, one that it answers at once, so that nobody's first record waits.
"""

from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

RECORDS_PER_POLL_MAX = 2000
IDLE_MS = 250
"""How long a poll waits for the first record, beyond a breath; it returns as soon as there is one."""
FETCH_WAIT_MS = 500
"""How long the broker waits for the first record."""
NEWS_MS = 5
"""How long it waits for records behind those that came while a batch was worked."""
GATHER_BYTES = 256 * 1024
"""So much is answered without waiting for the end of a breath."""


class Polling:
    """Polls of one consumer. `breath_ms`: how long records are gathered, while they are coming."""

    def __init__(self, breath_ms: int) -> None:
        self._breath_ms = breath_ms
        self._failure: KafkaError | None = None

    async def __call__(self, consumer: AIOKafkaConsumer) -> tuple[Any, ...]:
        """What is there, of all partitions; empty if nothing comes."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        ahead = await consumer.getmany(max_records=RECORDS_PER_POLL_MAX)
        if ahead:
            # It came while a batch was worked, and is as old as that took: what stands behind it is not left for another one.
            _fetch(consumer, 1, NEWS_MS)
            news = await self._behind(consumer)
        else:
            news = await consumer.getmany(timeout_ms=self._breath_ms + IDLE_MS, max_records=RECORDS_PER_POLL_MAX)
        if ahead or news:
            _fetch(consumer, GATHER_BYTES, self._breath_ms)
        else:
            _fetch(consumer, 1, FETCH_WAIT_MS)
        return tuple(chain.from_iterable((*ahead.values(), *news.values())))

    async def _behind(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, list[Any]]:
        """A failure is for the next poll: what this one has already would be read by nobody."""
        try:
            news: dict[TopicPartition, list[Any]] = await consumer.getmany(
                timeout_ms=2 * NEWS_MS, max_records=RECORDS_PER_POLL_MAX
            )
        except KafkaError as failure:
            self._failure = failure
            return {}
        return news


def _fetch(consumer: AIOKafkaConsumer, bytes_min: int, wait_ms: int) -> None:
    """How the next fetches are asked for. aiokafka reads both with each request, but has no way to change them."""
    fetcher = consumer._fetcher
    fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms = bytes_min, wait_ms
