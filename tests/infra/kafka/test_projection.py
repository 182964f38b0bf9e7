"""What a read model is handed: every record once, with the person opened where there still is one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.crypto.codec import seal_person
from infra.crypto.keyring import MissingKey
from infra.crypto.seal import Key
from infra.kafka.batch import admit
from infra.kafka.fold import Documents, Reject, RetryLater
from infra.kafka.ports import Outgoing, Record, Watermark
from infra.kafka.projection import Projection, ProjectionBatch, ProjectionStep
from schemas.envelope import Envelope
from schemas.events import LeadCaptured, LeadErased, LeadNoted
from schemas.message import Message
from schemas.person import Note, Person
from schemas.topics import EVENTS
from tests.consumers.making import LEAD, captured, erased
from tests.infra.kafka.logs import MemoryLog, recorded

pytestmark = pytest.mark.asyncio

KEY = Key("lead", bytes(32))


class Keys:
    """A keyring in memory: None for erased, absent for lost."""

    def __init__(self, **keys: Key | None) -> None:
        self.keys = {LEAD: KEY} | keys
        self.asked: list[list[str]] = []
        self.forgotten: list[str] = []

    async def lead_keys(self, leads: Sequence[str]) -> dict[str, Key | None]:
        self.asked.append(list(leads))
        missing = [lead for lead in leads if lead not in self.keys]
        if missing:
            raise MissingKey(missing)
        return {lead: self.keys[lead] for lead in leads}

    def forget(self, lead: str) -> None:
        self.forgotten.append(lead)


class Model:
    """A read model that keeps what it is handed."""

    def __init__(self, keys: Any, **declared: Any) -> None:
        self.batches: list[ProjectionBatch] = []
        self.told: list[ProjectionBatch] = []
        self.step = ProjectionStep(Projection("model", EVENTS, self._apply, self._tell, **declared), keys)

    async def _apply(self, _connection: Any, batch: ProjectionBatch) -> None:
        self.batches.append(batch)

    async def _tell(self, batch: ProjectionBatch) -> None:
        self.told.append(batch)

    async def read(self, *records: Record) -> ProjectionBatch | None:
        class Transaction:
            connection = None

        batch = admit(0, "topic", records, Watermark(), self.step.wants)
        before = len(self.batches)
        results = await self.step.run(Transaction(), [batch], MemoryLog())  # type: ignore[arg-type]
        await self.step.committed([batch], results)
        return self.batches[-1] if len(self.batches) > before else None


def record(body: Message, offset: int = 0) -> Record:
    envelope = Envelope(f"id-{offset}", body.TYPE, "leads", datetime(2026, 3, 1, tzinfo=UTC), subject=body.lead)
    return recorded(Outgoing(b"key", envelope.headers(), body.model_dump_json().encode()), offset)


def sealed(body: LeadCaptured, **person: Any) -> LeadCaptured:
    return body.model_copy(update={"personal": seal_person(KEY, Person(**person), str(body.lead))})


async def test_a_person_is_opened_for_the_model_and_keys_are_asked_for_once_a_batch() -> None:
    keys = Keys()
    model = Model(keys)
    noted = LeadNoted(lead=LEAD, version=2, note_id="n", actor="a", personal=seal_person(KEY, Note(text="hi"), LEAD))
    batch = await model.read(record(sealed(captured(), email="a@x")), record(noted, 1), record(erased(), 2))
    assert batch is not None
    assert [one.person for one in batch.records] == [Person(email="a@x"), Note(text="hi"), None]
    assert keys.asked == [[LEAD]]
    assert keys.forgotten == [LEAD], "the last record ends the key"
    assert model.told == [batch]


async def test_of_an_erased_lead_there_is_no_person_and_the_record_is_handed_on() -> None:
    model = Model(Keys(**{LEAD: None}))
    batch = await model.read(record(sealed(captured(), email="a@x")))
    assert batch is not None
    assert (batch.records[0].person, type(batch.records[0].body)) == (None, LeadCaptured)


async def test_a_key_that_is_lost_without_an_erasure_stops_the_partition_loudly() -> None:
    keys = Keys()
    del keys.keys[LEAD]
    with pytest.raises(RetryLater, match="neither a key nor an entry in the erasure ledger"):
        await Model(keys).read(record(sealed(captured())))


async def test_what_another_key_sealed_is_rejected_without_being_quoted() -> None:
    model = Model(Keys(**{LEAD: Key("lead", bytes([1]) * 32)}))
    with pytest.raises(Reject, match="personal can't be opened: WrongKey"):
        await model.read(record(sealed(captured())))


async def test_a_model_that_needs_no_person_asks_for_no_key() -> None:
    model = Model(None, opens=False)
    batch = await model.read(record(sealed(captured())))
    assert batch is not None
    assert batch.records[0].person is None


async def test_a_model_that_needs_persons_and_was_given_no_keyring_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="was given no keyring"):
        await Model(None).read(record(sealed(captured())))


async def test_a_type_that_nobody_knows_is_handed_on_without_a_body() -> None:
    envelope = Envelope("id", "pipe.burst.v9", "pipes", datetime(2026, 3, 1, tzinfo=UTC))
    batch = await Model(None).read(recorded(Outgoing(None, envelope.headers(), b"\xff"), 0))
    assert batch is not None
    assert (batch.records[0].body, batch.records[0].envelope.type) == (None, "pipe.burst.v9")


async def test_what_cannot_be_read_is_not_handed_on_and_an_empty_batch_tells_nobody() -> None:
    model = Model(Keys())
    unreadable = record(LeadErased(lead=LEAD, version=1, actor="a"))._replace(value=b"{}")
    assert await model.read(unreadable) is None
    assert model.told == []


async def test_a_read_model_has_no_documents_and_no_timers_and_its_name_for_a_schema() -> None:
    step = Model(None).step
    assert step.tick(0) is None
    assert step.projection.schema == "model"
    assert Projection("model", EVENTS, step.projection.apply, schema="model_next").schema == "model_next"
    assert isinstance(step.restore(()), Documents)
    await step.projection.after_commit(ProjectionBatch())
