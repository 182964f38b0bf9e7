"""What senders ask before they send."""

import dataclasses
from datetime import UTC, datetime

import pytest

from tests.producers.forms.intaking import SECRET, Rig, source

pytestmark = pytest.mark.asyncio


async def test_metas_challenge_is_answered_to_who_knows_the_secret() -> None:
    rig = Rig(source(vendor="meta"))
    query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    right = await rig.post(b"", query=query + SECRET.decode(), method="GET")
    wrong = await rig.post(b"", query=query + "guess", method="GET")
    assert right is not None
    assert wrong is not None
    assert (right.status, right.body) == (200, b"1158201444")
    assert wrong.status == 403


async def test_metas_challenge_takes_the_secret_before_for_as_long_as_it_overlaps() -> None:
    query, now = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=", datetime.now(UTC).timestamp()
    for until, old in ((now + 60, 200), (now - 60, 403)):
        kept = source(vendor="meta", secrets=(SECRET, b"the-one-before"))
        rig = Rig(dataclasses.replace(kept, old_secret_until=until))
        for token, status in ((SECRET.decode(), 200), ("the-one-before", old), ("", 403)):
            reply = await rig.post(b"", query=query + token, method="GET")
            assert reply is not None
            assert reply.status == status, (token, until)


async def test_cloudevents_senders_are_allowed_to_send() -> None:
    rig = Rig(source())
    reply = await rig.post(b"", method="OPTIONS", webhook_request_origin="events.example.com")
    assert reply is not None
    assert reply.status == 200
    assert reply.headers["webhook-allowed-origin"] == "events.example.com"
