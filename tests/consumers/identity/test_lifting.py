"""Who was forgotten and blocked, and has changed their mind, is let in again: as another lead."""

import importlib
import uuid
from typing import Any

import orjson
import pytest

from consumers.identity import rules
from consumers.identity.blocks import BESIDE_AN_ADDRESS, NOT_BLOCKED
from schemas.commands import CaptureLead, DeclineCommand, LiftBlock
from schemas.person import Blocked
from tests.consumers.identity.feeding import Identity, captured_lead, edited, erasure, lifting
from tests.submitting import submission

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
ADDRESS, NUMBER = "ada@x.example", "+3225550000"


async def blocked_lead(here: Identity, email: str | None = ADDRESS, phone: str | None = NUMBER) -> str:
    lead = await captured_lead(here, email, phone)
    await here.read(erasure(lead, block=True))
    return lead


async def answer(here: Identity, command_id: str) -> tuple[Any, ...] | None:
    row = await here.pool.fetchrow(
        "select status, lead, reason, source_id from identity.submissions where submission_id = $1", command_id
    )
    return None if row is None else tuple(row)


async def blocks(here: Identity) -> int:
    count: int = await here.pool.fetchval("select count(*) from identity.claims where blocked_alone is not null")
    return count


async def test_by_the_address_all_is_lifted_that_was_blocked_with_it(identity: Identity) -> None:
    gone = await blocked_lead(identity)
    (lifted,) = await identity.read(lifting(identity.keyring, "email", " Ada@X.example"))
    assert isinstance(lifted, LiftBlock)
    assert (lifted.lead, lifted.actor) == (gone, "admin")
    assert lifted.lifted == (
        Blocked(kind="email", hash=identity.keyring.hash("email", ADDRESS), alone=True),
        Blocked(kind="phone", hash=identity.keyring.hash("phone", NUMBER), alone=False),
    )
    _, record = await submission(identity.keyring, ADDRESS, phone=NUMBER)
    (command,) = await identity.read(record)
    assert isinstance(command, CaptureLead)
    assert (command.created, command.claimed) == (True, ("email", "phone"))
    assert command.lead != gone


async def test_in_one_batch_what_came_before_is_rejected_and_what_came_after_is_not(identity: Identity) -> None:
    await blocked_lead(identity)
    early, before = await submission(identity.keyring, ADDRESS)
    late, after = await submission(identity.keyring, ADDRESS)
    lifted, captured = await identity.read(before, lifting(identity.keyring, "email", ADDRESS), after)
    assert isinstance(lifted, LiftBlock)
    assert captured.submission_id == late.submission_id
    assert (await identity.filed(early))[0] == "rejected"


async def test_of_what_is_turned_away_nothing_is_kept(identity: Identity) -> None:
    await blocked_lead(identity)
    refused, record = await submission(identity.keyring, ADDRESS, phone="+3225550199")
    assert await identity.read(record) == []
    assert (await identity.filed(refused))[0] == "rejected"
    assert await identity.pool.fetchval("select count(*) from identity.claims") == 2, "the two that are blocked"


async def test_where_nobody_is_blocked_the_answer_is_filed_and_nobody_told(identity: Identity) -> None:
    await captured_lead(identity, "bob@x.example")
    for known_by in ("bob@x.example", "stranger@x.example"):
        id_ = str(uuid.uuid4())
        assert await identity.read(lifting(identity.keyring, "email", known_by, id_)) == []
        assert await answer(identity, id_) == ("missing", None, NOT_BLOCKED, "gateway")
    assert await identity.pool.fetchval("select count(*) from identity.claims") == 1, "asking leaves nothing of a stranger"


async def test_what_was_lifted_is_not_lifted_again_but_a_repeat_is_no_second_wish(identity: Identity) -> None:
    await blocked_lead(identity)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    asked = [lifting(identity.keyring, "email", ADDRESS, id_) for id_ in (first, first, second)]
    (lifted,) = await identity.read(*asked)
    assert lifted.command_id == first
    assert await identity.read(lifting(identity.keyring, "email", ADDRESS, first)) == []
    assert await answer(identity, first) is None, "`leads` has answered that"
    assert (await answer(identity, second) or ())[0] == "missing"


async def test_what_was_answered_is_not_done_later(identity: Identity) -> None:
    asked = lifting(identity.keyring, "email", ADDRESS)
    assert await identity.read(asked) == []
    await blocked_lead(identity)
    assert await identity.read(asked) == []
    assert await blocks(identity) == 2


async def test_a_number_that_others_may_share_lifts_nobodys_block(identity: Identity) -> None:
    gone = await blocked_lead(identity)
    (declined,) = await identity.read(lifting(identity.keyring, "phone", NUMBER))
    assert isinstance(declined, DeclineCommand)
    assert (declined.lead, declined.detail) == (gone, BESIDE_AN_ADDRESS)
    assert await blocks(identity) == 2


async def test_who_was_known_by_a_number_alone_is_let_in_by_it(identity: Identity) -> None:
    await blocked_lead(identity, None)
    (lifted,) = await identity.read(lifting(identity.keyring, "phone", NUMBER))
    assert isinstance(lifted, LiftBlock)
    await captured_lead(identity, None, NUMBER)


async def test_who_changes_their_mind_again_is_blocked_again_and_can_be_let_in_again(identity: Identity) -> None:
    gone = []
    for _ in range(2):
        gone.append(await blocked_lead(identity))
        _, record = await submission(identity.keyring, ADDRESS)
        assert await identity.read(record) == []
        (lifted,) = await identity.read(lifting(identity.keyring, "email", ADDRESS))
        assert lifted.lead == gone[-1]
    assert len(set(gone)) == 2
    await captured_lead(identity, ADDRESS)


async def test_an_edit_that_is_refused_leaves_no_trace_of_the_address(identity: Identity) -> None:
    await blocked_lead(identity, phone=None)
    other = await captured_lead(identity, "bob@x.example")
    assert (await edited(identity, other, email=ADDRESS)).refused == rules.BLOCKED
    await identity.read(lifting(identity.keyring, "email", ADDRESS))
    rows = await identity.pool.fetch("select lead from identity.claims")
    assert [row["lead"] for row in rows] == [other]
    assert (await edited(identity, other, email=ADDRESS)).claimed == ("email",)


async def test_whose_a_block_is_that_was_there_before_blocks_could_be_lifted_stands_in_history(identity: Identity) -> None:
    gone = await blocked_lead(identity)
    await identity.pool.execute("update identity.claims set blocked_by = null")
    hashes = [(kind, identity.keyring.hash(kind, text)) for kind, text in (("email", ADDRESS), ("phone", NUMBER))]
    facts = [[{"kind": kind, "hash": hash_, "alone": True} for kind, hash_ in hashes], []]
    for nth, blocked in enumerate(facts):
        await identity.pool.execute(
            """insert into history.records
                   (lead, partition, "offset", event_id, event_type, source, occurred_at, recorded_at, headers, value)
               values ($1, 0, $2, 'e', 'lead.erased.v1', 'leads', now(), now(), '[]', $3)""",
            (gone, "another")[nth],
            nth,
            orjson.dumps({"blocked": blocked}),
        )
    await identity.pool.execute(importlib.import_module("consumers.identity.migrations.0006_lifted").WHOSE)
    (lifted,) = await identity.read(lifting(identity.keyring, "email", ADDRESS))
    assert (lifted.lead, len(lifted.lifted)) == (gone, 2)
