"""The background work of forms, for `leadflow work`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import asyncpg

from infra.crypto.keyring import Keyring
from infra.crypto.seal import Key
from infra.gateway.ids import SubmissionIds
from infra.gateway.outgoing import Outgoing
from infra.kafka.publisher import Publisher
from infra.settings import Settings
from producers.forms.fetches import Fetches
from producers.forms.fetching import Fetcher
from producers.forms.publishing import SubmissionWriter
from producers.forms.sources import Sources


class Host(Protocol):
    """What a job needs of its process."""

    @property
    def settings(self) -> Settings:
        """Whom we may ask."""

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
    """One job: fetch what submissions only name."""

    async def fetch(stop: asyncio.Event) -> None:
        asked = has.settings.outgoing
        allowed = [place.strip() for place in asked.allowed.split(",") if place.strip()]
        async with Outgoing(allowed=allowed, seconds=asked.timeout_seconds) as outgoing:
            await fetcher(has, outgoing).run(stop)

    return [fetch]


def fetcher(has: Host, outgoing: Outgoing) -> Fetcher:
    """Everything wired."""
    settings = has.settings
    meta, hubspot = settings.outgoing.meta_url, settings.outgoing.hubspot_url
    return Fetcher(
        Fetches(has.pool),
        Sources(has.pool, Key("source", has.keyring.secret("source secrets"))),
        outgoing,
        SubmissionWriter(has.keyring, has.producer, settings.kafka.partitions),
        SubmissionIds(has.keyring.secret("submission ids")),
        has.keyring.hash,
        {"meta_lead_ads": meta, "meta": meta, "hubspot": hubspot},
    )
