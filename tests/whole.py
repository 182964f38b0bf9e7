"""A system with a gateway over it, all in the test's own loop against real servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from infra.auth.roles import Role, User
from infra.gateway.app import create_app
from infra.gateway.services import Services
from infra.settings import Settings
from infra.wiring import discovery
from infra.wiring.gateway import services_of
from tests.system import System, running


@dataclass
class Whole:
    """What is running, and a client of it."""

    system: System
    services: Services
    client: httpx2.AsyncClient

    def headers(self, role: Role = "admin", **more: str) -> dict[str, str]:
        """Of somebody in a role, without logging in."""
        user = User(f"user-{role}", f"{role}@example.com", role.title(), role, None)
        return {"Authorization": f"Bearer {self.services.tokens.issue(user)}", **more}

    async def call(self, method: str, path: str, body: Any = None, *, role: Role = "admin", **headers: str) -> httpx2.Response:
        """A request below /v1; header names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        more = {} if body is None else {"json": body}
        return await self.client.request(method, f"/v1{path}", headers=self.headers(role, **named), **more)


@asynccontextmanager
async def whole(settings: Settings) -> AsyncIterator[Whole]:
    """Started and stopped."""
    async with running(settings) as system:
        services = services_of(system.has, None)
        gateway = create_app(services, discovery.routers())
        transport = httpx2.ASGITransport(app=gateway, raise_app_exceptions=False)
        async with (
            gateway.api.router.lifespan_context(gateway.api),
            httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
        ):
            yield Whole(system, services, client)
