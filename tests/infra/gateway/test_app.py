import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from pydantic import SecretStr
from starlette.exceptions import HTTPException

from infra.gateway import docs, probes, problems
from infra.gateway.app import create_app, openapi
from infra.gateway.problems import FieldError, Problem
from infra.gateway.services import NoMasterKey, Services, master_key
from infra.settings import Crypto, Settings, Telemetry
from infra.wiring import discovery
from tests.infra.gateway import offline
from tests.infra.gateway.fakes import settings

pytestmark = pytest.mark.asyncio
HTML = {"Accept": "text/html,application/xhtml+xml"}


async def get(path: str, given: Services | None = None, **headers: str) -> Any:
    async with offline.client(offline.app(given)) as client:
        return await client.get(path, headers=headers)


async def test_the_process_is_healthy_whatever_else_is_away() -> None:
    answer = await get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_readiness_names_what_is_missing() -> None:
    async def fine() -> str | None:
        return None

    async def lagging() -> str | None:
        return "12 partitions without an owner"

    async def hanging() -> str | None:
        await asyncio.sleep(60)
        return None

    answer = await get("/readyz", offline.services(ready={"kafka": fine, "consumers": lagging, "search": hanging}))
    assert answer.status_code == 503
    assert answer.json()["not_ready"] == ["postgres", "redis", "consumers", "search"]
    problem = {check["name"]: check["problem"] for check in answer.json()["checks"]}
    assert problem["kafka"] is None
    assert problem["postgres"] in ("NobodyThere", "ConnectionRefusedError", "OSError"), "the name alone, since strangers may ask"
    assert problem["consumers"] == "12 partitions without an owner"
    assert "no answer" in problem["search"]


async def test_whoever_asks_whether_it_is_ready_shares_one_look_a_second() -> None:
    asked, now, gate = 0, 0.0, asyncio.Event()

    async def take() -> list[probes.CheckResult]:
        nonlocal asked
        asked += 1
        await gate.wait()
        return [probes.CheckResult(name="kafka", ready=True, problem=None, milliseconds=float(asked))]

    looks = probes.Looks(take, now=lambda: now)
    waiting = [asyncio.create_task(looks.results()) for _ in range(50)]
    await asyncio.sleep(0)
    waiting.pop(0).cancel()
    gate.set()
    assert {found[0].milliseconds for found in await asyncio.gather(*waiting)} == {1.0}, "who gave up took it from nobody"
    now = 0.9
    assert (await looks.results())[0].milliseconds == 1.0
    now = 1.1
    assert (await looks.results())[0].milliseconds == 2.0
    assert asked == 2


async def test_being_ready_is_asked_over_http_once_a_second() -> None:
    asked = 0

    async def check() -> str | None:
        nonlocal asked
        asked += 1
        return None

    async with offline.client(offline.app(offline.services(ready={"kafka": check}))) as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {503}
    assert asked <= 2, "a slow machine may need more than a second"


async def test_metrics_have_routes_and_no_paths() -> None:
    given = offline.services()
    async with offline.client(offline.app(given)) as client:
        await client.get("/v1/commands/some-id-0815", headers=offline.token(given, "admin"))
        await client.get("/v1/nowhere-0815")
        text = (await client.get("/metrics")).text
    assert 'route="/v1/commands/{command_id}"' in text
    assert "id-0815" not in text
    assert "nowhere-0815" not in text
    assert 'route="other"' in text


@pytest.mark.parametrize(("token", "status"), [(None, 404), ("a token of metrics", 401)])
async def test_metrics_are_for_this_machine_and_once_there_is_a_token_for_who_has_it(token: str | None, status: int) -> None:
    known = settings()
    telemetry = Telemetry(metrics_token=None if token is None else SecretStr(token))
    app = offline.app(offline.services(settings=known.model_copy(update={"telemetry": telemetry})))
    transport = httpx2.ASGITransport(app=app, client=("203.0.113.7", 1))
    async with offline.client(app) as here, httpx2.AsyncClient(transport=transport, base_url="http://leads.example") as stranger:
        assert (await here.get("/metrics")).status_code == (200 if token is None else status)
        assert (await here.get("/metrics", headers={"X-Real-IP": "127.0.0.1"})).status_code == status
        refused = await stranger.get("/metrics")
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")
        assert "leadflow_" not in refused.text
        wrong = await stranger.get("/metrics", headers={"Authorization": "Bearer another token of metrics"})
        assert wrong.status_code == status
        assert (await stranger.get("/healthz")).status_code == 200
        if token is not None:
            assert refused.headers["www-authenticate"].startswith("Bearer")
            for client in (here, stranger):
                let_in = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
                assert "leadflow_http_requests_total" in let_in.text


async def test_swagger_ui_comes_from_our_own_host() -> None:
    page = await get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name in (*docs.ASSETS, "start.js"):
        asset = await get(f"/docs/assets/{name}")
        assert asset.status_code == 200, name
        assert f"/docs/assets/{name}" in page.text
    assert "swagger" in (await get("/docs/assets/swagger-ui-bundle.js")).text.lower()
    assert (await get("/docs/assets/other.js")).status_code == 404
    assert "/openapi.json" in docs.START


async def test_the_description_has_every_route_and_problems_for_errors() -> None:
    document = (await get("/openapi.json")).json()
    for path in ("/v1/intake/{source_id}", "/v1/sources", "/v1/leads/{lead}", "/v1/auth/login", "/v1/stream", "/readyz"):
        assert path in document["paths"]
    answers = document["paths"]["/v1/sources"]["post"]["responses"]
    assert "application/problem+json" in answers["422"]["content"]
    assert "ProblemDocument" in document["components"]["schemas"]
    assert document["components"]["securitySchemes"]
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


async def test_the_description_needs_no_server() -> None:
    described = openapi(discovery.routers())
    assert described["paths"].keys() == (await get("/openapi.json")).json()["paths"].keys()


async def test_every_answer_has_security_headers() -> None:
    for path in ("/", "/docs", "/v1/nowhere", "/healthz"):
        headers = (await get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"].partition("style-src")[0]
        assert "strict-transport-security" not in headers
    assert (await get("/v1/nowhere")).headers["cache-control"] == "no-store"
    https = offline.services(settings=settings(public_url="https://leads.example.com"))
    assert "max-age" in (await get("/", https)).headers["strict-transport-security"]


async def test_unknown_addresses_are_problems() -> None:
    answer = await get("/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "https://leadflow.dev/problems/not-found",
        "title": "Not Found",
        "status": 404,
        "instance": "/v1/nowhere",
    }
    async with offline.client(offline.app()) as client:
        wrong = await client.put("/v1/auth/login")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["allow"]


async def test_a_store_that_is_away_is_503_and_a_bug_500_without_details() -> None:
    router = APIRouter()

    @router.get("/v1/bug")
    async def bug() -> None:
        raise RuntimeError("the secret reason")

    given = offline.services()
    async with offline.client(create_app(given, [router])) as client:
        failed = await client.get("/v1/bug")
        away = await client.post("/v1/auth/login", json={"email": "a@b.example", "password": "x"})
    assert failed.status_code == 500
    assert failed.headers["content-type"] == "application/problem+json"
    assert "secret reason" not in failed.text
    assert away.status_code == 503
    assert away.headers["retry-after"] == "2"


async def test_a_body_beyond_a_mebibyte_is_too_large() -> None:
    async with offline.client(offline.app()) as client:
        body = b'{"email":"' + b"x" * 1024 * 1024 + b'"}'

        async def unannounced() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 100_000):
                yield body[start : start + 100_000]

        headers = {"Content-Type": "application/json"}
        answers = [await client.post("/v1/auth/login", content=content, headers=headers) for content in (body, unannounced())]
    for answer in answers:
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_unreadable_json_is_malformed_and_wrong_fields_are_named() -> None:
    async with offline.client(offline.app()) as client:
        headers = {"Content-Type": "application/json"}
        broken = await client.post("/v1/auth/login", content=b"{", headers=headers)
        wrong = await client.post("/v1/auth/login", json={"email": 1, "more": 2})
    assert broken.status_code == 400
    assert wrong.status_code == 422
    assert {error["field"] for error in wrong.json()["errors"]} == {"email", "password", "more"}


async def test_the_dashboard_is_served_for_every_address_that_a_browser_goes_to(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html>the dashboard</html>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main.js").write_text("go()")
    given = offline.services(dashboard=tmp_path)
    assert "the dashboard" in (await get("/", given)).text
    assert "the dashboard" in (await get("/leads/42", given, **HTML)).text
    assert (await get("/assets/main.js", given)).text == "go()"
    assert (await get("/assets/none.js", given)).status_code == 404
    assert (await get("/../../etc/passwd", given)).status_code == 404
    assert (await get("/healthz", given)).json() == {"status": "ok"}


async def test_without_a_dashboard_it_says_how_to_build_one() -> None:
    assert "make build" in (await get("/")).text


async def test_direct_routes_run_with_the_app_and_come_before_it() -> None:
    class Direct:
        running = False

        async def __aenter__(self) -> None:
            self.running = True

        async def __aexit__(self, *_: object) -> None:
            self.running = False

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 299, "headers": []})
            await send({"type": "http.response.body", "body": b"direct"})

    direct = Direct()
    gateway = create_app(offline.services(), discovery.routers(), {"/v1/intake/": direct})
    async with gateway.api.router.lifespan_context(gateway.api), offline.client(gateway) as client:
        assert direct.running
        assert (await client.post("/v1/intake/x")).status_code == 299
    assert not direct.running


async def test_an_app_without_the_direct_route_says_that_intake_is_not_here() -> None:
    async with offline.client(offline.app()) as client:
        assert (await client.post("/v1/intake/src_1", json={})).status_code == 503


async def test_problems_carry_what_they_are_given() -> None:
    problem = Problem(409, "busy", "Busy", "why", errors=[FieldError("a", "b")], headers={"Retry-After": "1"})
    response = problem.response("/here")
    assert response.headers["retry-after"] == "1"
    assert b'"errors":[{"field":"a","message":"b"}]' in response.body
    assert problems.from_http(HTTPException(418, "short and stout")).detail == "short and stout"


@pytest.mark.parametrize("key", [None, "", "c2hvcnQ=", "***"])
async def test_a_master_key_is_needed_and_named(key: str | None) -> None:
    with pytest.raises(NoMasterKey, match="LEADFLOW_CRYPTO__MASTER_KEY"):
        master_key(Settings(crypto=Crypto(master_key=key)))


async def test_a_server_starts_and_stops_it_by_the_protocol() -> None:
    asked = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    answered: list[str] = []

    async def receive() -> dict[str, str]:
        return asked.pop(0)

    async def send(message: dict[str, str]) -> None:
        answered.append(message["type"])

    await offline.app()({"type": "lifespan", "state": {}}, receive, send)
    assert answered == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
