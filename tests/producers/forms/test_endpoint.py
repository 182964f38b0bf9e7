import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pydantic import BaseModel

from infra.auth.roles import User
from infra.crypto.codec import open_person
from infra.kafka.publisher import Position
from infra.settings import Settings
from schemas.lead_ids import new_lead
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived
from schemas.topics import partition
from tests.infra.gateway.running import Running, read, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
LEAD = str(uuid.uuid4())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def quiet(here: Running) -> None:
    here.publisher.records.clear()
    here.publisher.away = False
    here.publisher.decide = None


async def captured(here: Running, message: BaseModel, _position: Position) -> None:
    assert isinstance(message, SubmissionReceived)
    here.owners[LEAD] = None
    await here.filed(message.submission_id, "processed", LEAD)
    await here.outcome(message.submission_id, LEAD, version=3, position=3)


async def make(here: Running, **asked: object) -> dict[str, object]:
    answer = await here.client.post(
        "/v1/sources", json={"name": "Demo", "vendor": "generic", **asked}, headers=here.token("manager")
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    return made


async def test_a_source_is_made_listed_and_posted_to(here: Running) -> None:
    made = await make(here, mapping={"company": "$.firm"}, open_answers=["size"], quiet=True)
    assert made["url"] == f"http://127.0.0.1:8000/v1/intake/{made['id']}"
    assert made["secret"]
    listed = (await here.client.get("/v1/sources", headers=here.token("analyst"))).json()["items"]
    assert listed[0]["id"] == made["id"]
    assert "secret" not in listed[0]
    taken = await here.client.post(
        str(made["url"]), json={"email": "a@b.example", "firm": "Engines", "size": "11-50", "note": "hi"}
    )
    assert taken.status_code == 202
    body = read(here.publisher.records[0].record)
    assert isinstance(body, SubmissionReceived)
    assert body.quiet
    assert body.traits.company == "Engines"
    assert body.traits.answers == {"size": "11-50"}
    assert body.source.source_id == made["id"]


async def test_a_secret_is_sealed_in_the_table(here: Running) -> None:
    made = await make(here, secret="very-secret-words")
    assert made["secret"] == "very-secret-words"
    stored = await here.services.pool.fetchval("select secret from forms.sources where id = $1", made["id"])
    assert b"very-secret-words" not in stored


async def test_a_given_secret_or_signed_requires_signatures_and_nothing_else_does(here: Running) -> None:
    async def status(made: dict[str, object]) -> int:
        return (await here.client.post(str(made["url"]), json={"email": "a@b.example"})).status_code

    assert await status(await make(here, secret="very-secret-words")) == 401
    assert await status(await make(here, signed=True)) == 401
    assert await status(await make(here, secret="very-secret-words", signed=False)) == 202
    assert await status(await make(here)) == 202


async def test_a_source_may_sign_in_its_own_way(here: Running) -> None:
    made = await make(here, secret="the-key", signature={"header": "x-token", "algorithm": "shared-key", "encoding": "plain"})
    url = str(made["url"])
    assert (await here.client.post(url, json={"email": "a@b.example"}, headers={"X-Token": "the-key"})).status_code == 202
    assert (await here.client.post(url, json={"email": "a@b.example"}, headers={"X-Token": "other"})).status_code == 401


@pytest.mark.parametrize(
    "asked",
    [{"name": ""}, {"vendor": "Has Spaces"}, {"secret": ""}, {"mapping": [1]}, {"unknown": 1}, {"signature": {"header": "X"}}],
)
async def test_a_source_that_makes_no_sense_is_refused(here: Running, asked: dict[str, object]) -> None:
    body = {"name": "Demo", "vendor": "generic", **asked}
    answer = await here.client.post("/v1/sources", json=body, headers=here.token("manager"))
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_a_lead_made_through_the_api_is_a_submission_that_is_awaited(here: Running) -> None:
    here.publisher.decide = captured
    answer = await here.client.post(
        "/v1/leads",
        json={
            "email": "Ada@Example.com",
            "name": "Ada",
            "phone": "+1 415 555 2671",
            "custom": {"a": 1},
            "consent": False,
            "quiet": True,
        },
        headers=here.token("manager"),
    )
    assert answer.status_code == 201, answer.text
    expected = f"{partition(LEAD, here.services.settings.kafka.partitions)}-3"
    assert answer.json() == {"id": LEAD, "version": 3, "position": expected}
    assert answer.headers["location"] == f"/v1/leads/{LEAD}"
    body = read(here.publisher.records[0].record)
    assert isinstance(body, SubmissionReceived)
    assert answer.headers["x-submission-id"] == body.submission_id
    assert (body.source.vendor, body.source.source_id, body.actor, body.quiet) == ("api", "api", "user-manager", True)
    assert body.consent is False
    assert body.traits.phone_country == "US"
    assert body.personal is not None
    key = await here.services.keyring.intake_of(body.personal)
    assert key is not None
    person = open_person(key, body.personal, body.submission_id, SubmittedPerson)
    assert (person.email, person.phone_e164, person.custom) == ("Ada@Example.com", "+14155552671", {"a": 1})


@dataclass(frozen=True)
class Came:
    """What becomes of a rep's submission: the lead that it comes to is `owner`'s ("unlisted": not in the read model yet)."""

    owner: str | None
    made: bool = False
    status: str = "done"

    def decide(self, leads: list[str]) -> Any:
        async def decided(here: Running, message: BaseModel, _position: Position) -> None:
            assert isinstance(message, SubmissionReceived)
            lead = new_lead(message.submission_id, 1) if self.made else str(uuid.uuid4())
            leads.append(lead)
            if self.owner != "unlisted":
                here.owners[lead] = self.owner
            if self.status == "blocked":
                await here.filed(message.submission_id, "rejected")
                return
            await here.filed(message.submission_id, "processed", lead)
            await here.outcome(message.submission_id, lead, self.status, version=41)

        return decided


async def sent_by_a_rep(here: Running, came: Came | None) -> tuple[httpx2.Response, str]:
    leads: list[str] = []
    here.publisher.decide = None if came is None else came.decide(leads)
    answer = await here.client.post("/v1/leads", json={"email": "x@y.example"}, headers=here.token("rep", "rep-1"))
    return answer, next(iter(leads), "")


def shape(answer: httpx2.Response) -> tuple[Any, ...]:
    """All that an answer tells, but for the ids that every request has of its own."""
    own = {"x-submission-id", "x-request-id", "date", "traceparent", "ratelimit"}
    headers = {name: value for name, value in answer.headers.items() if name not in own}
    id_ = answer.headers.get("x-submission-id", answer.request.url.path.rpartition("/")[2])
    told = answer.text
    for at in re.findall(r'"at":"[^"]+"', told):
        told = told.replace(at, '"at":"then"')
    return answer.status_code, told.replace(id_, "ID"), {name: value.replace(id_, "ID") for name, value in headers.items()}


NOT_TOLD = (
    Came("eve"),
    Came("eve", status="declined"),
    Came("eve", status="erased"),
    Came("unlisted"),
    Came("unlisted", made=True),
    Came("eve", made=True),
    Came(None, status="blocked"),
    None,
)


async def test_a_rep_is_answered_alike_whoevers_the_lead_is_and_whether_it_was_let_in(here: Running) -> None:
    answers, laters = [], []
    for came in (*NOT_TOLD, Came(None, made=True)):
        answer, lead = await sent_by_a_rep(here, came)
        id_ = answer.headers["x-submission-id"]
        status_url = f"/v1/submissions/{id_}"
        assert answer.json() == {"submission_id": id_, "status": "accepted", "status_url": status_url}
        assert answer.headers["location"] == status_url
        assert not lead or lead not in answer.text
        answers.append(shape(answer))
        if came in NOT_TOLD:
            paths = (status_url, f"/v1/commands/{id_}")
            laters.append([shape(await here.client.get(path, headers=here.token("rep", "rep-1"))) for path in paths])
    assert answers[0][0] == 202
    assert all(one == answers[0] for one in answers), "the same status, the same body, the same headers"
    assert [status for status, *_ in laters[0]] == [200, 200]
    assert all(one == laters[0] for one in laters), "also when it is asked for later"


async def test_a_rep_gets_the_new_lead_by_following_and_one_that_they_see_at_once(here: Running) -> None:
    rep = here.token("rep", "rep-1")
    for owner in (None, "rep-1"):
        answer, lead = await sent_by_a_rep(here, Came(owner, made=True))
        found = (await here.client.get(answer.headers["location"], headers=rep)).json()
        assert (found["lead_id"], found["hops"][1]["verdict"]) == (lead, "processed")
        known, lead = await sent_by_a_rep(here, Came(owner))
        assert (known.status_code, known.json()["id"], known.headers["etag"]) == (201, lead, '"41"')
        assert known.headers["location"] == f"/v1/leads/{lead}"


async def test_what_a_rep_sent_is_followed_by_them_alone_as_long_as_its_lead_is_not_theirs(here: Running) -> None:
    answer, lead = await sent_by_a_rep(here, Came("eve"))
    other = User("user-other", "", "", "rep", "rep-9")
    headers = {"Authorization": f"Bearer {here.services.tokens.issue(other)}"}
    for kind in ("commands", "submissions"):
        path = f"/v1/{kind}/{answer.headers['x-submission-id']}"
        assert (await here.client.get(path, headers=headers)).status_code == 404
        here.owners[lead] = "rep-1"
        assert lead in (await here.client.get(path, headers=here.token("rep", "rep-1"))).text
        here.owners[lead] = "eve"
        assert (await here.client.get(path, headers=here.token("manager"))).json()["status"] != "received"


async def test_a_manager_is_told_which_lead_it_was_added_to(here: Running) -> None:
    leads: list[str] = []
    here.publisher.decide = Came("eve").decide(leads)
    told = await here.client.post("/v1/leads", json={"email": "x@y.example"}, headers=here.token("manager"))
    assert (told.status_code, [told.json()["id"]]) == (201, leads)


async def test_the_same_key_makes_one_lead_also_in_parallel(here: Running) -> None:
    here.publisher.decide = captured
    headers = {**here.token("admin"), "Idempotency-Key": f"make-{uuid.uuid4()}"}
    both = await asyncio.gather(
        *(here.client.post("/v1/leads", json={"email": "x@y.example"}, headers=headers) for _ in range(2))
    )
    assert [answer.status_code for answer in both] == [201, 201]
    bodies = [read(one.record) for one in here.publisher.records]
    assert len({body.submission_id for body in bodies if isinstance(body, SubmissionReceived)}) == 1
    assert len({body.delivery for body in bodies if isinstance(body, SubmissionReceived)}) == 1
    other = await here.client.post("/v1/leads", json={"email": "z@y.example"}, headers=headers)
    assert other.status_code == 422


async def test_a_lead_that_identity_filed_away_is_declined_and_one_that_takes_long_is_pending(here: Running) -> None:
    async def reject(here: Running, message: BaseModel, _position: Position) -> None:
        assert isinstance(message, SubmissionReceived)
        await here.filed(message.submission_id, "rejected")

    here.publisher.decide = reject
    admin = here.token("admin")
    assert (await here.client.post("/v1/leads", json={"name": "Ada"}, headers=admin)).status_code == 422
    here.publisher.decide = None
    slow = await here.client.post("/v1/leads", json={"name": "Ada"}, headers=admin)
    assert slow.status_code == 202
    await here.filed(slow.json()["command_id"], "duplicate", LEAD, "other")
    assert (await here.client.get(slow.headers["location"], headers=admin)).json()["status"] == "duplicate"
    here.publisher.away = True
    assert (await here.client.post("/v1/leads", json={"name": "Ada"}, headers=admin)).status_code == 503


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": ""},
        {"email": "nobody"},
        {"name": "a\x00"},
        {"name": "x", "score": 1},
        {"name": "x", "answers": {"a": "\x00"}},
        {"name": "x", "consents": {"a\x00": True}},
        {"name": "x", "consents": {"ada@x.example": True}},
        {"name": "x", "consents": {"a" * 101: True}},
        {"name": "x", "campaign": {"a\x00": "v"}},
        {"name": "x", "campaign": {"+49 171 1234567": "v"}},
        {"name": "x", "campaign": {"": "v"}},
    ],
)
async def test_a_lead_that_makes_no_sense_is_refused(here: Running, body: dict[str, object]) -> None:
    answer = await here.client.post("/v1/leads", json=body, headers=here.token("admin"))
    assert answer.status_code == 422, answer.text
    assert here.publisher.records == []


async def test_a_submission_is_received_as_soon_as_it_was_accepted(here: Running) -> None:
    made = await make(here)
    taken = await here.client.post(str(made["url"]), json={"email": "a@b.example"})
    path = f"/v1/submissions/{taken.headers['x-submission-id']}"
    assert (await here.client.get(path, headers=here.token("admin"))).json()["status"] == "received"


async def test_ids_that_nobody_gave_out_are_not_found(here: Running) -> None:
    for id_ in (str(uuid.uuid4()), "nonsense"):
        assert (await here.client.get(f"/v1/submissions/{id_}", headers=here.token("admin"))).status_code == 404
