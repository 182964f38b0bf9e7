"""Every route and every role: who may. A route that isn't in the table fails, so that nobody forgets to decide."""

import re
import uuid

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from infra.auth.roles import ROLES
from infra.gateway.app import Gateway
from infra.gateway.services import Services
from infra.wiring.gateway import build
from tests.infra.gateway import offline

pytestmark = pytest.mark.asyncio

EVERYBODY = {"nobody", "admin", "manager", "rep", "analyst", "integration"}
USERS = EVERYBODY - {"nobody"}
READERS = USERS - {"integration"}
WRITERS = {"admin", "manager", "rep"}
OVERSEERS = {"admin", "manager", "analyst"}
MANAGERS = {"admin", "manager"}
ADMINS = {"admin"}

MAY = {
    "GET /": EVERYBODY,
    "GET /reset": EVERYBODY,
    "GET /reset/reset.js": EVERYBODY,
    "GET /docs": EVERYBODY,
    "GET /docs/assets/start.js": EVERYBODY,
    "GET /docs/assets/{name}": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /metrics": EVERYBODY,
    "GET /asyncapi": EVERYBODY,
    "GET /asyncapi.json": EVERYBODY,
    "GET /.well-known/jwks.json": EVERYBODY,
    "POST /v1/auth/login": EVERYBODY,
    "POST /v1/auth/refresh": EVERYBODY,
    "POST /v1/auth/logout": EVERYBODY,
    "GET /v1/auth/me": USERS,
    "POST /v1/auth/password": USERS,
    "POST /v1/auth/reset": EVERYBODY,
    "POST /v1/auth/reset/confirm": EVERYBODY,
    "GET /v1/users": ADMINS,
    "GET /v1/audit": ADMINS,
    "POST /v1/users": ADMINS,
    "GET /v1/users/{user_id}": ADMINS,
    "PATCH /v1/users/{user_id}": ADMINS,
    "POST /v1/users/{user_id}/invite": ADMINS,
    "DELETE /v1/users/{user_id}/totp": ADMINS,
    "GET /v1/auth/totp": USERS,
    "POST /v1/auth/totp": USERS,
    "POST /v1/auth/totp/confirm": USERS,
    "POST /v1/auth/totp/remove": USERS,
    "GET /v1/auth/sessions": USERS,
    "DELETE /v1/auth/sessions": USERS,
    "DELETE /v1/auth/sessions/{session_id}": USERS,
    "GET /v1/auth/roles": ADMINS,
    "GET /v1/auth/keys": ADMINS,
    "POST /v1/auth/keys": ADMINS,
    "DELETE /v1/auth/keys/{key_id}": ADMINS,
    "GET /v1/people": READERS,
    "GET /v1/stream": READERS,
    "POST /v1/intake/{source_id}": EVERYBODY,
    "GET /t.js": EVERYBODY,
    "POST /v1/track/{source_id}": EVERYBODY,
    "GET /v1/sources": OVERSEERS,
    "POST /v1/sources": MANAGERS,
    "PATCH /v1/sources/{source_id}": MANAGERS,
    "DELETE /v1/sources/{source_id}": MANAGERS,
    "POST /v1/sources/{source_id}/rotate-secret": MANAGERS,
    "POST /v1/sources/{source_id}/preview": MANAGERS,
    "GET /v1/sources/{source_id}/fetches": OVERSEERS,
    "GET /v1/mailbox": OVERSEERS,
    "GET /f/{source_id}": EVERYBODY,
    "GET /f/{source_id}.js": EVERYBODY,
    "GET /f/{source_id}/thanks": EVERYBODY,
    "GET /f/{source_id}/confirm/{ticket}": EVERYBODY,
    "POST /f/{source_id}/confirm/{ticket}": EVERYBODY,
    "GET /v1/submissions/{id}": USERS,
    "GET /v1/commands/{command_id}": USERS,
    "POST /v1/leads": WRITERS | {"integration"},
    "PATCH /v1/leads/{lead}": WRITERS,
    "POST /v1/leads/{lead}/notes": WRITERS,
    "POST /v1/leads/{lead}/assign": WRITERS,
    "POST /v1/leads/{lead}/status": WRITERS,
    "POST /v1/leads/{lead}/merge": WRITERS,
    "POST /v1/leads/{lead}/unmerge": WRITERS,
    "GET /v1/leads/{id}/duplicates": READERS,
    "POST /v1/leads/{lead}/erase": ADMINS,
    "POST /v1/blocks/lift": ADMINS,
    "GET /v1/leads": READERS,
    "GET /v1/leads/{id}": READERS,
    "GET /v1/leads/{id}/timeline": READERS,
    "GET /v1/leads/{id}/score": READERS,
    "GET /v1/leads/{id}/trace": READERS,
    "GET /v1/leads/{id}/messages": READERS,
    "GET /v1/search": READERS,
    "GET /v1/overview": READERS,
    "GET /v1/leads/{id}/erasure": ADMINS,
    "GET /v1/leads/{id}/export": MANAGERS,
    "POST /v1/leads/{lead}/tags": WRITERS,
    "POST /v1/leads/bulk": WRITERS,
    "GET /v1/bulk/{bulk_id}": WRITERS,
    "POST /v1/leads/{lead}/tasks": WRITERS,
    "PATCH /v1/leads/{lead}/tasks/{task}": WRITERS,
    "GET /v1/leads/{id}/tasks": READERS,
    "GET /v1/tasks": READERS,
    "GET /v1/rejections": OVERSEERS,
    "GET /v1/rejections/causes": OVERSEERS,
    "GET /v1/rejections/{letter_id}": OVERSEERS,
    "POST /v1/rejections/redrive": MANAGERS,
    "GET /v1/rejections/repairs": OVERSEERS,
    "POST /v1/rejections/repairs": MANAGERS,
    "POST /v1/rejections/repairs/preview": MANAGERS,
    "GET /v1/rejections/repairs/{repair_id}": OVERSEERS,
    "POST /v1/rejections/repairs/{repair_id}/cancel": MANAGERS,
    "POST /v1/rejections/{letter_id}/redrive": MANAGERS,
    "POST /v1/rejections/{letter_id}/discard": MANAGERS,
    "POST /v1/leads/{lead}/files": WRITERS,
    "GET /v1/leads/{lead}/files": READERS,
    "GET /v1/leads/{lead}/files/{file_id}": READERS,
    "POST /v1/leads/{lead}/files/{file_id}/complete": WRITERS,
    "DELETE /v1/leads/{lead}/files/{file_id}": WRITERS,
    "POST /v1/imports": MANAGERS,
    "GET /v1/imports": MANAGERS,
    "GET /v1/imports/{import_id}": MANAGERS,
    "POST /v1/imports/{import_id}/preview": MANAGERS,
    "PUT /v1/imports/{import_id}/mapping": MANAGERS,
    "POST /v1/imports/{import_id}/start": MANAGERS,
    "POST /v1/imports/{import_id}/pause": MANAGERS,
    "POST /v1/imports/{import_id}/resume": MANAGERS,
    "POST /v1/imports/{import_id}/undo": MANAGERS,
    "GET /v1/imports/{import_id}/errors.csv": MANAGERS,
}
STREAMS = {"GET /v1/stream"}


def whole(given: Services | None = None) -> Gateway:
    """The app as the wiring builds it."""
    return build(given or offline.services())


def routes() -> list[str]:
    found = []
    for context in iter_route_contexts(whole().api.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            path = getattr(context, "path", route.path)
            found += [f"{method} {path}" for method in sorted(context.methods or ()) if method != "HEAD"]
    return found


async def test_every_route_is_in_the_table() -> None:
    missing = sorted(set(routes()) - set(MAY))
    assert missing == [], "say in MAY who may use these"


@pytest.mark.parametrize("route", sorted(set(MAY) - STREAMS))
async def test_only_who_may_is_let_in(route: str) -> None:
    if route not in routes():
        return  # a read model that this deployment left out; what is served is in the table by the test above
    method, _, path = route.partition(" ")
    address = re.sub(r"\{\w+\}", str(uuid.uuid4()), path)
    given = offline.services()
    let_in = set()
    async with offline.client(whole(given)) as client:
        for who in ("nobody", *ROLES):
            headers = {} if who == "nobody" else offline.token(given, who, "p1")
            body = {"json": {"email": "x", "password": "x"}} if method in ("POST", "PATCH", "PUT") else {}
            answer = await client.request(method, address, headers=headers, **body)
            assert answer.status_code != 401 or who == "nobody" or route == "POST /v1/auth/refresh"
            if answer.status_code not in (401, 403):
                let_in.add(who)
            if route == "POST /v1/auth/refresh":
                let_in.add(who)
    assert let_in == MAY[route]


async def test_the_stream_lets_in_users_alone() -> None:
    given = offline.services()
    async with offline.client(offline.app(given)) as client:
        assert (await client.get("/v1/stream")).status_code == 401
        assert (await client.get("/v1/stream?access_token=nonsense")).status_code == 401
        assert (await client.get("/v1/stream", headers=offline.token(given, "integration"))).status_code == 403
