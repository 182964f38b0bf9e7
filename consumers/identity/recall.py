"""What identity decided and its tables don't know, because the database is new or was restored to an earlier point.

A submission is decided once. Where its command stands in the log, that decision is the fact, whatever the tables would say now:
read again in another order, people would get other leads. Commands are kept longer than submissions, so they tell enough about
every submission that can still be read; where retention took submissions before they were seen, the log of facts tells the rest.

A look back happens whenever a partition is taken. It begins where the oldest undecided submission came in, because no command
beyond the stored positions is older: a few records after a usual start, everything over an empty database.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from consumers.identity import rules
from consumers.identity.blocks import Block, Blocks, Lift, WasBlocked
from consumers.identity.claims import Claims, Decided, Filed
from consumers.identity.merges import Merges
from infra.crypto.keyring import Keyring
from infra.kafka.batch import decode
from infra.kafka.ports import Log, Open, Range, Record
from infra.kafka.reading import written
from infra.kafka.step import Begin
from schemas import topics
from schemas.commands import CaptureLead, EditLead, EraseLead, LiftBlock, MergeLead, UnmergeLead
from schemas.envelope import SequenceNumber, marks_in
from schemas.events import BlockLifted, LeadCaptured, LeadErased, LeadMergedInto, LeadUnmerged, LeadUpdated
from schemas.message import LeadId, Message

FACTS_PER_TRANSACTION_MAX = 1000
DECISIONS = frozenset(cls.TYPE.encode() for cls in (CaptureLead, EditLead, EraseLead, LiftBlock, MergeLead, UnmergeLead))
FACTS = frozenset(cls.TYPE.encode() for cls in (LeadCaptured, LeadUpdated, LeadErased, BlockLifted, LeadMergedInto, LeadUnmerged))

Claim = tuple[rules.Identifier, LeadId]


@dataclass(frozen=True, slots=True)
class _Said:
    """A record of a decision. `cause` is the submission's partition and offset; None in the log of facts, which has it not."""

    body: Message
    recorded_ms: int
    cause: tuple[int, SequenceNumber] | None


@dataclass(slots=True)
class _Learned:
    """One look back: what could not be settled before its end.

    Attributes:
        contested: claims to identifiers that another lead holds, which may turn out to be erased.
        erased: leads that the log says are gone.
        blocked: what they did not want to be known by again.
        lifted: what of that they do not mind any more.
        merged: leads that go on as others, and as whom; None for those that are their own again.
    """

    contested: list[Claim] = field(default_factory=list)
    erased: set[LeadId] = field(default_factory=set)
    blocked: list[Block] = field(default_factory=list)
    lifted: list[Lift] = field(default_factory=list)
    merged: dict[LeadId, LeadId | None] = field(default_factory=dict)


class Recall:
    """One in a process, for all partitions."""

    def __init__(self, name: str, keyring: Keyring) -> None:
        self._source = name.encode()
        self._keyring = keyring
        self._lock = asyncio.Lock()
        self._begun = self._done = 0
        self._until: dict[int, int] = {}
        self._was_blocked = WasBlocked()

    def until(self, partition: int) -> int:
        """The last offset of a partition whose decision was found; -1 if none was."""
        return self._until.get(partition, -1)

    def blocked_at(self, recorded_ms: int) -> rules.Known:
        """What was blocked when something was recorded that is read again, and was lifted since."""
        return rules.Known({}, set(), self._was_blocked.at(recorded_ms))

    async def look_back(self, log: Log, begin: Begin) -> None:
        """Learn what was decided beyond the stored positions. Partitions taken together share one look."""
        asked = self._begun
        async with self._lock:
            # Only a look that began after we asked, and came to its end, has seen all that we need.
            if self._done <= asked:
                self._begun += 1
                await self._look_back(log, begin)
                self._done = self._begun

    async def _look_back(self, log: Log, begin: Begin) -> None:
        async with begin() as transaction:
            stands = await Claims(transaction.connection).stands()
        since_ms, lost_since_ms = await undecided(log.reader, stands)
        learned = _Learned()
        if lost_since_ms is not None:
            async for records in written(log.reader, topics.EVENTS, lost_since_ms):
                await self._learn(begin, [said for record in records if (said := _said(record, b"leads", FACTS))], learned)
        if since_ms is not None:
            async for records in written(log.reader, topics.COMMANDS, since_ms):
                found = [said for record in records if (said := _said(record, self._source, DECISIONS))]
                news = [one for one in found if one.cause and one.cause[1].offset >= stands.get(one.cause[0], (0, 0))[0]]
                await self._learn(begin, news, learned)
                for one in news:
                    if one.cause is not None:
                        number, sequence = one.cause
                        self._until[number] = max(self.until(number), sequence.offset)
        await self._settle(begin, learned)
        if since_ms is not None:
            async with begin() as transaction:
                self._was_blocked = await Blocks(transaction.connection).lifted_since(since_ms)

    async def _learn(self, begin: Begin, found: Sequence[_Said], learned: _Learned) -> None:
        for first in range(0, len(found), FACTS_PER_TRANSACTION_MAX):
            claims: list[Claim] = []
            filed: dict[str, Filed] = {}
            for said in found[first : first + FACTS_PER_TRANSACTION_MAX]:
                body = said.body
                if isinstance(body, EraseLead | LeadErased):
                    learned.erased.add(body.lead)
                    learned.blocked += [Block(body.lead, one, said.recorded_ms) for one in body.blocked]
                elif isinstance(body, LiftBlock | BlockLifted):
                    id_ = body.command_id if isinstance(body, LiftBlock) else ""
                    learned.lifted += [Lift(body.lead, one, id_, until_ms=said.recorded_ms) for one in body.lifted]
                elif isinstance(body, MergeLead | LeadMergedInto):
                    learned.merged[body.lead] = body.into
                elif isinstance(body, UnmergeLead | LeadUnmerged):
                    learned.merged[body.lead] = None
                elif isinstance(body, CaptureLead | LeadCaptured | EditLead | LeadUpdated) and body.traits is not None:
                    claims += [(i, body.lead) for i in rules.identifiers(body.traits) if i.kind in body.claimed]
                if isinstance(body, CaptureLead | LeadCaptured):
                    claims += [(i, body.lead) for i in rules.visitor(body.visitor)]
                if isinstance(body, CaptureLead) and said.cause is not None:
                    number, sequence = said.cause
                    source = body.source.source_id
                    id_ = body.submission_id
                    filed[id_] = Filed(id_, "processed", body.lead, None, source, number, sequence.offset)
            async with begin() as transaction:
                tables = Claims(transaction.connection)
                contested = await self._claim(tables, claims)
                await tables.keep(Decided(filed=filed))
            learned.contested.extend(contested)

    async def _claim(self, tables: Claims, claims: Sequence[Claim]) -> list[Claim]:
        """For leads that are not erased; returns the claims to what another one holds."""
        gone = await self._keyring.erased(tables.connection, sorted({lead for _, lead in claims}))
        wanted: dict[rules.Identifier, LeadId] = {}
        contested = [(i, lead) for i, lead in claims if lead not in gone and wanted.setdefault(i, lead) != lead]
        return [*contested, *(await tables.learn(wanted)).items()]

    async def _settle(self, begin: Begin, learned: _Learned) -> None:
        """The erased give back what was claimed for them, and who came after them gets it; the merged go on as others."""
        if not learned.contested and not learned.erased and not learned.lifted and not learned.merged:
            return
        async with begin() as transaction:
            tables, merges = Claims(transaction.connection), Merges(transaction.connection, self._keyring)
            blocks = Blocks(transaction.connection)
            await merges.lock()
            for lead in sorted(learned.erased):
                await tables.release(lead)
            await blocks.take_away(learned.lifted)
            await blocks.put(learned.blocked)
            await self._claim(tables, [claim for claim in learned.contested if claim[1] not in learned.erased])
            for loser, into in learned.merged.items():
                await (merges.part(loser) if into is None else merges.join(loser, into))
            await merges.dissolve(sorted(learned.erased))


async def undecided(
    open_: Open, stands: dict[int, tuple[int, int]], topic: topics.Topic = topics.SUBMISSIONS
) -> tuple[int | None, int | None]:
    """Since when decisions may be unknown, ms: about submissions that can be read, and about those that no longer can."""
    async with open_(topic.name) as reader:
        kept, ends = await reader.beginnings(), await reader.ends()
        lost = [stands.get(number, (0, 0)) for number in reader.numbers if kept[number] > stands.get(number, (0, 0))[0]]
        starts = {number: max(kept[number], stands.get(number, (0, 0))[0]) for number in reader.numbers}
        waiting = {number: Range(start, start + 1) for number, start in starts.items() if start < ends[number]}
        oldest = [record.recorded_ms async for records in reader.read(waiting) for record in records] if waiting else []
    since = None if not waiting else min(oldest) if len(oldest) == len(waiting) else 0
    return since, min((clock_ms for _, clock_ms in lost), default=None)


def _said(record: Record, source: bytes, types: frozenset[bytes]) -> _Said | None:
    """None for records by others and about other things; most are, and cost a look at two headers."""
    headers = dict(record.headers)
    if headers.get("ce_source") != source or headers.get("ce_type") not in types:
        return None
    try:
        body = decode(headers["ce_type"].decode(), record.value)
    except ValidationError:
        return None  # a dead letter of whoever reads it for its own sake
    marks = marks_in(headers)
    cause = None if marks is None else (int(marks[0].rpartition("/")[2]), marks[1])
    return None if body is None else _Said(body, record.recorded_ms, cause)
