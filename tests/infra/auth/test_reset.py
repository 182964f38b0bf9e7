import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from infra.auth import resets
from infra.auth.account_mail import WAITING_MAX, AccountMail, TooManyWaiting
from infra.settings import Mail, Settings
from tests.infra.auth.logins import bearer, log_in
from tests.infra.gateway.offline import NoStore
from tests.infra.gateway.running import PASSWORD, Running, demo_users, running
from tests.infra.mail.catching import Catcher, catching

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
NEXT = "a new password, long enough"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def catcher() -> AsyncIterator[Catcher]:
    async with catching() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings, catcher: Catcher) -> AsyncIterator[Running]:
    mail = settings.mail.model_copy(update={"host": "127.0.0.1", "port": catcher.port, "redirect_to": None})
    async with running(settings.model_copy(update={"mail": mail})) as found:
        yield found


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def begun_anew(fresh: Running, catcher: Catcher) -> None:
    fresh.user_ids.update({user.role: user.id for user in await demo_users(fresh.services)})
    await fresh.services.pool.execute("delete from auth.resets")
    catcher.envelopes.clear()


async def reset(here: Running, email: str = "rep@example.com") -> Any:
    return await here.client.post("/v1/auth/reset", json={"email": email})


async def confirm(here: Running, token: str, password: str = NEXT) -> Any:
    return await here.client.post("/v1/auth/reset/confirm", json={"token": token, "password": password})


async def mailed(catcher: Catcher, count: int = 1) -> list[str]:
    """The tokens of that many mails."""
    async with asyncio.timeout(10):
        while len(catcher.envelopes) < count:
            await asyncio.sleep(0.01)
    return [found[1] for text in catcher.texts if (found := re.search(r"/reset#token=([\w-]+)", text))]


async def settled(here: Running) -> None:
    async with asyncio.timeout(10):
        await here.services.account_mail._waiting.join()


async def test_a_link_lets_its_owner_choose_a_new_password(fresh: Running, catcher: Catcher) -> None:
    session = await bearer(fresh)
    assert (await reset(fresh, "REP@example.com")).status_code == 202
    (token,) = await mailed(catcher)
    assert catcher.messages[0]["To"] == "Rep <rep@example.com>"
    assert f"{fresh.services.settings.gateway.public_url}/reset#token={token}" in catcher.texts[0]
    assert "30 minutes" in catcher.texts[0]
    assert (await confirm(fresh, token)).status_code == 204
    assert (await log_in(fresh, password=NEXT)).status_code == 200
    assert (await log_in(fresh)).status_code == 401
    assert (await fresh.client.get("/v1/auth/me", headers=session)).status_code == 401, "every session is ended"


async def test_the_link_leads_to_a_page_that_asks_for_the_password(fresh: Running) -> None:
    page = await fresh.client.get("/reset")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self';" in page.headers["content-security-policy"]
    (script,) = re.findall(r"<script[^>]*>", page.text)
    assert script == '<script src="/reset/reset.js">', "no inline script, none from elsewhere"
    sent = (await fresh.client.get("/reset/reset.js")).text
    assert '"/v1/auth/reset/confirm"' in sent
    assert "//" not in sent.replace("https://", "")


async def test_known_and_unknown_addresses_are_answered_alike_and_before_anything_is_looked_up(
    fresh: Running, catcher: Catcher
) -> None:
    answers = [await reset(fresh, email) for email in ("rep@example.com", "nobody@example.com", "nonsense", "\x00")]
    assert {(one.status_code, one.text) for one in answers} == {(202, '{"status":"accepted"}')}
    await settled(fresh)
    assert len(catcher.envelopes) == 1
    quiet = AccountMail(NoStore(), Mail(), public_url="http://x")
    quiet.ask("rep@example.com", "reset")  # with a store that answers nothing


async def test_a_token_is_good_once_and_takes_the_others_along(fresh: Running, catcher: Catcher) -> None:
    await reset(fresh)
    await mailed(catcher)
    await fresh.services.pool.execute("update auth.resets set made_at = made_at - interval '2 minutes'")
    await reset(fresh)
    first, second = await mailed(catcher, 2)
    assert (await confirm(fresh, second)).status_code == 204
    for token in (second, first):
        refused = await confirm(fresh, token)
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "reset-token-invalid")


async def test_of_parallel_uses_one_counts(fresh: Running) -> None:
    token = await resets.make(fresh.services.pool, fresh.user_ids["rep"], resets.RESET_LIFETIME)
    assert token is not None
    answers = await asyncio.gather(*(confirm(fresh, token, f"password number {n}") for n in range(10)))
    assert sorted(answer.status_code for answer in answers) == [204] + [422] * 9


async def test_a_token_is_over_after_half_an_hour(fresh: Running) -> None:
    token = await resets.make(fresh.services.pool, fresh.user_ids["rep"], resets.RESET_LIFETIME)
    assert token is not None
    left = await fresh.services.pool.fetchval("select extract(epoch from expires_at - now())::int from auth.resets")
    assert 1_790 <= left <= 1_800
    await fresh.services.pool.execute("update auth.resets set expires_at = now() - interval '1 second'")
    assert (await confirm(fresh, token)).status_code == 422
    assert (await log_in(fresh)).status_code == 200


async def test_the_token_stands_in_no_table(fresh: Running) -> None:
    token = await resets.make(fresh.services.pool, fresh.user_ids["rep"], resets.RESET_LIFETIME)
    assert token is not None
    rows = await fresh.services.pool.fetch("select resets::text as row from auth.resets")
    assert not any(token in row["row"] for row in rows)


async def test_nobody_is_flooded_with_links(fresh: Running, catcher: Catcher) -> None:
    for _ in range(5):
        await reset(fresh)
    await settled(fresh)
    assert len(catcher.envelopes) == 1
    for _ in range(8):
        await fresh.services.pool.execute("update auth.resets set made_at = made_at - interval '70 seconds'")
        await reset(fresh)
        await settled(fresh)
    assert len(catcher.envelopes) == resets.PER_HOUR_MAX


async def test_who_is_disabled_gets_no_link(fresh: Running, catcher: Catcher) -> None:
    await fresh.services.pool.execute("update auth.users set disabled = true where email = 'rep@example.com'")
    await reset(fresh)
    await settled(fresh)
    assert catcher.envelopes == []


async def test_a_new_password_has_to_be_one(fresh: Running) -> None:
    token = await resets.make(fresh.services.pool, fresh.user_ids["rep"], resets.RESET_LIFETIME)
    assert token is not None
    assert (await confirm(fresh, token, "short")).json()["errors"][0]["field"] == "password"
    assert (await confirm(fresh, token)).status_code == 204, "the token is not used up by a password that is none"


async def test_a_mail_that_was_not_taken_is_sent_again(fresh: Running, catcher: Catcher) -> None:
    mail = AccountMail(fresh.services.pool, fresh.services.settings.mail, public_url="http://x", pauses=(0.01, 0.01))
    catcher.answers["RCPT"] = ["451 later"]
    async with mail:
        mail.ask("rep@example.com", "reset")
        await mailed(catcher)
    assert len(catcher.envelopes) == 1


async def test_a_mail_that_can_not_be_sent_holds_up_no_other(fresh: Running, catcher: Catcher) -> None:
    mail = AccountMail(fresh.services.pool, fresh.services.settings.mail, public_url="http://x", pauses=())
    catcher.answers["RCPT"] = ["550 no such user"]
    async with mail:
        mail.ask("rep@example.com", "reset")
        mail.ask("admin@example.com", "reset")
        await mailed(catcher)
    assert len(catcher.envelopes) == 1


async def test_only_so_many_may_wait() -> None:
    mail = AccountMail(NoStore(), Mail(), public_url="http://x")
    for _ in range(WAITING_MAX):
        mail.ask("a@b.example", "reset")
    with pytest.raises(TooManyWaiting):
        mail.ask("a@b.example", "reset")


async def test_who_is_invited_chooses_a_password(fresh: Running, catcher: Catcher) -> None:
    new = {"email": "ivy@x.example", "name": "Ivy", "role": "analyst"}
    made = await fresh.client.post("/v1/users", json=new, headers=fresh.token("admin"))
    assert (made.status_code, made.json()["invited"]) == (201, True)
    (token,) = await mailed(catcher)
    assert "72 hours" in catcher.texts[0]
    for password in ("-", ""):
        assert (await log_in(fresh, "ivy@x.example", password)).status_code == 401
    assert (await confirm(fresh, token)).status_code == 204
    assert (await log_in(fresh, "ivy@x.example", NEXT)).status_code == 200
    listed = (await fresh.client.get("/v1/users", headers=fresh.token("admin"))).json()["items"]
    assert {one["email"]: one["invited"] for one in listed}["ivy@x.example"] is False


async def test_a_staging_system_writes_to_one_address(fresh: Running, catcher: Catcher) -> None:
    settings = fresh.services.settings.mail.model_copy(update={"redirect_to": "qa@x.example"})
    async with AccountMail(fresh.services.pool, settings, public_url="http://x") as mail:
        mail.ask("rep@example.com", "reset")
        await mailed(catcher)
    assert catcher.messages[0]["To"] == "qa@x.example"


async def test_the_old_password_lets_one_choose_a_new_one(fresh: Running) -> None:
    other, mine = await bearer(fresh), await bearer(fresh)
    asked = {"old": PASSWORD, "new": NEXT}
    assert (await fresh.client.post("/v1/auth/password", json={**asked, "old": "no"}, headers=mine)).status_code == 403
    assert (await fresh.client.post("/v1/auth/password", json={**asked, "new": "short"}, headers=mine)).status_code == 422
    assert (await fresh.client.post("/v1/auth/password", json=asked, headers=mine)).status_code == 204
    assert (await fresh.client.get("/v1/auth/me", headers=mine)).status_code == 200
    assert (await fresh.client.get("/v1/auth/me", headers=other)).status_code == 401
    assert (await log_in(fresh, password=NEXT)).status_code == 200


async def test_the_owners_link_opens_an_account_that_strangers_closed(fresh: Running) -> None:
    for n in range(25):
        await fresh.services.guesses.begin("rep@example.com", f"198.51.100.{n}")
    assert (await log_in(fresh)).status_code == 429
    token = await resets.make(fresh.services.pool, fresh.user_ids["rep"], resets.RESET_LIFETIME)
    assert token is not None
    await confirm(fresh, token)
    assert (await log_in(fresh, password=NEXT)).status_code == 200


async def test_links_end_with_a_change_of_the_password_and_with_a_disabling(here: Running) -> None:
    id_, pool = here.user_ids["rep"], here.services.pool
    mine = await bearer(here)
    link = await resets.make(pool, id_, resets.RESET_LIFETIME)
    changed = {"old": PASSWORD, "new": NEXT}
    assert (await here.client.post("/v1/auth/password", json=changed, headers=mine)).status_code == 204
    assert link is not None
    assert not await resets.is_good(pool, link)
    await pool.execute("update auth.resets set made_at = made_at - interval '2 minutes'")
    link = await resets.make(pool, id_, resets.RESET_LIFETIME)
    assert link is not None
    gone = await here.client.patch(f"/v1/users/{id_}", json={"disabled": True}, headers=await bearer(here, "admin@example.com"))
    assert gone.status_code == 200
    assert not await resets.is_good(pool, link)
