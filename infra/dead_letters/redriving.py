"""Dead letters, driven again: records of intake and commands are published again under their id; for the log, the consumer is
fed the lead's history anew.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import orjson
from pydantic import JsonValue, ValidationError

from infra.crypto.keyring import Keyring
from infra.dead_letters import store
from infra.dead_letters.letters import Letter
from infra.dead_letters.ports import Remap
from infra.kafka.batch import decode, reason_of
from infra.kafka.ports import Outgoing, Record
from infra.kafka.publisher import Publisher
from schemas import topics
from schemas.envelope import BadEnvelope, Envelope
from schemas.events import RefoldRequested
from schemas.message import LeadId

OWN_HEADERS: Final = ("ce_origin", "ce_sequence")
"""A record that is published again is a new one: its origin must not make it look like the one that was seen."""


IDS: Final = ("submission_id", "command_id", "lead")
ACTOR: Final = "actor"


class NotRedrivable(Exception):
    """Why this letter can't be driven again as it is."""


class StillBroken(NotRedrivable):
    """Its body can't be read as it is (repaired): what is wrong with it, naming the field."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to change in a record before it goes again; nothing where all are None.

    Attributes:
        value: the whole body, repaired.
        patch: a merge patch (RFC 7396) to the body as it is.
        mapping: by which what the sender sent is read anew.
    """

    value: bytes | None = None
    patch: dict[str, JsonValue] | None = None
    mapping: dict[str, str] | None = None

    @property
    def nothing(self) -> bool:
        """The record goes as it is."""
        return self.value is None and self.patch is None and self.mapping is None


NO_CHANGE: Final = Change()


class Prepared(NamedTuple):
    """What would be published, and what was found in it by a mapping."""

    topic: topics.Topic
    partition: int
    record: Outgoing
    fields: dict[str, JsonValue] | None


@dataclass(frozen=True)
class Redriver:
    """What it takes. `partitions` is the number of those topics that are keyed by lead; without `remap` nothing can be mapped."""

    pool: asyncpg.Pool
    keyring: Keyring
    publisher: Publisher
    partitions: int
    remap: Remap | None = None

    async def redrive(self, letter_id: UUID, change: Change = NO_CHANGE) -> str:
        """Drive one letter again; says what was done. Its id stays what it was, so that a repeat is recognised.

        Raises NotRedrivable, LogUnavailable.
        """
        async with self.pool.acquire() as connection:
            letter, record = await self.opened(connection, letter_id)
        done = await self.drive(letter, record, change)
        async with self.pool.acquire() as connection:
            await store.resolve(connection, [letter_id], done)
        return done

    async def opened(self, connection: asyncpg.Connection, letter_id: UUID) -> tuple[Letter, Record]:
        """Raises NotRedrivable where there is none."""
        found = await store.show(connection, letter_id, self.keyring)
        if found is None:
            raise NotRedrivable(f"there is no dead letter {letter_id}")
        return found

    async def drive(self, letter: Letter, record: Record, change: Change) -> str:
        """Publish; says where. Raises NotRedrivable, LogUnavailable."""
        if letter.topic == topics.EVENTS.name:
            return await self.refold(letter.consumer, _refoldable(letter, change), letter.offset)
        ready = await self.prepared(letter, record, change)
        position = await self.publisher.publish(ready.topic, ready.partition, ready.record)
        return f"published again to {ready.topic.name} at {position}"

    async def refold(self, consumer: str, lead: str, offset: int) -> str:
        """Ask a consumer to fold one lead's facts anew: a record of the log, because every output has a cause."""
        asked = RefoldRequested(lead=LeadId(lead), consumer=consumer, offset=offset)
        envelope = Envelope(str(uuid4()), asked.TYPE, "operator", datetime.now(UTC), subject=lead)
        record = Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode())
        position = await self.publisher.publish(topics.EVENTS, topics.partition(lead, self.partitions), record)
        return f"{consumer} folds {lead} anew (asked at {position})"

    async def prepared(self, letter: Letter, record: Record, change: Change) -> Prepared:
        """What would go again; publishes nothing. Raises NotRedrivable."""
        if letter.topic == topics.EVENTS.name:
            _refoldable(letter, change)
            raise NotRedrivable("what stands in the log is not changed; its lead is folded anew as it is")
        topic = topics.CATALOGUE[letter.topic]
        headers = tuple((name, text) for name, text in record.headers if name not in OWN_HEADERS)
        repaired, fields = await self._repaired(record, change)
        try:
            envelope = Envelope.read(headers)
            message = decode(envelope.type, repaired)
        except BadEnvelope as bad:
            raise NotRedrivable(f"its headers can't be read: {bad}") from bad
        except ValidationError as invalid:
            raise StillBroken(reason_of(invalid)) from invalid
        if repaired is not record.value:
            _keep_ids(record.value, repaired)
        key = None if message is None else message.key()
        number = record.partition if key is None else topics.partition(key, topic.partitions(self.partitions))
        return Prepared(topic, number, Outgoing(record.key if key is None else key.encode(), headers, repaired), fields)

    async def _repaired(self, record: Record, change: Change) -> tuple[bytes, dict[str, JsonValue] | None]:
        if change.mapping is not None:
            if self.remap is None:
                raise NotRedrivable("nothing here can read what was sent by a mapping")
            return await self.remap(record, change.mapping)
        body = record.value if change.value is None else change.value
        return body if change.patch is None else _patched(body, change.patch), None


def _refoldable(letter: Letter, change: Change) -> str:
    """Whose facts are to be folded anew. Raises NotRedrivable."""
    if not change.nothing:
        raise NotRedrivable("what stands in the log is not changed; its lead is folded anew as it is")
    if letter.lead is None:
        raise NotRedrivable("it is about no lead; nothing can be refolded")
    return letter.lead


def _keep_ids(before: bytes, after: bytes) -> None:
    """Raises NotRedrivable where an id changed that a repeat is recognised by, or who asked.

    One that could not be read may be anything.
    """
    try:
        was, now = orjson.loads(before), orjson.loads(after)
    except ValueError:
        return
    if not isinstance(was, dict) or not isinstance(now, dict):
        return
    for name in IDS:
        if isinstance(was.get(name), str) and now.get(name) != was[name]:
            raise NotRedrivable(f"{name} must stay {was[name]}: a repeat is recognised by it")
    if now.get(ACTOR) != was.get(ACTOR):
        raise NotRedrivable(f"{ACTOR} must stay as it is: nobody asks in somebody else's name")


def _patched(body: bytes, patch: dict[str, JsonValue]) -> bytes:
    try:
        known = orjson.loads(body)
    except ValueError as broken:
        raise NotRedrivable("its body is no JSON, which a patch can't change: send the whole body") from broken
    return orjson.dumps(_merged(known, patch))


def _merged(known: JsonValue, patch: JsonValue) -> JsonValue:
    """RFC 7396: null takes a member away, an object is merged, anything else takes the place of what was there."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(known) if isinstance(known, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
