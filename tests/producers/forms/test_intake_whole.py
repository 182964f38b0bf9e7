"""Requests that came whole, as the server hands them over."""

import asyncio
import hashlib
import hmac
from collections.abc import MutableMapping
from typing import Any

import pytest

from infra.gateway.leases import IntakeLimits
from infra.gateway.rates import Rate
from producers.forms.answers import BODY_BYTES_MAX
from schemas.submissions import SubmissionReceived
from tests.producers.forms.intaking import SECRET, Reply, Rig, source

pytestmark = pytest.mark.asyncio
JSON = {"content_type": "application/json"}
ADA = b'{"email": "ada@example.com", "name": "Ada Lovelace"}'


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("body", "source_id", "headers"),
    [
        (ADA, "src_1", {"x_signature_256": signature(ADA)}),
        (ADA, "src_1", {"x_signature_256": signature(b"other")}),
        (b"{", "src_1", {"x_signature_256": signature(b"{")}),
        (b'{"a": "\\u0000"}', "src_1", {"x_signature_256": signature(b'{"a": "\\u0000"}')}),
        (ADA, "src_2", {}),
        (b" " * (BODY_BYTES_MAX + 1), "src_1", {}),
    ],
)
async def test_a_request_that_came_whole_is_answered_as_any_other(body: bytes, source_id: str, headers: dict[str, str]) -> None:
    answers: list[Reply] = []
    for whole in (False, True):
        rig = Rig(source(signed=True))
        reply = await (rig.whole if whole else rig.post)(body, source_id, query="a=b", **JSON, **headers)
        assert reply is not None
        answers.append(reply)
        assert len(rig.publisher.records) == (1 if reply.status == 202 else 0)
    asgi, direct = answers
    assert asgi.status == direct.status
    assert asgi.headers.keys() == direct.headers.keys()
    if asgi.status != 202:
        assert asgi == direct


async def test_a_mapping_is_followed_and_content_compared_in_a_known_layout_too() -> None:
    rig = Rig(source(mapping={"company": "deep.firm"}))
    found: list[SubmissionReceived] = []
    for firm in ("Acme", "Babbage", "Babbage"):
        reply = await rig.whole(b'{"deep": {"firm": "%s"}, "email": "a@b.example"}' % firm.encode(), **JSON)
        assert reply.status == 202
        found.append(SubmissionReceived.model_validate_json(rig.publisher.records[-1].record.value))
    assert [body.traits.company for body in found] == ["Acme", "Babbage", "Babbage"]
    assert found[0].delivery != found[1].delivery == found[2].delivery


class Allowing:
    """Leases that let through so many of each bucket."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.taken: dict[str, int] = {}

    def allow(self, key: str, _rate: Rate) -> bool:
        self.taken[key] = self.taken.get(key, 0) + 1
        return self.taken[key] <= self.count

    def wait_seconds(self, _key: str) -> int:
        return 7


@pytest.mark.parametrize("whole", [False, True])
async def test_too_many_requests_of_a_source_are_told_when_to_come_again_and_nothing_is_published(whole: bool) -> None:
    limits = IntakeLimits(Allowing(2), source_per_minute=2, address_per_minute=2)  # type: ignore[arg-type]
    rig = Rig(source(), limits=limits)
    replies = [await (rig.whole if whole else rig.post)(ADA, "src_1", **JSON) for _ in range(3)]
    assert [reply and reply.status for reply in replies] == [202, 202, 429]
    refused = replies[2]
    assert refused is not None
    assert refused.headers["retry-after"] == "7"
    assert len(rig.publisher.records) == 2


async def test_a_body_that_never_begins_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.gateway.bodies.BODY_SECONDS_MAX", 0.01)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> None:
        await asyncio.Event().wait()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/intake/src_1", "headers": [(b"content-length", b"5")]}
    async with asyncio.timeout(5):
        await Rig(source()).app(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_whoever_cannot_sign_uses_up_nothing_of_the_source() -> None:
    limits = IntakeLimits(Allowing(1), source_per_minute=1, address_per_minute=1)  # type: ignore[arg-type]
    rig = Rig(source(signed=True), limits=limits)
    assert (await rig.whole(b"{}", content_type="application/json")).status == 401
    limits.check_source("src_1")


async def test_an_address_is_limited_before_a_source_is_looked_for() -> None:
    limits = IntakeLimits(Allowing(1), source_per_minute=1, address_per_minute=1)  # type: ignore[arg-type]
    rig = Rig(limits=limits)
    assert [(await rig.whole(b"{}", f"guess_{number}")).status for number in range(3)] == [404, 429, 429]
    assert rig.table.asked == 1


@pytest.mark.parametrize("id_", ["\x00", "a b", "ä", "a/b", "a" * 101, ""])
async def test_what_can_be_no_id_is_not_asked_for(id_: str) -> None:
    rig = Rig()
    rig.table.away = True
    assert (await rig.whole(b"{}", id_)).status == 404
