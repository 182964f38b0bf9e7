"""create_app(services, routers, direct) -> one ASGI app: hot routes directly, everything else through FastAPI."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import asyncpg
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from infra.audit import endpoint as audit
from infra.audit.recording import Audited
from infra.auth import endpoint as auth
from infra.auth import jwks, key_endpoint, password_endpoint, reset_page, session_endpoint, totp_endpoint, user_endpoint
from infra.dead_letters import endpoint as rejections
from infra.gateway import dashboard, docs, people, probes, problems, stream
from infra.gateway.direct import DirectRoute
from infra.gateway.limited import Limited
from infra.gateway.middleware import Around
from infra.gateway.problems import Problem
from infra.gateway.services import Services
from infra.settings import listed

TITLE: Final = "Leadflow"
VERSION: Final = "1"
DESCRIPTION: Final = (
    "Leads in, decisions and their reasons out. Errors are problem details (RFC 9457); lists are paged by `cursor`; "
    "updates take `If-Match`, creating requests take `Idempotency-Key`."
)
OWN_ROUTERS: Final = (
    auth.router,
    session_endpoint.router,
    totp_endpoint.router,
    password_endpoint.router,
    reset_page.router,
    user_endpoint.router,
    key_endpoint.router,
    audit.router,
    jwks.router,
    people.router,
    stream.router,
    probes.router,
    rejections.router,
)


CORS_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
CORS_HEADERS: Final = ("Authorization", "Content-Type", "If-Match", "Idempotency-Key", "traceparent")
CORS_EXPOSED: Final = ("ETag", "Location", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id")
CORS_SECONDS: Final = 600


class Gateway:
    """Hands a request to the direct route whose prefix its path has, else to FastAPI.

    Direct routes bypass routing, dependencies and middleware, and answer for themselves; FastAPI knows them for the docs.
    """

    def __init__(self, api: FastAPI, direct: Mapping[str, DirectRoute]) -> None:
        self.api = api
        self.direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            path = scope["path"]
            for prefix, handler in self.direct.items():
                if path.startswith(prefix):
                    await handler(scope, receive, send)
                    return
        await self.api(scope, receive, send)


def create_app(services: Services, routers: Sequence[APIRouter], direct: Mapping[str, DirectRoute] | None = None) -> Gateway:
    """The gateway. `direct` maps path prefixes to the routes that answer below them."""
    direct = dict(direct or {})

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            running.callback(services.passwords.close)
            await running.enter_async_context(services.outcomes)
            await running.enter_async_context(services.live)
            await running.enter_async_context(services.ended)
            await running.enter_async_context(services.account_mail)
            await running.enter_async_context(services.leases)
            for handler in direct.values():
                await running.enter_async_context(handler)
            yield

    api = _api(routers, lifespan)
    api.state.services = services
    api.state.looks = probes.looks(services)
    api.include_router(docs.router)
    dashboard.serve(api, services.dashboard)
    _surround(api, services)
    return Gateway(api, direct)


def _surround(api: FastAPI, services: Services) -> None:
    """What every request passes, the innermost first."""
    settings = services.settings
    api.add_middleware(Audited, pool=services.pool, addresses=services.addresses)
    api.add_middleware(
        Limited,
        rates=services.rates,
        tokens=services.tokens,
        addresses=services.addresses,
        limits=settings.limits,
        bucket_of=services.bucket_of,
    )
    origins = listed(settings.gateway.allowed_origins)
    if origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_credentials=True,
            allow_methods=CORS_METHODS,
            allow_headers=CORS_HEADERS,
            expose_headers=CORS_EXPOSED,
            max_age=CORS_SECONDS,
        )
    api.add_middleware(Around, https=settings.gateway.public_url.startswith("https://"))


def openapi(routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The API description, without any server running."""
    return _api(routers, None).openapi()


def _api(routers: Sequence[APIRouter], lifespan: Any) -> FastAPI:
    api = FastAPI(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=problems.PROBLEM_RESPONSES,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(api)

    async def on_store_away(request: Request, _away: Exception) -> Response:
        return problems.unavailable("A store that this needs").response(request.url.path)

    async def on_nul(request: Request, _refused: Exception) -> Response:
        return Problem(422, "invalid", "Invalid request", "NUL (U+0000) stands in no text.").response(request.url.path)

    api.add_exception_handler(asyncpg.CharacterNotInRepertoireError, on_nul)
    for away in STORE_AWAY:
        api.add_exception_handler(away, on_store_away)
    for router in (*OWN_ROUTERS, *routers):
        api.include_router(router)

    def described() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = get_openapi(title=TITLE, version=VERSION, description=DESCRIPTION, routes=api.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            problem = problems.ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["ProblemDocument"] = problem
            api.openapi_schema = document
        return api.openapi_schema

    api.openapi = described  # type: ignore[method-assign]
    return api


STORE_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
)
