"""What identity.activities decided and its tables don't know, because the database is new or was restored to an earlier point.

An activity is told once. Where its command stands in the log, it is news no more; whose browser is whose says the log too, so
that is learned first. Where retention took activities before they were seen, the log of facts tells whom not to write to.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from consumers.identity import activity_rules as rules
from consumers.identity.held import Activities
from consumers.identity.recall import FACTS_PER_TRANSACTION_MAX, Recall, undecided
from consumers.identity.suppressing import suppress
from infra.kafka.batch import decode
from infra.kafka.ports import Log, Record
from infra.kafka.reading import written
from infra.kafka.step import Begin
from schemas import topics
from schemas.activities import ActivityRecorded, RecordActivity
from schemas.envelope import type_of

SAID: Final = frozenset({RecordActivity.TYPE, ActivityRecorded.TYPE})


class ActivityRecall(Recall):
    """One in a process, for all partitions."""

    async def _look_back(self, log: Log, begin: Begin) -> None:
        await super()._look_back(log, begin)
        async with begin() as transaction:
            stands = await Activities(transaction.connection).stands()
        since_ms, lost_since_ms = await undecided(log.reader, stands, topics.ACTIVITIES)
        if lost_since_ms is not None:
            async for records in written(log.reader, topics.EVENTS, lost_since_ms):
                await _learn(begin, _said(records))
        if since_ms is not None:
            async for records in written(log.reader, topics.COMMANDS, since_ms):
                await _learn(begin, _said(records))


async def _learn(begin: Begin, found: Sequence[RecordActivity | ActivityRecorded]) -> None:
    for first in range(0, len(found), FACTS_PER_TRANSACTION_MAX):
        some = found[first : first + FACTS_PER_TRANSACTION_MAX]
        async with begin() as transaction:
            await Activities(transaction.connection).told({one.activity.id: one.lead for one in some})
            await suppress(transaction.connection, [one for one in some if rules.suppresses(one.activity)])


def _said(records: Sequence[Record]) -> list[RecordActivity | ActivityRecorded]:
    found: list[RecordActivity | ActivityRecorded] = []
    for record in records:
        type_ = type_of(record.headers)
        if type_ not in SAID:
            continue
        try:
            body = decode(type_, record.value)
        except ValidationError:
            continue  # a dead letter of whoever reads it for its own sake
        if isinstance(body, RecordActivity | ActivityRecorded):
            found.append(body)
    return found
