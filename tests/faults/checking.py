"""Everything that has to hold once it is quiet, read from the topics, the tables and the mailbox."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from infra.kafka.batch import decode
from infra.kafka.fold import Documents, Event
from infra.kafka.ports import Range, Record, from_ms
from infra.kafka.reading import reader
from infra.wiring import discovery, host
from replay.rebuild import Rebuild
from schemas import events, topics
from schemas.envelope import Envelope, SequenceNumber, marks_of
from schemas.message import Message
from tests.faults.load import Ledger

SHOWN_MAX = 5
SCORING = next((fold for fold in discovery.folds() if fold.name == "scoring"), None)
"""None where that consumer was taken out."""


@dataclass(slots=True)
class Fact:
    """One record of the log that is no copy."""

    record: Record
    envelope: Envelope
    body: Message


@dataclass
class Log:
    """leads.events without re-sent copies."""

    facts: list[Fact] = field(default_factory=list)
    copies: int = 0

    def of(self, kind: type[Message]) -> list[Any]:
        """Bodies of one type."""
        return [fact.body for fact in self.facts if type(fact.body) is kind]


@dataclass
class Findings:
    """What is wrong, and what was counted."""

    wrong: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)

    def expect(self, holds: bool, sentence: str, examples: Sequence[object] = ()) -> None:
        """A sentence that must hold."""
        if not holds:
            self.wrong.append(f"NOT SO: {sentence}" + (f"; e.g. {list(examples)[:SHOWN_MAX]}" if examples else ""))

    def same(self, found: object, wanted: object, sentence: str) -> None:
        """Two figures that must be one."""
        self.expect(found == wanted, f"{sentence}: {found} is {wanted}")


async def read_log(has: host.Base) -> Log:
    """The whole topic, partition by partition."""
    found = Log()
    origins: dict[tuple[int, str], SequenceNumber] = {}
    async with reader(has.settings.kafka, topics.EVENTS) as log:
        starts, ends = await log.beginnings(), await log.ends()
        async for batch in log.read({number: Range(starts[number], ends[number]) for number in log.numbers}):
            for record in batch:
                marks = marks_of(record.headers)
                if marks is not None:
                    last = origins.get((record.partition, marks[0]))
                    if last is not None and marks[1] <= last:
                        found.copies += 1
                        continue
                    origins[record.partition, marks[0]] = marks[1]
                envelope = Envelope.read(record.headers)
                body = decode(envelope.type, record.value)
                assert body is not None, f"unknown type {envelope.type}"
                found.facts.append(Fact(record, envelope, body))
    return found


async def check(has: host.Base, ledger: Ledger, mails: list[dict[str, Any]]) -> Findings:
    """All of it."""
    findings, log = Findings(), await read_log(has)
    await _submissions(has, ledger, log, findings)
    await _leads(has, ledger, log, findings)
    _order(log, findings)
    _scores(log, findings)
    await _read_models(has, log, findings)
    await _mails(has, ledger, mails, findings)
    findings.counted |= {"facts": len(log.facts), "re-sent copies": log.copies, "mails": len(mails)}
    return findings


async def _submissions(has: host.Base, ledger: Ledger, log: Log, findings: Findings) -> None:
    rows = await has.pool.fetch("select submission_id, status, first_submission from identity.submissions")
    lines = {row["submission_id"]: row for row in rows}
    answered = [id_ for ids in ledger.accepted.values() for id_ in ids]
    lost = [id_ for id_ in answered if id_ not in lines]
    findings.expect(not lost, f"every submission that was answered has its line ({len(lost)} lost)", lost)
    odd = [id_ for id_, row in lines.items() if row["status"] not in {"processed", "duplicate"}]
    findings.expect(not odd, "every line is processed or duplicate", odd)
    captured = Counter(fact.submission_id for fact in log.of(events.LeadCaptured))
    twice = [id_ for id_, count in captured.items() if count > 1]
    findings.expect(not twice, "no submission is captured twice", twice)
    processed = {id_ for id_, row in lines.items() if row["status"] == "processed"}
    findings.same(set(captured) == processed, True, "what is captured is what was processed")
    findings.same(sum(captured.values()), len(processed), "captured facts and processed submissions are as many")
    findings.same(len(processed), len(ledger.forms), "each form is processed once, however often it was sent")
    for event_id, ids in ledger.accepted.items():
        firsts = {id_ if lines[id_]["status"] == "processed" else lines[id_]["first_submission"] for id_ in ids if id_ in lines}
        if len(firsts) != 1 or not firsts <= processed:
            findings.expect(False, f"deliveries of {event_id} lead to one processed submission", sorted(map(str, firsts)))
    statuses = Counter(row["status"] for row in rows)
    findings.counted |= {"answered": len(answered), "forms": len(ledger.forms)} | dict(statuses)


async def _leads(has: host.Base, ledger: Ledger, log: Log, findings: Findings) -> None:
    people = ledger.people
    rows = await has.pool.fetch("select id, lower(email) as email, owner, score from lead_list.leads")
    findings.same(len(rows), len(people), "one row of the list for each person")
    findings.same({row["email"] for row in rows} == set(people), True, "the list has these very people")
    firsts = Counter(fact.lead for fact in log.of(events.LeadCaptured) if fact.first)
    findings.same(sorted(firsts.values()) == [1] * len(people), True, "every lead begins once")
    assigned = Counter(fact.lead for fact in log.of(events.LeadAssigned))
    wrong = [lead for lead in firsts if assigned[lead] != 1]
    findings.expect(not wrong, "every lead is given to somebody once", wrong)
    last = {fact.lead: fact.score for fact in log.of(events.LeadScored)}
    wrong = [row["id"] for row in rows if row["score"] != last.get(row["id"])]
    findings.expect(not wrong, "the list shows the last score of the log", wrong)
    letters = await has.pool.fetch("select consumer, kind, reason, count(*) from dead_letters.letters group by 1, 2, 3")
    findings.expect(not letters, "there are no dead letters", [dict(row) for row in letters])
    findings.counted["people"] = len(people)


def _order(log: Log, findings: Findings) -> None:
    versions: dict[str, int] = defaultdict(lambda: -1)
    back = []
    for fact in log.facts:
        if not isinstance(fact.body, events.LeadFact):
            continue
        if fact.body.version <= versions[fact.body.lead]:
            back.append((fact.body.lead, fact.record.partition, fact.record.offset))
        versions[fact.body.lead] = fact.body.version
    findings.expect(not back, "versions ascend for every lead", back)
    partitions: dict[str, set[int]] = defaultdict(set)
    for fact in log.facts:
        if fact.body.lead is not None:
            partitions[fact.body.lead].add(fact.record.partition)
    findings.expect(all(len(found) == 1 for found in partitions.values()), "a lead stands in one partition")


def _scores(log: Log, findings: Findings) -> None:
    """Fold every lead anew, from the log alone."""
    if SCORING is None:
        return
    states: dict[str, Any] = {}
    again: dict[str, list[Message]] = defaultdict(list)
    recorded: dict[str, list[Message]] = defaultdict(list)
    for fact in log.facts:
        lead, body = fact.body.lead, fact.body
        if isinstance(body, events.LeadScored):
            recorded[body.lead].append(body)
            findings.expect(sum(line.points for line in body.receipt) == body.score, f"the receipt of {lead} adds up")
        handler: Any = SCORING.handlers.get(type(body))
        if handler is None or lead is None:
            continue
        envelope, at = fact.envelope, fact.record
        moment = from_ms(at.recorded_ms)
        event = Event(envelope.id, envelope.type, body, envelope.occurred_at, moment, at.partition, at.offset)
        decision = handler(states.get(lead, SCORING.state()), event, Documents())
        states[lead] = decision.state
        again[lead].extend(decision.events)
    wrong = [lead for lead in states if again[lead] != recorded[lead]]
    findings.expect(not wrong, f"scores folded anew are those recorded ({len(wrong)} differ)", wrong)
    findings.counted["scored"] = sum(map(len, recorded.values()))


async def _read_models(has: host.Base, log: Log, findings: Findings) -> None:
    rows = await has.pool.fetch('select partition, "offset", event_id, value from history.records')
    stored = {(row["partition"], row["offset"]): (row["event_id"], row["value"]) for row in rows}
    wanted = {(f.record.partition, f.record.offset): (f.envelope.id, f.record.value) for f in log.facts}
    differ = [at for at in stored.keys() | wanted.keys() if stored.get(at) != wanted.get(at)]
    findings.expect(not differ, f"history is the log without copies ({len(differ)} differ)", sorted(differ))
    for name, (declare, create) in discovery.projection_models().items():
        rebuild = Rebuild(has.pool, has.settings.kafka, has.keyring, declare, create, lambda _: None)
        rebuilt = await rebuild.run(switch=False)
        # Which documents OpenSearch has seen is no function of the log.
        differences = [table for table in rebuilt.differences if table != "dirty"]
        findings.expect(not differences, f"{name} built anew is the live one", differences)
        findings.same(rebuilt.skipped, 0, f"records that {name} skipped")


async def _mails(has: host.Base, ledger: Ledger, mails: list[dict[str, Any]], findings: Findings) -> None:
    arrived = Counter(str(mail["id"]) for mail in mails)
    twice = [id_ for id_, count in arrived.items() if count > 1]
    findings.expect(not twice, "no mail comes twice", twice)
    written = Counter(to.lower() for mail in mails for to in mail["to"] if not to.endswith("@seller.example"))
    findings.expect(all(count == 1 for count in written.values()), "nobody is acknowledged twice", written.most_common(3))
    refused = [email for email, consent in ledger.people.items() if not consent and email in written]
    findings.expect(not refused, "who refused is not written to", refused)
    rows = await has.pool.fetch(
        """select e.reason, e.state, e.message_id, e.payload, lower(l.email) as email
           from effects.effects e left join lead_list.leads l on l.id = e.lead"""
    )
    planned = Counter(row["email"] for row in rows if row["reason"] == "acknowledgement")
    willing = {email for email, consent in ledger.people.items() if consent}
    findings.same(planned == Counter(willing), True, "one acknowledgement is planned for each who agreed")
    findings.same(sum(row["reason"] == "assignment" for row in rows), len(ledger.people), "an owner is told of each lead")
    states = Counter(row["state"] for row in rows)
    findings.expect(states.keys() <= {"done", "unknown"}, "every effect is done, or shown as unknown", sorted(states.items()))
    missing = [row["message_id"] for row in rows if row["state"] == "done" and not arrived[row["message_id"]]]
    findings.expect(not missing, f"what is called done has arrived ({len(missing)} have not)", missing)
    reported = {row["message_id"]: row["outcome"] for row in await _outcomes(has)}
    wanted = {orjson.loads(row["payload"])["message_id"]: {"done": "sent"}.get(row["state"], row["state"]) for row in rows}
    findings.same(reported == wanted, True, "leads was told what became of each mail")
    unknown = [row["message_id"] for row in rows if row["state"] == "unknown"]
    findings.counted |= {f"effects {state}": count for state, count in states.items()}
    findings.counted["unknown that arrived"] = sum(1 for id_ in unknown if arrived[id_])


async def _outcomes(has: host.Base) -> list[Any]:
    found: list[Any] = await has.pool.fetch("select id as message_id, outcome from lead_list.messages")
    return found
