"""What servers say of people stays out of the log."""

import pytest

from infra.effects.impersonal import LOOKED_AT_MAX, impersonal
from infra.effects.model import Undeliverable
from tests.infra.effects.making import FakePerformer, Reports, effect, planned, row, worker
from tests.infra.opened import Opened


@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.1 <ada.lovelace@example.com>: Recipient address rejected",
        "550 5.1.1 ada.lovelace@example.com... User unknown",
        "rfc822;ada.lovelace@example.com",
        "<mailto:Ada.Lovelace@Example.com>",
        "'ada.lovelace@example.com' is over quota",
        '550 "Ada Lovelace"@example.com unknown',
        "bounces+ada.lovelace=example.com@mailer.example",
        "see https://x.example/?to=ada.lovelace%40example.com",
        "SRS0=x=y=example.com=ada.lovelace@relay.example",
        "ada.lovelace @ example.com",
        "ada.lovelace\uff20example.com",
        "(ada.lovelace@example.com)[ada.lovelace@example.com]",
        "ada.lovelace@ex\u00e4mple.com",
        "x" * LOOKED_AT_MAX + "ada.lovelace@example.com",
    ],
)
def test_no_address_is_left(said: str) -> None:
    kept = impersonal(said).lower()
    assert "lovelace" not in kept
    assert "ada" not in kept


@pytest.mark.parametrize(
    "said", ["+49 171 1234567 is no mobile", "to (415) 555-2671: blocked", "491711234567", "+1.415.555.2671"]
)
def test_no_number_of_a_person_is_left(said: str) -> None:
    assert "[number]" in impersonal(said)
    assert sum(character.isdigit() for character in impersonal(said)) == 0


@pytest.mark.parametrize(
    "said",
    [
        "",
        "the mail server answered 550",
        "550 5.1.1 user unknown",
        "given up after 10 attempts",
        "template welcome version 12: broken",
    ],
)
def test_what_names_nobody_stays(said: str) -> None:
    assert impersonal(said) == said


def test_it_takes_no_time_whatever_is_said() -> None:
    for said in ("@" * 100_000, '"' * 100_000, "a" * 100_000, "1 " * 100_000, "a@" * 50_000, "=40" * 30_000):
        assert len(impersonal(said)) <= LOOKED_AT_MAX * len("[address]")


async def refused(_: object) -> None:
    raise Undeliverable("550 5.1.1 <ada@example.com>: no such user")


@pytest.mark.integration
@pytest.mark.asyncio
async def test_neither_the_list_nor_the_log_is_told_of_whom_a_server_spoke(db: Opened) -> None:
    performer, reports, wish = FakePerformer(before=refused), Reports(), effect()
    await planned(db, wish)
    one = worker(db, performer, reports)
    await one.work_once()
    await one.report()
    assert (await row(db, wish))["detail"] == "550 5.1.1 <[address]>: no such user"
    await db.pool.execute("update effects.effects set detail = 'x ada@example.com', reported = null")
    await one.report()
    assert [command.detail for command in reports.commands] == ["550 5.1.1 <[address]>: no such user", "x [address]"]
