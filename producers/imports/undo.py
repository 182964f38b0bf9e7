"""Undoing an import: leads that it made and that nobody touched since are erased as any lead is; others keep what they have."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Final

from infra.kafka.ports import LogUnavailable
from infra.storage.files import NoSuchFile
from producers.imports.sending import Work, delete_files, let_pass, remembered, settled, taken

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
        or exists (select from history.records h where h.lead = wanted.lead and not (
            h.event_type = any($3::text[])
            or (h.event_type = 'lead.assigned.v1' and convert_from(h.value, 'UTF8')::jsonb ->> 'request_id' is not null)))
"""
OF_ITSELF: Final = ("lead.captured.v1", "lead.scored.v1", "message.planned.v1", "message.recorded.v1", "lead.erased.v1")
"""What follows from a row without anybody's doing; so does an owner who was found, not set."""
MARK: Final = """
    with marked as (
        update imports.rows as r set undone = new.undone from unnest($2::bigint[], $3::text[]) as new (row, undone)
        where r.import = $1 and r.row = new.row and r.undone is null returning r.undone
    )
    update imports.imports set erased = erased + (select count(*) from marked where undone = 'erased'),
        kept_changed = kept_changed + (select count(*) from marked where undone = 'changed') where id = $1
"""
DECIDED: Final = """
    select asked.row, exists(select from crypto.erasures e where e.lead = asked.lead) as erased
    from unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::bigint[]) as asked (row, lead, id, partition, "offset")
    where exists (select from leads.outcomes o where o.command_id = asked.id)
        or (exists (select from identity.watermarks w where w.partition = asked.partition and w.position > asked."offset")
            and not exists (select from crypto.erasures e where e.lead = asked.lead))
"""
"""`leads` says that it is erased, or `identity` has read what was asked and found that it is another's, too."""


async def run(work: Work) -> None:
    """To the end. What was done of it before is not done again."""
    service, wanted = work.service, work.wanted
    with contextlib.suppress(NoSuchFile):  # deleted when it had not been asked for in days: nothing of it is under way
        await remembered(work)
    await settled(work)
    await _history_is_there(work)
    await service.pool.execute(EXISTING, wanted.id)
    while True:
        begun = time.monotonic()
        await work.goes_on()
        rows = await service.pool.fetch(NEXT, wanted.id, BATCH_LEADS)
        if not rows:
            break
        leads = [row["lead"] for row in rows]
        touched = {row["lead"] for row in await service.pool.fetch(TOUCHED, wanted.id, leads, list(OF_ITSELF))}
        erased = await _erased(work, [(row["row"], row["lead"]) for row in rows if row["lead"] not in touched])
        marks = ["erased" if row["row"] in erased else "changed" for row in rows]
        await service.pool.execute(MARK, wanted.id, [row["row"] for row in rows], marks)
        await taken(work)
        await let_pass(work, begun)
    await delete_files(service, wanted)
    await service.move(wanted.id, ["undoing"], "undone")


async def _history_is_there(work: Work) -> None:
    """What people did to the leads just now is seen before it is looked for."""
    give_up = time.monotonic() + LAG_SECONDS_MAX
    while await work.behind() > 0 and time.monotonic() < give_up:
        await work.goes_on()
        await asyncio.sleep(WAIT_EVERY_SECONDS)


async def _erased(work: Work, gone: Sequence[tuple[int, str]]) -> set[int]:
    """Ask for it and wait; which rows' leads are. The others got something from elsewhere in the very moment.

    Raises LogUnavailable where nobody gets to it: the same batch is asked for again later.
    """
    service, wanted = work.service, work.wanted
    ids = [service.ids.derived(f"undo|{wanted.id}|{row}") for row, _ in gone]
    asking = [
        service.rows.erase(lead, source_id=wanted.id, command_id=id_, actor=wanted.created_by)
        for (_, lead), id_ in zip(gone, ids, strict=True)
    ]
    places = await asyncio.gather(*asking)
    columns = (
        [row for row, _ in gone],
        [lead for _, lead in gone],
        ids,
        [p.partition for p in places],
        [p.offset for p in places],
    )
    give_up = time.monotonic() + WAIT_SECONDS_MAX
    while len(decided := await service.pool.fetch(DECIDED, *columns)) < len(gone):
        if time.monotonic() > give_up:
            raise LogUnavailable("nobody decides on erasures")
        await work.goes_on()
        await asyncio.sleep(WAIT_EVERY_SECONDS)
    return {row["row"] for row in decided if row["erased"]}
