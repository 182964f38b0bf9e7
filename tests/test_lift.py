"""Erased and blocked, turned away, let in again: over real servers, and once more over an empty database."""

import asyncio
from typing import Any

import pytest

from consumers.identity import rules
from infra.local.addresses import Addresses
from infra.settings import Settings
from tests.conftest import settings_for
from tests.infra.cli.invoking import done, leadflow
from tests.system import System, running
from tests.test_repeatable import another_database, copy_schema
from tests.whole import Whole, whole

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
EMAIL, PHONE = "ada@changed-her-mind.example", "+3225550188"


async def blocked(here: Whole, email: str, **more: Any) -> str:
    """The lead that somebody was."""
    lead = await here.system.lead_of(await here.system.submit(email, **more))
    answer = await here.call("POST", f"/leads/{lead}/erase", {"reason": "asked", "block": True})
    assert answer.status_code in (200, 202), answer.text
    await here.system.until_value(True, "select exists(select from crypto.erasures where lead = $1)", lead)
    return lead


async def filed(system: System) -> dict[str, tuple[Any, ...]]:
    rows = await system.has.pool.fetch("select submission_id, status, lead, reason from identity.submissions")
    return {row["submission_id"]: (row["status"], row["lead"], row["reason"]) for row in rows}


async def claims(system: System) -> set[tuple[Any, ...]]:
    rows = await system.has.pool.fetch("select kind, hash, lead, blocked_alone, blocked_by from identity.claims")
    return {tuple(row) for row in rows}


async def test_who_is_let_in_again_is_a_new_lead_and_a_rebuild_says_the_same(
    servers: Addresses, database: str, settings: Settings
) -> None:
    async with whole(settings) as here:
        gone = await blocked(here, EMAIL, phone=PHONE)
        bob = await blocked(here, "bob@stays-away.example")
        in_vain = await here.system.submit(EMAIL)
        assert await here.system.lead_of(in_vain) is None
        await here.system.settled()
        answers = await asyncio.gather(*(here.call("POST", "/blocks/lift", {"email": EMAIL}) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 404], "one lifts it, and the other finds nothing"
        assert {answer.json().get("id") for answer in answers} == {gone, None}
        assert (await here.call("POST", "/blocks/lift", {"email": EMAIL})).status_code == 404
        next_ = await here.system.lead_of(await here.system.submit(EMAIL, phone=PHONE))
        assert next_ not in (None, gone)
        await here.system.until_value(True, "select exists(select from lead_list.leads where id = $1)", next_)
        await here.system.settled()
        certificate = (await here.call("GET", f"/leads/{gone}/erasure")).json()
        assert (certificate["blocked"], certificate["block_lifted_at"] is None) == (False, False)
        certificate = (await here.call("GET", f"/leads/{bob}/erasure")).json()
        assert (certificate["blocked"], certificate["block_lifted_at"]) == (True, None)
        assert not await here.system.has.pool.fetchval("select exists(select from lead_list.leads where id = $1)", gone)
        before, whose = await filed(here.system), await claims(here.system)
    assert before[in_vain] == ("rejected", None, rules.BLOCKED)
    assert {lead for _, _, lead, *_ in whose} == {next_, None}
    assert {by for *_, by in whose} == {bob, None}

    async with another_database(servers, database) as fresh:
        await copy_schema(database, fresh, "crypto")
        async with running(settings_for(servers, fresh, settings.kafka.prefix), team=False) as system:
            await system.settled()
            assert await filed(system) == before
            assert await claims(system) == whose
            assert await system.has.pool.fetchval("select count(*) from lead_list.leads where id = $1", next_) == 1


async def test_an_operator_lets_somebody_in_by_command_line(settings: Settings) -> None:
    email = "eve@command-line.example"
    async with running(settings, team=False) as system:
        lead = await system.lead_of(await system.submit(email))
        done(await leadflow(settings, "lead", "erase", lead, "--block"))
        assert await system.lead_of(await system.submit(email)) is None
        await leadflow(settings, "lead", "unblock", email, "--actor", "dpo")
        assert await system.lead_of(await system.submit(email)) not in (None, lead)
        again = await leadflow(settings, "lead", "unblock", email)
        assert again.exit_code == 1
        assert "missing: nobody is blocked by this" in again.output
        wrong = await leadflow(settings, "lead", "unblock", "555 01 88")
        assert "neither an address nor a number" in wrong.output
