"""Undoing an import: leads that it made and that nobody touched since are erased as any lead is; others keep what they have."""

import asyncio
import time
from typing import TYPE_CHECKING, Final

from infra.kafka.ports import LogUnavailable

if TYPE_CHECKING:
    from producers.imports.job import Work

BATCH_LEADS: Final = 200
WAIT_EVERY_SECONDS: Final = 0.1
WAIT_SECONDS_MAX: Final = 600.0
LAG_SECONDS_MAX: Final = 60.0

EXISTING: Final = """
    with kept as (
        update imports.rows as r set undone = 'existing'
        where import = $1 and verdict in ('existing', 'duplicate') and undone is null
            and not exists (select from imports.rows as n where n.import = $1 and n.lead = r.lead and n.verdict = 'new')
        returning 1
    )
    update imports.imports set kept_existing = kept_existing + (select count(*) from kept) where id = $1
"""
"""But for those that came twice in the file: their lead is the file's own."""
NEXT: Final = """
    select row, lead from imports.rows where import = $1 and verdict = 'new' and undone is null order by row limit $2
"""
TOUCHED: Final = """
    select wanted.lead from unnest($2::text[]) as wanted (lead)
    where exists (select from identity.submissions s where s.lead = wanted.lead and s.source_id <> $1)
        or exists (select from history.records h where h.lead = wanted.lead and (
            h.event_type in ('lead.updated.v1', 'lead.status_changed.v1', 'lead.noted.v1')
            or (h.event_type = 'lead.assigned.v1' and convert_from(h.value, 'UTF8')::jsonb ->> 'request_id' is null)))
"""
MARK: Final = """
    with marked as (
        update imports.rows as r set undone = new.undone from unnest($2::bigint[], $3::text[]) as new (row, undone)
        where r.import = $1 and r.row = new.row and r.undone is null returning r.undone
    )
    update imports.imports set erased = erased + (select count(*) from marked where undone = 'erased'),
        kept_changed = kept_changed + (select count(*) from marked where undone = 'changed') where id = $1
"""
DECIDED: Final = "select count(*) from leads.outcomes where command_id = any($1::text[])"


async def run(work: "Work") -> None:
    """To the end. What was done of it before is not done again."""
    from producers.imports.job import delete_files, settled  # noqa: PLC0415 - which runs this

    service, wanted = work.service, work.wanted
    await settled(work)
    await _history_is_there(work)
    await service.pool.execute(EXISTING, wanted.id)
    while True:
        await work.goes_on()
        rows = await service.pool.fetch(NEXT, wanted.id, BATCH_LEADS)
        if not rows:
            break
        touched = {row["lead"] for row in await service.pool.fetch(TOUCHED, wanted.id, [row["lead"] for row in rows])}
        gone = [row for row in rows if row["lead"] not in touched]
        ids = [service.ids.derived(f"undo|{wanted.id}|{row['row']}") for row in gone]
        pairs = zip(gone, ids, strict=True)
        erasing = [service.rows.erase(row["lead"], command_id=id_, actor=wanted.created_by) for row, id_ in pairs]
        await asyncio.gather(*erasing)
        await _decided(work, ids)
        marks = ["changed" if row["lead"] in touched else "erased" for row in rows]
        await service.pool.execute(MARK, wanted.id, [row["row"] for row in rows], marks)
    await delete_files(service, wanted)
    await service.move(wanted.id, ["undoing"], "undone")


async def _history_is_there(work: "Work") -> None:
    """What people did to the leads just now is seen before it is looked for."""
    give_up = time.monotonic() + LAG_SECONDS_MAX
    while await work.service.lag() > 0 and time.monotonic() < give_up:
        await work.goes_on()
        await asyncio.sleep(WAIT_EVERY_SECONDS)


async def _decided(work: "Work", ids: list[str]) -> None:
    """Raises LogUnavailable where `leads` doesn't get to it: the same batch is asked for again later."""
    give_up = time.monotonic() + WAIT_SECONDS_MAX
    while await work.service.pool.fetchval(DECIDED, ids) < len(ids):
        if time.monotonic() > give_up:
            raise LogUnavailable("nobody decides on erasures")
        await work.goes_on()
        await asyncio.sleep(WAIT_EVERY_SECONDS)
