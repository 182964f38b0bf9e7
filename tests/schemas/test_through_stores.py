"""Every example through `identity` and every read model, in real PostgreSQL, and twice has the effect of once."""

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from infra.crypto.codec import seal_person
from infra.crypto.keyring import Keyring
from infra.dead_letters import store as dead_letters
from infra.effects import gate
from infra.kafka.partition import Partition
from infra.kafka.pg_store import PgStore
from infra.kafka.projection import ProjectionStep
from infra.kafka.step import Step
from infra.postgres.pool import open_pool
from infra.settings import Settings
from infra.wiring import discovery
from schemas.activities import ActivityReceived
from schemas.message import Message
from schemas.submissions import SubmissionReceived
from schemas.topics import ACTIVITIES, EVENTS, SUBMISSIONS, Topic
from tests.infra.kafka.logs import work
from tests.schemas import examples
from tests.schemas.examples import Example
from tests.schemas.memory import MemoryLog, StillClock

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

STEPS = {step.name: (make, nth) for make in discovery.step_makers().values() for nth, step in enumerate(make(None))}
PROJECTIONS = discovery.projection_makers()
RUNTIME = ("watermarks", "outbox")
"""Where it has read, and what it repeats to whoever recognises it: no effects."""

EACH = [(name, example) for name, (make, nth) in STEPS.items() for example in examples.story(make(None)[nth].reads)]
EACH += [(name, example) for name in PROJECTIONS for example in examples.story(EVENTS)]


Told = tuple[Example, Message]


@dataclass(frozen=True)
class Stores:
    """A database, and the keys in it."""

    pool: asyncpg.Pool
    keyring: Keyring

    async def told(self, story: Sequence[Example]) -> list[Told]:
        """Each with its message, sealed once: what is sent again is sent as it was."""
        return [(example, await self._sealed(example)) for example in story]

    async def _sealed(self, example: Example) -> Message:
        """The message with its personal part under a key that this database knows."""
        message, person = example.message, example.cls.PERSON
        if person is None:
            return message
        opened = person.model_validate(example.personal)
        if isinstance(message, SubmissionReceived):
            key = await self.keyring.intake(example.envelope.occurred_at.date())
            return message.model_copy(update={"personal": seal_person(key, opened, message.submission_id)})
        if isinstance(message, ActivityReceived):
            key = await self.keyring.intake(example.envelope.occurred_at.date())
            return message.model_copy(update={"personal": seal_person(key, opened, message.activity.id)})
        assert message.lead is not None
        async with self.pool.acquire() as connection:
            key = (await self.keyring.create_lead_keys(connection, [message.lead]))[message.lead]
        return message.model_copy(update={"personal": seal_person(key, opened, message.lead)})

    async def emptied(self, *schemas: str) -> None:
        """As after the migrations. Keys are forgotten too."""
        tables = [f"{schema}.{table}" for schema in schemas for table in await self._tables(schema)]
        tables += ["crypto.lead_keys", "crypto.erasures", "dead_letters.letters"]
        await self.pool.execute(";".join(f"delete from {table}" for table in tables))
        for example in (*examples.story(EVENTS), *examples.story(SUBMISSIONS)):
            if example.message.lead is not None:
                self.keyring.forget(example.message.lead)

    async def kept(self, *schemas: str) -> dict[str, list[str]]:
        """Every row, as text, of every table but the runtime's own."""
        tables = [f"{schema}.{table}" for schema in schemas for table in await self._tables(schema) if table not in RUNTIME]
        rows = {}
        for table in [*tables, "crypto.erasures"]:
            found = await self.pool.fetch(f"select row_to_json(t)::text as row from {table} t order by 1")
            rows[table] = [row["row"] for row in found]
        return rows

    async def dead(self) -> list[str]:
        """Reasons of dead letters."""
        return [row["reason"] for row in await self.pool.fetch("select reason from dead_letters.letters")]

    async def _tables(self, schema: str) -> list[str]:
        rows = await self.pool.fetch(
            "select table_name from information_schema.tables where table_schema = $1 order by table_name", schema
        )
        return [row["table_name"] for row in rows]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    pool = await open_pool(settings.postgres.url, name="examples")
    keys = await open_pool(settings.postgres.url, name="examples-keys", size=2)
    assert settings.crypto.master_key is not None
    keyring = Keyring(keys, base64.b64decode(settings.crypto.master_key.get_secret_value()))
    await keyring.dead_letter_key()
    yield Stores(pool, keyring)
    await pool.close()
    await keys.close()


def step_of(name: str, keyring: Keyring) -> tuple[Step, str]:
    """The step and its schema."""
    if name in STEPS:
        make, nth = STEPS[name]
        return make(keyring)[nth], name.replace(".", "_")
    projection = PROJECTIONS[name]()
    return ProjectionStep(projection, keyring), projection.schema


class Consumer:
    """One of them in one partition, started as after a restart."""

    def __init__(self, name: str, stores: Stores) -> None:
        step, self.schema = step_of(name, stores.keyring)
        bury: Callable[..., Any] = partial(_bury, step, stores.keyring)
        store = PgStore(stores.pool, self.schema, topic=step.reads.name, plan=gate.plan, bury=bury)
        self.partition = Partition(0, step, MemoryLog(), store, StillClock())
        self.stores, self.reads = stores, step.reads
        self.schemas = sorted({self.schema, name.partition(".")[0]})
        """With those of its folder's other step."""

    async def told(self, story: Sequence[Told]) -> None:
        """Read `story` after all that was read before."""
        await self.partition.assigned()
        begin = self.partition.position
        await work(self.partition, [example.record(offset, message) for offset, (example, message) in enumerate(story, begin)])
        assert self.partition.waiting_reason is None, self.partition.waiting_reason
        assert self.partition.position == begin + len(story)


async def _bury(step: Step, keyring: Keyring, connection: Any, letters: Any) -> None:
    await dead_letters.add(connection, letters, consumer=step.name, topic=step.reads.name, keyring=keyring)


def repeatable(story: Sequence[Told], topic: Topic) -> list[Told]:
    """What a sender sends again. Facts are known by their origin; a tick or a refold is asked for anew each time."""
    return [told for told in story if told[0].envelope.origin is not None or topic in (ACTIVITIES, SUBMISSIONS)]


@pytest.mark.parametrize(("name", "example"), EACH, ids=lambda value: value.name if isinstance(value, Example) else value)
async def test_every_example_is_taken_and_twice_is_once(name: str, example: Example, stores: Stores) -> None:
    consumer = Consumer(name, stores)
    await stores.emptied(*consumer.schemas)
    story = await stores.told([example])
    await consumer.told(story)
    once = await stores.kept(*consumer.schemas)
    await Consumer(name, stores).told(repeatable(story, consumer.reads))
    assert await stores.kept(*consumer.schemas) == once
    assert await stores.dead() == []


@pytest.mark.parametrize("name", [*STEPS, *PROJECTIONS])
async def test_the_whole_story_told_twice_is_the_story_told_once(name: str, stores: Stores) -> None:
    consumer = Consumer(name, stores)
    await stores.emptied(*consumer.schemas)
    story = await stores.told(examples.story(consumer.reads))
    await consumer.told(story)
    once = await stores.kept(*consumer.schemas)
    assert any(once.values()), f"{name} keeps nothing of the story"
    await Consumer(name, stores).told(repeatable(story, consumer.reads))
    assert await stores.kept(*consumer.schemas) == once
    assert await stores.dead() == []
