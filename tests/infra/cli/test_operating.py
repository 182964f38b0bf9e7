"""Operators' and analysts' tools beside a running system."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from infra.dead_letters import store as letters
from infra.kafka.ports import DeadLetter, Outgoing, Record
from infra.settings import Settings
from schemas import topics
from tests.infra.cli.invoking import done, failed, leadflow
from tests.needing import needs
from tests.submitting import publish, submission
from tests.system import System, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(settings: Settings) -> AsyncIterator[System]:
    async with running(settings) as started:
        await started.submit("ada@engines.example", name="Ada Quux", phone="+3225551234")
        await started.submit("bob@engines.example", name="Bob Quux")
        await started.settled()
        yield started


async def replayed(system: System, *options: str) -> list[dict[str, Any]]:
    """The lines of `leadflow replay`, each a JSON object."""
    printed = done(await leadflow(system.has.settings, "replay", *options))
    return [orjson.loads(line) for line in printed.splitlines()]


async def poisoned(system: System, email: str) -> tuple[Any, Outgoing, str]:
    """A submission whose record died: (body, good record, id of its letter)."""
    body, record = await submission(system.has.keyring, email)
    broken = orjson.dumps({**body.model_dump(mode="json"), "kind": "[/b] [red]nonsense"})
    await publish(system.has.producer, system.has.settings.kafka.partitions, (body, Outgoing(record.key, record.headers, broken)))
    find = "select id::text from dead_letters.letters where identity_hash = $1"
    await system.until_value(True, f"select exists({find})", body.identity)
    return body, record, await system.has.pool.fetchval(find, body.identity)


@needs("scoring", "routing", "communication")
async def test_partitions_are_shown_with_every_consumers_position(system: System) -> None:
    table = done(await leadflow(system.has.settings, "partitions", "show")).splitlines()
    rows = [line.split() for line in table[1:]]
    assert {row[0] for row in rows} >= {"identity", "leads", "scoring", "routing", "routing.pools", "communication", "lead_list"}
    positions = {int(row[1]): int(row[2]) for row in rows if row[0] == "leads"}
    assert positions == dict(
        await system.has.pool.fetch("select partition, position from leads.watermarks"),
    )
    assert {row[1] for row in rows if row[0] == "routing.pools"} == {"0"}


@needs("routing")
async def test_what_consumers_keep_waiting_is_counted(system: System) -> None:
    table = done(await leadflow(system.has.settings, "partitions", "waiting")).splitlines()
    assert ["routing", "sales", "0"] in [line.split() for line in table[1:]]


@needs("scoring")
async def test_a_partition_that_waits_shows_the_record_and_why(system: System) -> None:
    await system.has.pool.execute(
        """insert into scoring.watermarks (partition, topic_id, epoch, position, clock_ms, waiting_offset, waiting_reason)
           values (99, 'a partition of no topic, which nobody works on', 1, 17, 0, 17, $1)""",
        "document [rules] can't be read",
    )
    try:
        table = done(await leadflow(system.has.settings, "partitions", "show"))
    finally:
        await system.has.pool.execute("delete from scoring.watermarks where partition = 99")
    (line,) = [line for line in table.splitlines() if line.split()[:2] == ["scoring", "99"]]
    assert line.split()[:5] == ["scoring", "99", "17", "-", "17"]
    assert line.rstrip().endswith("document [rules] can't be read")


@needs("scoring", "communication")
async def test_a_partition_is_paused_resumed_and_skipped_by_order(system: System) -> None:
    order = "select paused, skip_offset from communication.watermarks where partition = 4"
    said = "obeys within two seconds"
    assert said in done(await leadflow(system.has.settings, "partitions", "pause", "communication", "4"))
    assert tuple(await system.has.pool.fetchrow(order))[0] is True
    assert not await system.has.pool.fetchval("select bool_or(paused) from communication.watermarks where partition <> 4")
    assert said in done(await leadflow(system.has.settings, "partitions", "resume", "communication"))
    assert not await system.has.pool.fetchval("select bool_or(paused) from communication.watermarks")
    assert said in done(await leadflow(system.has.settings, "partitions", "skip", "communication", "4", "7000000"))
    assert tuple(await system.has.pool.fetchrow(order)) == (False, 7_000_000)
    assert "never taken partition 77" in failed(await leadflow(system.has.settings, "partitions", "pause", "scoring", "77"), 2)
    assert "no consumer or read model 'x'" in failed(await leadflow(system.has.settings, "partitions", "pause", "x"), 2)


async def test_a_dead_letter_is_listed_shown_and_redriven_with_a_repaired_file(system: System, tmp_path: Path) -> None:
    body, record, letter = await poisoned(system, "poison@engines.example")
    narrow = {"COLUMNS": "80"}
    listed = done(await leadflow({**_variables(system), **narrow}, "dlq", "list", "--consumer", "identity"))
    assert letter in listed, "an id can be copied from the narrowest terminal"
    assert "poison@" not in listed
    assert letter not in done(await leadflow(system.has.settings, "dlq", "list", "--consumer", "scoring"))

    shown = done(await leadflow({**_variables(system), **narrow}, "dlq", "show", letter))
    assert orjson.loads(shown.splitlines()[-1])["kind"] == "[/b] [red]nonsense", "as it came, to be repaired"
    assert "ce_type: submission.received.v1" in shown

    sentence = failed(await leadflow(system.has.settings, "dlq", "redrive", letter), 2)
    assert "kind: " in sentence
    assert "--value" in sentence

    (tmp_path / "repaired.json").write_bytes(record.value)
    said = done(await leadflow(system.has.settings, "dlq", "redrive", letter, "--value", str(tmp_path / "repaired.json")))
    assert said.startswith("published again to leads.submissions at ")
    assert await system.lead_of(body.submission_id)
    assert letter not in done(await leadflow(system.has.settings, "dlq", "list"))
    assert letter in done(await leadflow(system.has.settings, "dlq", "list", "--all"))


async def test_a_group_is_tried_and_driven_again_by_a_mapping(system: System) -> None:
    letters = [(await poisoned(system, f"group{number}@engines.example")) for number in range(2)]
    (first, _, letter), (second, _, _) = letters
    groups = done(await leadflow({**_variables(system), "COLUMNS": "200"}, "dlq", "groups"))
    assert any(one in groups for _, _, one in letters), "an id of each group, to go on with"
    said = done(await leadflow(system.has.settings, "dlq", "redrive", letter, "--group", "--map", "name=a", "--preview"))
    assert said.count('"name": "1"') == 2
    assert letter in done(await leadflow(system.has.settings, "dlq", "list"))
    assert "TARGET=PATH" in failed(await leadflow(system.has.settings, "dlq", "redrive", letter, "--map", "name"), 2)
    said = done(await leadflow(system.has.settings, "dlq", "redrive", letter, "--group", "--map", "name=a"))
    assert said.splitlines()[-1] == "2 published again, 0 can't be repaired like this"
    assert await system.lead_of(first.submission_id) != await system.lead_of(second.submission_id)
    assert letter not in done(await leadflow(system.has.settings, "dlq", "list"))


async def test_a_letter_that_is_not_there_is_told(system: System) -> None:
    nobody = str(uuid.uuid4())
    for command in ("show", "redrive"):
        assert failed(await leadflow(system.has.settings, "dlq", command, nobody), 2) == f"there is no dead letter {nobody}"


async def test_brackets_in_a_reason_are_printed_as_they_are(system: System) -> None:
    record = Record(0, 10_000, 0, None, [("ce_type", b"[/x]")], b"{}")
    async with system.has.pool.acquire() as connection:
        await letters.add(
            connection,
            [DeadLetter(record, "[/red] not markup", "bug", 1)],
            consumer="scoring",
            topic="leads.events",
            keyring=system.has.keyring,
        )
    listed = done(await leadflow(system.has.settings, "dlq", "list", "--consumer", "scoring"))
    assert "[/red] not markup" in listed
    assert "[/x]" in listed


async def test_a_lead_is_erased_and_the_ledger_says_why(system: System) -> None:
    lead = await system.lead_of(await system.submit("gone@engines.example"))
    await system.until_value(True, "select exists(select 1 from lead_list.leads where id = $1)", lead)
    said = done(await leadflow(system.has.settings, "lead", "erase", lead, "--reason", "wrote to us", "--actor", "dpo"))
    assert lead in said
    row = await system.has.pool.fetchrow("select actor, reason from crypto.erasures where lead = $1", lead)
    assert tuple(row) == ("dpo", "wrote to us")
    await system.until_value(False, "select exists(select 1 from lead_list.leads where id = $1)", lead)


@needs("scoring", "routing")
async def test_the_log_is_replayed_as_ndjson_without_anybodys_data(system: System) -> None:
    await system.settled()
    printed = done(await leadflow(system.has.settings, "replay"))
    lines = [orjson.loads(line) for line in printed.splitlines()]
    assert len(lines) == await system.has.pool.fetchval("select sum(position) from history.watermarks")
    assert {line["type"] for line in lines} >= {"lead.captured.v1", "lead.scored.v1", "lead.assigned.v1", "document.published.v1"}
    for needle in ("ada@", "bob@", "Quux", "25551234"):
        assert needle not in printed
    captured = next(line for line in lines if line["type"] == "lead.captured.v1")
    assert captured["body"]["personal"].startswith("1.lead.")
    assert {"partition", "offset", "recorded_at", "id", "source", "lead", "occurred_at", "origin", "sequence"} <= set(captured)


async def test_submissions_are_replayed_sealed_too(system: System) -> None:
    printed = done(await leadflow(system.has.settings, "replay", "--topic", "leads.submissions"))
    assert "submission.received.v1" in printed
    assert "ada@" not in printed


async def test_a_replay_is_narrowed_by_lead_type_and_number(system: System) -> None:
    lead = await system.has.pool.fetchval("select id from lead_list.leads where email = 'ada@engines.example'")
    of_ada = await replayed(system, "--lead", lead)
    assert {line["lead"] for line in of_ada} == {lead}
    assert [line["type"] for line in await replayed(system, "--lead", lead, "--type", r"^lead\.(captured|assigned)")] == [
        line["type"] for line in of_ada if line["type"] in ("lead.captured.v1", "lead.assigned.v1")
    ]
    assert await replayed(system, "--lead", lead, "--limit", "1") == of_ada[:1]
    assert await replayed(system, "--type", "nothing.like.it") == []


async def test_a_replay_begins_and_ends_at_offsets(system: System) -> None:
    everything = await replayed(system)
    some = await replayed(system, "--from", "1", "--to", "3")
    assert _positions(some) == {place for place in _positions(everything) if place[1] in (1, 2)}
    assert some


async def test_a_replay_to_an_offset_that_is_not_there_yet_ends_with_what_is(system: System) -> None:
    assert _positions(await replayed(system, "--to", "1000000")) == _positions(await replayed(system))


async def test_a_replay_begins_and_ends_at_times(system: System) -> None:
    before = datetime.now(UTC).isoformat()
    await system.lead_of(await system.submit("late@engines.example"))
    await system.settled()
    after = datetime.now(UTC).isoformat()
    news = await replayed(system, "--from", before)
    assert "lead.captured.v1" in {line["type"] for line in news}
    old = await replayed(system, "--to", before)
    everything = await replayed(system)
    assert _positions(old) | _positions(news) == _positions(everything)
    assert not _positions(old) & _positions(news)
    assert await replayed(system, "--from", after) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--topic", "leads.nothing"), "there is no topic 'leads.nothing'; there are: leads.submissions"),
        (("--from", "yesterday"), "--from must be an ISO 8601 time"),
        (("--to", "2026-13-01"), "--to must be an ISO 8601 time"),
        (("--type", "("), "--type: "),
    ],
)
async def test_what_cannot_be_replayed_is_told(system: System, options: tuple[str, ...], said: str) -> None:
    assert said in failed(await leadflow(system.has.settings, "replay", *options), 2)


async def test_a_record_that_cannot_be_read_is_a_line_too(system: System) -> None:
    await system.has.producer.publish(topics.ACTIVITIES, 0, Outgoing(None, (), b"\xff not json"))
    typed = (("ce_id", b"1"), ("ce_type", b"lead.erased.v1"), ("ce_source", b"x"), ("ce_time", b"2026-01-01T00:00:00Z"))
    await system.has.producer.publish(topics.ACTIVITIES, 0, Outgoing(None, typed, b"{}"))
    first, second = await replayed(system, "--topic", "leads.activities")
    assert (first["offset"], first["unreadable"]) == (0, "BadEnvelope")
    assert (second["type"], second["unreadable"], "body" in second) == ("lead.erased.v1", "ValidationError", False)


async def test_a_rebuild_is_checked_then_switched_to(system: System) -> None:
    await system.settled()
    checked = done(await leadflow(system.has.settings, "rebuild", "lead_list", "--check"))
    assert "equal to the live one" in checked
    await system.has.pool.execute("update lead_list.leads set company = 'changed by hand' where email = 'ada@engines.example'")
    differs = await leadflow(system.has.settings, "rebuild", "lead_list", "--check")
    assert differs.exit_code == 1
    assert "differs from the live one in: leads" in differs.output
    find = "select company from lead_list.leads where email = 'ada@engines.example'"
    assert await system.has.pool.fetchval(find) == "changed by hand", "a check leaves the live one"
    assert "differs" in done(await leadflow(system.has.settings, "rebuild", "lead_list"))
    assert await system.has.pool.fetchval(find) == "Analytical Engines"


async def test_a_lead_that_nobody_decides_on_is_not_said_to_be_erased(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infra.cli import operating

    monkeypatch.setattr(operating, "ERASE_SECONDS_MAX", 0.2)
    from tests.infra.cli.test_commands import with_variables

    own = with_variables(settings, KAFKA__PREFIX=f"{settings.kafka.prefix}idle.")
    done(await leadflow(own, "topics", "apply"))
    assert "is `leadflow consume` running?" in failed(await leadflow(own, "lead", "erase", str(uuid.uuid4())), 1)


def _variables(system: System) -> dict[str, str]:
    from infra.settings import environment_of

    return environment_of(system.has.settings)


def _positions(lines: list[dict[str, Any]]) -> set[tuple[int, int]]:
    return {(line["partition"], line["offset"]) for line in lines}
