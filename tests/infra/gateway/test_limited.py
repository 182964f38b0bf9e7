"""Limits as a sender meets them: headers, 429, and what happens while Redis is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from infra.gateway.addresses import sealed_bucket
from infra.gateway.middleware import Around
from infra.settings import BadSettings, Limits, Settings, load
from tests.infra.auth.logins import log_in
from tests.infra.gateway import offline
from tests.infra.gateway.fakes import settings as some_settings
from tests.infra.gateway.running import Running, demo_users, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@asynccontextmanager
async def limited(settings: Settings, **limits: int) -> AsyncIterator[Running]:
    async with running(settings.model_copy(update={"limits": Limits(**limits)})) as found:
        prefix = settings.redis.prefix
        keys = [key async for key in found.services.redis.scan_iter(f"{prefix}*")]
        if keys:
            await found.services.redis.delete(*keys)
        yield found


async def test_every_answer_says_how_one_stands(settings: Settings) -> None:
    async with limited(settings, user_per_minute=100, address_per_minute=1_000) as here:
        answer = await here.client.get("/v1/auth/me", headers=here.token("rep"))
        assert answer.headers["ratelimit-policy"] == '"address";q=1000;w=60, "user";q=100;w=60'
        assert answer.headers["ratelimit"] == '"user";r=99;t=1'
        for path in ("/v1/nowhere", "/v1/auth/me"):
            assert '"address";r=' in (await here.client.get(path)).headers["ratelimit"]
        assert "ratelimit" not in (await here.client.get("/healthz")).headers


async def test_who_asks_too_much_waits_and_others_do_not(settings: Settings) -> None:
    async with limited(settings, user_per_minute=5, key_per_minute=3) as here:
        rep = [(await here.client.get("/v1/auth/me", headers=here.token("rep"))) for _ in range(7)]
        assert [answer.status_code for answer in rep] == [200] * 5 + [429] * 2
        assert rep[-1].json()["type"] == "https://leadflow.dev/problems/rate-limited"
        assert 1 <= int(rep[-1].headers["retry-after"]) <= 12
        assert rep[-1].headers["ratelimit"].startswith('"user";r=0;t=')
        assert rep[-1].headers["x-content-type-options"] == "nosniff"
        admin = here.token("admin")
        assert (await here.client.get("/v1/auth/me", headers=admin)).status_code == 200
        made = (await here.client.post("/v1/auth/keys", json={"name": "k"}, headers=admin)).json()
        key = {"Authorization": f"Bearer {made['key']}"}
        assert [(await here.client.get("/v1/auth/me", headers=key)).status_code for _ in range(4)] == [200] * 3 + [429]


async def test_nobody_uses_up_what_is_somebody_elses_with_a_forged_token(settings: Settings) -> None:
    async with limited(settings, user_per_minute=2) as here:
        token = here.token("rep")["Authorization"]
        forged = {"Authorization": token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")}
        assert [(await here.client.get("/v1/auth/me", headers=forged)).status_code for _ in range(5)] == [401] * 5
        assert (await here.client.get("/v1/auth/me", headers=here.token("rep"))).status_code == 200


async def test_an_address_that_floods_is_slowed_down_signed_in_or_not(settings: Settings) -> None:
    async with limited(settings, address_per_minute=4) as here:
        answers = [(await here.client.get("/v1/auth/me")).status_code for _ in range(6)]
        assert answers == [401] * 4 + [429] * 2
        assert (await here.client.get("/v1/auth/me", headers=here.token("rep"))).status_code == 429


async def test_logins_and_resets_of_an_address_are_counted_together(settings: Settings) -> None:
    async with limited(settings, sign_in_per_minute=3) as here:
        await demo_users(here.services)
        assert (await here.client.post("/v1/auth/reset", json={"email": "x@y.example"})).status_code == 202
        assert [(await log_in(here)).status_code for _ in range(3)] == [200, 200, 429]
        assert (await here.client.get("/v1/auth/me", headers=here.token("rep"))).status_code == 200


async def test_no_machines_address_stands_in_redis(settings: Settings) -> None:
    few = ("address_per_minute", "sign_in_per_minute", "intake_address_per_minute", "form_unknown_per_minute")
    async with limited(settings, **dict.fromkeys(few, 5)) as here:  # so few that they are remembered for a while
        await demo_users(here.services)
        assert (await log_in(here, password="wrong")).status_code == 401
        assert (await log_in(here)).status_code == 200
        assert (await here.client.get("/f/src_000000000000000000000000")).status_code == 404
        here.services.intake_limits.check("src_1", "127.0.0.1")
        await here.services.leases.fetch()
        keys = [key async for key in here.services.redis.scan_iter(f"{settings.redis.prefix}*")]
        for kind in (b"rates:address:", b"rates:sign-in:", b"rates:intake-address:", b"rates:form-unknown:", b"guesses:address:"):
            assert [key for key in keys if kind in key], f"nothing is counted as {kind.decode()}"
        assert [key for key in keys if b"127.0.0.1" in key] == []
        hashes = {sealed_bucket(secret)("127.0.0.1") for secret in (b"one", b"two")}
        assert len(hashes) == 2, "nor can it be told by trying all"


async def test_at_a_dashboard_nobody_comes_near(settings: Settings) -> None:
    async with limited(settings) as here:
        headers = here.token("rep")
        for _ in range(10):
            answers = await asyncio.gather(*(here.client.get("/v1/auth/me", headers=headers) for _ in range(20)))
            assert {answer.status_code for answer in answers} == {200}


async def test_while_redis_is_away_the_api_is_open_and_logins_are_closed() -> None:
    given = offline.services()
    async with offline.client(offline.app(given)) as client:
        me = await client.get("/v1/auth/me", headers=offline.token(given, "rep"))
        login = await client.post("/v1/auth/login", json={"email": "a@b.example", "password": "x"})
        given.intake_limits.check("src_1", "198.51.100.1")
    assert me.status_code == 200
    assert "ratelimit" not in me.headers
    assert (login.status_code, login.json()["detail"]) == (503, "Logging in can't be reached.")


def app(given: Any = None) -> Any:
    return offline.client(offline.app(given))


async def test_pages_of_others_may_ask_only_if_a_setting_says_so() -> None:
    asked = {
        "Origin": "https://crm.example.com",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "if-match",
    }
    async with app() as client:
        assert "access-control-allow-origin" not in (await client.options("/v1/leads", headers=asked)).headers
        assert "access-control-allow-origin" not in (await client.get("/healthz", headers=asked)).headers
    given = offline.services(settings=some_settings(allowed_origins="https://crm.example.com, http://localhost:5173"))
    async with app(given) as client:
        allowed = await client.options("/v1/leads", headers=asked)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "https://crm.example.com"
        assert "PATCH" in allowed.headers["access-control-allow-methods"]
        read = await client.get("/healthz", headers=asked)
        assert "ETag" in read.headers["access-control-expose-headers"]
        stranger = await client.get("/healthz", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers


@pytest.mark.parametrize("wrong", ["*", "crm.example.com", "https://crm.example.com/", "https://*.example.com", "null"])
async def test_what_is_no_origin_is_named(wrong: str) -> None:
    with pytest.raises(BadSettings, match="LEADFLOW_GATEWAY__ALLOWED_ORIGINS"):
        load({"LEADFLOW_GATEWAY__ALLOWED_ORIGINS": wrong})


async def test_a_body_that_is_nested_too_deep_is_refused_before_it_is_parsed() -> None:
    async with app() as client:
        headers = {"Content-Type": "application/json"}
        deep = await client.post("/v1/auth/login", content=b"[" * 100_000, headers=headers)
        unsaid = await client.post("/v1/auth/login", content=b"[" * 100_000)
        broken = await client.post("/v1/auth/login", content=b"[" * 60, headers=headers)
    assert (deep.status_code, broken.status_code) == (400, 400)
    assert "nested deeper" in deep.json()["detail"]
    assert unsaid.json()["detail"] == deep.json()["detail"]
    assert "JSON" in broken.json()["detail"]


async def call(around: Around, receive: Any, **scope: Any) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await around({"type": "http", "method": "POST", "path": "/v1/x", "headers": [], **scope}, receive, send)
    return sent


async def test_a_sender_that_never_ends_its_body_is_not_waited_for() -> None:
    async def reads(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            continue

    async def drips() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    around = Around(reads, https=False, body_seconds=0.1)
    with pytest.raises(Exception, match="took too long") as refused:
        await call(around, drips)
    assert refused.value.status_code == 408  # type: ignore[attr-defined]


async def test_who_takes_too_long_to_answer_is_cut_off_and_a_stream_is_not() -> None:
    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(10)

    async def streams(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.15)
        await send({"type": "http.response.body", "body": b"done"})

    async def nothing() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    cut = await call(Around(hangs, https=False, answer_seconds=0.05), nothing)
    assert cut[0]["status"] == 503
    assert b"leadflow.dev/problems/timeout" in cut[1]["body"]
    streamed = await call(Around(streams, https=False, answer_seconds=0.05), nothing)
    assert (streamed[0]["status"], streamed[1]["body"]) == (200, b"done")
