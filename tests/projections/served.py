"""The endpoints of the read models over real stores, and facts put straight into these."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx2
import orjson
from fastapi import APIRouter

from infra.auth.roles import Role, User
from infra.crypto.keyring import Keyring
from infra.gateway.app import create_app
from infra.gateway.services import Services, master_key
from infra.postgres.pool import open_pool
from infra.redis.client import open_client
from infra.settings import Settings
from infra.wiring import discovery
from projections.history.projector import Projector as History
from projections.lead_list.projector import Projector as LeadList
from projections.lead_list.queries import owner_of
from projections.lead_search.projector import Projector as LeadSearch
from tests.infra.gateway.fakes import MemoryPublisher
from tests.projections.builders import ADA, BOB, CAT, LogOfFacts

SCHEMAS = ("history", "lead_list", "lead_search")
TABLES = (
    "history.records",
    *(
        f"lead_list.{table}"
        for table in ("leads", "names", "counters", "messages", "answers", "consents", "notes", "tags", "tasks", "erased")
    ),
    *(f"{schema}.watermarks" for schema in SCHEMAS),
    "lead_search.leads",
    "lead_search.dirty",
    "leads.outcomes",
    "identity.submissions",
    "documents.versions",
    "dead_letters.letters",
    *(f"{fold.schema}.watermarks" for fold in discovery.folds() if fold.name != "leads"),
)


@dataclass
class Served:
    """A gateway with nothing but read models, and its stores."""

    services: Services
    client: httpx2.AsyncClient

    def headers(self, role: Role = "admin", person: str | None = None) -> dict[str, str]:
        """Of somebody in a role."""
        user = User(f"user-{role}", f"{role}@example.com", role.title(), role, person)
        return {"Authorization": f"Bearer {self.services.tokens.issue(user)}"}

    async def get(self, path: str, role: Role = "admin", person: str | None = None, **asked: Any) -> httpx2.Response:
        """GET below /v1."""
        return await self.client.get(f"/v1{path}", params=asked, headers=self.headers(role, person))

    async def json(self, path: str, role: Role = "admin", person: str | None = None, **asked: Any) -> Any:
        """The same, and it must work."""
        answer = await self.get(path, role, person, **asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def log(self, partition: int = 0, leads: Sequence[str] = (ADA, BOB, CAT)) -> LogOfFacts:
        """A log whose persons are sealed."""
        async with self.services.pool.acquire() as connection, connection.transaction():
            keys = await self.services.keyring.create_lead_keys(connection, list(leads))
        return LogOfFacts(partition, keys=keys)

    async def put(self, log: LogOfFacts) -> None:
        """As the runtime would: into every read model, with its watermark."""
        batch = log.batch()
        origins = {item.envelope.origin: list(item.envelope.sequence) for item in log.records if item.envelope.sequence}
        async with self.services.pool.acquire() as connection, connection.transaction():
            for schema, projector in zip(SCHEMAS, (History(), LeadList(), LeadSearch()), strict=True):
                await projector.apply(connection, batch)
                await self.stands(schema, log.partition, len(log.records), topic=log.topic_id, origins=origins, on=connection)

    async def stands(
        self, schema: str, partition: int, position: int, *, topic: str = "topic", origins: Any = None, on: Any = None
    ) -> None:
        """Where a reader is."""
        await (on or self.services.pool).execute(
            f"""insert into {schema}.watermarks (partition, topic_id, epoch, position, clock_ms, origins)
                values ($1, $2, 1, $3, 0, $4)
                on conflict (partition) do update set position = excluded.position, origins = excluded.origins""",
            partition,
            topic,
            position,
            orjson.dumps(origins or {}).decode(),
        )


@asynccontextmanager
async def served(settings: Settings, routers: Sequence[APIRouter], *, opensearch: Any = None) -> AsyncIterator[Served]:
    """The app; the tables are empty again afterwards."""
    pool = await open_pool(settings.postgres.url, name="test", size=6)
    redis = open_client(settings.redis.url, name="test")
    services = Services.build(
        settings.model_copy(update={"gateway": settings.gateway.model_copy(update={"await_seconds": 0.5})}),
        pool=pool,
        redis=redis,
        keyring=Keyring(pool, master_key(settings)),
        publisher=MemoryPublisher(),
        opensearch=opensearch,
        owner_of=partial(owner_of, pool),
    )
    gateway = create_app(services, routers)
    transport = httpx2.ASGITransport(app=gateway, raise_app_exceptions=False)
    # Nothing here waits for outcomes or listens, so the app is not started as a whole.
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield Served(services, client)
    services.passwords.close()
    await pool.execute(f"truncate {', '.join(TABLES)}")
    await redis.aclose()
    await pool.close()
