"""A form with double opt-in, from the tick to the button that the mail leads to, over a real PostgreSQL."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pydantic import BaseModel

from infra.kafka.publisher import Position
from infra.mail.confirming import GOOD_DAYS, Asked, Confirmations
from infra.settings import Settings
from schemas.commands import ConfirmConsent
from schemas.submissions import SubmissionReceived
from tests.infra.gateway import offline
from tests.infra.gateway.running import Running, read, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
LEAD = "018f0000-0000-7000-8000-000000000001"
WORDS = "I agree to be <contacted>."
TICKED = {"email": "a@b.example", "consent": ["no", "yes"]}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PERSON = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def quiet(here: Running) -> None:
    here.publisher.records.clear()
    here.publisher.decide = None
    here.publisher.away = False


async def asked(here: Running, **body: Any) -> httpx2.Response:
    known = {"name": "Demo", "vendor": "generic", "double_opt_in": True, "form": {"consent": WORDS}}
    return await here.client.post("/v1/sources", json={**known, **body}, headers=here.token("manager"))


async def make(here: Running, **body: Any) -> str:
    answer = await asked(here, **body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["double_opt_in"] is True
    return str(answer.json()["id"])


async def change(here: Running, source: str, **body: Any) -> httpx2.Response:
    return await here.client.patch(f"/v1/sources/{source}", json=body, headers=here.token("manager"))


def link(here: Running, source: str, *, sent_days_ago: float = 0.0) -> str:
    """The path of the link that a mail would hold."""
    settings = here.services.settings.gateway
    made = Confirmations(here.services.keyring, settings.public_url).link(
        Asked(LEAD, "agreement-1", WORDS), source, time.time() - sent_days_ago * 24 * 3600
    )
    return made.removeprefix(settings.public_url.rstrip("/"))


def decided_as(status: str) -> Any:
    async def decide(running: Running, message: BaseModel, _at: Position) -> None:
        assert isinstance(message, ConfirmConsent)
        await running.outcome(message.command_id, LEAD, status)

    return decide


def submitted(here: Running) -> SubmissionReceived:
    found = read(here.publisher.records[-1].record)
    assert isinstance(found, SubmissionReceived)
    return found


async def test_what_is_ticked_is_stored_as_unconfirmed_and_the_sender_sent_to_their_mailbox(here: Running) -> None:
    source = await make(here)
    answer = await here.client.post(f"/v1/intake/{source}", data=TICKED, headers=PERSON)
    assert answer.status_code == 303, answer.text
    found = submitted(here)
    assert (found.consent, found.consents) == (None, {})
    assert found.unconfirmed is not None
    assert (found.unconfirmed.overall, found.unconfirmed.wording) == (True, WORDS)
    thanks = await here.client.get(answer.headers["location"])
    assert "your mailbox" in thanks.text


async def test_what_comes_as_json_to_such_a_source_has_to_be_confirmed_too(here: Running) -> None:
    source = await make(here)
    sent = {"email": "a@b.example", "consent": True}
    assert (await here.client.post(f"/v1/intake/{source}", json=sent)).status_code == 202
    assert submitted(here).unconfirmed is not None


async def test_a_source_can_be_switched_to_it_and_back(here: Running) -> None:
    source = await make(here, double_opt_in=True)
    assert (await change(here, source, double_opt_in=False)).json()["double_opt_in"] is False
    await here.client.post(f"/v1/intake/{source}", data=TICKED, headers=PERSON)
    assert (submitted(here).consent, submitted(here).unconfirmed) == (True, None)
    assert (await change(here, source, double_opt_in=True)).status_code == 200


async def test_a_source_that_can_ask_nobody_is_refused_with_the_reason(here: Running) -> None:
    source = await make(here)
    answers = [
        await asked(here, signed=True),
        await asked(here, quiet=True),
        await change(here, source, quiet=True),
        await change(here, source, form={"consent": ""}),
    ]
    assert [answer.status_code for answer in answers] == [422] * 4
    assert {answer.json()["errors"][0]["field"] for answer in answers} == {"double_opt_in"}
    assert (await change(here, source, name="Unchanged")).json()["quiet"] is False


async def test_looking_at_the_page_changes_nothing_and_its_button_confirms_once(here: Running) -> None:
    source = await make(here)
    path = link(here, source)
    page = await here.client.get(path)
    assert page.status_code == 200
    assert "I agree to be &lt;contacted&gt;." in page.text
    assert '<form method="post">' in page.text
    assert here.publisher.records == []
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    here.publisher.decide = decided_as("done")
    for _ in range(2):
        done = await here.client.post(path, headers=PERSON)
        assert (done.status_code, "Thank you" in done.text) == (200, True)
    (record,) = here.publisher.records
    command = read(record.record)
    assert isinstance(command, ConfirmConsent)
    assert (command.lead, command.agreement, command.actor) == (LEAD, "agreement-1", f"source:{source}")
    assert record.topic.name == "leads.commands"


async def test_a_confirmation_that_takes_long_is_thanked_for_because_it_stands_in_the_log(here: Running) -> None:
    done = await here.client.post(link(here, await make(here)), headers=PERSON)
    assert (done.status_code, len(here.publisher.records)) == (200, 1)


@pytest.mark.parametrize("status", ["erased", "declined", "missing"])
async def test_who_was_forgotten_is_told_that_the_link_is_good_no_more(here: Running, status: str) -> None:
    here.publisher.decide = decided_as(status)
    answer = await here.client.post(link(here, await make(here)), headers=PERSON)
    assert (answer.status_code, "good no more" in answer.text) == (410, True)


async def test_an_expired_link_says_so_and_confirms_nothing(here: Running) -> None:
    path = link(here, await make(here), sent_days_ago=GOOD_DAYS + 0.01)
    for answer in (await here.client.get(path), await here.client.post(path, headers=PERSON)):
        assert (answer.status_code, "good no more" in answer.text) == (410, True)
    assert here.publisher.records == []
    assert (await here.client.get(link(here, await make(here), sent_days_ago=GOOD_DAYS - 0.01))).status_code == 200


async def test_a_link_holds_nothing_to_read_and_is_good_under_its_own_form_alone(here: Running) -> None:
    source, other = await make(here), await make(here)
    path = link(here, source)
    assert LEAD not in path
    ticket = path.rpartition("/")[2]
    for wrong in (f"/f/{other}/confirm/{ticket}", f"/f/{source}/confirm/{ticket[:-6]}", f"/f/src_none/confirm/{ticket}"):
        assert (await here.client.get(wrong)).status_code == 404
        assert (await here.client.post(wrong, headers=PERSON)).status_code == 404
    assert here.publisher.records == []


GERMAN = {
    "consent": WORDS,
    "language": "de",
    "wrong_link": "Dieser Link führt ins Leere.",
    "try_again": "Bitte gleich noch einmal.",
}


@pytest.mark.parametrize("wrong", ["cut off", "of another form", "no ticket at all", "of no form", "malformed"])
async def test_a_link_that_leads_nowhere_is_told_people_on_a_page_and_programs_as_a_problem(here: Running, wrong: str) -> None:
    source, other = await make(here, form=GERMAN), await make(here, form=GERMAN)
    ticket = link(here, source).rpartition("/")[2]
    path = {
        "cut off": f"/f/{source}/confirm/{ticket[:-6]}",
        "of another form": f"/f/{other}/confirm/{ticket}",
        "no ticket at all": f"/f/{source}/confirm/x",
        "of no form": f"/f/src_none/confirm/{ticket}",
        "malformed": f"/f/{source}/confirm/{ticket}%3D%3D",
    }[wrong]
    known = wrong not in ("of no form", "malformed")
    for method in ("GET", "POST"):
        page = await here.client.request(method, path, headers={"Accept": BROWSER})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert ("führt ins Leere" in page.text, "leads nowhere" in page.text) == (known, not known)
        assert f'lang="{"de" if known else "en"}"' in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        for accept in ("application/json", "application/problem+json, text/html;q=0.1", "*/*"):
            problem = await here.client.request(method, path, headers={"Accept": accept})
            assert problem.status_code == (422 if wrong == "malformed" else 404)
            assert problem.headers["content-type"] == "application/problem+json"
    assert here.publisher.records == []


async def test_without_kafka_people_get_the_button_once_more_and_programs_a_problem(here: Running) -> None:
    path = link(here, await make(here, form=GERMAN))
    here.publisher.away = True
    page = await here.client.post(path, headers={**PERSON, "Accept": BROWSER})
    assert (page.status_code, page.headers["retry-after"]) == (503, "2")
    assert "Bitte gleich noch einmal." in page.text
    assert '<form method="post">' in page.text
    problem = await here.client.post(path, headers={"Accept": "application/json"})
    assert (problem.status_code, problem.headers["content-type"]) == (503, "application/problem+json")
    here.publisher.away = False
    assert (await here.client.post(path, headers={**PERSON, "Accept": BROWSER})).status_code == 200


async def test_without_postgres_there_is_a_page_too() -> None:
    async with offline.client(offline.app()) as client:
        page = await client.get("/f/src_any/confirm/ticket", headers={"Accept": BROWSER})
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "try again" in page.text
        problem = await client.get("/f/src_any/confirm/ticket")
        assert (problem.status_code, problem.headers["content-type"]) == (503, "application/problem+json")


async def test_a_form_that_was_taken_away_still_lets_what_it_sent_be_confirmed(here: Running) -> None:
    source = await make(here)
    await here.client.delete(f"/v1/sources/{source}", headers=here.token("manager"))
    assert (await here.client.get(link(here, source))).status_code == 200


async def test_without_kafka_the_person_is_asked_to_come_back(here: Running) -> None:
    path = link(here, await make(here))
    here.publisher.away = True
    answer = await here.client.post(path, headers=PERSON)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
