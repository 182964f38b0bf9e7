"""What tests of accounts do over HTTP."""

from typing import Any

import httpx2

from tests.infra.gateway.running import PASSWORD, Running


async def log_in(here: Running, email: str = "rep@example.com", password: str = PASSWORD, **more: Any) -> httpx2.Response:
    return await here.client.post("/v1/auth/login", json={"email": email, "password": password, **more})


async def bearer(here: Running, email: str = "rep@example.com", password: str = PASSWORD, **more: Any) -> dict[str, str]:
    """Headers of a new session."""
    answer = await log_in(here, email, password, **more)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def cookie(response: httpx2.Response) -> str:
    return response.headers["set-cookie"].split(";")[0].partition("=")[2]


async def refresh(here: Running, token: str) -> httpx2.Response:
    here.client.cookies.clear()
    return await here.client.post("/v1/auth/refresh", headers={"Cookie": f"lf_refresh={token}"})


async def hash_of(here: Running, user_id: str) -> str:
    """What a login proves to know the password of."""
    return str(await here.services.pool.fetchval("select password_hash from auth.users where id = $1", user_id))
