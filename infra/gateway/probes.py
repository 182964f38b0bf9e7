"""/healthz (the process answers), /readyz (names what is not ready), /metrics (Prometheus).

Strangers may ask the first two, so what was found is kept for a second, and whoever asks meanwhile shares one look.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from infra.gateway.problems import Problem, not_found
from infra.gateway.services import ReadyCheck, Services, Used
from infra.observability.serving import REALM, Watchers

router = APIRouter(tags=["probes"])
CHECK_SECONDS_MAX: Final = 2.0
KEPT_SECONDS: Final = 1.0


class Health(BaseModel):
    """The process is there."""

    status: str = "ok"


class CheckResult(BaseModel):
    """One thing that the gateway needs. `problem` is null when it is ready."""

    name: str
    ready: bool
    problem: str | None
    milliseconds: float


class Readiness(BaseModel):
    """Everything that the gateway needs; `not_ready` names what is missing."""

    ready: bool
    not_ready: list[str]
    checks: list[CheckResult]


class Looks:
    """The last look, and the one that is being taken. `take` raises nothing."""

    def __init__(self, take: Callable[[], Awaitable[list[CheckResult]]], *, now: Callable[[], float] = time.monotonic) -> None:
        self._take = take
        self._now = now
        self._found: list[CheckResult] = []
        self._good_until = 0.0
        self._taking: asyncio.Task[list[CheckResult]] | None = None

    async def results(self) -> list[CheckResult]:
        """At most KEPT_SECONDS old."""
        if self._now() < self._good_until:
            return self._found
        if self._taking is None:
            self._taking = asyncio.create_task(self._look())
        # Who gives up waiting takes it from nobody else.
        return await asyncio.shield(self._taking)

    async def _look(self) -> list[CheckResult]:
        try:
            self._found = await self._take()
            self._good_until = self._now() + KEPT_SECONDS
        finally:
            self._taking = None
        return self._found


def looks(given: Services) -> Looks:
    """For `app.state`: one for all who ask this process."""

    async def take() -> list[CheckResult]:
        checks = {"postgres": _postgres(given), "redis": _redis(given), **given.ready}
        return list(await asyncio.gather(*(_checked(name, check) for name, check in checks.items())))

    return Looks(take)


@router.get("/healthz")
async def healthz() -> Health:
    """Answers as long as the process does; asks nobody else."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness}})
async def readyz(request: Request, response: Response) -> Readiness:
    """200 when everything needed answers, else 503 with the names of what doesn't. At most a second old."""
    kept: Looks = request.app.state.looks
    results = await kept.results()
    missing = [result.name for result in results if not result.ready]
    response.status_code = 503 if missing else 200
    return Readiness(ready=not missing, not_ready=missing, checks=results)


@router.get("/metrics", response_class=Response, responses={200: {"content": {CONTENT_TYPE_LATEST: {}}}})
async def prometheus(request: Request, given: Used, authorization: Annotated[str | None, Header()] = None) -> Response:
    """Prometheus text format. For who has the token of LEADFLOW_TELEMETRY__METRICS_TOKEN; without one, for this machine alone."""
    watchers = Watchers(given.settings.telemetry.metrics_token)
    refusal = watchers.refusal(authorization, local=given.addresses.is_local(request.scope))
    if refusal is HTTPStatus.UNAUTHORIZED:
        raise Problem(401, "unauthorized", "Not let in", "Send the token for metrics.", headers={"WWW-Authenticate": REALM})
    if refusal is not None:
        raise not_found("page")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _checked(name: str, check: ReadyCheck) -> CheckResult:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            problem = await check()
    except TimeoutError:
        problem = f"no answer within {CHECK_SECONDS_MAX:g} s"
    except Exception as failed:
        # Strangers may ask, and what an error says may name hosts and users.
        problem = type(failed).__name__
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    return CheckResult(name=name, ready=problem is None, problem=problem, milliseconds=milliseconds)


def _postgres(given: Services) -> ReadyCheck:
    async def check() -> str | None:
        await given.pool.fetchval("select 1")
        return None

    return check


def _redis(given: Services) -> ReadyCheck:
    async def check() -> str | None:
        await given.redis.ping()
        return None

    return check
