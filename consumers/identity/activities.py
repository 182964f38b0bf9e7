"""leads.activities -> identity.activities -> leads.commands

Finds out whose activity it is, and tells `leads`. What visitors do whom nobody knows is held until a submission says who they
are: then it is told under that submission (consumer.py), once and in order. Both lock a visitor's claim first, so that nothing
is held of somebody who was just identified. Addresses that are not to be written to are suppressed here, in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pydantic import ValidationError

from consumers.identity import activity_rules as rules
from consumers.identity import rules as identity_rules
from consumers.identity.activity_recall import ActivityRecall
from consumers.identity.claims import Claims, Decided, Filed
from consumers.identity.held import Activities
from consumers.identity.merges import Merges
from consumers.identity.stepping import Plain
from consumers.identity.suppressing import suppress
from infra.crypto.codec import open_person, seal_person
from infra.crypto.keyring import Keyring
from infra.crypto.seal import Key, WrongKey
from infra.effects import control as effects
from infra.kafka.batch import Batch, Entry
from infra.kafka.fold import BREATH_MS
from infra.kafka.outputs import Outputs
from infra.kafka.ports import Changes, DeadLetter, Log, Transaction
from infra.kafka.step import Begin, Result
from schemas import topics
from schemas.activities import ActivityDetails, ActivityReceived, RecordActivity
from schemas.message import LeadId

VERSION: Final = 1

Came = tuple[Entry, ActivityReceived]


async def asked(
    keyring: Keyring, key: Key, received: ActivityReceived, lead: LeadId, known: rules.Acquainted | None = None
) -> RecordActivity:
    """The command, its personal part moved from the intake key to the lead's own; without it once that day's key is destroyed.

    Raises WrongKey, ValidationError.
    """
    if received.personal is None:
        return rules.command(received, lead, None, known)
    intake = await keyring.intake_of(received.personal)
    if intake is None:
        return rules.command(received, lead, None, known)
    details = open_person(intake, received.personal, received.activity.id, ActivityDetails)
    return rules.command(received, lead, seal_person(key, details, lead), known)


async def asked_later(keyring: Keyring, key: Key, held: ActivityReceived, lead: LeadId) -> RecordActivity:
    """As `asked`, for what was held. What can't be opened any more is told without it."""
    try:
        return await asked(keyring, key, held, lead)
    except (WrongKey, ValidationError):
        return rules.command(held, lead, None)


@dataclass(slots=True)
class _Work:
    """One transaction's batches, and what became of activities: by id, whose they were."""

    changes: dict[int, Changes]
    outputs: dict[int, Outputs]
    told: dict[str, LeadId] = field(default_factory=dict)
    filed: dict[str, Filed] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, batches: Sequence[Batch], log: Log) -> "_Work":
        changes = {batch.partition: Changes() for batch in batches}
        outputs = {b.partition: Outputs(rules.NAME, VERSION, b.topic_id, b.partition, changes[b.partition], log) for b in batches}
        return cls(changes, outputs)

    def publish(self, command: RecordActivity, came: Came) -> None:
        """Under the record that asked for it."""
        entry, received = came
        if entry.envelope is not None:
            cause = entry.envelope._replace(occurred_at=received.activity.occurred_at)
            self.outputs[entry.record.partition].add(command, cause, entry.record.offset)
        self.told[received.activity.id] = command.lead
        self.file(came, "activity", command.lead)

    def file(self, came: Came, status: str, lead: LeadId | None = None, first: str | None = None) -> None:
        """For whoever was answered with an id, and may ask."""
        entry, received = came
        id_ = received.submission_id
        if id_ is not None:
            source, at = received.activity.source.source_id, entry.record
            self.filed[id_] = Filed(id_, status, lead, first, source, at.partition, at.offset)


class ActivityStep(Plain):
    """Implements infra.kafka.partition.Step."""

    name = rules.NAME
    reads = topics.ACTIVITIES
    breath_ms = BREATH_MS

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._recall = ActivityRecall("identity", keyring)

    def wants(self, type_: str) -> bool:
        """Activities."""
        return type_ == ActivityReceived.TYPE

    async def recall(self, log: Log, begin: Begin) -> None:
        """Who is known, and what was told already, whatever the tables know of it."""
        await self._recall.look_back(log, begin)

    async def run(self, transaction: Transaction, batches: Sequence[Batch], log: Log) -> Sequence[Result]:
        """See Step."""
        work, connection = _Work.over(batches, log), transaction.connection
        entries = [entry for batch in batches for entry in batch.entries if entry.body is not None]
        came = [(entry, cast("ActivityReceived", entry.body)) for entry in entries]
        if came:
            tables = Activities(connection)
            news, repeats = await self._sorted(tables, came)
            await suppress(connection, [received for _, received in news])
            await self._tell(connection, tables, news, work)
            await tables.told(work.told)
            await tables.unsee(work.unread)
            await self._file_repeats(tables, repeats, work)
            claims = Claims(connection)
            await claims.keep(Decided(filed=work.filed))
            await claims.let_go([one for _, received in news for one in identity_rules.visitor(received.visitor)])
        return [Result(work.changes[batch.partition], batch.documents) for batch in batches]

    async def _sorted(self, tables: Activities, came: Sequence[Came]) -> tuple[list[Came], list[Came]]:
        """Those that are news, and those that came before."""
        first = await tables.first([received for _, received in came])
        news: list[Came] = []
        repeats: list[Came] = []
        for one in came:
            id_ = one[1].activity.id
            (news if id_ in first else repeats).append(one)
            first.discard(id_)
        return news, repeats

    async def _file_repeats(self, tables: Activities, repeats: Sequence[Came], work: _Work) -> None:
        """As what they repeat."""
        seen = await tables.seen([received.activity.id for _, received in repeats]) if repeats else {}
        for one in repeats:
            before = seen.get(one[1].activity.id)
            if before is None or before.submission_id is None:
                work.file(one, "activity", None if before is None else before.lead)
            elif before.submission_id != one[1].submission_id:
                work.file(one, "duplicate", before.lead, before.submission_id)

    async def _tell(self, connection: Any, tables: Activities, news: Sequence[Came], work: _Work) -> None:
        known = await acquainted(connection, self._keyring, [received for _, received in news])
        earlier = await tables.held(sorted(known.visitors))
        leads = {received.activity.id: rules.whose(received, known) for _, received in news}
        wanted = sorted({lead for lead in (*leads.values(), *known.visitors.values()) if lead is not None})
        keys = await self._keyring.lead_keys(wanted, connection) if wanted else {}
        held: list[tuple[ActivityReceived, int]] = []
        for entry, received in news:
            lead = leads[received.activity.id]
            if lead is None:
                work.file((entry, received), "stranger")
                if received.visitor is not None:
                    held.append((received, entry.record.offset))
                continue
            key = keys[lead]
            if key is None:
                work.file((entry, received), "stranger")  # erased since
                continue
            if received.visitor is not None and known.visitors.get(received.visitor) == lead:
                for one in earlier.pop(received.visitor, []):
                    work.publish(await asked_later(self._keyring, key, one, lead), (entry, one))
            await self._ask(key, (entry, received), lead, known, work)
        await tables.hold(held)

    async def _ask(self, key: Key, came: Came, lead: LeadId, known: rules.Acquainted, work: _Work) -> None:
        """One command, under the entry."""
        entry, received = came
        try:
            command = await asked(self._keyring, key, received, lead, known)
        except (WrongKey, ValidationError) as broken:
            reason = f"personal can't be opened: {type(broken).__name__}"
            work.changes[entry.record.partition].dead_letters.append(DeadLetter(entry.record, reason, "undecodable", 1))
            work.unread.append(received.activity.id)
            work.file(came, "rejected")
            return
        work.publish(command, came)


async def acquainted(connection: Any, keyring: Keyring, news: Sequence[ActivityReceived]) -> rules.Acquainted:
    """Who is known of those that activities name. Visitors' claims are locked until the transaction ends, addresses are not."""
    mails = sorted({one.mail for one in news if one.mail is not None})
    addresses = sorted({one.address for one in news if one.address is not None})
    visitors = [identifier for one in news for identifier in identity_rules.visitor(one.visitor)]
    sent = await effects.sent(connection, mails) if mails else []
    claims = Claims(connection)
    known = await claims.lock(visitors) if visitors else None
    # Who was merged is spoken to as the one that they go on as; claims say so themselves.
    tops = await Merges(connection, keyring).tops([one.lead for one in sent]) if sent else {}
    return rules.Acquainted(
        mails={one.id: rules.Mailed(tops.get(one.lead, LeadId(one.lead)), one.message_id, one.to == "lead") for one in sent},
        addresses=await claims.by_address(addresses) if addresses else {},
        visitors={} if known is None else {identifier.hash: lead for identifier, lead in known.owners.items()},
    )
