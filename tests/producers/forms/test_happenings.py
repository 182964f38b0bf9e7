"""Provider events as their vendors send them, on their way to leads.activities."""

import json
from typing import Any

import pytest

from infra.activities.publishing import ActivityWriter
from infra.crypto.codec import open_person
from infra.crypto.keyring import Keyring
from producers.forms.happenings import activity_of
from producers.forms.intake import Intake
from producers.forms.publishing import SubmissionWriter
from producers.forms.source_cache import SourceCache
from producers.forms.submission import Happening, ParsedSubmission
from producers.forms.translate import Origin
from schemas.activities import ActivityDetails, ActivityReceived
from schemas.envelope import type_of
from schemas.submissions import SubmissionReceived
from tests.infra.gateway.fakes import key_named
from tests.producers.forms.intaking import Rig, given, source

pytestmark = pytest.mark.asyncio
ORIGIN = Origin("sendgrid", "mails")


def rig(vendor: str) -> Rig:
    """Intake as the gateway wires it."""
    made = Rig(source(vendor=vendor))
    keyring: Keyring = made.keyring
    activities = ActivityWriter(keyring, made.publisher, 6, now=lambda: made.clock[0])
    cache = SourceCache(made.table, now=lambda: made.cache_clock[0])  # type: ignore[arg-type]
    writer = SubmissionWriter(keyring, made.publisher, 6, now=lambda: made.clock[0])
    url = "https://leads.example.com/"
    made.app = Intake(cache, writer, made.ids, keyring.hash, url, now=lambda: made.clock[0], activities=activities)
    return made


def activities(made: Rig) -> list[ActivityReceived]:
    records = [one.record for one in made.publisher.records if one.topic.name == "leads.activities"]
    return [ActivityReceived.model_validate_json(record.value) for record in records]


async def test_a_batch_of_sendgrids_becomes_activity_and_what_is_none_stays_news() -> None:
    case, made = given("sendgrid"), rig("sendgrid")
    reply = await made.post(case["body_raw"].encode(), content_type="application/json")
    assert reply is not None
    found = activities(made)
    expected = [one for one in case["expect"]["events"] if one["event"] != "accepted"]
    assert [one.activity.kind for one in found] == [one["event"] for one in expected] == ["delivered", "opened", "clicked"]
    assert [one.activity.occurred_at.isoformat() for one in found] == [
        one["occurred_at"].replace("Z", "+00:00") for one in expected
    ]
    assert {one.address for one in found} == {made.keyring.hash("email", expected[0]["recipient"])}
    assert (found[2].activity.host, found[2].activity.path) == ("www.example.org", "/pricing")
    ids = [one["submission_id"] for one in reply.json()["submissions"]]
    assert [one.submission_id for one in found] == ids[1:]
    (accepted,) = [one.record for one in made.publisher.records if one.topic.name == "leads.submissions"]
    assert type_of(accepted.headers) == SubmissionReceived.TYPE


async def test_mailguns_event_is_opened_by_the_days_key_alone() -> None:
    case, made = given("mailgun"), rig("mailgun")
    await made.post(case["body_raw"].encode(), content_type="application/json")
    (found,) = activities(made)
    assert found.activity.kind == case["expect"]["event"]
    assert b"grace" not in made.publisher.records[0].record.value
    assert found.personal is not None
    details = open_person(key_named("intake-2026-11-18"), found.personal, found.activity.id, ActivityDetails)
    assert details.email == case["expect"]["recipient"]


@pytest.mark.parametrize("vendor", ["sendgrid", "mailgun"])
async def test_an_event_that_is_sent_again_has_the_same_id(vendor: str) -> None:
    body, made = given(vendor)["body_raw"].encode(), rig(vendor)
    await made.post(body, content_type="application/json")
    first = [one.activity.id for one in activities(made)]
    await made.post(body, content_type="application/json")
    assert [one.activity.id for one in activities(made)] == [*first, *first]
    assert len(set(first)) == len(first)


async def test_a_token_of_mailguns_counts_once_whatever_stands_beside_it() -> None:
    case, made = given("mailgun"), rig("mailgun")
    body = json.loads(case["body_raw"])
    await made.post(json.dumps(body).encode(), content_type="application/json")
    body["event-data"] |= {"id": "another", "event": "complained", "recipient": "victim@example.com"}
    await made.post(json.dumps(body).encode(), content_type="application/json")
    first, forged = activities(made)
    assert first.activity.id == forged.activity.id


async def test_while_kafka_is_away_the_provider_is_to_try_again() -> None:
    made = rig("sendgrid")
    made.publisher.away = True
    reply = await made.post(given("sendgrid")["body_raw"].encode(), content_type="application/json")
    assert reply is not None
    assert reply.status == 503


@pytest.mark.parametrize(
    ("event", "suppress", "kind", "permanent"),
    [
        ("bounced", True, "bounced", True),
        ("bounced", False, "bounced", False),
        ("deferred", False, "bounced", False),
        ("complained", True, "complained", None),
        ("unsubscribed", True, "unsubscribed", None),
        ("accepted", False, None, None),
        ("dropped", False, None, None),
        ("resubscribed", False, None, None),
    ],
)
async def test_a_bounce_is_for_good_where_the_address_is_the_trouble(
    event: str, suppress: bool, kind: str | None, permanent: bool | None
) -> None:
    happened = Happening(event=event, recipient=" ada@x.example ", suppress=suppress, reason="r" * 2_000)
    found = activity_of(ParsedSubmission(kind="communication_event", happened=happened), ORIGIN, "d", "s", 0.0)
    if kind is None:
        assert found is None
        return
    assert found is not None
    told: Any = found
    assert (told.kind, told.permanent, told.email, told.submission_id) == (kind, permanent, "ada@x.example", "s")
    assert (told.person.reason is None) == (kind != "bounced")
    assert len(told.person.reason or "") <= 1_000
