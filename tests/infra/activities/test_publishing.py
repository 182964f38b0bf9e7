"""What a producer knows in the clear goes onto the topic with nothing of it readable."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.activities.publishing import ActivityWriter, NewActivity, effect_of, place
from infra.crypto.codec import open_person
from infra.kafka.ports import LogUnavailable
from schemas.activities import ActivityDetails, ActivityReceived
from schemas.envelope import Envelope
from schemas.person import Source
from schemas.topics import ACTIVITIES, partition
from tests.infra.gateway.fakes import MemoryKeyring, MemoryPublisher, key_named

pytestmark = pytest.mark.asyncio
NOW = 1_795_000_000.0
AT = datetime.fromtimestamp(NOW, UTC)
VISITOR = "visitor-0123456789"


def activity(**more: Any) -> NewActivity:
    known = {"event_id": "e1", "kind": "page_view", "occurred_at": AT, "source": Source(vendor="tracking", source_id="site")}
    return NewActivity(**{**known, **more})


def writing() -> tuple[ActivityWriter, MemoryPublisher]:
    publisher = MemoryPublisher()
    return ActivityWriter(MemoryKeyring(), publisher, 6, now=lambda: NOW), publisher


def read(publisher: MemoryPublisher) -> list[ActivityReceived]:
    return [ActivityReceived.model_validate_json(one.record.value) for one in publisher.records]


async def test_nothing_that_tells_a_person_is_readable_in_the_record() -> None:
    writer, publisher = writing()
    person = ActivityDetails(title="Ada's page", text="secret words", email="ada@x.example")
    await writer.publish(
        [
            activity(
                visitor=VISITOR, email="Ada@x.example", url="https://w.example/me?mail=ada", referrer="https://r.example/?q=ada"
            ),
            activity(event_id="e2", email="ada@x.example", person=person),
        ]
    )
    for published in publisher.records:
        everything = repr(published.record).lower()
        # Long enough that no id, hash or sealed text holds them by chance.
        for told in ("ada@x", "ada's page", "mail=ada", "q=ada", "secret", VISITOR):
            assert told not in everything
    first, second = read(publisher)
    assert (first.activity.host, first.activity.path, first.activity.referrer) == ("w.example", "/me", "r.example")
    assert second.personal is not None
    opened = open_person(key_named("intake-2026-11-18"), second.personal, second.activity.id, ActivityDetails)
    assert opened == person


async def test_what_one_visitor_does_stays_in_one_partition() -> None:
    writer, publisher = writing()
    await writer.publish([activity(event_id=f"e{nth}", visitor=VISITOR, email=f"{nth}@x.example") for nth in range(5)])
    (key,) = {published.record.key for published in publisher.records}
    assert key == MemoryKeyring().hash("visitor", VISITOR).encode()
    assert {(one.topic, one.partition) for one in publisher.records} == {(ACTIVITIES, partition(key.decode(), 6))}


async def test_a_repeat_has_the_same_id_and_another_source_has_another() -> None:
    writer, publisher = writing()
    elsewhere = Source(vendor="tracking", source_id="other")
    await writer.publish([activity(), activity(), activity(source=elsewhere), activity(event_id="e2")])
    ids = [Envelope.read(published.record.headers).id for published in publisher.records]
    assert ids == [one.activity.id for one in read(publisher)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def test_nothing_happens_in_the_future() -> None:
    writer, publisher = writing()
    await writer.publish([activity(occurred_at=AT + timedelta(days=1)), activity(occurred_at=AT - timedelta(days=1))])
    assert [one.activity.occurred_at for one in read(publisher)] == [AT, AT - timedelta(days=1)]


async def test_nothing_to_publish_asks_nobody() -> None:
    writer, publisher = writing()
    publisher.away = True
    assert await writer.publish([]) == []
    with pytest.raises(LogUnavailable):
        await writer.publish([activity()])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://www.x.example/pricing?who=ada#top", ("www.x.example", "/pricing")),
        ("https://x.example", ("x.example", "/")),
        ("https://x.example/blog/how-to-win-in-2026-and-beyond", ("x.example", "/blog/how-to-win-in-2026-and-beyond")),
        ("https://x.example/users/ada%40x.example/edit", ("x.example", "/users/…/edit")),
        ("https://x.example/orders/0012345", ("x.example", "/orders/…")),
        ("https://x.example/u/3f2b8c1a-9d4e-4f6a-8b7c-1d2e3f4a5b6c", ("x.example", "/u/…")),
        ("https://x.example/reset/eyJhbGciOiJIUzI1NiIsInR5cCI6", ("x.example", "/reset/…")),
        ("https://ada:secret@x.example/a", ("x.example", "/a")),
        ("javascript:alert(1)", (None, None)),
        ("https://[broken/a", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
async def test_of_an_address_only_words_are_shown(url: str | None, shown: tuple[str | None, str | None]) -> None:
    assert place(url) == shown


@pytest.mark.parametrize(
    ("message", "effect"),
    [
        ("<25f7f8e5-e1e1-8159-92e4-85477ab777bb@mail.example>", "25f7f8e5-e1e1-8159-92e4-85477ab777bb"),
        ("25F7F8E5-e1e1-8159-92e4-85477ab777bb@mail.example", "25f7f8e5-e1e1-8159-92e4-85477ab777bb"),
        ("<20260302093107.1.DF5966851B4BAA99@mail.example>", None),
        ("25f7f8e5-e1e1-8159-92e4-85477ab777bb", None),
        ("<@>", None),
        (None, None),
    ],
)
async def test_only_our_own_message_ids_name_an_effect(message: str | None, effect: str | None) -> None:
    assert effect_of(message) == effect
