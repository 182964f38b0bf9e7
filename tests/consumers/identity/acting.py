"""One partition of identity and one of its step for activity, over the same tables and a log that keeps what is written."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg

from consumers.identity.consumer import steps
from infra.activities.publishing import ActivityWriter, NewActivity
from infra.crypto.codec import open_person
from infra.crypto.keyring import Keyring
from infra.dead_letters import store as dead_letters
from infra.effects import gate
from infra.kafka.fold import Effect
from infra.kafka.partition import Partition
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import Outgoing, Record
from infra.kafka.publisher import Position
from infra.postgres.pool import open_pool
from schemas.activities import ActivityDetails, ActivityReceived, RecordActivity
from schemas.envelope import Envelope
from schemas.message import registry
from schemas.person import Source
from schemas.topics import ACTIVITIES, COMMANDS, SUBMISSIONS, Topic
from tests.consumers.identity.feeding import TABLES
from tests.infra.kafka.logs import START_MS, HandClock, MemoryLog, work
from tests.submitting import submission

VISITOR = "visitor-0123456789"
SITE = Source(vendor="tracking", source_id="site")
PROVIDER = Source(vendor="sendgrid", source_id="mails")
FORGOTTEN = (
    "identity.claims, identity.suggestions, identity.deliveries, identity.submissions, identity.watermarks, identity.outbox, "
    "identity.activities, identity.held_activities, identity_activities.watermarks, identity_activities.outbox, "
    "effects.suppressions"
)


class Caught:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[tuple[int, Outgoing]] = []

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        raise AssertionError("activities are published together")

    async def publish_all(self, topic: Topic, records: Sequence[tuple[int, Outgoing]]) -> list[Position]:
        assert topic is ACTIVITIES
        self.records.extend(records)
        return [Position(number, 0) for number, _ in records]


@dataclass
class Acting:
    """Both steps; each topic has one partition that is read here."""

    pool: asyncpg.Pool
    keyring: Keyring
    log: MemoryLog
    people: Partition
    acts: Partition
    _kept: int = 0

    async def submits(self, email: str | None, **more: Any) -> list[Any]:
        """What `identity` says of a submission."""
        body, record = await submission(self.keyring, email, **more)
        self._came(SUBMISSIONS, record)
        return [body, *await self.read()]

    async def does(self, *activities: NewActivity) -> list[Any]:
        """What is said of activities that come in together."""
        caught = Caught()
        await ActivityWriter(self.keyring, caught, 3).publish(activities)
        self._came(ACTIVITIES, *(record for _, record in caught.records))
        return await self.read()

    def _came(self, topic: Topic, *outgoing: Outgoing) -> None:
        kept = self.log.kept.setdefault(topic.name, [])
        kept.extend([_record(one, len(kept) + nth) for nth, one in enumerate(outgoing)])

    async def read(self) -> list[Any]:
        """Activity first, as it comes without waiting; the commands, which the log keeps."""
        await work(self.acts, list(self.log.kept.get(ACTIVITIES.name, [])))
        await work(self.people, list(self.log.kept.get(SUBMISSIONS.name, [])))
        return self.keep()

    def keep(self) -> list[Any]:
        kept = self.log.kept.setdefault(COMMANDS.name, [])
        news, self._kept = self.log.appended[self._kept :], len(self.log.appended)
        kept.extend([_record(outgoing, len(kept) + nth) for nth, (_, outgoing) in enumerate(news)])
        return [_body(outgoing) for _, outgoing in news]

    async def start(self) -> None:
        """A new process."""
        people, acts = steps(self.keyring)
        for step in (people, acts):
            bury = partial(dead_letters.add, consumer=step.name, topic=step.reads.name, keyring=self.keyring)
            schema = step.name.replace(".", "_")
            store = PgStore(self.pool, schema, topic=step.reads.name, plan=gate.plan, bury=bury)
            partition = Partition(0, step, self.log, store, HandClock())
            if step is people:
                self.people = partition
            else:
                self.acts = partition
            await partition.assigned()

    async def forget(self) -> None:
        """The database is new, but for the keys; what follows is read again from the first record."""
        await self.pool.execute(f"truncate {FORGOTTEN}")
        await self.start()

    async def opened(self, command: RecordActivity) -> ActivityDetails:
        key = (await self.keyring.lead_keys([str(command.lead)]))[str(command.lead)]
        assert key is not None
        assert command.personal is not None
        return open_person(key, command.personal, str(command.lead), ActivityDetails)

    async def suppressed(self) -> dict[str, str]:
        return {row["recipient"]: row["reason"] for row in await self.pool.fetch("select * from effects.suppressions")}

    async def held(self) -> list[str]:
        rows = await self.pool.fetch('select body from identity.held_activities order by "offset"')
        return [ActivityReceived.model_validate_json(row["body"]).activity.path or "" for row in rows]

    async def mailed(self, lead: str, email: str, to: str = "lead") -> str:
        """The Message-ID of a mail that the gate let pass."""
        effect = Effect("mail", lead, self.keyring.hash("email", email), "welcome", lead + to, {"message_id": "m-1", "to": to})
        await gate.plan(self.pool, [effect])  # type: ignore[arg-type]  # a pool executes as a connection does
        return f"<{gate.effect_id(effect)}@mail.example>"


def view(path: str, nth: int = 0, visitor: str = VISITOR) -> NewActivity:
    return NewActivity(
        event_id=f"{visitor}{path}{nth}",
        kind="page_view",
        occurred_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        source=SITE,
        visitor=visitor,
        url=f"https://www.quayline.example{path}?secret=ada",
        person=ActivityDetails(title=f"The page {path}"),
    )


def news(kind: Any, email: str | None, event_id: str = "e1", **more: Any) -> NewActivity:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    return NewActivity(event_id=event_id, kind=kind, occurred_at=at, source=PROVIDER, email=email, **more)


def outgoing(body: ActivityReceived) -> Outgoing:
    envelope = Envelope(body.activity.id, body.TYPE, "gateway", body.activity.occurred_at)
    return Outgoing(body.key().encode(), envelope.headers(), body.model_dump_json().encode())


def _record(outgoing: Outgoing, offset: int) -> Record:
    return Record(0, offset, START_MS + offset * 1000, outgoing.key, list(outgoing.headers), outgoing.value)


def _body(outgoing: Outgoing) -> Any:
    cls = registry.get(Envelope.read(outgoing.headers).type)
    assert cls is not None
    return cls.model_validate_json(outgoing.value)


@asynccontextmanager
async def acting(database: str) -> AsyncIterator[Acting]:
    """Over empty tables."""
    pool, keys = await open_pool(database, name="test", size=4), await open_pool(database, name="test-keys", size=2)
    await pool.execute(f"truncate {TABLES}")
    keyring = Keyring(keys, bytes(32))
    await keyring.dead_letter_key()
    made = Acting(pool, keyring, MemoryLog(), None, None)  # type: ignore[arg-type]  # `start` takes them
    await made.start()
    yield made
    await pool.close()
    await keys.close()
