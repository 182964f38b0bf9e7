"""Blocks, and blocks that were lifted, over a database that forgot."""

from typing import Any

import pytest

from schemas import commands, events
from schemas.message import Message
from schemas.topics import COMMANDS, EVENTS, SUBMISSIONS
from tests.consumers.identity.feeding import erasure, lifting
from tests.consumers.identity.telling import FORGOTTEN, Told, message_in, sent, write
from tests.submitting import submission

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def blocked(told: Told) -> list[tuple[str, bool]]:
    sql = "select kind, blocked_alone from identity.claims where blocked_alone is not null and lead is null order by kind"
    return [tuple(row) for row in await told.pool.fetch(sql)]


async def test_who_is_blocked_stays_so_over_an_empty_database(told: Told) -> None:
    told.came(0, await sent(told, "ada@x.example", "+321"))
    (gone,) = await told.read(0)
    told.came(2, erasure(gone.lead, block=True))
    await told.read(2)

    assert await blocked(told) == [("email", True), ("phone", False)]
    for lost in (FORGOTTEN, f"{FORGOTTEN}, crypto.erasures"):
        await told.forget(lost)
        assert await blocked(told) == [("email", True), ("phone", False)]
        assert await told.claims() == set()
        told.came(0, await sent(told, "ada@x.example"))
        assert await told.read(0) == []


async def lifted(told: Told) -> tuple[Any, Any]:
    """Ada is erased and blocked, tries in vain, and is let in again: the lead that she was, and what she tried."""
    told.came(0, await sent(told, "ada@x.example", "+321"))
    (gone,) = await told.read(0)
    told.came(2, erasure(gone.lead, block=True))
    await told.read(2)
    in_vain, record = await submission(told.keyring, "ada@x.example")
    told.came(0, record)
    assert await told.read(0) == []
    told.came(1, lifting(told.keyring, "email", "ada@x.example"))
    (lift,) = await told.read(1)
    assert (lift.lead, len(lift.lifted)) == (gone.lead, 2)
    return gone, in_vain


async def test_who_was_let_in_again_is_so_over_an_empty_database_whatever_is_read_first(told: Told) -> None:
    gone, in_vain = await lifted(told)
    told.came(2, await sent(told, "ada@x.example"))
    (next_,) = await told.read(2)
    assert next_.lead != gone.lead
    before = await told.claims()
    commands_ = told.log.kept[COMMANDS.name]
    for order in (list(commands_), list(reversed(commands_))):
        told.log.kept[COMMANDS.name] = [record._replace(partition=0, offset=nth) for nth, record in enumerate(order)]
        for lost in (FORGOTTEN, f"{FORGOTTEN}, crypto.erasures"):
            await told.forget(lost)
            assert (await told.claims(), await blocked(told)) == (before, [])
            assert [type(one) for one in await told.read(0, 1, 2)].count(commands.CaptureLead) == 0
            status = "select status from identity.submissions where submission_id = $1"
            assert await told.pool.fetchval(status, in_vain.submission_id) == "rejected", "as when it came"
            assert (await told.claims(), await blocked(told)) == (before, [])


async def test_what_is_sent_after_the_lift_and_was_not_read_yet_is_let_in(told: Told) -> None:
    await lifted(told)
    told.came(0, await sent(told, "ada@x.example"))
    kept = told.log.kept[SUBMISSIONS.name]
    kept[-1] = kept[-1]._replace(recorded_ms=told.log.kept[COMMANDS.name][-1].recorded_ms + 1)
    await told.forget()
    (captured,) = [one for one in await told.read(0, 1, 2) if isinstance(one, commands.CaptureLead)]
    assert captured.created


async def test_who_was_blocked_again_after_they_were_let_in_stays_blocked(told: Told) -> None:
    await lifted(told)
    told.came(2, await sent(told, "ada@x.example"))
    (next_,) = await told.read(2)
    told.came(2, erasure(next_.lead, block=True))
    await told.read(2)
    told.log.kept[COMMANDS.name].reverse()
    told.log.kept[COMMANDS.name] = [
        record._replace(partition=0, offset=nth) for nth, record in enumerate(told.log.kept[COMMANDS.name])
    ]
    for lost in (FORGOTTEN, f"{FORGOTTEN}, crypto.erasures"):
        await told.forget(lost)
        assert await blocked(told) == [("email", True)]
        await told.read(0, 1, 2)
        assert await blocked(told) == [("email", True)]


async def test_a_wish_that_came_before_the_block_does_not_lift_it_when_it_is_read_again(told: Told) -> None:
    told.came(1, lifting(told.keyring, "email", "ada@x.example"))
    assert await told.read(1) == []
    told.came(0, await sent(told, "ada@x.example"))
    (gone,) = await told.read(0)
    told.came(2, erasure(gone.lead, block=True))
    await told.read(2)
    await told.forget()
    assert [one for one in await told.read(0, 1, 2) if isinstance(one, commands.LiftBlock)] == []
    assert await blocked(told) == [("email", True)]


async def test_a_lift_that_facts_and_commands_both_tell_of_is_answered_once(told: Told) -> None:
    gone, _ = await lifted(told)
    (lift,) = (one for one in map(message_in, told.log.kept[COMMANDS.name]) if isinstance(one, commands.LiftBlock))
    fact = events.BlockLifted(lead=gone.lead, version=2, actor="admin", lifted=lift.lifted)
    write(told, EVENTS.name, fact, "leads", "leads.1@topic/0", "0.0")
    kept = told.log.kept[SUBMISSIONS.name]
    told.log.kept[SUBMISSIONS.name] = [record for record in kept if (record.partition, record.offset) != (0, 0)]
    await told.forget()
    await told.read(0, 1, 2)
    asked = "select status from identity.submissions where submission_id = $1"
    assert await told.pool.fetchval(asked, lift.command_id) is None, "`leads` has answered that"


async def test_where_submissions_are_gone_the_log_of_facts_tells_of_a_block_and_its_lifting(told: Told) -> None:
    gone, _ = await lifted(told)
    erase, lift = (one for one in map(message_in, told.log.kept[COMMANDS.name]) if not isinstance(one, commands.CaptureLead))
    facts: list[Message] = [
        events.BlockLifted(lead=gone.lead, version=2, actor="admin", lifted=lift.lifted),
        events.LeadErased(lead=gone.lead, version=1, actor="admin", blocked=erase.blocked),
    ]
    told.log.kept[COMMANDS.name] = []
    told.log.kept[SUBMISSIONS.name] = [told.log.kept[SUBMISSIONS.name][0]._replace(offset=9)]
    for written, left in ((facts, []), (facts[1:], [("email", True), ("phone", False)])):
        told.log.kept[EVENTS.name] = []
        for nth, fact in enumerate(written):
            write(told, EVENTS.name, fact, "leads", "leads.1@topic/0", f"{nth}.0")
        await told.forget()
        assert await blocked(told) == left
