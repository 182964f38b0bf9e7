from collections import Counter

import asyncpg
import orjson
import pytest
import pytest_asyncio

from infra.kafka.projection import Projection, ProjectionBatch
from projections.lead_list import model
from projections.lead_list.projector import COPY_ROWS_MIN, Projector, projection
from schemas.message import LeadId
from schemas.person import Person, Traits
from tests.projections.builders import (
    ADA,
    BOB,
    CAT,
    LogOfFacts,
    ada,
    assigned,
    captured,
    erased,
    marker,
    note,
    noted,
    planned,
    recorded,
    scored,
    status_changed,
    tagged,
    task,
    task_added,
    task_changed,
    updated,
)

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def connection(database):
    found = await asyncpg.connect(database)
    yield found
    for table in ("leads", "companies", "counters", "erased", *model.LEAD_TABLES):
        await found.execute(f"delete from lead_list.{table}")
    await found.execute("drop schema if exists lead_list_next cascade")
    await found.close()


async def write(connection: asyncpg.Connection, log: LogOfFacts, projector: Projector | None = None) -> None:
    async with connection.transaction():
        await (projector or Projector()).apply(connection, log.batch())


async def everything(connection: asyncpg.Connection, schema: str = "lead_list") -> dict[str, list[tuple]]:
    found = {}
    for table in ("leads", "companies", "erased", "counters", *model.LEAD_TABLES):
        rows = await connection.fetch(f"select * from {schema}.{table}")
        found[table] = sorted((tuple(row) for row in rows), key=repr)
    return found


def a_story(log: LogOfFacts) -> None:
    log.add(captured(consent=True, consents={"mail": True}), ada())
    log.add(marker())
    log.add(scored(ADA, 20), source="scoring")
    log.add(planned(ADA), source="communication")
    log.add(assigned(ADA, "eve"))
    log.add(captured(BOB, version=11), Person(first_name="Bob", last_name="Byte", email="bob@bits.example"))
    log.add(recorded(ADA))
    log.add(tagged(ADA, "vip", "hot", version=12))
    log.add(tagged(ADA, "cold", removed=["hot"], version=12))
    log.add(task_added(ADA, owner="eve", due_at=log.at(60 * 24)), task())
    log.add(noted(ADA), note())
    log.add(task_changed(ADA, "done"))
    log.add(captured(first=False, version=13, consents={"mail": False, "calls": True}), ada(phone="123"))
    log.add(updated(BOB, ["company"], version=14, company="Bits & Co"))
    log.add(captured(ADA, first=False, version=14, traits=Traits(company="ACME  LTD", mail_domain="a.example")))
    log.add(updated(BOB, ["company"], version=14, company="bits & co"))
    log.add(status_changed(BOB, "contacted", version=15))
    log.add(scored(ADA, 35, before=20, grade="A"), source="scoring")
    log.add(captured(CAT, version=16), ada(email="cat@acme.example"))
    log.add(updated(CAT, ["company"], version=16, company="Cats"))
    log.add(assigned(CAT, "dan", version=17))
    log.add(tagged(CAT, "hot", version=17))
    log.add(task_added(CAT, version=17), task())
    log.add(erased(CAT, version=18))
    log.add(scored(CAT, 3), source="scoring")
    log.add(captured(CAT, first=False, version=19), ada())
    log.add(None, lead=ADA)


async def test_a_lead_stands_in_its_row_and_in_what_hangs_on_it(connection):
    log = LogOfFacts()
    a_story(log)
    await write(connection, log)
    row = await connection.fetchrow("select * from lead_list.leads where id = $1", ADA)
    assert row["email"] == "Ada@Acme.example"
    assert (row["score"], row["grade"], row["owner"], row["phone"], row["version"]) == (35, "A", "eve", "123", 14)
    names = await connection.fetch("select * from lead_list.names order by lead")
    assert [tuple(row) for row in names] == [
        (ADA, "ada lovelace", "lovelace", "ada@acme.example", "acme ltd"),
        (BOB, "bob byte", "byte", "bob@bits.example", "bits & co"),
    ]
    bob = await connection.fetchrow("select * from lead_list.leads where id = $1", BOB)
    assert (bob["company"], bob["status"]) == ("bits & co", "contacted")
    assert await connection.fetchval("select name from lead_list.companies where id = $1", bob["company_id"]) == "Bits & Co"
    consents = await connection.fetch("select purpose, given from lead_list.consents where lead = $1", ADA)
    assert dict(map(tuple, consents)) == {"mail": False, "calls": True}
    answers = await connection.fetch("select question, value from lead_list.answers where lead = $1", ADA)
    assert {row["question"]: orjson.loads(row["value"]) for row in answers} == {"size": 12, "when": "soon"}
    message = await connection.fetchrow("select * from lead_list.messages")
    assert (message["lead"], message["template"], message["outcome"]) == (ADA, "welcome", "sent")
    assert await connection.fetchval("select text from lead_list.notes") == "Called, wants a demo"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_batches_of_any_size_come_to_the_same(connection, size):
    whole, parts = LogOfFacts(), LogOfFacts()
    a_story(whole)
    async with connection.transaction():
        await model.create(connection, "lead_list_next")
        await Projector("lead_list_next").apply(connection, whole.batch())
    a_story(parts)
    projector = Projector()
    batch = parts.batch()
    for start in range(0, len(batch.records), size):
        async with connection.transaction():
            await projector.apply(connection, type(batch)(batch.records[start : start + size]))
    assert await everything(connection) == await everything(connection, "lead_list_next")


async def test_an_erased_lead_is_nowhere_and_stays_so(connection):
    log = LogOfFacts()
    log.add(captured(consents={"mail": True}), ada())
    log.add(noted(ADA), note())
    log.add(planned(ADA), source="communication")
    log.add(assigned(ADA, "eve"))
    await write(connection, log)
    log.add(erased(ADA))
    await write(connection, log)
    for fact in (scored(ADA, 10), assigned(ADA, "dan"), planned(ADA), noted(ADA), updated(ADA, ["company"], company="X")):
        log.add(fact, note() if fact.TYPE.startswith("lead.noted") else None)
        await write(connection, log)
    log.add(captured(first=False, version=30), ada())
    await write(connection, log)
    found = await everything(connection)
    assert {table for table, rows in found.items() if rows} == {"companies", "erased"}


async def test_a_later_capture_makes_the_lead_if_the_first_one_could_not_be_read(connection):
    log = LogOfFacts()
    log.add(captured(first=False), ada())
    await write(connection, log)
    assert await connection.fetchval("select count(*) from lead_list.leads") == 1


async def test_facts_of_unknown_leads_leave_no_rows(connection):
    log = LogOfFacts()
    for fact in (scored(ADA, 10), assigned(ADA, "dan"), planned(ADA), updated(ADA, ["company"], company="X")):
        log.add(fact)
    await write(connection, log)
    assert not any((await everything(connection)).values())


async def test_counters_say_what_counting_would(connection):
    for partition in (0, 1):
        log = LogOfFacts(partition)
        lead = (ADA, BOB)[partition]
        log.add(captured(lead), ada())
        await write(connection, log)
        log.add(scored(lead, 10, grade="C"), source="scoring")
        await write(connection, log)
        log.add(scored(lead, 50, before=10, grade="A"), source="scoring")
        log.add(assigned(lead, "eve"))
        await write(connection, log)
        log.add(assigned(lead, None, before="eve"))
        log.add(status_changed(lead, "won"))
        await write(connection, log)
    counted = Counter()
    for row in await connection.fetch("select dimension, value, n from lead_list.counters"):
        counted[row["dimension"], row["value"]] += row["n"]
    assert counted == {
        ("total", ""): 2,
        ("status", "won"): 2,
        ("source", "typeform"): 2,
        ("grade", "A"): 2,
        ("unassigned", ""): 2,
        ("day", "2026-03-01"): 2,
    }


async def test_a_message_may_be_recorded_before_it_was_planned(connection):
    log = LogOfFacts()
    log.add(captured(), ada())
    log.add(recorded(ADA))
    await write(connection, log)
    log.add(planned(ADA), source="communication")
    await write(connection, log)
    row = await connection.fetchrow("select * from lead_list.messages")
    assert (row["template"], row["outcome"], row["decided_at"] is not None) == ("welcome", "sent", True)


async def test_words_longer_than_an_index_takes_are_kept_whole(connection):
    long = "why " * 2000
    log = LogOfFacts()
    log.add(captured(traits=Traits(company=long, answers={long: 1})), ada(name=long, email=long))
    await write(connection, log)
    assert await connection.fetchval("select question from lead_list.answers where question = $1", long) == long
    assert await connection.fetchval("select name from lead_list.leads") == long


async def test_partitions_written_together_come_to_the_same_as_each_by_itself(connection):
    def stories() -> tuple[LogOfFacts, LogOfFacts, LogOfFacts]:
        first, second, third = LogOfFacts(0), LogOfFacts(4), LogOfFacts(5)
        a_story(first)
        second.add(captured("019a0000-0000-8000-8000-0000000000d1", traits=Traits(company="Acme")), ada(email="d@x.example"))
        second.add(scored("019a0000-0000-8000-8000-0000000000d1", 70))
        third.add(captured("019a0000-0000-8000-8000-0000000000e1"), ada(email="e@x.example"))
        third.add(erased("019a0000-0000-8000-8000-0000000000e1"))
        return first, second, third

    async with connection.transaction():
        await model.create(connection, "lead_list_next")
        together = [item for log in stories() for item in log.batch().records]
        await Projector("lead_list_next").apply(connection, ProjectionBatch(together))
    for log in stories():
        await write(connection, log)
    assert await everything(connection) == await everything(connection, "lead_list_next")


async def test_listeners_are_told_after_the_commit_and_once(connection):
    told: list[dict] = []

    async def announce(messages):
        told.extend(orjson.loads(message) for message in messages)

    made: Projection = projection(announce=announce)
    log = LogOfFacts(3)
    log.add(captured(version=7), ada())
    log.add(assigned(ADA, "eve", version=8))
    batch = log.batch()
    async with connection.transaction():
        await made.apply(connection, batch)
    assert told == []
    await made.after_commit(batch)
    await made.after_commit(batch)
    types = ["lead.captured.v1", "lead.assigned.v1"]
    assert told == [{"lead": ADA, "version": 8, "owner": "eve", "partition": 3, "offset": 1, "types": types}]


async def test_a_batch_of_markers_is_no_news(connection):
    log = LogOfFacts()
    log.add(marker())
    await write(connection, log)
    assert not any((await everything(connection)).values())


async def test_many_leads_at_once_come_to_the_same_as_one_by_one(connection):
    logs = LogOfFacts(), LogOfFacts()
    ids = [LeadId(f"019a0000-0000-8000-8000-{number:012d}") for number in range(3 * COPY_ROWS_MIN)]
    for log in logs:
        log.add(captured(ids[0]), ada())
    for log in logs:
        for lead in ids:
            log.add(captured(lead, first=lead != ids[0], consents={"mail": True}), ada(phone="1"))
        for lead in ids[::2]:
            log.add(assigned(lead, "eve"))
            log.add(noted(lead, f"note-{lead}"), note())
            log.add(planned(lead, f"message-{lead}"), source="communication")
    await model.create(connection, "lead_list_next")
    first, *others = logs[0].batch().records
    for records in ([first], others):
        async with connection.transaction():
            await Projector("lead_list_next").apply(connection, ProjectionBatch(records))
    for record in logs[1].batch().records:
        async with connection.transaction():
            await Projector().apply(connection, ProjectionBatch([record]))
    found = await everything(connection)
    assert len(found["leads"]) == len(ids)
    assert found == await everything(connection, "lead_list_next")


async def test_leads_that_nobody_knows_are_no_news(connection):
    told = []

    async def announce(messages):
        told.extend(orjson.loads(message) for message in messages)

    projector = Projector(announce=announce)
    log = LogOfFacts()
    log.add(captured(ADA), ada())
    await write(connection, log, projector)
    log.add(planned(ADA), source="communication")
    log.add(scored(BOB, 3), source="scoring")
    log.add(planned(CAT), source="communication")
    batch = log.batch()
    async with connection.transaction():
        await projector.apply(connection, batch)
    await projector.after_commit(batch)
    assert [(message["lead"], message["version"], message["owner"]) for message in told] == [(ADA, 1, None)]
    log.add(erased(ADA))
    batch = log.batch()
    async with connection.transaction():
        await projector.apply(connection, batch)
    await projector.after_commit(batch)
    assert (told[-1]["lead"], told[-1]["version"], told[-1]["types"]) == (ADA, None, ["lead.erased.v1"])


async def test_tags_come_and_go_in_one_batch_and_over_several(connection: asyncpg.Connection) -> None:
    log = LogOfFacts()
    log.add(captured(), ada())
    log.add(tagged(ADA, "vip", "hot"))
    log.add(tagged(ADA, removed=["hot"], version=6))
    await write(connection, log)
    assert [row["tag"] for row in await connection.fetch("select tag from lead_list.tags")] == ["vip"]
    log.add(tagged(ADA, "hot", removed=["vip"], version=7))
    await write(connection, log)
    assert [row["tag"] for row in await connection.fetch("select tag from lead_list.tags")] == ["hot"]
    assert await connection.fetchval("select version from lead_list.leads") == 7
