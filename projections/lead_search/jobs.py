"""The background work of lead_search, for whoever hosts read models."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import asyncpg

from infra.opensearch.client import open_client
from infra.settings import Settings
from projections.lead_search.indexer import keep_indexed


class Host(Protocol):
    """What a job needs of its process."""

    @property
    def settings(self) -> Settings:
        """Where OpenSearch answers."""

    @property
    def pool(self) -> asyncpg.Pool:
        """Connections."""


def jobs(has: Host) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """One job: keep OpenSearch up to date until told to stop."""

    async def index_leads(stop: asyncio.Event) -> None:
        client = open_client(has.settings.opensearch)
        try:
            await keep_indexed(has.pool, client, has.settings.opensearch.prefix, stop)
        finally:
            await client.close()

    return [index_leads]
