import asyncio
import dataclasses
import time
from base64 import b32decode
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from infra.auth import totp
from infra.auth.second_factor import SecondFactors
from tests.infra.auth.logins import bearer, log_in
from tests.infra.gateway.running import PASSWORD, Running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
REP = "rep@example.com"


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nobody_is_enrolled(fresh: Running) -> AsyncIterator[None]:
    await fresh.services.pool.execute("delete from auth.totp")
    await fresh.services.pool.execute("delete from auth.recovery_codes")
    yield


async def post(here: Running, path: str, headers: dict[str, str], **body: Any) -> Any:
    return await here.client.post(f"/v1/auth/totp{path}", json=body, headers=headers)


def code_now(secret: str, steps_later: int = 0) -> str:
    return totp.code_of(b32decode(secret), totp.step_at(time.time()) + steps_later)


async def enrolled(here: Running) -> tuple[dict[str, str], str, list[str]]:
    """Headers, secret and recovery codes of a rep with a second factor."""
    headers = await bearer(here)
    begun = await post(here, "", headers, password=PASSWORD)
    assert begun.status_code == 201, begun.text
    secret = begun.json()["secret"]
    confirmed = await post(here, "/confirm", headers, code=code_now(secret, -1))
    assert confirmed.status_code == 200, confirmed.text
    return headers, secret, confirmed.json()["recovery_codes"]


async def test_a_login_needs_a_code_once_one_has_confirmed_it(here: Running) -> None:
    headers = await bearer(here)
    begun = (await post(here, "", headers, password=PASSWORD)).json()
    assert begun["uri"].startswith("otpauth://totp/Leadflow:rep%40example.com?secret=" + begun["secret"])
    assert (await log_in(here)).status_code == 200, "not before it is confirmed"
    assert (await post(here, "/confirm", headers, code="000000")).status_code == 422
    assert (await post(here, "/confirm", headers, code=code_now(begun["secret"], -1))).status_code == 200
    without = await log_in(here)
    assert without.status_code == 401
    assert without.json()["type"] == "https://leadflow.dev/problems/code-needed"
    assert "set-cookie" not in without.headers
    wrong = await log_in(here, code="000000")
    assert (wrong.status_code, wrong.json()["type"]) == (401, "https://leadflow.dev/problems/wrong-code")
    assert (await log_in(here, code=code_now(begun["secret"]))).status_code == 200


async def test_who_has_not_the_password_hears_nothing_of_codes(here: Running) -> None:
    await enrolled(here)
    assert (await log_in(here, password="no")).json() == (await log_in(here, "nobody@example.com")).json()


async def test_a_code_is_good_once(here: Running) -> None:
    _, secret, _ = await enrolled(here)
    code = code_now(secret)
    assert (await log_in(here, code=code)).status_code == 200
    assert (await log_in(here, code=code)).status_code == 401
    assert (await log_in(here, code=code_now(secret, -1))).status_code == 401, "nor is one from before it"
    assert (await log_in(here, code=code_now(secret, 1))).status_code == 200


async def test_of_parallel_logins_with_one_code_one_gets_in(here: Running) -> None:
    _, secret, recovery = await enrolled(here)
    for code in (code_now(secret), recovery[0]):
        checked = await asyncio.gather(*(here.services.factors.check(here.user_ids["rep"], code) for _ in range(20)))
        assert checked.count(True) == 1


async def test_recovery_codes_are_good_once_each_however_they_are_written(here: Running) -> None:
    headers, _, recovery = await enrolled(here)
    assert len(set(recovery)) == 10
    assert (await log_in(here, code=recovery[0])).status_code == 200
    assert (await log_in(here, code=recovery[0])).status_code == 401
    assert (await log_in(here, code=recovery[1].lower().replace("-", " "))).status_code == 200
    state = (await here.client.get("/v1/auth/totp", headers=headers)).json()
    assert state == {"enabled": True, "recovery_codes_left": 8}


async def test_neither_secret_nor_codes_stand_in_the_database(here: Running) -> None:
    _, secret, recovery = await enrolled(here)
    stored = await here.services.pool.fetchval("select secret from auth.totp")
    hashes = b"".join(row["hash"] for row in await here.services.pool.fetch("select hash from auth.recovery_codes"))
    assert b32decode(secret) not in stored
    assert not any(code.encode() in hashes or code.replace("-", "").encode() in hashes for code in recovery)


async def test_a_secret_moved_to_another_user_does_not_open(here: Running) -> None:
    _, secret, _ = await enrolled(here)
    await here.services.pool.execute("update auth.totp set user_id = $1", here.user_ids["manager"])
    assert (await log_in(here, "manager@example.com", code=code_now(secret))).status_code == 401


async def test_enrolling_and_removing_prove_who_is_there(here: Running) -> None:
    headers = await bearer(here)
    assert (await post(here, "", headers, password="no")).status_code == 403
    headers, secret, recovery = await enrolled(here)
    assert (await post(here, "", headers, password=PASSWORD)).status_code == 409
    assert (await post(here, "/remove", headers, password=PASSWORD, code="000000")).status_code == 422
    assert (await post(here, "/remove", headers, password="no", code=recovery[0])).status_code == 403
    assert (await post(here, "/remove", headers, password=PASSWORD, code=code_now(secret))).status_code == 204
    assert (await log_in(here)).status_code == 200
    assert (await post(here, "/confirm", headers, code=code_now(secret, 1))).status_code == 422


async def test_beginning_again_before_confirming_forgets_the_first_secret(here: Running) -> None:
    headers = await bearer(here)
    first = (await post(here, "", headers, password=PASSWORD)).json()["secret"]
    second = (await post(here, "", headers, password=PASSWORD)).json()["secret"]
    assert (await post(here, "/confirm", headers, code=code_now(first))).status_code == 422
    assert (await post(here, "/confirm", headers, code=code_now(second))).status_code == 200


async def test_codes_are_guessed_as_slowly_as_passwords(here: Running) -> None:
    await enrolled(here)
    answers = [(await log_in(here, code="000000")).status_code for _ in range(7)]
    assert answers == [401] * 6 + [429]


async def test_asking_for_a_code_costs_no_guess(here: Running) -> None:
    await enrolled(here)
    answers = {(await log_in(here)).json()["type"].rpartition("/")[2] for _ in range(8)}
    assert answers == {"code-needed"}


async def test_under_another_master_key_recovery_codes_are_what_is_left(here: Running) -> None:
    _, secret, recovery = await enrolled(here)
    services = here.services
    elsewhere = SecondFactors(services.pool, bytes(32), services.factors._hashing)
    assert not await elsewhere.check(here.user_ids["rep"], code_now(secret))
    assert await elsewhere.check(here.user_ids["rep"], recovery[0])
    assert dataclasses.asdict(await elsewhere.state(here.user_ids["rep"])) == {"enrolled": True, "recovery_codes_left": 9}
