"""leads.submissions -> identity, leads.activities -> identity.activities -> leads.commands

Finds out whose submission it is. Not a fold: identifiers are shared by all partitions, so each batch claims them in one
transaction, reads who won, and asks `leads` to capture. Over a new or restored database it applies what it said in the log (see
recall.py), and never decides again. Activity is read by a step of its own (activities.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError

from consumers.identity import rules
from consumers.identity.activities import ActivityStep, asked_later
from consumers.identity.blocks import NOT_BLOCKED, Block, Blocks
from consumers.identity.claims import Claims, Decided, Delivery, Filed
from consumers.identity.held import Activities
from consumers.identity.merges import Merges
from consumers.identity.recall import Recall
from consumers.identity.stepping import Plain
from infra.crypto.codec import open_person, seal_person
from infra.crypto.keyring import Keyring
from infra.crypto.seal import WrongKey
from infra.dead_letters import store as dead_letters
from infra.effects import control as effects
from infra.kafka.batch import Batch, Entry
from infra.kafka.fold import BREATH_MS
from infra.kafka.outputs import Outputs
from infra.kafka.ports import Changes, DeadLetter, Log, Transaction
from infra.kafka.step import Begin, Result
from schemas import commands, topics
from schemas.envelope import derived_id
from schemas.message import LeadId, Message
from schemas.person import Person
from schemas.submissions import (
    BlockLiftRequested,
    ContactEdited,
    ErasureRequested,
    MergeRequested,
    SubmissionReceived,
    UnmergeRequested,
)

NAME = "identity"
VERSION = 1

Alone = ErasureRequested | BlockLiftRequested | ContactEdited | MergeRequested | UnmergeRequested
"""What concerns known leads, and is worked on by itself."""
ONE_AT_A_TIME = (ErasureRequested, BlockLiftRequested, MergeRequested, UnmergeRequested)
"""Whoever decides one of these waits for whoever is deciding another."""


class _Found(NamedTuple):
    """Whose a submission is, and which identifiers it claimed for them."""

    entry: Entry
    submission: SubmissionReceived
    verdict: rules.Verdict
    taken: list[rules.Identifier]


@dataclass(slots=True)
class _Work:
    """One transaction's batches. `decided` is of a run of submissions between two erasures or edits.

    `turned_away`: identifiers of submissions that were not let in, and nobody claims.
    """

    changes: dict[int, Changes]
    outputs: dict[int, Outputs]
    decided: Decided = field(default_factory=Decided)
    turned_away: list[rules.Identifier] = field(default_factory=list)

    @classmethod
    def over(cls, batches: Sequence[Batch], log: Log) -> "_Work":
        """With nothing decided yet."""
        changes = {batch.partition: Changes() for batch in batches}
        outputs = {b.partition: Outputs(NAME, VERSION, b.topic_id, b.partition, changes[b.partition], log) for b in batches}
        return cls(changes, outputs)

    def publish(self, message: Message, entry: Entry, at: datetime | None = None) -> None:
        """Under the record that asked for it; `at` is when it happened, if that was at another time."""
        if entry.envelope is not None:
            cause = entry.envelope if at is None else entry.envelope._replace(occurred_at=at)
            self.outputs[entry.record.partition].add(message, cause, entry.record.offset)

    def file(
        self,
        entry: Entry,
        submission: SubmissionReceived,
        status: str,
        lead: LeadId | None = None,
        first: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Remember what became of a submission."""
        id_, at = submission.submission_id, entry.record
        self.decided.filed[id_] = Filed(id_, status, lead, first, submission.source.source_id, at.partition, at.offset, reason)

    def reject(self, entry: Entry, submission: SubmissionReceived, reason: str, kind: str) -> None:
        """It was somebody's, but can't be read. Its delivery is not kept, so that it is no repeat when it is tried again."""
        kept = self.decided.deliveries.get(submission.delivery)
        if kept is not None and kept.submission_id == submission.submission_id:
            del self.decided.deliveries[submission.delivery]
        self.changes[entry.record.partition].dead_letters.append(DeadLetter(entry.record, reason, kind, 1))
        self.file(entry, submission, "rejected", reason=reason)


class IdentityStep(Plain):
    """Implements infra.kafka.partition.Step."""

    name = NAME
    reads = topics.SUBMISSIONS
    breath_ms = BREATH_MS

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._recall = Recall(NAME, keyring)
        self._wanted = {cls.TYPE for cls in (SubmissionReceived, *Alone.__args__)}

    def wants(self, type_: str) -> bool:
        """Submissions, edits of contact data, merges, erasures, and blocks that are lifted."""
        return type_ in self._wanted

    async def recall(self, log: Log, begin: Begin) -> None:
        """What was decided already, whatever the tables know of it."""
        await self._recall.look_back(log, begin)

    async def run(self, transaction: Transaction, batches: Sequence[Batch], log: Log) -> Sequence[Result]:
        """See Step. What stands alone cuts a batch: what comes after it must find what it left."""
        work = _Work.over(batches, log)
        claims = Claims(transaction.connection)
        entries = [entry for batch in batches for entry in batch.entries]
        if any(isinstance(entry.body, ONE_AT_A_TIME) for entry in entries):
            await Merges(transaction.connection, self._keyring).lock()
        locked = _claimed_by(entries)
        alone = any(isinstance(entry.body, Alone) for entry in entries)
        if alone:
            await claims.lock(locked)  # all at once, in order: cut into runs, two processes would wait crosswise
        waiting: list[Entry] = []
        for entry in entries:
            if isinstance(entry.body, Alone):
                await self._submissions(claims, waiting, work)
                waiting = []
                await self._about_one(claims, entry, entry.body, work)
            elif isinstance(entry.body, SubmissionReceived):
                waiting.append(entry)
        await self._submissions(claims, waiting, work)
        left = [one for one in locked if alone or one.kind == "visitor"] + work.turned_away
        if left:
            await claims.let_go(left)
        return [Result(work.changes[batch.partition], batch.documents) for batch in batches]

    async def _submissions(self, claims: Claims, entries: list[Entry], work: _Work) -> None:
        if not entries:
            return
        work.decided = Decided()
        leads = await self._resolve(claims, entries, work)
        await self._capture(claims, leads, work)
        await claims.keep(work.decided)

    async def _resolve(self, claims: Claims, entries: list[Entry], work: _Work) -> list[_Found]:
        """File repeats, spam and tests; find whose the others are, and claim for them."""
        submissions = [(entry, entry.body) for entry in entries if isinstance(entry.body, SubmissionReceived)]
        if any(entry.record.offset <= self._recall.until(entry.record.partition) for entry in entries):
            submissions = await self._undecided(claims, submissions, work)
        seen = await claims.deliveries([submission.delivery for _, submission in submissions])
        news: list[tuple[Entry, SubmissionReceived]] = []
        repeats: list[tuple[Entry, SubmissionReceived]] = []
        for entry, submission in submissions:
            if submission.delivery in seen or submission.delivery in work.decided.deliveries:
                repeats.append((entry, submission))
                continue
            work.decided.deliveries[submission.delivery] = Delivery(submission.submission_id, None)
            if submission.kind == "lead":
                news.append((entry, submission))
            else:
                work.file(entry, submission, submission.kind)
        asked = [i for _, one in news for i in (*rules.identifiers(one.traits), *rules.visitor(one.visitor))]
        known = await claims.lock(asked) if asked else rules.Known({}, set())
        verdicts = []
        for entry, submission in news:
            then = self._recall.blocked_at(entry.record.recorded_ms)
            if rules.is_blocked(submission.traits, known) or rules.is_blocked(submission.traits, then):
                work.file(entry, submission, "rejected", reason=rules.BLOCKED)
                work.turned_away += rules.identifiers(submission.traits)
                continue
            verdict = rules.resolve(submission, known, entry.clock_ms)
            taken = known.take(submission.traits, verdict.lead) + known.take_visitor(submission.visitor, verdict.lead)
            work.decided.claimed.update(dict.fromkeys(taken, verdict.lead))
            if verdict.suggestion is not None:
                work.decided.suggestions.append((verdict.lead, verdict.suggestion))
            work.decided.deliveries[submission.delivery] = Delivery(submission.submission_id, verdict.lead)
            work.file(entry, submission, "processed", verdict.lead)
            verdicts.append(_Found(entry, submission, verdict, taken))
        for entry, submission in repeats:
            first = seen.get(submission.delivery) or work.decided.deliveries[submission.delivery]
            # A record that was published twice is no second delivery: its line is there already.
            if first.submission_id != submission.submission_id:
                work.file(entry, submission, "duplicate", first.lead, first.submission_id)
        return verdicts

    async def _undecided(
        self, claims: Claims, submissions: list[tuple[Entry, SubmissionReceived]], work: _Work
    ) -> list[tuple[Entry, SubmissionReceived]]:
        """Without those whose commands stand in the log: all that is left to do for them is to remember their deliveries."""
        decided = await claims.leads_of([submission.submission_id for _, submission in submissions])
        for _, submission in submissions:
            lead = decided.get(submission.submission_id)
            if lead is not None:
                work.decided.deliveries[submission.delivery] = Delivery(submission.submission_id, lead)
        return [pair for pair in submissions if pair[1].submission_id not in decided]

    async def _capture(self, claims: Claims, verdicts: list[_Found], work: _Work) -> None:
        """From the intake key to the lead's own key, and on to `leads`."""
        if not verdicts:
            return
        wanted = sorted({found.verdict.lead for found in verdicts})
        keys = await self._keyring.create_lead_keys(claims.connection, wanted)
        activities, told = Activities(claims.connection), dict[str, LeadId]()
        held = await activities.held([one.hash for found in verdicts for one in found.taken if one.kind == "visitor"])
        for entry, submission, verdict, taken in verdicts:
            key = keys[verdict.lead]
            if key is None:
                # Read again from the log after a restore: the ledger outlives the claims.
                work.file(entry, submission, "rejected", reason="the lead was erased")
                continue
            try:
                person = await self._open(submission)
            except (WrongKey, ValidationError) as broken:
                work.reject(entry, submission, f"personal can't be opened: {type(broken).__name__}", "undecodable")
                continue
            if person is None:
                work.reject(entry, submission, "its intake key was destroyed when its retention had passed", "reject")
                continue
            command = rules.capture(submission, verdict, taken, seal_person(key, person, verdict.lead))
            work.publish(command, entry)
            for one in held.pop(command.visitor or "", []):  # what this browser did before anybody knew whose it is
                asked = await asked_later(self._keyring, key, one, verdict.lead)
                work.publish(asked, entry, one.activity.occurred_at)
                told[one.activity.id] = verdict.lead
        await activities.told(told)

    async def _open(self, submission: SubmissionReceived) -> Person | None:
        """Without the body as it was sent, which stays behind."""
        if submission.personal is None:
            return Person()
        key = await self._keyring.intake_of(submission.personal)
        return None if key is None else open_person(key, submission.personal, submission.submission_id, Person)

    async def _about_one(self, claims: Claims, entry: Entry, asked: Alone, work: _Work) -> None:
        if isinstance(asked, ErasureRequested):
            if asked.only_source is None or not await self._others(claims, asked.lead, asked.only_source):
                for command in await self._erase(claims, asked):
                    work.publish(command, entry)
        elif isinstance(asked, BlockLiftRequested):
            await self._lift(claims, entry, asked, work)
        elif isinstance(asked, ContactEdited):
            work.publish(await self._edit(claims, asked, entry.record.recorded_ms), entry)
        elif not await claims.asked_before(asked.command_id, asked.lead):
            merges = Merges(claims.connection, self._keyring)
            decided = merges.merge(asked) if isinstance(asked, MergeRequested) else merges.unmerge(asked)
            work.publish(await decided, entry)

    async def _others(self, claims: Claims, lead: LeadId, source: str) -> bool:
        """Whether another source brought something of the lead, or it is part of a person with others."""
        family = await Merges(claims.connection, self._keyring).family(lead)
        return len(family) > 1 or await claims.others(lead, source)

    async def _lift(self, claims: Claims, entry: Entry, asked: BlockLiftRequested, work: _Work) -> None:
        """Through `leads`, which answers whoever asked; where no lead was blocked, the answer is filed here."""
        blocks = Blocks(claims.connection)
        if entry.envelope is None or await blocks.answered(asked.command_id):
            return
        command = await blocks.lift(asked, entry.record.recorded_ms)
        if command is not None:
            work.publish(command, entry)
            return
        id_, at = asked.command_id, entry.record
        filed = Filed(id_, "missing", None, None, entry.envelope.source, at.partition, at.offset, NOT_BLOCKED)
        await claims.keep(Decided(filed={id_: filed}))

    async def _edit(self, claims: Claims, asked: ContactEdited, recorded_ms: int) -> commands.EditLead:
        """Claim what is new for the lead. Claims stay if `leads` then declines: they lead to the same lead, and harm nobody."""
        if await self._keyring.erased(claims.connection, [asked.lead]):
            return rules.edit(asked, rules.Known({}, set()))[0]
        then = self._recall.blocked_at(recorded_ms)
        if rules.is_blocked(asked.traits, then):
            return rules.edit(asked, then)[0]
        command, claimed = rules.edit(asked, await claims.lock(rules.identifiers(asked.traits)))
        await claims.keep(Decided(claimed=dict.fromkeys(claimed, asked.lead)))
        return command

    async def _erase(self, claims: Claims, asked: ErasureRequested) -> list[commands.EraseLead]:
        """Claims removed or blocked, effects cancelled, keys destroyed, ledger written, and the log told: one transaction.

        Of the person, so of every lead that was merged with this one.
        """
        if not await self._keyring.known(claims.connection, asked.lead):
            return [commands.EraseLead(lead=asked.lead, command_id=asked.command_id, actor=asked.actor, stranger=True)]
        merges = Merges(claims.connection, self._keyring)
        family = await merges.family(asked.lead)
        claimed = {lead: await claims.release(lead) for lead in family}
        blocked = rules.to_block([one for found in claimed.values() for one in found]) if asked.block else ()
        await Blocks(claims.connection).put([Block(asked.lead, one) for one in blocked])
        await merges.dissolve(family)
        told = []
        for nth, lead in enumerate(family):
            own = blocked if lead == asked.lead else ()
            done = {
                "identifiers": len(claimed[lead]),
                "blocked": len(own),
                "dead_letters": await dead_letters.erase(claims.connection, lead, [one.hash for one in claimed[lead]]),
                "activities": await Activities(claims.connection).forget(
                    [one.hash for one in claimed[lead] if one.kind == "visitor"]
                ),
                "effects": await effects.cancel(claims.connection, lead),
            }
            if len(family) > 1:
                done["merged"] = len(family) - 1
            await self._keyring.destroy(claims.connection, lead, actor=asked.actor, reason=asked.reason, done=done)
            command_id = asked.command_id if lead == asked.lead else derived_id(asked.command_id, NAME, nth)
            told.append(commands.EraseLead(lead=lead, command_id=command_id, actor=asked.actor, blocked=own))
        return told


def _claimed_by(entries: Sequence[Entry]) -> list[rules.Identifier]:
    found: list[rules.Identifier] = []
    for entry in entries:
        if isinstance(entry.body, ContactEdited) or (isinstance(entry.body, SubmissionReceived) and entry.body.kind == "lead"):
            found.extend(rules.identifiers(entry.body.traits))
        if isinstance(entry.body, SubmissionReceived) and entry.body.kind == "lead":
            found.extend(rules.visitor(entry.body.visitor))
    return found


def steps(keyring: Keyring) -> tuple[IdentityStep, ActivityStep]:
    """What wiring runs."""
    return IdentityStep(keyring), ActivityStep(keyring)
