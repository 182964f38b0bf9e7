"""How a row is read, and how far the log's readers are behind."""

import pytest

from infra.kafka import admin
from infra.kafka.ports import Outgoing
from infra.settings import Settings
from infra.wiring.host import base
from infra.wiring.imports import UNSAID_MAX, FormRows, LogLag
from schemas import topics
from tests.infra.gateway.fakes import MemoryKeyring, MemoryPublisher


def rows() -> FormRows:
    return FormRows(MemoryKeyring(), MemoryPublisher(), 6)


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("E-Mail-Adresse", "email"),
        ("Prénom", "first_name"),
        ("Nachname", "last_name"),
        ("Teléfono", "phone"),
        ("Company", "company"),
        ("utm_source", "campaign.utm_source"),
        ("Newsletter consent", "consents.newsletter"),
        ("Budget", None),
    ],
)
def test_columns_are_understood_by_the_words_of_forms(column: str, target: str | None) -> None:
    found = rows().proposed(column)
    assert found == target
    assert target is None or rows().accepts(target)


@pytest.mark.parametrize("target", ["shoe size", "answers", "answers.", "kind", "honeypot"])
def test_a_column_can_not_mean_just_anything(target: str) -> None:
    assert not rows().accepts(target)


def test_only_what_is_mapped_is_read() -> None:
    parsed, wrong = rows().read(
        {"email": "Ann@x.example", "first_name": "Ann", "answers.a.b": "7", "consent": "yes", "campaign.utm_source": "fair"}
    )
    assert wrong == []
    assert (parsed.email, parsed.name, parsed.consent) == ("Ann@x.example", "Ann", True)
    assert (parsed.answers, parsed.campaign) == ({"a.b": "7"}, {"utm_source": "fair"})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.example", "phone": "none"}, "phone"),
        ({"email": "a@b.example", "consent": "perhaps"}, "consent"),
        ({"email": "a@b.example", "consents.news": "perhaps"}, "consents.news"),
        ({"company": "ACME"}, "row"),
    ],
)
def test_what_can_not_be_read_is_named(values: dict[str, str], field: str) -> None:
    assert field in {name for name, _ in rows().read(values)[1]}


@pytest.mark.integration
@pytest.mark.asyncio
async def test_behind_is_who_has_most_before_them_but_nobody_who_is_paused_or_waits(settings: Settings) -> None:
    await admin.apply(settings.kafka)
    async with base(settings, "test", pool_size=1) as has, LogLag(has.pool, settings.kafka).watch() as behind:
        assert await behind() == 0
        name = settings.kafka.prefix + topics.EVENTS.name
        topic = (await admin.topic_ids(settings.kafka, [name]))[name]
        record = Outgoing(b"lead", (), b"{}")
        await has.producer.publish_all(topics.EVENTS, [(0, record)] * 150)
        stands = [("lead_list", 130), ("scoring", 10), ("history", 60)]
        for schema, position in stands:
            await has.pool.execute(
                f"insert into {schema}.watermarks (partition, topic_id, epoch, position, clock_ms) values (0, $1, 1, $2, 0)",
                topic,
                position,
            )
        # Who gathers records, or passes most of them, may be further than it says.
        assert await behind() == 150 - 10 - UNSAID_MAX
        await has.pool.execute("update scoring.watermarks set paused = true")
        assert await behind() == 20
        await has.pool.execute("update lead_list.watermarks set waiting_offset = 130")
        assert await behind() == 0
