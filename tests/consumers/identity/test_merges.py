"""Merges and their undoing, as identity decides them."""

import uuid
from datetime import UTC, datetime

import pytest

from infra.kafka.ports import Outgoing
from schemas.commands import DeclineCommand, MergeLead, UnmergeLead
from schemas.envelope import Envelope
from schemas.message import LeadId
from schemas.submissions import MergeRequested, UnmergeRequested
from tests.consumers.identity.feeding import Identity, captured_lead

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


def request(kind: type[MergeRequested | UnmergeRequested], lead: str, loser: str) -> Outgoing:
    asked = kind(lead=LeadId(lead), loser=LeadId(loser), command_id=str(uuid.uuid4()), actor="ann")
    envelope = Envelope(asked.command_id, asked.TYPE, "gateway", datetime.now(UTC), subject=lead)
    return Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode())


async def two(identity: Identity) -> tuple[str, str]:
    return await captured_lead(identity, "ada@x.example"), await captured_lead(identity, "bob@x.example")


async def test_a_request_that_comes_twice_is_decided_once(identity: Identity) -> None:
    ada, bob = await two(identity)
    for kind, command in ((MergeRequested, MergeLead), (UnmergeRequested, UnmergeLead)):
        asked = request(kind, ada, bob)
        (decided,) = await identity.read(asked, asked)
        assert isinstance(decided, command)
        assert await identity.read(asked) == []


async def test_what_is_so_already_is_declined_to_whoever_asks_anew(identity: Identity) -> None:
    ada, bob = await two(identity)
    merged, declined = await identity.read(request(MergeRequested, ada, bob), request(MergeRequested, ada, bob))
    assert (type(merged), type(declined)) == (MergeLead, DeclineCommand)
    parted, declined = await identity.read(request(UnmergeRequested, ada, bob), request(UnmergeRequested, ada, bob))
    assert (type(parted), type(declined)) == (UnmergeLead, DeclineCommand)
