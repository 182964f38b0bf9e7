"""GET /f/{source_id}: seen and filled in as a browser does, over a real PostgreSQL."""

import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import pytest
import pytest_asyncio

from infra.crypto.codec import open_person
from infra.settings import Limits, Settings
from producers.forms.sources import IntakeSource, Sources
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived
from tests.infra.gateway import offline
from tests.infra.gateway.running import Running, read, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Origin": "http://127.0.0.1:8000",
    "Content-Type": "application/x-www-form-urlencoded",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def quiet(here: Running) -> None:
    here.publisher.records.clear()
    here.publisher.away = False


async def make(here: Running, **asked: Any) -> str:
    answer = await here.client.post(
        "/v1/sources", json={"name": "Demo", "vendor": "generic", **asked}, headers=here.token("manager")
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class Form(HTMLParser):
    """A form as a browser would send it if nobody typed anything."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.values: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self.action = told["action"] or ""
        elif tag in ("input", "textarea") and told.get("type") not in ("checkbox", "submit"):
            self.values.append((told["name"] or "", told.get("value") or ""))

    def filled(self, **typed: str) -> dict[str, list[str]]:
        sent: dict[str, list[str]] = {}
        for name, value in self.values:
            sent.setdefault(name, []).append(typed.pop(name) if name in typed and name != "consent" else value)
        for name, value in typed.items():
            sent.setdefault(name, []).append(value)
        return sent


async def seen(here: Running, source: str, query: str = "") -> Form:
    answer = await here.client.get(f"/f/{source}{query}")
    assert answer.status_code == 200, answer.text
    return Form(answer.text)


async def message(here: Running) -> tuple[SubmissionReceived, SubmittedPerson]:
    found = read(here.publisher.records[-1].record)
    assert isinstance(found, SubmissionReceived)
    assert found.personal is not None
    key = await here.services.keyring.intake_of(found.personal)
    assert key is not None
    return found, open_person(key, found.personal, found.submission_id, SubmittedPerson)


async def test_a_form_is_filled_in_sent_and_thanked_for_without_any_script(here: Running) -> None:
    source = await make(here)
    form = await seen(here, source, "?utm_source=news&utm_campaign=spr%C3%AFng&gclid=g1&email=evil@example.com&x=1")
    sent = form.filled(email="zoë@example.com", name="Zoë", message="Hi\nthere", consent="yes")
    answer = await here.client.post(form.action, data=sent, headers=BROWSER)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/f/{source}/thanks"
    thanked = await here.client.get(answer.headers["location"])
    assert thanked.status_code == 200
    assert "Thank you" in thanked.text
    found, person = await message(here)
    assert answer.headers["x-submission-id"] == found.submission_id
    assert found.kind == "lead"
    assert found.campaign == {"utm_source": "news", "utm_campaign": "sprïng", "gclid": "g1"}
    assert found.consent is True
    assert (person.email, person.name, person.answers) == ("zoë@example.com", "Zoë", {"message": "Hi\nthere"})


async def test_whose_browser_it_was_goes_along_and_is_no_answer(here: Running) -> None:
    source = await make(here)
    form = await seen(here, source, "?lf_visitor=visitor-0123456789")
    sent = form.filled(email="zoe@example.com", message="Hi")
    assert (await here.client.post(form.action, data=sent, headers=BROWSER)).status_code == 303
    found, person = await message(here)
    assert found.visitor == here.services.keyring.hash("visitor", "visitor-0123456789")
    assert person.answers == {"message": "Hi"}
    assert "lf_visitor" not in dict((await seen(here, source, "?lf_visitor=no%20visitor")).values)
    assert "lf_visitor" not in dict((await seen(here, source)).values)


async def test_a_box_that_was_left_empty_is_a_refusal(here: Running) -> None:
    form = await seen(here, await make(here))
    await here.client.post(form.action, data=form.filled(email="a@b.example"), headers=BROWSER)
    assert (await message(here))[0].consent is False


async def test_where_nobody_is_asked_for_consent_nothing_is_known_of_it(here: Running) -> None:
    form = await seen(here, await make(here, form={"consent": ""}))
    await here.client.post(form.action, data=form.filled(email="a@b.example"), headers=BROWSER)
    assert (await message(here))[0].consent is None


async def test_a_robot_in_the_trap_is_thanked_and_marked(here: Running) -> None:
    form = await seen(here, await make(here))
    sent = form.filled(email="a@b.example", _gotcha="http://spam.example")
    assert (await here.client.post(form.action, data=sent, headers=BROWSER)).status_code == 303
    assert (await message(here))[0].kind == "spam"


async def test_a_form_asks_what_its_source_says(here: Running) -> None:
    settings = {
        "title": "Angebot anfragen",
        "language": "de",
        "button": "Absenden",
        "optional": "(freiwillig)",
        "thanks": "Danke!",
        "fields": [
            {"name": "email", "label": "E-Mail", "type": "email", "required": True},
            {"name": "groesse", "label": "Größe", "type": "select", "options": ["1-10", "11-50"]},
        ],
    }
    source = await make(here, form=settings)
    page = (await here.client.get(f"/f/{source}")).text
    for told in ('lang="de"', "Angebot anfragen", "Absenden", "Größe", "11-50", "(freiwillig)"):
        assert told in page
    assert "Danke!" in (await here.client.get(f"/f/{source}/thanks")).text


async def test_its_page_runs_nothing_and_stands_only_where_it_may(here: Running) -> None:
    anywhere, named = await make(here), await make(here, allowed_origins=["https://www.acme.example"])
    for source, framed_by in ((anywhere, "*"), (named, "'self' https://www.acme.example")):
        answer = await here.client.get(f"/f/{source}")
        rules = answer.headers["content-security-policy"]
        assert rules.startswith("default-src 'none'; style-src 'sha256-")
        assert rules.endswith(f"frame-ancestors {framed_by}")
        assert "unsafe" not in rules
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_page_that_names_pages_still_takes_its_own_form(here: Running) -> None:
    form = await seen(here, await make(here, allowed_origins=["https://www.acme.example"]))
    by_another_name = {"Origin": "http://localhost:8000", "Host": "localhost:8000"}
    for headers, status in ((BROWSER, 303), (BROWSER | by_another_name, 303), (BROWSER | {"Origin": "http://localhost:9"}, 403)):
        answer = await here.client.post(form.action, data=form.filled(email="a@b.example"), headers=headers)
        assert answer.status_code == status


async def test_a_person_whose_form_cannot_be_taken_sees_a_page(here: Running) -> None:
    form = await seen(here, await make(here))
    refused = await here.client.post(form.action, content=b"email=%zz", headers=BROWSER)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "text/html; charset=utf-8"
    assert "could not be sent" in refused.text
    here.publisher.away = True
    away = await here.client.post(form.action, data=form.filled(email="a@b.example"), headers=BROWSER)
    assert away.status_code == 503


async def test_a_program_that_posts_a_form_gets_its_id_and_no_page(here: Running) -> None:
    source = await make(here)
    java = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
    for accept in ("*/*", "application/json", java):
        answer = await here.client.post(f"/v1/intake/{source}", data={"email": "a@b.example"}, headers={"Accept": accept})
        assert answer.status_code == 202


async def test_a_source_that_demands_signatures_has_no_form(here: Running) -> None:
    source = await make(here, signed=True)
    for path in (f"/f/{source}", f"/f/{source}.js", f"/f/{source}/thanks"):
        assert (await here.client.get(path)).status_code == 404


async def test_where_there_is_no_form_people_see_a_page_and_programs_get_the_problem(here: Running) -> None:
    path = f"/f/src_{'0' * 24}"
    seen = await here.client.get(path, headers={"Accept": BROWSER["Accept"]})
    assert (seen.status_code, seen.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no form here" in seen.text
    assert "frame-ancestors *" in seen.headers["content-security-policy"]
    for other, accept in ((path, "*/*"), (path, "application/json"), (f"{path}.js", "*/*")):
        told = await here.client.get(other, headers={"Accept": accept})
        assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")


async def test_a_form_is_shown_whatever_its_address_says_beside(here: Running) -> None:
    source = await make(here)
    for beside in (f"referrer=https://a.example/{'x' * 3_000}", f"lf_visitor={'v' * 101}", "page_url=nonsense"):
        shown = await here.client.get(f"/f/{source}?{beside}", headers={"Accept": BROWSER["Accept"]})
        assert shown.status_code == 200
        assert set(dict(Form(shown.text).values)).isdisjoint({"referrer", "page_url", "lf_visitor"})


async def test_without_postgres_people_see_that_the_form_comes_back() -> None:
    async with offline.client(offline.app()) as client:
        seen = await client.get(f"/f/src_{'1' * 24}", headers={"Accept": BROWSER["Accept"]})
        assert (seen.status_code, seen.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "Please load this page again" in seen.text
        assert int(seen.headers["retry-after"]) > 0


async def test_the_snippet_shows_the_form_and_tells_it_the_page(here: Running) -> None:
    source = await make(here, form={"title": "</script><b>\u2028"})
    answer = await here.client.get(f"/f/{source}.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert f'"http://127.0.0.1:8000/f/{source}"' in answer.text
    assert "</script>" not in answer.text
    [title] = re.findall(r"frame\.title = (.*);", answer.text)
    assert json.loads(title) == "</script><b>\u2028"
    form = await seen(here, source, "?page_url=https%3A%2F%2Fwww.acme.example%2Fpricing%3Futm_medium%3Dcpc&referrer=javascript:1")
    assert ("page_url", "https://www.acme.example/pricing?utm_medium=cpc") in form.values
    assert "referrer" not in dict(form.values)
    await here.client.post(form.action, data=form.filled(email="a@b.example"), headers=BROWSER)
    found, person = await message(here)
    assert found.campaign == {"utm_medium": "cpc"}
    assert person.page_url == "https://www.acme.example/pricing?utm_medium=cpc"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the table of sources was asked for."""
    found: list[str] = []
    load = Sources.load

    async def counted(self: Sources, source_id: str) -> IntakeSource | None:
        found.append(source_id)
        return await load(self, source_id)

    monkeypatch.setattr(Sources, "load", counted)
    return found


async def test_guessing_forms_is_slow_and_asks_the_table_seldom(settings: Settings, asked: list[str]) -> None:
    apart = settings.redis.model_copy(update={"prefix": f"{settings.redis.prefix}guessing:"})
    few = settings.model_copy(update={"limits": Limits(form_unknown_per_minute=20), "redis": apart})
    async with running(few) as here:
        source = await make(here)
        await seen(here, source)
        asked.clear()
        statuses = []
        for number in range(60):
            answer = await here.client.get(f"/f/src_{number:024x}{('', '.js', '/thanks')[number % 3]}")
            statuses.append(answer.status_code)
            await here.services.leases.fetch()
        assert set(statuses) == {404, 429}
        assert int(answer.headers["retry-after"]) >= 1
        assert len(asked) == statuses.count(404) < 30
        for _ in range(20):
            await seen(here, source)
        assert set(asked[statuses.count(404) :]) <= {source}, "what is known is served to everybody"


async def test_a_form_that_is_not_there_is_asked_for_once_a_second(here: Running, asked: list[str]) -> None:
    for _ in range(10):
        assert (await here.client.get(f"/f/src_{'f' * 24}")).status_code == 404
    assert len(asked) <= 3, "a slow machine may need more than a second"


async def test_a_form_that_is_changed_or_taken_away_is_so_at_once(here: Running) -> None:
    source, headers = await make(here, form={"title": "Before"}), here.token("manager")
    assert "Before" in (await here.client.get(f"/f/{source}")).text
    changed = await here.client.patch(f"/v1/sources/{source}", json={"form": {"title": "After"}}, headers=headers)
    assert changed.status_code == 200, changed.text
    assert "After" in (await here.client.get(f"/f/{source}")).text
    assert (await here.client.delete(f"/v1/sources/{source}", headers=headers)).status_code == 204
    assert (await here.client.get(f"/f/{source}")).status_code == 404
