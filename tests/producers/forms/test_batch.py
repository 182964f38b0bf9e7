"""Many events in one request."""

import json

import pytest

from producers.forms import batch
from producers.forms.batch import EVENTS_MAX
from schemas.submissions import SubmissionReceived
from tests.producers.forms.intaking import Reply, Rig, source
from tests.producers.forms.test_intake import signature

pytestmark = pytest.mark.asyncio
NDJSON = {"content_type": "application/x-ndjson"}


def lines(*events: object) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def published(rig: Rig) -> list[SubmissionReceived]:
    return [SubmissionReceived.model_validate_json(one.record.value) for one in rig.publisher.records]


async def posted(rig: Rig, body: bytes, *, query: str = "", **headers: str) -> Reply:
    reply = await rig.post(body, query=query, **headers)
    assert reply is not None
    return reply


async def test_every_event_has_its_verdict_and_its_submission() -> None:
    rig = Rig(source())
    reply = await posted(rig, lines({"email": "a@b.example"}, {"email": "c@d.example"}), **NDJSON)
    assert reply.status == 202
    items = reply.json()["items"]
    assert [item["submission_id"] for item in items] == [body.submission_id for body in published(rig)]
    assert reply.headers["x-submission-id"] == items[0]["submission_id"]
    assert all(rig.ids.read(item["submission_id"]) for item in items)


async def test_an_array_is_a_batch_where_that_is_said() -> None:
    rig = Rig(source())
    body = json.dumps([{"email": "a@b.example"}, {"email": "c@d.example"}]).encode()
    reply = await posted(rig, body, query="batch=true", content_type="application/json")
    assert (reply.json()["accepted"], len(published(rig))) == (2, 2)


@pytest.mark.parametrize(
    "people",
    [
        [{"email": "a@b.example", "name": "Ann Lee"}, {"email": "c@d.example", "name": "Bob Ray"}],
        [{"contact": {"phone": "+442079460123"}}, {"contact": {"email": "c@d.example"}}, {"message": "nobody"}],
    ],
)
async def test_an_array_of_people_is_a_batch_though_nobody_says_so(people: list[object]) -> None:
    rig = Rig(source())
    reply = await posted(rig, json.dumps(people).encode(), content_type="application/json")
    assert (reply.status, reply.json()["accepted"], len(published(rig))) == (202, len(people), len(people))
    assert len({one.identity for one in published(rig)}) == len(people)


@pytest.mark.parametrize(
    ("array", "mapping"),
    [
        ([{"name": "email", "value": "a@b.example"}, {"name": "phone", "value": "+442079460123"}], {}),
        ([{"email": "a@b.example"}, {"message": "Hello"}], {}),
        ([{"email": "a@b.example"}], {}),
        ([["email", "a@b.example"], ["phone", "+442079460123"]], {}),
        ([], {}),
        ([{"email": "a@b.example"}, {"email": "c@d.example"}], {"email": "[1].email"}),
    ],
)
async def test_an_array_of_one_form_is_one_submission(array: list[object], mapping: dict[str, str]) -> None:
    rig = Rig(source(mapping=mapping))
    reply = await posted(rig, json.dumps(array).encode(), content_type="application/json")
    assert "items" not in reply.json()
    assert len(published(rig)) == 1


async def test_people_listed_in_an_object_are_one_submission() -> None:
    rig = Rig(source())
    people = [{"email": "a@b.example", "name": "Ann Lee"}, {"email": "c@d.example", "name": "Bob Ray"}]
    reply = await posted(rig, json.dumps({"registrations": people}).encode(), content_type="application/json")
    assert "items" not in reply.json()
    assert len(published(rig)) == 1


async def test_an_id_that_several_people_share_makes_none_of_them_a_repeat() -> None:
    rig = Rig(source())
    people = [{"event_id": "webinar-7", "email": f"{name}@b.example"} for name in ("ann", "bob", "ann")]
    await posted(rig, json.dumps(people).encode(), content_type="application/json")
    await posted(rig, json.dumps(people[:2]).encode(), content_type="application/json")
    ann, bob, again, *later = [one.delivery for one in published(rig)]
    assert ann == again != bob
    assert later == [ann, bob], "as sent again"


async def test_a_byte_order_mark_before_a_shared_id_refuses_nobody() -> None:
    rig = Rig(source())
    body = b"\xef\xbb\xbf" + lines({"event_id": "e1", "email": "a@b.example"}, {"event_id": "e1", "email": "c@d.example"})
    assert (await posted(rig, body, **NDJSON)).status == 202
    assert len({one.delivery for one in published(rig)}) == 2


async def test_one_persons_id_tells_a_repeat_whatever_else_is_said() -> None:
    rig = Rig(source())
    told = [{"event_id": "r1", "email": "ann@b.example", "note": note} for note in ("x", "y")]
    await posted(rig, json.dumps(told).encode(), content_type="application/json")
    assert len({one.delivery for one in published(rig)}) == 1


@pytest.mark.parametrize("query", ["", "batch=true"])
async def test_an_array_that_is_nested_too_deeply_is_refused(query: str) -> None:
    deep = b"[" * 300 + b"]" * 300
    body = b'[{"email":"a@b.example","x":%b},{"email":"c@d.example"}]' % deep
    reply = await posted(Rig(source()), body, content_type="application/json", query=query)
    assert reply.status == 422


async def test_nothing_is_read_for_whoever_is_not_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "are_people", lambda *_: pytest.fail("it was read"))
    rig = Rig(source(signed=True))
    assert (
        await posted(rig, b'[{"email":"a@b.example"},{"email":"c@d.example"}]', content_type="application/json")
    ).status == 401


async def test_an_array_that_is_no_json_is_refused_whole() -> None:
    rig = Rig(source())
    assert (await posted(rig, b'[{"email": "a@b.example"}', content_type="application/json")).status == 400


async def test_bad_lines_stop_no_good_ones_and_name_their_field() -> None:
    rig = Rig(source())
    body = lines({"email": "a@b.example"}) + b"{broken\n" + lines({"a": "\x00"}) + b"\xff\n\n" + lines({"email": "c@d.example"})
    answer = (await posted(rig, body, **NDJSON)).json()
    assert (answer["accepted"], answer["refused"]) == (2, 3)
    broken, nul, latin = (item["error"] for item in answer["items"][1:4])
    assert broken["field"] is None
    assert nul["field"] == "/a"
    assert latin["message"] == "isn't UTF-8"
    assert len(published(rig)) == 2


async def test_where_nothing_can_be_read_nothing_is_published() -> None:
    rig = Rig(source())
    reply = await posted(rig, b"{broken\n" + lines({"a": "\x00"}), **NDJSON)
    assert reply.status == 422
    assert [error["field"] for error in reply.json()["errors"]] == ["/0", "/1/a"]
    assert published(rig) == []


async def test_repeats_are_recognised_event_by_event() -> None:
    rig = Rig(source())
    await posted(
        rig, lines({"email": "a@b.example", "n": 1}, {"n": 1, "email": "a@b.example"}, {"email": "x@b.example"}), **NDJSON
    )
    await posted(rig, json.dumps({"email": "a@b.example", "n": 1}).encode(), content_type="application/json")
    deliveries = [body.delivery for body in published(rig)]
    assert deliveries[0] == deliveries[1] == deliveries[3] != deliveries[2]


async def test_the_signature_is_over_the_whole_batch() -> None:
    rig = Rig(source(signed=True))
    body = lines({"email": "a@b.example"})
    assert (await posted(rig, body, **NDJSON)).status == 401
    assert (await posted(rig, body, **NDJSON, x_signature_256=signature(body))).status == 202


@pytest.mark.parametrize(
    ("body", "query", "status"),
    [
        (lines(*[{"a": 1}] * (EVENTS_MAX + 1)), "", 413),
        (json.dumps([{"a": 1}] * (EVENTS_MAX + 1)).encode(), "batch=true", 413),
        (b"\n\n", "", 422),
        (b"[]", "batch=true", 422),
        (b"{}", "batch=true", 400),
        (b"[", "batch=true", 400),
    ],
)
async def test_what_is_no_batch_or_too_large_a_one_is_refused(body: bytes, query: str, status: int) -> None:
    rig = Rig(source())
    type_ = "application/json" if query else NDJSON["content_type"]
    assert (await posted(rig, body, query=query, content_type=type_)).status == status
    assert published(rig) == []


async def test_while_kafka_is_away_the_whole_batch_is_to_be_sent_again() -> None:
    rig = Rig(source())
    rig.publisher.away = True
    reply = await posted(rig, lines({"email": "a@b.example"}), **NDJSON)
    assert reply.status == 503
    assert "retry-after" in reply.headers


async def test_the_sources_secret_is_not_kept() -> None:
    rig = Rig(source(secrets=(b"a-long-secret",)))
    reply = await posted(rig, lines({"email": "a@b.example", "token": "a-long-secret"}), **NDJSON)
    assert reply.status == 202
    assert b"a-long-secret" not in rig.publisher.records[0].record.value
