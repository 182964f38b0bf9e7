"""leads.events -> lead_search -> PostgreSQL (-> OpenSearch)

Folds each lead's document in PostgreSQL and marks it as not indexed yet, in one transaction. The indexer does the rest.
"""

from typing import Any

import asyncpg

from infra.kafka.fold import LONG_BREATH_MS
from infra.kafka.projection import ProjectedRecord, Projection, ProjectionBatch
from infra.postgres.together import together
from projections.lead import Lead, fold, makes_lead
from projections.lead_search.documents import SEARCHED, kept, restored
from projections.lead_search.model import SCHEMA, VERSION
from schemas import topics


class Projector:
    """Writes one schema."""

    def __init__(self, schema: str = SCHEMA) -> None:
        self._load = f"select lead, body from {schema}.leads where lead = any($1::text[])"
        rows = "unnest($1::text[], $2::bigint[], $3::bytea[])"
        self._write = (
            f"insert into {schema}.leads (lead, version, body) select * from {rows} "
            "on conflict (lead) do update set version = excluded.version, body = excluded.body"
        )
        self._mark = (
            f"insert into {schema}.dirty (lead, version) select * from unnest($1::text[], $2::bigint[]) "
            "on conflict (lead) do update set version = excluded.version, refused = null"
        )

    async def apply(self, connection: asyncpg.Connection, batch: ProjectionBatch) -> None:
        """Write a batch within the caller's transaction: two round trips at most."""
        facts = [item for item in batch.records if type(item.body) in SEARCHED]
        if not facts:
            return
        leads = await self._known(connection, facts)
        versions: dict[str, int] = {}
        for item in facts:
            id_ = _lead_of(item)
            lead = leads.get(id_)
            if lead is None:
                lead = leads[id_] = Lead(id_, item.record.partition)
            if item.body is None or lead.erased:
                continue
            fold(lead, item.body, item.person, item.envelope.occurred_at)
            versions[id_] = item.record.offset + 1
        # Whoever has no capture is nobody: a fact about a lead that could not be read.
        changed = sorted(id_ for id_ in versions if leads[id_].erased or leads[id_].created_at is not None)
        if not changed:
            return
        numbers = [versions[id_] for id_ in changed]
        bodies = [None if leads[id_].erased else kept(leads[id_]) for id_ in changed]
        sql, arguments = together([(self._write, (changed, numbers, bodies)), (self._mark, (changed, numbers))])
        await connection.execute(sql, *arguments)

    async def _known(self, connection: asyncpg.Connection, facts: list[ProjectedRecord]) -> dict[str, Lead]:
        made: set[str] = set()
        asked: dict[str, int] = {}
        for item in facts:
            id_ = _lead_of(item)
            if item.body is not None and makes_lead(item.body) and id_ not in asked:
                made.add(id_)
            elif id_ not in made:
                asked[id_] = item.record.partition
        if not asked:
            return {}
        rows = await connection.fetch(self._load, sorted(asked))
        return {row["lead"]: _lead(row, asked[row["lead"]]) for row in rows}


def _lead_of(item: ProjectedRecord) -> str:
    return str(item.body.lead) if item.body is not None else ""


def _lead(row: Any, partition: int) -> Lead:
    return Lead(row["lead"], partition, erased=True) if row["body"] is None else restored(row["lead"], row["body"])


def projection(*, schema: str = SCHEMA, version: int = VERSION, announce: object = None) -> Projection:  # noqa: ARG001
    """The read model, declared. Listeners (`announce`) are told of leads by lead_list."""
    apply = Projector(schema).apply
    return Projection(
        name=SCHEMA,
        reads=topics.EVENTS,
        apply=apply,
        backlog=("dirty",),
        breath_ms=LONG_BREATH_MS,
        version=version,
        schema=schema,
    )
