"""leads.events, leads.commands -> effects.recorded: what became of messages, for a list that has forgotten it.

Over a new or restored database the folds ask for the same effects again. What was reported of them stands in the log, and is
looked up there before the first effect is claimed: nobody is written to twice because a table was lost.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import asyncpg
from pydantic import ValidationError

from infra.effects import statements
from infra.effects.model import FinalState
from infra.kafka.batch import decode
from infra.kafka.ports import Open, Record
from infra.kafka.reading import written
from schemas import topics
from schemas.commands import RecordMessage
from schemas.envelope import type_of
from schemas.events import MessageRecorded

STATES: Final[dict[str, FinalState]] = {"sent": "done", "failed": "failed", "suppressed": "suppressed", "unknown": "unknown"}
_REPORTS: Final = {RecordMessage.TYPE, MessageRecorded.TYPE}


class Recorded:
    """One worker's look back."""

    def __init__(self, pool: asyncpg.Pool, open_: Open) -> None:
        self._pool, self._open = pool, open_

    async def look_back(self) -> None:
        """Learn what was reported since the last report that the list knows of. Raises LogUnavailable, and asyncpg's errors.

        What is older is on the list: it is written there before it is reported. Commands are read too, for those that `leads` has
        not decided yet.
        """
        since_ms = int(await self._pool.fetchval(statements.LAST_REPORT))
        for topic in (topics.EVENTS, topics.COMMANDS):
            async for records in written(self._open, topic, since_ms):
                found = dict(_reports(records))
                if found:
                    await self._pool.execute(statements.LEARN, list(found), list(found.values()))


def _reports(records: Sequence[Record]) -> Iterator[tuple[str, FinalState]]:
    for record in records:
        type_ = type_of(record.headers)
        if type_ not in _REPORTS:
            continue
        try:
            body = decode(type_, record.value)
        except ValidationError:
            continue  # a dead letter of whoever reads it for its own sake
        if isinstance(body, RecordMessage | MessageRecorded):
            yield body.message_id, STATES[body.outcome]
