"""The background work of the mailbox, for `leadflow work`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import asyncpg

from infra.activities.publishing import ActivityWriter
from infra.crypto.keyring import Keyring
from infra.kafka.publisher import Publisher
from infra.settings import Settings
from producers.mailbox.known import Known
from producers.mailbox.positions import Positions
from producers.mailbox.reader import Reader


class Host(Protocol):
    """What a job needs of its process."""

    @property
    def settings(self) -> Settings:
        """Which mailbox."""

    @property
    def pool(self) -> asyncpg.Pool:
        """Connections."""

    @property
    def keyring(self) -> Keyring:
        """Keys and hashes."""

    @property
    def producer(self) -> Publisher:
        """Kafka."""


def jobs(has: Host) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """One job where settings name a mailbox, else none."""
    return [] if has.settings.mailbox.host is None else [reader(has).run]


def reader(has: Host) -> Reader:
    """Everything wired."""
    writer = ActivityWriter(has.keyring, has.producer, has.settings.kafka.partitions)
    return Reader(has.settings.mailbox, Positions(has.pool), Known(has.pool), writer, has.keyring)
