"""leads.events -> the erasure ledger: a restored backup comes up erased.

A backup from before an erasure has the key, the claims and no entry in the ledger. But the log says `lead.erased` for ever, so it
is the ledger's second home: what was said beyond the place where the database last compared is applied again. That place is in
the database too, so a restore takes it back as far as is needed, and a usual start reads what is new.
"""

from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog
from pydantic import ValidationError

from consumers.identity.claims import Claims
from infra.dead_letters import store as dead_letters
from infra.kafka import admin
from infra.kafka.batch import decode
from infra.kafka.ports import Range, Record
from infra.kafka.reading import opener
from infra.wiring.host import Base
from schemas.events import LeadErased
from schemas.topics import EVENTS

log = structlog.get_logger("ledger")

LEADS_PER_TRANSACTION_MAX: Final = 200
REASON: Final = "applied again from the log"
_ERASED: Final = LeadErased.TYPE.encode()

STANDS: Final = "select partition, position from crypto.ledger_read where topic_id = $1"
STAND: Final = """
insert into crypto.ledger_read (partition, topic_id, position) select number, $1, position
from unnest($2::int[], $3::bigint[]) as read (number, position)
on conflict (partition) do update set topic_id = excluded.topic_id, position = excluded.position
"""
REVIVED: Final = """
select lead from unnest($1::text[]) as said (lead)
where exists (select from crypto.lead_keys as k where k.lead = said.lead)
    or exists (select from identity.claims as c where c.lead = said.lead)
    or not exists (select from crypto.erasures as e where e.lead = said.lead)
"""


async def reapply(has: Base, *, everything: bool = False) -> int:
    """Erase again whom the log calls erased; returns how many had come back. `everything` reads the log from its beginning.

    Raises LogUnavailable, and asyncpg's errors.
    """
    open_, name = opener(has.settings.kafka), has.settings.kafka.prefix + EVENTS.name
    async with open_(EVENTS.name) as reader:
        topic_id = (await admin.topic_ids(has.settings.kafka, [name]))[name]
        known = {} if everything else {row["partition"]: row["position"] for row in await has.pool.fetch(STANDS, topic_id)}
        starts, ends = await reader.beginnings(), await reader.ends()
        ranges = {number: Range(max(known.get(number, 0), starts[number]), ends[number]) for number in reader.numbers}
        wanted = {number: range_ for number, range_ in ranges.items() if range_.start < ends[number]}
        erased: dict[str, str] = {}
        if wanted:
            async for records in reader.read(wanted):
                erased.update((str(fact.lead), fact.actor) for record in records if (fact := _erasure(record)))
    leads, count = sorted(erased), 0
    for first in range(0, len(leads), LEADS_PER_TRANSACTION_MAX):
        async with has.pool.acquire() as connection, connection.transaction():
            count += await _again(has, connection, leads[first : first + LEADS_PER_TRANSACTION_MAX], erased)
    await has.pool.execute(STAND, topic_id, list(ends), list(ends.values()))
    if count:
        log.warning("erased again after a restore", leads=count)
    return count


async def _again(has: Base, connection: asyncpg.Connection, leads: Sequence[str], actors: dict[str, str]) -> int:
    claims = Claims(connection)
    back = [row["lead"] for row in await connection.fetch(REVIVED, list(leads))]
    for lead in sorted(back):
        await dead_letters.erase(connection, lead, [one.hash for one in await claims.release(lead)])
        await has.keyring.destroy(connection, lead, actor=actors[lead], reason=REASON)
    return len(back)


def _erasure(record: Record) -> LeadErased | None:
    """None for every other fact; that costs a look at a header."""
    if dict(record.headers).get("ce_type") != _ERASED:
        return None
    try:
        body = decode(LeadErased.TYPE, record.value)
    except ValidationError:
        return None  # a dead letter of whoever reads it for its own sake
    return body if isinstance(body, LeadErased) else None
