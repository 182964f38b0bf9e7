"""A gateway with S3, and a worker that imports, beside a running system."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from infra.auth.roles import Role, User
from infra.gateway.services import Services
from infra.wiring import gateway as wiring
from infra.wiring.files import open_files
from infra.wiring.host import Base
from producers.imports.job import keep_running
from producers.imports.service import Imports
from tests.system import System

WAIT_SECONDS_MAX = 60.0


@dataclass
class Office:
    """Where files are imported."""

    services: Services
    client: httpx2.AsyncClient
    worker: "asyncio.Task[None] | None" = None

    @property
    def imports(self) -> Imports:
        found: Imports = self.services.imports
        return found

    def headers(self, role: Role = "manager") -> dict[str, str]:
        user = User(f"user-{role}", f"{role}@example.com", role.title(), role, None)
        return {"Authorization": f"Bearer {self.services.tokens.issue(user)}"}

    async def ask(self, method: str, path: str, status: int, **request: Any) -> Any:
        answer = await self.client.request(method, f"/v1/imports{path}", headers=self.headers(), **request)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def uploaded(self, data: bytes) -> str:
        made = await self.ask("POST", "", 201, json={"name": "people.csv", "size": len(data)})
        async with httpx2.AsyncClient() as outside:
            assert (await outside.put(made["upload_url"], content=data)).status_code == 200
        return str(made["id"])

    async def started(self, data: bytes) -> str:
        id_ = await self.uploaded(data)
        await self.ask("POST", f"/{id_}/preview", 200)
        await self.ask("POST", f"/{id_}/start", 202)
        return id_

    async def until(self, id_: str, *states: str, seconds: float = WAIT_SECONDS_MAX) -> Any:
        give_up = time.monotonic() + seconds
        while (item := await self.ask("GET", f"/{id_}", 200))["state"] not in states:
            assert time.monotonic() < give_up, item
            await asyncio.sleep(0.1)
        return item

    def work(self) -> None:
        """Start the worker's part."""
        self.worker = asyncio.create_task(keep_running(self.imports, asyncio.Event()))

    async def kill(self) -> None:
        """End it in mid-operation."""
        if self.worker is not None:
            self.worker.cancel()
            await asyncio.gather(self.worker, return_exceptions=True)


@asynccontextmanager
async def open_office(has: Base) -> AsyncIterator[Office]:
    """With its worker at work."""
    files = open_files(has.settings)
    assert files is not None
    await files.make_bucket()
    services = wiring.services_of(has, None, files)
    transport = httpx2.ASGITransport(app=wiring.build(services), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        office = Office(services, client)
        office.work()
        try:
            yield office
        finally:
            await office.kill()
            await files.close()


def table(rows: Sequence[Sequence[str]], header: str = "Name,E-Mail,Firma") -> bytes:
    return ("\n".join([header, *(",".join(row) for row in rows)]) + "\n").encode()


def people(count: int, domain: str) -> list[list[str]]:
    return [[f"Person {number}", f"p{number}@{domain}", f"Firm {number % 50}"] for number in range(count)]


async def leads_of(system: System, domain: str) -> int:
    """How many the list has of one domain, once everything is read."""
    await system.settled()
    count: int = await system.has.pool.fetchval("select count(*) from lead_list.leads where email like '%@' || $1", domain)
    return count


async def routed(system: System, email: str) -> float:
    """Submit a lead, and wait until the list shows its owner; how long that took."""
    begun = time.monotonic()
    lead = await system.lead_of(await system.submit(email))
    await system.until_value(True, "select exists(select 1 from lead_list.leads where id = $1 and owner is not null)", lead)
    return time.monotonic() - begun
