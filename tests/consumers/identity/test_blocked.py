"""Who was forgotten and wished to be blocked is not captured again."""

from typing import Any

import pytest

from consumers.identity import rules
from schemas.commands import CaptureLead, EraseLead
from schemas.person import Blocked
from tests.consumers.identity.feeding import Identity, captured_lead, edited, erasure
from tests.submitting import submission

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def block(here: Identity, lead: str) -> Any:
    (command,) = await here.read(erasure(lead, block=True))
    assert isinstance(command, EraseLead)
    return command


async def why(here: Identity, submission_id: str) -> tuple[str, str | None, str | None]:
    row = await here.pool.fetchrow(
        "select status, lead, reason from identity.submissions where submission_id = $1", submission_id
    )
    return (row["status"], row["lead"], row["reason"])


async def test_what_a_blocked_person_sends_is_rejected_and_kept_nowhere(identity: Identity) -> None:
    lead = await captured_lead(identity, "ada@x.example", "+3225550000")
    command = await block(identity, lead)
    hashes = {kind: identity.keyring.hash(kind, text) for kind, text in (("email", "ada@x.example"), ("phone", "+3225550000"))}
    assert command.blocked == (
        Blocked(kind="email", hash=hashes["email"], alone=True),
        Blocked(kind="phone", hash=hashes["phone"], alone=False),
    )
    body, record = await submission(identity.keyring, "Ada@X.example", phone="+3225559999")
    again, repeated = await submission(identity.keyring, None, phone="+3225550000")
    assert await identity.read(record, repeated) == []
    for sent in (body, again):
        assert await why(identity, sent.submission_id) == ("rejected", None, rules.BLOCKED)
    assert await identity.pool.fetchval("select count(*) from dead_letters.letters") == 0
    assert await identity.pool.fetchval("select count(*) from crypto.lead_keys") == 0


async def test_a_colleague_at_the_same_switchboard_is_captured_and_does_not_get_the_number(identity: Identity) -> None:
    await block(identity, await captured_lead(identity, "ada@x.example", "+3225550000"))
    _, record = await submission(identity.keyring, "bob@x.example", phone="+3225550000")
    (command,) = await identity.read(record)
    assert isinstance(command, CaptureLead)
    assert command.claimed == ("email",)


async def test_nobody_gives_a_blocked_address_to_another_lead(identity: Identity) -> None:
    await block(identity, await captured_lead(identity, "ada@x.example"))
    other = await captured_lead(identity, "bob@x.example")
    command = await edited(identity, other, email="ada@x.example")
    assert (command.refused, command.claimed) == (rules.BLOCKED, ())


async def test_without_the_wish_the_address_is_a_new_lead(identity: Identity) -> None:
    lead = await captured_lead(identity, "ada@x.example")
    (command,) = await identity.read(erasure(lead))
    assert command.blocked == ()
    assert await captured_lead(identity, "ada@x.example") != lead


async def test_the_ledger_counts_what_was_destroyed(identity: Identity) -> None:
    lead = await captured_lead(identity, "ada@x.example", "+3225550000")
    await identity.pool.execute(
        """insert into effects.effects (id, kind, lead, recipient, reason, cause, payload, due_at, state, detail) values
           (gen_random_uuid(), 'mail', $1, 'r', 'a', 'c', '{}', now(), 'planned', ''),
           (gen_random_uuid(), 'mail', $1, 'r', 'b', 'c', '{}', now(), 'failed', '550 ada@x.example')""",
        lead,
    )
    await block(identity, lead)
    async with identity.pool.acquire() as connection:
        found = await identity.keyring.erasure(connection, lead)
    assert found is not None
    assert found.destroyed == {"identifiers": 2, "blocked": 2, "dead_letters": 0, "activities": 0, "effects": 1}
    states = await identity.pool.fetch("select state, detail from effects.effects where lead = $1 order by reason", lead)
    assert [tuple(row) for row in states] == [("suppressed", "the lead was erased"), ("failed", "")]
    await identity.pool.execute("delete from effects.effects where lead = $1", lead)
