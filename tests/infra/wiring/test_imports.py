"""How a row is read, and how far the log's readers are apart."""

import uuid

import pytest

from infra.postgres.pool import open_pool
from infra.settings import Settings
from infra.wiring.imports import FormRows, LogLag
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
async def test_the_lag_is_the_widest_gap_between_two_readers_of_one_partition(settings: Settings) -> None:
    pool = await open_pool(settings.postgres.url, name="test", size=1)
    try:
        lag = LogLag(pool)
        assert await lag() == 0
        topic = str(uuid.uuid4())
        for schema, partition, position in (("history", 0, 50), ("lead_list", 0, 20), ("lead_search", 1, 500)):
            await pool.execute(
                f"insert into {schema}.watermarks (partition, topic_id, epoch, position, clock_ms) values ($1, $2, 1, $3, 0)",
                partition,
                topic,
                position,
            )
        assert await lag() == 30
    finally:
        await pool.close()
