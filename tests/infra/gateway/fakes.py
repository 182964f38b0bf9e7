"""Hand-written stand-ins for Kafka, the keyring, sources and stores."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from pydantic import SecretStr

from infra.crypto.keyring import Keyring
from infra.crypto.seal import Key
from infra.kafka.ports import LogUnavailable, Outgoing
from infra.kafka.publisher import Position, Waiting
from infra.settings import Crypto, Gateway, Settings
from schemas.topics import Topic

MASTER = bytes(range(32))


class Published(NamedTuple):
    """One record as it was handed to the publisher."""

    topic: Topic
    partition: int
    record: Outgoing


class MemoryPublisher:
    """Keeps what is published; `away` makes it refuse."""

    def __init__(self) -> None:
        self.records: list[Published] = []
        self.away = False
        self.heard = asyncio.Event()

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        if self.away:
            raise LogUnavailable("away")
        self.records.append(Published(topic, partition, record))
        self.heard.set()
        return Position(partition, len(self.records) - 1)

    def send(self, topic: Topic, partition: int, record: Outgoing, waiting: Waiting) -> None:
        if self.away:
            waiting.set_exception(LogUnavailable("away"))
            return
        self.records.append(Published(topic, partition, record))
        self.heard.set()
        waiting.set_result(Position(partition, len(self.records) - 1))

    async def publish_all(self, topic: Topic, records: Sequence[tuple[int, Outgoing]]) -> list[Position]:
        return [await self.publish(topic, partition, record) for partition, record in records]


class MemoryKeyring(Keyring):
    """Real hashes, keys by name; `erased` and `unknown` leads have none."""

    def __init__(self) -> None:
        super().__init__(None, MASTER)
        self.days_asked: list[date] = []
        self.away = False
        self.lead_keys_known: dict[str, Key | None] = {}

    async def intake(self, day: date) -> Key:
        if self.away:
            raise ConnectionRefusedError
        self.days_asked.append(day)
        return key_named(f"intake-{day.isoformat()}")

    async def lead_keys(self, leads: Sequence[str], connection: Any = None) -> dict[str, Key | None]:
        return {lead: self.lead_keys_known.get(lead, key_named("lead")) for lead in leads}


def key_named(name: str) -> Key:
    """The key of a name, the same every time."""
    return Key(name, hashlib.sha256(name.encode()).digest())


def settings(**gateway: Any) -> Settings:
    """Settings with a master key."""
    master = SecretStr(base64.b64encode(MASTER).decode())
    return Settings(crypto=Crypto(master_key=master), gateway=Gateway(await_seconds=0.3, **gateway))
