import asyncio
import base64
import gzip
import hashlib
import hmac

import pytest

from infra.crypto.codec import open_person
from producers.forms.answers import BODY_BYTES_MAX
from schemas.envelope import Envelope
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived
from schemas.topics import SUBMISSIONS, partition
from tests.infra.gateway.fakes import Published, key_named
from tests.producers.forms.intaking import NOW, SECRET, Reply, Rig, given, source

pytestmark = pytest.mark.asyncio
JSON = {"content_type": "application/json"}
ADA = b'{"email": " Ada@Example.com", "name": "Ada Lovelace", "message": "Hello"}'


def signature(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def message(published: Published) -> SubmissionReceived:
    return SubmissionReceived.model_validate_json(published.record.value)


async def accepted(rig: Rig, body: bytes, **headers: str) -> tuple[Reply, Published]:
    reply = await rig.post(body, **{**JSON, **headers})
    assert reply is not None
    assert reply.status == 202, reply.body
    return reply, rig.publisher.records[-1]


async def test_an_accepted_submission_is_in_the_log_and_says_where() -> None:
    rig = Rig(source())
    reply, published = await accepted(rig, ADA)
    body = message(published)
    assert reply.json() == {"submission_id": body.submission_id, "position": f"{published.partition}-0"}
    assert reply.headers["x-submission-id"] == body.submission_id
    assert published.topic is SUBMISSIONS
    assert published.partition == partition(body.identity, 6)
    assert published.record.key == body.identity.encode()
    assert rig.ids.read(body.submission_id) is not None


async def test_the_envelope_names_the_gateway_the_time_of_receipt_and_the_trace() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    rig = Rig(source())
    _, published = await accepted(rig, ADA, traceparent=trace)
    envelope = Envelope.read(published.record.headers)
    assert dict(published.record.headers) == dict(envelope.headers()), "as any other record's are written"
    assert envelope.type == "submission.received.v1"
    assert envelope.source == "gateway"
    assert envelope.occurred_at.timestamp() == NOW
    assert envelope.trace == trace
    assert envelope.origin is None
    _, published = await accepted(rig, ADA, traceparent="nonsense")
    assert Envelope.read(published.record.headers).trace is None


async def test_nothing_personal_is_readable_and_the_intake_key_opens_it() -> None:
    rig = Rig(source())
    _, published = await accepted(rig, ADA)
    everything = published.record.value + b"".join(value for _, value in published.record.headers) + (published.record.key or b"")
    for secret in (b"Ada L", b"ada@", b"Lovelace", b"Hello"):
        assert secret not in everything
    body = message(published)
    assert body.personal is not None
    person = open_person(key_named("intake-2026-11-18"), body.personal, body.submission_id, SubmittedPerson)
    assert person.email == "Ada@Example.com"
    assert person.raw == ADA.decode()
    assert person.raw_content_type == "application/json"


async def test_one_person_has_one_partition_however_the_address_is_spelled() -> None:
    rig = Rig(source())
    _, first = await accepted(rig, ADA)
    _, second = await accepted(rig, b'{"email": "ADA@example.com"}')
    assert message(first).identity == message(second).identity
    assert message(first).traits.email_hash == rig.keyring.hash("email", "ada@example.com")


async def test_a_repeat_has_the_same_delivery_and_another_source_has_not() -> None:
    rig = Rig(source(), source("src_2"))
    _, first = await accepted(rig, b'{"email": "a@b.example", "plan": "x"}')
    _, again = await accepted(rig, b'{"plan":"x","email":"a@b.example"}')
    reply = await rig.post(b'{"email": "a@b.example", "plan": "x"}', "src_2", **JSON)
    assert reply is not None
    _, other = await accepted(rig, b'{"email": "a@b.example", "plan": "y"}')
    assert message(first).delivery == message(again).delivery
    assert message(first).submission_id != message(again).submission_id
    deliveries = {message(one).delivery for one in (first, rig.publisher.records[2], other)}
    assert len(deliveries) == 3


@pytest.mark.parametrize("vendor", ["typeform", "generic_form"])
async def test_vendors_requests_are_taken_as_they_send_them(vendor: str) -> None:
    case = given(vendor)
    rig = Rig(source(vendor=vendor, signed=True, secrets=(case["signature"]["secret"].encode(),)))
    rig.clock[0] = case["signature"].get("verify_at", NOW)
    raw = case.get("body_raw", case["body"])
    headers = {name.lower().replace("-", "_"): value for name, value in case["headers"].items()}
    reply = await rig.post(raw.encode(), **headers)
    assert reply is not None
    assert reply.status == 202, reply.body
    body = message(rig.publisher.records[0])
    assert body.source.vendor == vendor
    tampered = await rig.post(raw.encode().replace(b"a", b"b", 1), **headers)
    assert tampered is not None
    assert tampered.status == 401
    assert len(rig.publisher.records) == 1


async def test_a_wrong_or_missing_signature_is_refused_and_nothing_is_published() -> None:
    rig = Rig(source(signed=True))
    for headers in ({}, {"x_signature_256": signature(ADA, b"other")}, {"x_signature_256": "sha256=zz"}):
        reply = await rig.post(ADA, **JSON, **headers)
        assert reply is not None
        assert reply.status == 401
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["type"].endswith("/wrong-signature")
    await accepted(rig, ADA, x_signature_256=signature(ADA))
    assert len(rig.publisher.records) == 1


@pytest.mark.parametrize(
    ("body", "content_type", "status", "field"),
    [
        (b"{", "application/json", 400, None),
        (b"", "application/json", 400, None),
        (b'"text"', "application/json", 400, None),
        (b"\xff\xfe", "application/json", 400, None),
        (b"%zz=1", "application/x-www-form-urlencoded", 400, None),
        (b"<a/>", "application/xml", 400, None),
        (b'{"a": "\\u0000"}', "application/json", 422, "/a"),
        (b'{"a": 99999999999999999999999}', "application/json", 422, "/a"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_its_place(
    body: bytes, content_type: str, status: int, field: str | None
) -> None:
    rig = Rig(source())
    reply = await rig.post(body, content_type=content_type)
    assert reply is not None
    assert reply.status == status, reply.body
    problem = reply.json()
    assert problem["status"] == status
    assert problem["instance"] == "/v1/intake/src_1"
    if field is not None:
        assert problem["errors"][0]["field"] == field
    assert rig.publisher.records == []


@pytest.mark.parametrize("vendor", ["generic", "meta_lead_ads"])
async def test_a_compressed_body_is_refused_and_says_so(vendor: str) -> None:
    rig = Rig(source(vendor=vendor))
    reply = await rig.post(gzip.compress(b'{"email": "a@b.example"}'), content_type="application/json", content_encoding="gzip")
    assert reply is not None
    assert (reply.status, reply.json()["type"].rpartition("/")[2]) == (415, "unsupported-encoding")
    assert rig.publisher.records == []
    plain = await Rig(source()).post(b'{"email": "a@b.example"}', content_type="application/json", content_encoding="Identity")
    assert plain is not None
    assert plain.status == 202


async def test_a_body_that_says_it_is_too_large_is_refused_unread() -> None:
    rig = Rig(source())
    for length in (str(BODY_BYTES_MAX + 1), "9" * 30):
        reply = await rig.post(b"x" * 100, content_length=length, **JSON)
        assert reply is not None
        assert reply.status == 413
    assert rig.read == 0


async def test_a_body_that_turns_out_too_large_is_refused_before_its_end() -> None:
    rig = Rig(source())
    chunk = b"x" * (256 * 1024)
    reply = await rig.post([chunk] * 40, **JSON)
    assert reply is not None
    assert reply.status == 413
    assert rig.read <= BODY_BYTES_MAX + len(chunk)
    whole = await rig.post(b"x" * (BODY_BYTES_MAX + 1), **JSON)
    assert whole is not None
    assert whole.status == 413


async def test_a_body_of_exactly_the_limit_is_read() -> None:
    rig = Rig(source())
    head = b'{"email": "a@b.example", "text": "'
    body = head + b"x" * (BODY_BYTES_MAX - len(head) - 2) + b'"}'
    reply = await rig.post([body[:1000], body[1000:]], content_length=str(len(body)), **JSON)
    assert reply is not None
    assert reply.status == 202
    assert len(rig.publisher.records[0].record.value) < 4 * 1024 * 1024


async def test_a_sender_that_goes_away_is_forgotten() -> None:
    rig = Rig(source())
    assert await rig.post([b'{"email":', b""], **JSON) is None
    assert rig.publisher.records == []


async def test_an_unknown_source_is_not_found_and_asked_for_once_a_second() -> None:
    rig = Rig(source())
    for _ in range(5):
        reply = await rig.post(ADA, "src_9", **JSON)
        assert reply is not None
        assert reply.status == 404
    assert rig.table.asked == 1
    rig.cache_clock[0] += 2
    await rig.post(ADA, "src_9", **JSON)
    assert rig.table.asked == 2
    too_long = await rig.post(ADA, "s" * 500, **JSON)
    assert too_long is not None
    assert too_long.status == 404
    assert rig.table.asked == 2
    assert rig.read == 0


async def test_a_known_source_is_served_while_postgresql_is_away_and_an_unknown_one_has_to_wait() -> None:
    rig = Rig(source())
    await accepted(rig, ADA)
    rig.table.away = True
    for _ in range(3):
        rig.cache_clock[0] += 60
        await accepted(rig, ADA)
        await asyncio.sleep(0.01)
    reply = await rig.post(ADA, "src_2", **JSON)
    assert reply is not None
    assert reply.status == 503
    assert reply.headers["retry-after"] == "5"


async def test_a_changed_source_is_noticed_within_seconds() -> None:
    rig = Rig(source())
    await accepted(rig, ADA)
    rig.table.sources["src_1"] = source(signed=True)
    rig.cache_clock[0] += 4
    await accepted(rig, ADA)  # this one notices
    await asyncio.sleep(0.01)
    reply = await rig.post(ADA, **JSON)
    assert reply is not None
    assert reply.status == 401
    del rig.table.sources["src_1"]
    rig.cache_clock[0] += 4
    await rig.post(ADA, **JSON)
    await asyncio.sleep(0.01)
    gone = await rig.post(ADA, **JSON)
    assert gone is not None
    assert gone.status == 404


async def test_without_kafka_it_says_so_and_when_to_come_back() -> None:
    rig = Rig(source())
    rig.publisher.away = True
    reply = await rig.post(ADA, **JSON)
    assert reply is not None
    assert reply.status == 503
    assert reply.headers["retry-after"] == "5"
    assert "x-submission-id" not in reply.headers


async def test_midnight_needs_no_postgresql() -> None:
    rig = Rig(source())
    async with rig.app:
        await asyncio.sleep(0.01)
        assert [day.isoformat() for day in rig.keyring.days_asked] == ["2026-11-18", "2026-11-19"]
    await accepted(rig, ADA)
    rig.keyring.away = True
    await accepted(rig, ADA)  # the day's key is at hand
    rig.clock[0] += 24 * 60 * 60
    reply = await rig.post(ADA, **JSON)  # this keyring forgets; the real one has tomorrow's
    assert reply is not None
    assert reply.status == 503
    async with rig.app:
        await asyncio.sleep(0.01)


async def test_what_asks_for_nothing_is_accepted_and_not_published() -> None:
    rig = Rig(source(vendor="typeform"))
    reply = await rig.post(b'{"event_type": "form_response_partial", "event_id": "1"}', **JSON)
    assert reply is not None
    assert reply.status == 202
    known = rig.ids.read(reply.headers["x-submission-id"])
    assert known is not None
    assert known.ignored
    assert reply.json()["position"] is None
    assert rig.publisher.records == []


async def test_a_secret_inside_the_body_is_not_kept() -> None:
    rig = Rig(source())
    _, published = await accepted(rig, b'{"email": "a@b.example", "google_key": "' + SECRET + b'"}')
    body = message(published)
    assert body.personal is not None
    person = open_person(key_named("intake-2026-11-18"), body.personal, body.submission_id, SubmittedPerson)
    assert SECRET.decode() not in person.raw
    assert '"google_key": "[secret]"' in person.raw


async def test_a_body_that_is_not_utf8_is_kept_as_base64() -> None:
    rig = Rig(source(secrets=(b"short",)))
    body = "name=Zo\xeb&email=zoe%40example.com".encode("latin-1")
    reply = await rig.post(body, content_type="application/x-www-form-urlencoded; charset=iso-8859-1")
    assert reply is not None
    assert reply.status == 202
    sent = message(rig.publisher.records[0])
    assert sent.personal is not None
    person = open_person(key_named("intake-2026-11-18"), sent.personal, sent.submission_id, SubmittedPerson)
    assert person.name == "Zo\xeb"
    assert person.raw.startswith("bmFtZT")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_not_allowed(method: str) -> None:
    reply = await Rig(source()).post(b"", method=method)
    assert reply is not None
    assert reply.status == 405
    assert reply.headers["allow"] == "POST"


async def test_a_signed_address_is_the_public_one() -> None:
    rig = Rig(source(vendor="hubspot", signed=True, secrets=(b"s",)))
    body, at = b'[{"objectId": 1}]', str(int(NOW * 1000))
    uri = "https://leads.example.com/v1/intake/src_1?x=1"
    code = hmac.new(b"s", b"POST" + uri.encode() + body + at.encode(), hashlib.sha256).digest()
    headers = {"x_hubspot_signature_v3": base64.b64encode(code).decode(), "x_hubspot_request_timestamp": at}
    reply = await rig.post(body, query="x=1", **JSON, **headers)
    assert reply is not None
    assert reply.status == 202, reply.body
