"""The app without any server: for what is decided before a store is asked."""

from pathlib import Path
from typing import Any

import httpx2
from argon2 import PasswordHasher

from infra.auth.passwords import Passwords
from infra.auth.roles import Role, User
from infra.gateway.app import Gateway, create_app
from infra.gateway.services import Services
from infra.wiring import discovery
from tests.infra.gateway.fakes import MemoryKeyring, MemoryPublisher, settings

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class NoStore:
    """PostgreSQL or Redis that can't be reached, whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise ConnectionRefusedError("nobody answers")


def services(**changes: Any) -> Services:
    """Services whose stores are away."""
    given = {"settings": settings(), "pool": NoStore(), "redis": NoStore(), "passwords": Passwords(CHEAP), **changes}
    return Services.build(
        **{"keyring": MemoryKeyring(), "publisher": MemoryPublisher(), "dashboard": Path("/nonexistent"), **given}
    )


def app(given: Services | None = None) -> Gateway:
    """With every router that is found."""
    return create_app(given or services(), discovery.routers())


def client(gateway: Gateway) -> httpx2.AsyncClient:
    """Answers 500 instead of raising."""
    transport = httpx2.ASGITransport(app=gateway, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


def token(given: Services, role: Role, person: str | None = None) -> dict[str, str]:
    """Headers of somebody in a role."""
    user = User(f"user-{role}", f"{role}@example.com", role.title(), role, person)
    return {"Authorization": f"Bearer {given.tokens.issue(user)}"}
