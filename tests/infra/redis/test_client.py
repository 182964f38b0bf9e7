import asyncio

import pytest

from infra.redis.client import PIPELINE_MAX, open_client, publish_many
from infra.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_many_messages_arrive_in_order(settings: Settings) -> None:
    client, listener = open_client(settings.redis.url, name="test"), open_client(settings.redis.url, name="test")
    channel = f"{settings.redis.prefix}live"
    async with listener.pubsub() as subscription:
        await subscription.subscribe(channel)
        await subscription.get_message(timeout=5)
        messages = [str(number).encode() for number in range(PIPELINE_MAX + 5)]
        assert await publish_many(client, channel, messages)
        got = []
        async with asyncio.timeout(10):
            while len(got) < len(messages):
                message = await subscription.get_message(ignore_subscribe_messages=True, timeout=1)
                if message is not None:
                    got.append(message["data"])
    assert got == messages
    assert b"leadflow-test" in str(await client.client_list()).encode()
    await client.aclose()
    await listener.aclose()


async def test_no_messages_need_no_server() -> None:
    client = open_client("redis://127.0.0.1:1/0", name="test")
    assert await publish_many(client, "live", [])
    await client.aclose()


async def test_a_server_that_is_away_is_told_by_false() -> None:
    client = open_client("redis://127.0.0.1:1/0", name="test")
    assert not await publish_many(client, "live", [b"x"])
    await client.aclose()
