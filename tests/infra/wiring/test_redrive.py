"""Dead letters driven again: what died in scoring appears, what could not be read is published repaired, nothing else changes."""

import uuid
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from infra.dead_letters import store as letters
from infra.kafka import admin
from infra.kafka.ports import DeadLetter, Outgoing, Record
from infra.kafka.reading import reader
from infra.settings import Settings
from infra.wiring import discovery
from infra.wiring.redrive import Change, NotRedrivable, redrive
from replay.rebuild import checksum
from schemas import topics
from schemas.commands import ChangeStatus
from schemas.envelope import Envelope
from tests.needing import needs
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@needs("scoring", "routing", "communication")
async def test_a_score_that_died_appears_and_nothing_else_changes(settings: Settings) -> None:
    others = [name for name in discovery.consumer_names() if name != "scoring"]
    async with running(settings, others) as system:
        lead = await system.lead_of(await system.submit("unscored@engines.example", phone="+3225551234"))
        await system.until_value(True, "select owner is not null from lead_list.leads where id = $1", lead)
        # What stands in an outbox is sent again by the next owner, behind the place that scoring is moved to.
        await system.until_value(False, "select exists(select 1 from leads.outbox)")
        await _move_scoring_past_everything(system)
    async with running(settings, team=False) as system:
        other = await system.lead_of(await system.submit("scored@engines.example", phone="+3225551299"))
        await system.settled()
        pool = system.has.pool
        score = "select score from lead_list.leads where id = $1"
        assert await pool.fetchval(score, lead) is None
        expected = await pool.fetchval(score, other)
        assert expected is not None
        letter = await _bury(system, "scoring", lead)
        before = await _state_of_the_world(system)

        said = await redrive(system.has, letter)
        assert said.startswith(f"scoring folds {lead} anew")
        await system.until_value(expected, score, lead)
        await system.settled()
        assert await _state_of_the_world(system) == before
        scored = "select count(*) from history.records where event_type = 'lead.scored.v1' and lead = $1"
        assert await pool.fetchval(scored, lead) == 1
        resolution = await pool.fetchrow("select resolved_at is not null, resolution from dead_letters.letters")
        assert tuple(resolution) == (True, said)
        states = {row["key"]: orjson.loads(row["body"]) for row in await pool.fetch("select key, body from scoring.states")}
        assert states[lead] == states[other], "as if it had never died"

        # Where nothing died, a lead that is folded anew changes nothing but a repeat of what the record caused.
        await redrive(system.has, await _bury(system, "communication", other))
        await system.settled()
        assert await _effects(system) == before[1]


async def _move_scoring_past_everything(system: System) -> None:
    """As if each record so far had died there."""
    kafka = system.has.settings.kafka
    name = kafka.prefix + topics.EVENTS.name
    topic_id = (await admin.topic_ids(kafka, [name]))[name]
    async with reader(kafka, topics.EVENTS) as log:
        ends = await log.ends()
    await system.has.pool.executemany(
        """insert into scoring.watermarks (partition, topic_id, epoch, position, clock_ms) values ($1, $2, 0, $3, 1)""",
        [(number, topic_id, end) for number, end in ends.items()],
    )


async def _bury(system: System, consumer: str, lead: str) -> UUID:
    """A letter for the capture of a lead, as the consumer would have written it."""
    row = await system.has.pool.fetchrow(
        """select partition, "offset", headers, value from history.records
           where lead = $1 and event_type = 'lead.captured.v1' order by "offset" limit 1""",
        lead,
    )
    headers = [(name, text.encode()) for name, text in orjson.loads(row["headers"])]
    record = Record(row["partition"], row["offset"], 0, lead.encode(), headers, row["value"])
    return await _add(system, consumer, topics.EVENTS.name, record)


async def _add(system: System, consumer: str, topic: str, record: Record) -> UUID:
    async with system.has.pool.acquire() as connection:
        letter = DeadLetter(record, "TypeError at rules.py:1", "bug", 3)
        await letters.add(connection, [letter], consumer=consumer, topic=topic, keyring=system.has.keyring)
    return letters.letter_id(consumer, topic, record.partition, record.offset)


async def _effects(system: System) -> set[tuple[Any, ...]]:
    rows = await system.has.pool.fetch("select recipient, reason, cause, state from effects.effects")
    return {tuple(row) for row in rows}


async def _state_of_the_world(system: System) -> tuple[Any, ...]:
    pool = system.has.pool
    leads = await pool.fetch("select id, version, status, owner, company, email, phone, quiet from lead_list.leads order by id")
    async with pool.acquire() as connection:
        sums = [await checksum(connection, "lead_list", name) for name in ("assignments", "messages", "answers", "identifiers")]
    facts = await pool.fetch(
        "select event_id from history.records where event_type not in ('lead.scored.v1', 'refold.requested.v1') order by event_id"
    )
    return ([tuple(row) for row in leads], await _effects(system), sums, [row["event_id"] for row in facts])


async def test_a_command_that_could_not_be_read_is_done_once_it_is_repaired(settings: Settings) -> None:
    async with running(settings, team=False) as system:
        lead: Any = await system.lead_of(await system.submit("command@engines.example"))
        asked = ChangeStatus(lead=lead, command_id=str(uuid.uuid4()), actor="ann", status="won")
        envelope = Envelope(asked.command_id, asked.TYPE, "gateway", datetime.now(UTC), subject=lead)
        broken = orjson.dumps({**asked.model_dump(mode="json"), "status": "wonn"})
        number = topics.partition(lead, system.has.settings.kafka.partitions)
        await system.has.producer.publish(topics.COMMANDS, number, Outgoing(lead.encode(), envelope.headers(), broken))
        find = "select id from dead_letters.letters where consumer = 'leads' and resolved_at is null"
        await system.until_value(True, f"select exists({find})")
        letter = await system.has.pool.fetchval(find)

        with pytest.raises(NotRedrivable, match="status: .*--value"):
            await redrive(system.has, letter)
        assert await system.has.pool.fetchval(f"select exists({find})"), "still open"
        said = await redrive(system.has, letter, Change(asked.model_dump_json().encode()))
        assert said.startswith(f"published again to leads.commands at {number}-")
        await system.until_value("won", "select status from lead_list.leads where id = $1", lead)
        await system.until_value("done", "select status from leads.outcomes where command_id = $1", asked.command_id)


async def test_what_cannot_be_driven_again_says_why(settings: Settings) -> None:
    async with running(settings, team=False) as system:
        with pytest.raises(NotRedrivable, match="there is no dead letter"):
            await redrive(system.has, uuid.uuid4())
        nameless = Record(0, 900_001, 0, None, [("ce_type", b"document.published.v1")], b"{}")
        with pytest.raises(NotRedrivable, match="about no lead"):
            await redrive(system.has, await _add(system, "scoring", topics.EVENTS.name, nameless))
        headless = Record(0, 900_002, 0, b"key", [("ce_type", b"submission.received.v1")], b"{}")
        with pytest.raises(NotRedrivable, match="headers can't be read: header ce_"):
            await redrive(system.has, await _add(system, "identity", topics.SUBMISSIONS.name, headless))
