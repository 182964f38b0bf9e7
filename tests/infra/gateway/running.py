"""The whole gateway over real PostgreSQL and Valkey, with Kafka's publisher in memory and a stand-in for `leads`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
from argon2 import PasswordHasher
from pydantic import BaseModel

from infra.auth.passwords import Passwords
from infra.auth.roles import Role, User
from infra.auth.users import NewUser, ensure_users
from infra.crypto.keyring import Keyring
from infra.gateway.app import Gateway, create_app
from infra.gateway.services import Services, master_key
from infra.kafka.ports import Outgoing
from infra.kafka.publisher import Position
from infra.postgres.pool import open_pool
from infra.redis.client import open_client
from infra.settings import Settings
from infra.wiring import discovery
from schemas.envelope import Envelope
from schemas.message import registry
from schemas.topics import Topic
from tests.infra.gateway.fakes import MemoryPublisher

PASSWORD = "correct horse battery staple"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

Decide = Callable[["Running", BaseModel, Position], Awaitable[None]]


class DecidedPublisher(MemoryPublisher):
    """Tells `decide` of each record, as if a consumer had read it."""

    def __init__(self) -> None:
        super().__init__()
        self.running: Running | None = None
        self.decide: Decide | None = None

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        position = await super().publish(topic, partition, record)
        if self.decide is not None and self.running is not None:
            await self.decide(self.running, read(record), position)
        return position


def read(record: Outgoing) -> BaseModel:
    """The message in a record, by its own type."""
    found = registry.get(Envelope.read(record.headers).type)
    assert found is not None
    return found.model_validate_json(record.value)


@dataclass
class Running:
    """A gateway with a client for it."""

    gateway: Gateway
    services: Services
    publisher: DecidedPublisher
    client: httpx2.AsyncClient
    owners: dict[str, str | None] = field(default_factory=dict)
    user_ids: dict[str, str] = field(default_factory=dict)
    """By role, of users that can log in."""

    def token(self, role: Role, person: str | None = None) -> dict[str, str]:
        """Headers of somebody in a role, without logging in."""
        user = User(f"user-{role}", f"{role}@example.com", role.title(), role, person)
        return {"Authorization": f"Bearer {self.services.tokens.issue(user)}"}

    async def outcome(self, command_id: str, lead: str, status: str = "done", *, tell: bool = True, **values: Any) -> None:
        """As `leads` would: the row, then the word on Redis."""
        await self.services.pool.execute(
            "insert into leads.outcomes (command_id, lead, status, detail, version, position) values ($1, $2, $3, $4, $5, $6)"
            " on conflict do nothing",
            command_id,
            lead,
            status,
            values.get("detail", ""),
            values.get("version", 7),
            values.get("position", 7),
        )
        if not tell:
            return
        prefix = self.services.settings.redis.prefix
        await self.services.redis.publish(f"{prefix}outcomes", orjson.dumps([command_id]))

    async def filed(self, submission_id: str, status: str, lead: str | None = None, first: str | None = None) -> None:
        """As `identity` would."""
        await self.services.pool.execute(
            'insert into identity.submissions (submission_id, status, lead, first_submission, source_id, partition, "offset")'
            " values ($1, $2, $3, $4, 's', 2, 11) on conflict do nothing",
            submission_id,
            status,
            lead,
            first,
        )


@asynccontextmanager
async def running(
    settings: Settings, *, dashboard: Path = Path("/nonexistent"), opensearch: Any = None
) -> AsyncIterator[Running]:
    """Started and stopped as a server would."""
    pool = await open_pool(settings.postgres.url, name="gateway", size=6)
    redis = open_client(settings.redis.url, name="gateway")
    publisher = DecidedPublisher()
    owners: dict[str, str | None] = {}

    async def owner_of(lead: str) -> tuple[bool, str | None]:
        return lead in owners, owners.get(lead)

    services = Services.build(
        settings.model_copy(update={"gateway": settings.gateway.model_copy(update={"await_seconds": 1.0})}),
        pool=pool,
        redis=redis,
        keyring=Keyring(pool, master_key(settings)),
        publisher=publisher,
        opensearch=opensearch,
        passwords=Passwords(CHEAP),
        owner_of=owner_of,
        dashboard=dashboard,
    )
    gateway = create_app(services, discovery.routers(), discovery.direct_routes(services))
    transport = httpx2.ASGITransport(app=gateway, raise_app_exceptions=False)
    started = gateway.api.router.lifespan_context(gateway.api)
    async with started, httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        publisher.running = Running(gateway, services, publisher, client, owners)
        yield publisher.running
    await redis.aclose()
    await pool.close()


async def demo_users(services: Services) -> list[User]:
    """One of each role."""
    roles: tuple[Role, ...] = ("admin", "manager", "rep", "analyst")
    wanted = [NewUser(f"{role}@Example.com", PASSWORD, role.title(), role, "rep-1" if role == "rep" else None) for role in roles]
    return await ensure_users(services.pool, services.passwords, wanted)
