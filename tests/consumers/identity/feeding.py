"""One partition of identity, fed by hand."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg

from consumers.identity.consumer import steps
from infra.crypto.keyring import Keyring
from infra.dead_letters import store as dead_letters
from infra.effects import gate
from infra.kafka.partition import Partition
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import Outgoing
from infra.postgres.pool import open_pool
from schemas.envelope import Envelope
from schemas.message import LeadId, Sealed, registry
from schemas.person import Identifying, Traits
from schemas.submissions import BlockLiftRequested, ContactEdited, ErasureRequested, SubmissionReceived
from tests.infra.kafka.logs import HandClock, MemoryLog, recorded, work
from tests.submitting import submission

TABLES = (
    "identity.claims, identity.lifted, identity.merges, identity.suggestions, identity.deliveries, identity.submissions, identity.watermarks, "
    "identity.outbox, identity.activities, identity.held_activities, identity_activities.watermarks, identity_activities.outbox, "
    "effects.suppressions, effects.effects, crypto.lead_keys, crypto.intake_keys, crypto.erasures, crypto.named_keys, "
    "dead_letters.letters"
)


@dataclass
class Identity:
    """One partition of identity on a log in memory."""

    pool: asyncpg.Pool
    keyring: Keyring
    partition: Partition
    log: MemoryLog
    sent: list[Outgoing] = field(default_factory=list)

    async def read(self, *outgoing: Outgoing) -> list[Any]:
        """One batch; the commands that came of it."""
        before = len(self.log.appended)
        first = len(self.sent)
        self.sent.extend(outgoing)
        await work(self.partition, [recorded(record, first + nth) for nth, record in enumerate(outgoing)])
        # Sent by destination; their sequence tells the order in which they were decided.
        news = [(Envelope.read(record.headers).sequence, _body(record)) for _, record in self.log.appended[before:]]
        return [body for _, body in sorted(news, key=lambda pair: pair[0])]

    async def filed(self, body: SubmissionReceived) -> tuple[str, str | None, str | None]:
        row = await self.pool.fetchrow(
            "select status, lead, first_submission from identity.submissions where submission_id = $1", body.submission_id
        )
        return (row["status"], row["lead"], row["first_submission"])


def _body(record: Outgoing) -> Any:
    envelope = Envelope.read(record.headers)
    cls = registry.get(envelope.type)
    assert cls is not None
    return cls.model_validate_json(record.value)


@asynccontextmanager
async def feeding(database: str) -> AsyncIterator[Identity]:
    """Over empty tables."""
    pool, keys = await open_pool(database, name="test", size=3), await open_pool(database, name="test-keys", size=2)
    await pool.execute(f"truncate {TABLES}")
    keyring, log = Keyring(keys, bytes(32)), MemoryLog()
    await keyring.dead_letter_key()
    bury = partial(dead_letters.add, consumer="identity", topic="leads.submissions", keyring=keyring)
    step = steps(keyring)[0]
    store = PgStore(pool, "identity", topic="leads.submissions", plan=gate.plan, bury=bury)
    partition = Partition(0, step, log, store, HandClock())
    await partition.assigned()
    yield Identity(pool, keyring, partition, log)
    await pool.close()
    await keys.close()


def erasure(lead: str, *, block: bool = False, only_source: str | None = None) -> Outgoing:
    id_ = str(uuid.uuid4())
    asked = ErasureRequested(
        lead=LeadId(lead), command_id=id_, actor="admin", reason="asked", block=block, only_source=only_source
    )
    envelope = Envelope(asked.command_id, asked.TYPE, "gateway", datetime.now(UTC), subject=lead)
    return Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode())


def lifting(keyring: Keyring, kind: Identifying, known_by: str, command_id: str | None = None) -> Outgoing:
    id_ = command_id or str(uuid.uuid4())
    hash_ = keyring.hash(kind, known_by)
    asked = BlockLiftRequested(kind=kind, identity=hash_, command_id=id_, actor="admin")
    envelope = Envelope(asked.command_id, asked.TYPE, "gateway", datetime.now(UTC))
    return Outgoing(asked.key().encode(), envelope.headers(), asked.model_dump_json().encode())


async def edited(identity: Identity, lead: str, **contact: str) -> Any:
    """The command that comes of giving a known lead another address or number."""
    hashes = {f"{kind}_hash": identity.keyring.hash(kind, value) for kind, value in contact.items()}  # type: ignore[arg-type]
    asked = ContactEdited(
        lead=LeadId(lead),
        personal=Sealed("1.lead.passed-on"),
        command_id=str(uuid.uuid4()),
        actor="ann",
        expected_version=3,
        fields=tuple(contact),
        traits=Traits(**hashes),
    )
    envelope = Envelope(asked.command_id, asked.TYPE, "gateway", datetime.now(UTC), subject=lead)
    (command,) = await identity.read(Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode()))
    assert (command.command_id, command.personal, command.fields) == (asked.command_id, asked.personal, asked.fields)
    assert (command.lead, command.actor, command.expected_version) == (lead, "ann", 3)
    return command


async def captured_lead(identity: Identity, email: str | None, phone: str | None = None) -> str:
    _, record = await submission(identity.keyring, email, phone=phone)
    (command,) = await identity.read(record)
    return str(command.lead)
