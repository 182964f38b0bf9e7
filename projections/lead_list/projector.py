"""leads.events -> lead_list -> PostgreSQL

Keeps every lead as it stands. A batch is folded in memory and written with a bounded number of UNNEST statements, whatever its
size. The schema's name is a parameter, so that a rebuild runs this very code beside the live one.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import asyncpg
import orjson

from infra.kafka.projection import Projection, ProjectionBatch
from infra.postgres.together import Statement, together
from projections.lead import OWNER, STATUS, Lead, Standing
from projections.lead_list import rows
from projections.lead_list.model import LEAD_TABLES, SCHEMA, VERSION
from projections.lead_list.statements import COLUMNS, FOLDED_COLUMNS, statements
from schemas import topics

Announce = Callable[[Sequence[bytes]], Awaitable[object]]
"""Tells listeners what changed: one JSON document a lead, `{"lead", "version", "owner", "partition", "offset", "types"}`."""

COPY_ROWS_MIN: Final = 20
"""Fewer rows are written faster by a statement that is prepared already."""

Counts = Counter[tuple[int, str, str]]
"""By partition, dimension and value."""

Written = dict[str, tuple[int, str | None]]
"""Version and owner of leads that have a row."""


class Projector:
    """Writes one schema."""

    def __init__(self, schema: str = SCHEMA, announce: Announce | None = None) -> None:
        self._schema = schema
        self._sql = statements(schema)
        self._announce = announce

    async def apply(self, connection: asyncpg.Connection, batch: ProjectionBatch) -> None:
        """Write a batch within the caller's transaction."""
        facts = [
            rows.Fact(lead, item.record.partition, item.record.offset, item.body, item.person, item.envelope.occurred_at)
            for item in batch.records
            if item.body is not None and (lead := item.body.lead) is not None
        ]
        if not facts:
            return
        loaded, gone = await self._load(connection, rows.needed(facts))
        folded = rows.fold_batch(facts, loaded, {fact.lead: fact.partition for fact in facts if fact.lead in gone})
        counts: Counts = Counter()
        later: list[Statement] = []
        written = await self._write_leads(connection, folded, counts, later)
        if folded.companies:
            # Sorted, because partitions meet on companies and would wait for each other crosswise.
            later.append((self._sql["companies"], _columns([row for _, row in sorted(folded.companies.items())])))
        written |= await self._known(connection, folded)
        await self._write_beside(connection, folded, written, later)
        if folded.erased:
            await _run(connection, later)  # before rows of theirs are dropped
            later = []
            await self._erase(connection, folded, counts)
        later.extend(self._count(counts))
        await _run(connection, later)
        fewer = sorted({partition for (partition, _, _), by in counts.items() if by < 0})
        if fewer:
            # Nought and absent are the same: where batches end must not show in the table.
            await connection.execute(self._sql["counted down"], fewer)
        if self._announce is not None:
            batch.news = news(folded, written)

    async def after_commit(self, batch: ProjectionBatch) -> None:
        """Tell listeners what the batch changed."""
        found, batch.news = batch.news, []
        if found and self._announce is not None:
            await self._announce(found)

    async def _load(self, connection: asyncpg.Connection, wanted: list[str]) -> tuple[dict[str, Lead], set[str]]:
        if not wanted:
            return {}, set()
        loaded = {row["id"]: lead_from(row) for row in await connection.fetch(self._sql["load"], wanted)}
        missing = [id_ for id_ in wanted if id_ not in loaded]
        gone = {row["lead"] for row in await connection.fetch(self._sql["gone"], missing)} if missing else set()
        return loaded, gone

    async def _write_leads(
        self, connection: asyncpg.Connection, folded: rows.Folded, counts: Counts, later: list[Statement]
    ) -> Written:
        """Upsert whole rows, update narrow ones; returns version and owner of each lead that has a row."""
        written: Written = {}
        if folded.whole:
            leads = [folded.whole[id_] for id_ in sorted(folded.whole)]
            await self._put(connection, "leads", [rows.lead_row(lead) for lead in leads], folded, later)
            await self._put(connection, "names", [rows.name_row(lead) for lead in leads], folded, later)
            for lead in leads:
                written[lead.id] = (lead.version, lead.owner)
                counts.update(_in(lead.partition, rows.counted(lead)))
                counts.subtract(_in(lead.partition, folded.before.get(lead.id, ())))
        if folded.narrow:
            changes = [_narrow_row(folded.narrow[id_]) for id_ in sorted(folded.narrow)]
            for row in await connection.fetch(self._sql["narrow"], *_columns(changes)):
                written[row["id"]] = (row["version"], row["owner"])
                # Of what may have changed, the rest is counted as before.
                partition = folded.narrow[row["id"]].partition
                if row["status"] != row["old_status"]:
                    counts.update({(partition, "status", row["status"]): 1, (partition, "status", row["old_status"]): -1})
                if row["grade"] != row["old_grade"]:
                    grades = ((row["grade"], 1), (row["old_grade"], -1))
                    counts.update({(partition, "grade", value): by for value, by in grades if value})
                counts[partition, "unassigned", ""] += (row["owner"] is None) - (row["old_owner"] is None)
        return written

    async def _known(self, connection: asyncpg.Connection, folded: rows.Folded) -> Written:
        """Leads of which there was only a mail to say, or what they did, so that nothing of their row was written."""
        asked = sorted(folded.changed.keys() - folded.whole.keys() - folded.narrow.keys() - folded.erased.keys())
        found = await connection.fetch(self._sql["known"], asked) if asked else []
        return {row["id"]: (row["version"], row["owner"]) for row in found}

    async def _write_beside(
        self, connection: asyncpg.Connection, folded: rows.Folded, written: Written, later: list[Statement]
    ) -> None:
        """Rows that hang on leads; a lead without a row of its own (unknown, erased) gets none."""
        for table, found in (
            ("identifiers", folded.identifiers),
            ("consents", folded.consents),
            ("answers", folded.answers),
            ("tags", [(*key, since) for key, since in folded.tags.items() if since is not None]),
            ("assignments", folded.assignments),
            ("messages", [(*key, *row) for key, row in folded.messages.items()]),
            ("tasks", [(*key, *row) for key, row in folded.tasks.items()]),
            ("notes", folded.notes),
        ):
            await self._put(connection, table, [row for row in found if row[0] in written], folded, later)
        removed = [key for key, since in folded.tags.items() if since is None]
        if removed:
            later.append((self._sql["untag"], _columns(removed)))

    async def _put(
        self,
        connection: asyncpg.Connection,
        table: str,
        found: Sequence[rows.Row],
        folded: rows.Folded,
        later: list[Statement],
    ) -> None:
        """COPY what belongs to new leads and so can't be there yet, which takes half the time; upsert the rest, `later`."""
        fresh = [row for row in found if row[0] in folded.whole and row[0] not in folded.before]
        if len(fresh) >= COPY_ROWS_MIN:
            columns = COLUMNS[table]
            await connection.copy_records_to_table(table, schema_name=self._schema, columns=columns, records=fresh)
            found = [row for row in found if row[0] not in folded.whole or row[0] in folded.before]
        if found:
            later.append((self._sql[table], _columns(found)))

    async def _erase(self, connection: asyncpg.Connection, folded: rows.Folded, counts: Counts) -> None:
        erased = sorted(folded.erased)
        for row in await connection.fetch(self._sql["drop"], erased):
            was = rows.counted_by(row["status"], row["grade"], row["vendor"], row["owner"], row["created_at"])
            counts.subtract(_in(row["partition"], was))
        for table in LEAD_TABLES:
            await connection.execute(self._sql[f"drop {table}"], erased)
        await connection.execute(self._sql["erased"], erased, [folded.erased[id_] for id_ in erased])

    def _count(self, counts: Counts) -> Iterator[Statement]:
        changed = [(*place, by) for place, by in sorted(counts.items()) if by]
        if changed:
            yield self._sql["counters"], _columns(changed)


def projection(*, schema: str = SCHEMA, version: int = VERSION, announce: Announce | None = None) -> Projection:
    """The read model, declared; `announce` None tells nobody (rebuilds)."""
    projector = Projector(schema, announce)
    return Projection(
        name=SCHEMA,
        reads=topics.EVENTS,
        apply=projector.apply,
        after_commit=projector.after_commit,
        version=version,
        schema=schema,
    )


def lead_from(row: Any) -> Lead:
    """A lead as its row has it. Answers, consents and identifiers stay empty: a batch's newest replace those in their tables."""
    lead = Lead(row["id"], row["partition"])
    for name, kind in FOLDED_COLUMNS:
        setattr(lead, name, orjson.loads(row[name]) if kind == "jsonb" else row[name])
    return lead


def news(folded: rows.Folded, written: Written) -> list[bytes]:
    """What listeners are told, one document a lead; an erased lead has no version and no owner any more."""
    told = []
    for lead, ((partition, offset), types) in folded.changed.items():
        message: dict[str, Any] = {"lead": lead, "partition": partition, "offset": offset, "types": types}
        message["version"] = message["owner"] = None
        if lead in written:
            message["version"], message["owner"] = written[lead]
        elif lead not in folded.erased:
            continue
        told.append(orjson.dumps(message))
    return told


def _in(partition: int, counted: rows.Counted) -> Iterator[tuple[int, str, str]]:
    return ((partition, dimension, value) for dimension, value in counted)


def _narrow_row(lead: Standing) -> tuple[Any, ...]:
    touched = lead.touched
    return (
        lead.id,
        lead.version,
        lead.updated_at,
        lead.status if touched & STATUS else None,
        lead.score,
        lead.grade,
        bool(touched & OWNER),
        lead.owner,
    )


async def _run(connection: asyncpg.Connection, later: Sequence[Statement]) -> None:
    """In one round trip; each writes a table of its own."""
    if later:
        sql, arguments = together(later)
        await connection.execute(sql, *arguments)


def _columns(found: Iterable[Sequence[Any]]) -> Sequence[tuple[Any, ...]]:
    """Rows as the arrays that UNNEST takes."""
    return tuple(zip(*found, strict=True))
