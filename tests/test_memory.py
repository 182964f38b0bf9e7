"""What a process keeps of what it has read."""

import asyncio
import gc

import pytest
from aiokafka.structs import ConsumerRecord
from asyncpg.connection import _StatementCacheEntry

from infra.settings import Settings
from tests.submitting import publish, submission
from tests.system import running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

PEOPLE = 150


async def test_records_that_were_worked_are_kept_by_nobody(topics: Settings) -> None:
    async with running(topics) as system:
        sent = [await submission(system.has.keyring, f"kept.{number}@memory.example") for number in range(PEOPLE)]
        await asyncio.gather(*(publish(system.has.producer, topics.kafka.partitions, one) for one in sent))
        await system.until_value(PEOPLE, "select count(*) from lead_list.leads where score is not null")
        await system.settled()
        gc.collect()
        kept = [one for one in gc.get_objects() if isinstance(one, ConsumerRecord) and one.topic.startswith(topics.kafka.prefix)]
        # The last ones that each of a dozen consumers read may still be at hand.
        statements = [one for one in gc.get_objects() if isinstance(one, _StatementCacheEntry)]
        assert statements
        assert all(one._cleanup_cb is None for one in statements), "no timer holds what was at work when it was first used"
        assert len(kept) < PEOPLE, f"{len(kept)} records of {PEOPLE} people, each of whom made a dozen"
