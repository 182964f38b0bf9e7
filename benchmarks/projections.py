"""The read model lead_list, fed from memory, beside the limit: a plain UNNEST upsert with the same decode and decryption.

Both work on the records that the chain left in the log, in the same batches, one connection, one transaction a batch. The
limit writes leads' rows alone (and keeps the indexes); ours also their answers, identifiers, consents, companies, counters,
erasures and the watermark. Afterwards lead_list is rebuilt beside the live one, as `leadflow rebuild` does.
"""

import time
from collections.abc import Sequence
from typing import Any

from benchmarks.deployment import Deployment
from benchmarks.results import Result, Results, Wrong
from infra.crypto.codec import open_person
from infra.kafka.batch import admit
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import Range, Record, Stand, Watermark
from infra.kafka.projection import ProjectionStep
from infra.kafka.reading import reader
from infra.wiring import discovery
from infra.wiring.host import settle_memory
from projections.lead_list.model import create
from projections.lead_list.projector import projection
from replay.rebuild import Rebuild
from schemas.events import LeadCaptured, LeadScored
from schemas.topics import EVENTS

STAGE = "read model lead_list in PostgreSQL"
BATCH = 1000

LIMIT_TABLE = """
create schema {s};
create table {s}.leads (
    id text collate "C" primary key, partition int not null, version bigint not null, status text not null, vendor text not null,
    source_id text not null, quiet bool not null, created_at timestamptz not null, updated_at timestamptz not null, name text,
    first_name text, last_name text, email text, phone text, company text, score int, grade text, owner text);
create index on {s}.leads (created_at, id);
create index on {s}.leads (score, id);
create index on {s}.leads (name, id);
create index on {s}.leads (last_name);
create index on {s}.leads (email);
create index on {s}.leads (company);
create index on {s}.leads (owner, created_at, id);
"""
LIMIT_CAPTURED = """
insert into {s}.leads (id, partition, version, status, vendor, source_id, quiet, created_at, updated_at, name, first_name,
    last_name, email, phone, company)
select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bool[], $8::timestamptz[],
    $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
on conflict (id) do update set version = excluded.version, updated_at = excluded.updated_at
"""
LIMIT_SCORED = """
update {s}.leads l set score = new.score, grade = new.grade
from unnest($1::text[], $2::int[], $3::text[]) as new(id, score, grade) where l.id = new.id
"""


async def run(made: Deployment, results: Results, rounds: int) -> None:
    """By turns, then the rebuild."""
    records = await _records(made)
    settle_memory()
    count = sum(map(len, records.values()))
    for _ in range(rounds):
        limit = await _measured(
            made, results, "limit: plain UNNEST upsert, leads' rows alone", "bench_limit", records, count, _limit
        )
        own = await _measured(made, results, "ours", "bench_ours", records, count, _ours)
        results.compare(own, limit)
    declare, make = discovery.projection_models()["lead_list"]
    told: list[str] = []
    done = await Rebuild(made.has.pool, made.settings.kafka, made.has.keyring, declare, make, told.append).run(switch=False)
    if done.differences or done.skipped:
        raise Wrong(f"the rebuilt lead_list differs in {done.differences}, {done.skipped} skipped")
    more = {"records": done.records, "1 M records s": 1e6 * done.seconds / done.records, "with the comparison": "yes"}
    results.add(Result("rebuild lead_list from the log", "ours", done.records / done.seconds, "records/s", more=more))


async def _records(made: Deployment) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    async with reader(made.settings.kafka, EVENTS) as log:
        ends = await log.ends()
        async for batch in log.read({number: Range(0, end) for number, end in ends.items()}):
            found.setdefault(batch[0].partition, []).extend(batch)
    return found


async def _measured(
    made: Deployment, results: Results, who: str, schema: str, records: dict[int, list[Record]], count: int, work: Any
) -> Result:
    pool = made.has.pool
    await pool.execute(f"drop schema if exists {schema} cascade")
    async with pool.acquire() as connection:
        if work is _limit:
            await connection.execute(LIMIT_TABLE.format(s=schema))
        else:
            await create(connection, schema)
    cpu, started = time.process_time(), time.perf_counter()
    await work(made, schema, records)
    seconds, spent = time.perf_counter() - started, time.process_time() - cpu
    await pool.execute(f"drop schema {schema} cascade")
    return results.add(Result(STAGE, who, count / seconds, "records/s", spent / count * 1e6, more={"records": count}))


async def _ours(made: Deployment, schema: str, records: dict[int, list[Record]]) -> None:
    step = ProjectionStep(projection(schema=schema), made.has.keyring)
    store = PgStore(made.has.pool, schema, topic=EVENTS.name, plan=_nothing, bury=_nothing)
    for number, found in records.items():
        taken = await store.take(number, "bench")
        watermark = taken.watermark
        for start in range(0, len(found), BATCH):
            batch = admit(number, "bench", found[start : start + BATCH], watermark, step.wants)
            async with store.transaction([Stand(number, taken.epoch, watermark.position)]) as transaction:
                await transaction.advance({number: batch.watermark})
                results = await step.run(transaction, [batch], None)  # type: ignore[arg-type]  # writes no topic
                await transaction.write({number: results[0].changes})
            await step.committed([batch], results)
            watermark = batch.watermark


async def _nothing(_connection: Any, _what: Any) -> None:
    return None


async def _limit(made: Deployment, schema: str, records: dict[int, list[Record]]) -> None:
    async with made.has.pool.acquire() as connection:
        for number, found in records.items():
            watermark = Watermark()
            for start in range(0, len(found), BATCH):
                batch = admit(number, "bench", found[start : start + BATCH], watermark, _all)
                watermark = batch.watermark
                captured = await _captured(made, number, batch.entries)
                scored = {e.body.lead: (e.body.score, e.body.grade) for e in batch.entries if isinstance(e.body, LeadScored)}
                async with connection.transaction():
                    if captured:
                        columns = [list(column) for column in zip(*captured.values(), strict=True)]
                        await connection.execute(LIMIT_CAPTURED.format(s=schema), *columns)
                    if scored:
                        rows = [(lead, score, grade) for lead, (score, grade) in scored.items()]
                        columns = [list(column) for column in zip(*rows, strict=True)]
                        await connection.execute(LIMIT_SCORED.format(s=schema), *columns)


async def _captured(made: Deployment, number: int, entries: Sequence[Any]) -> dict[str, tuple[Any, ...]]:
    found = [(entry.envelope, entry.body) for entry in entries if isinstance(entry.body, LeadCaptured)]
    keys = await made.has.keyring.lead_keys(sorted({body.lead for _, body in found})) if found else {}
    rows: dict[str, tuple[Any, ...]] = {}
    for envelope, body in found:
        key = keys[body.lead]
        if key is None or body.personal is None or body.PERSON is None:
            continue
        person: Any = open_person(key, body.personal, body.lead, body.PERSON)
        at = body.submitted_at or envelope.occurred_at
        source = body.source
        rows[body.lead] = (body.lead, number, body.version, "new", source.vendor, source.source_id, body.quiet, at, at)
        rows[body.lead] += (person.name, person.first_name, person.last_name, person.email, person.phone, body.traits.company)
    return rows


def _all(_type: str) -> bool:
    return True
