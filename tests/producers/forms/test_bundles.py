"""Requests that bring several submissions: all of them or none, each with an id and a delivery of its own."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.crypto.codec import open_person
from infra.kafka.ports import LogUnavailable, Outgoing
from infra.kafka.publisher import Position
from producers.forms.bundles import PARTS_MAX
from producers.forms.schemes import SignatureScheme
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived
from schemas.topics import Topic
from tests.infra.gateway.fakes import MemoryPublisher, key_named
from tests.producers.forms.intaking import Reply, Rig, source

pytestmark = pytest.mark.asyncio
DAY = "intake-2026-11-18"
BATCH = {"content_type": "application/cloudevents-batch+json"}


def event(id_: str, **data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id_, "source": "/a", "type": "lead", "data": {"email": f"{id_}@b.example", **data}}


def rig(vendor: str = "cloudevents") -> Rig:
    return Rig(source(vendor=vendor))


async def send(here: Rig, events: Any) -> Reply:
    reply = await here.post(json.dumps(events).encode(), **BATCH)
    assert reply is not None
    return reply


def messages(here: Rig) -> list[SubmissionReceived]:
    return [SubmissionReceived.model_validate_json(one.record.value) for one in here.publisher.records]


async def test_a_batch_answers_with_the_first_id_and_all_of_them() -> None:
    here = rig()
    reply = await send(here, [event("1"), event("2"), event("3")])
    assert reply.status == 202
    sent = messages(here)
    each = reply.json()["submissions"]
    assert [one["submission_id"] for one in each] == [one.submission_id for one in sent]
    assert reply.headers["x-submission-id"] == reply.json()["submission_id"] == sent[0].submission_id
    assert [one["position"] for one in each] == [f"{one.partition}-{at}" for at, one in enumerate(here.publisher.records)]
    assert len({one.delivery for one in sent}) == 3


async def test_a_batch_of_one_is_answered_like_a_single_event() -> None:
    here = rig()
    reply = await send(here, [event("1")])
    assert reply.json().keys() == {"submission_id", "position"}


async def test_a_repeat_is_recognised_per_event_also_in_other_company() -> None:
    here = rig()
    await send(here, [event("1"), event("2")])
    await send(here, [event("2"), event("3")])
    first, second, again, third = (one.delivery for one in messages(here))
    assert second == again
    assert len({first, second, third}) == 3


async def test_nobody_is_kept_with_the_data_of_somebody_else() -> None:
    here = rig()
    await send(here, [event("ada"), event("bob")])
    for message, own, other in zip(messages(here), ("ada", "bob"), ("bob", "ada"), strict=True):
        assert message.personal is not None
        person = open_person(key_named(DAY), message.personal, message.submission_id, SubmittedPerson)
        assert f"{own}@b.example" in person.raw
        assert f"{other}@b.example" not in person.raw


async def test_one_event_that_cannot_be_read_keeps_all_of_them_out() -> None:
    here = rig()
    bad = {"specversion": "1.0", "id": "2", "source": "/a", "type": "x", "data_base64": "*"}
    reply = await send(here, [event("1"), bad])
    assert reply.status == 422
    assert here.publisher.records == []


class Failing(MemoryPublisher):
    """Refuses the second record."""

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        if len(self.records) == 1 and not self.away:
            self.away = True
            raise LogUnavailable("away")
        self.away = False
        return await super().publish(topic, partition, record)


async def test_what_kafka_did_not_take_whole_is_to_be_sent_again() -> None:
    here = rig()
    failing = Failing()
    here.app._bundles._writer._publisher = failing
    reply = await send(here, [event("1"), event("2"), event("3")])
    assert reply.status == 503
    assert reply.headers["retry-after"] == "5"
    landed = len(failing.records)
    failing.away = True
    again = await send(here, [event("1"), event("2"), event("3")])
    assert again.status == 202
    told = [SubmissionReceived.model_validate_json(one.record.value).delivery for one in failing.records]
    assert set(told[:landed]) < set(told[landed:])


async def test_an_empty_batch_asks_for_nothing() -> None:
    here = rig()
    reply = await send(here, [])
    assert reply.status == 202
    assert reply.json()["position"] is None
    assert here.publisher.records == []


async def test_a_batch_may_be_large_and_not_endless() -> None:
    here = rig("hubspot")
    event_of = {
        "subscriptionType": "contact.creation",
        "objectId": 1,
        "eventId": 1,
        "portalId": 2,
        "appId": 3,
        "attemptNumber": 0,
    }
    assert (await send(here, [event_of | {"occurredAt": at} for at in range(1_000)])).status == 202
    assert len(here.publisher.records) == 1_000
    assert (await send(here, [[] for _ in range(PARTS_MAX + 1)])).status == 400


async def test_what_is_ignored_stands_among_the_others_without_a_position() -> None:
    here = rig()
    ping = {"specversion": "1.0", "id": "0", "source": "/a", "type": "ping", "data": {}}
    reply = await send(here, [event("1"), ping])
    assert [one["position"] is None for one in reply.json()["submissions"]] == [False, True]
    known = here.ids.read(reply.json()["submissions"][1]["submission_id"])
    assert known is not None
    assert known.ignored
    assert len(here.publisher.records) == 1


async def test_google_is_answered_as_it_wants_to_be() -> None:
    here = rig("google_ads")
    reply = await here.post(b'{"lead_id": "1", "user_column_data": []}', content_type="application/json")
    assert reply is not None
    assert (reply.status, reply.body) == (200, b"{}")
    assert reply.headers["x-submission-id"] == messages(here)[0].submission_id


async def test_news_of_somebody_known_disturb_nobody() -> None:
    here = rig("calendly")
    payload = {"email": "a@b.example", "uri": "u", "cancellation": {"reason": "x"}, "scheduled_event": {"name": "Demo"}}
    await here.post(json.dumps({"event": "invitee.canceled", "payload": payload}).encode(), content_type="application/json")
    assert (messages(here)[0].kind, messages(here)[0].quiet) == ("lead", True)


async def test_what_is_told_of_a_message_is_found_by_its_recipient() -> None:
    here = rig("sendgrid")
    await send(here, [{"sg_event_id": "1", "event": "open", "email": "Ada@B.example", "timestamp": 1772443869}])
    message = messages(here)[0]
    assert message.kind == "event"
    assert message.identity == here.keyring.hash("email", "ada@b.example")


async def test_a_key_in_the_body_is_not_kept_however_it_is_written() -> None:
    here = Rig(source(vendor="google_ads", secrets=(b"a/b",)))
    await here.post(b'{"lead_id": "1", "google_key": "a\\/b", "user_column_data": []}', content_type="application/json")
    message = messages(here)[0]
    assert message.personal is not None
    person = open_person(key_named(DAY), message.personal, message.submission_id, SubmittedPerson)
    assert "google_key" not in person.raw


async def test_any_sender_may_have_its_key_in_the_body() -> None:
    scheme = SignatureScheme(body_field="auth.token", algorithm="shared-key", encoding="plain")
    here = Rig(replace(source(vendor="custom", signed=True, secrets=(b"t-1",)), scheme=scheme))
    sent = {"email": "a@b.example", "auth": {"token": "t-1", "user": "u"}}
    reply = await here.post(json.dumps(sent).encode(), content_type="application/json")
    assert reply is not None
    assert reply.status == 202
    message = messages(here)[0]
    assert message.personal is not None
    person = open_person(key_named(DAY), message.personal, message.submission_id, SubmittedPerson)
    assert json.loads(person.raw) == {"email": "a@b.example", "auth": {"user": "u"}}
    sent["auth"] = {"token": "t-2"}
    wrong = await here.post(json.dumps(sent).encode(), content_type="application/json")
    assert wrong is not None
    assert wrong.status == 401
