"""/v1/sources over a real PostgreSQL: changed, rotated, tried out and taken away."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from infra.crypto.codec import open_person
from infra.settings import Settings
from producers.forms.sources import Sources
from schemas.person import SubmittedPerson
from schemas.submissions import SubmissionReceived
from tests.infra.gateway.running import Running, read, running
from tests.producers.forms.given import read as captured
from tests.producers.forms.intaking import given

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]
BODY = b'{"email": "a@b.example"}'
PAGE = "https://www.acme.example"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def quiet(here: Running) -> None:
    here.publisher.records.clear()


async def make(here: Running, **asked: Any) -> dict[str, Any]:
    body = {"name": "Demo", "vendor": "generic", **asked}
    answer = await here.client.post("/v1/sources", json=body, headers=here.token("manager"))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def change(here: Running, made: dict[str, Any], **values: Any) -> httpx2.Response:
    return await here.client.patch(f"/v1/sources/{made['id']}", json=values, headers=here.token("manager"))


async def signed(here: Running, made: dict[str, Any], secret: str) -> int:
    code = hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()
    headers = {"X-Signature-256": f"sha256={code}", "Content-Type": "application/json"}
    return (await here.client.post(made["url"], content=BODY, headers=headers)).status_code


async def person(here: Running) -> SubmittedPerson:
    message = read(here.publisher.records[-1].record)
    assert isinstance(message, SubmissionReceived)
    assert message.personal is not None
    key = await here.services.keyring.intake_of(message.personal)
    assert key is not None
    return open_person(key, message.personal, message.submission_id, SubmittedPerson)


async def test_a_change_is_in_force_at_once_and_leaves_the_rest_as_it_was(here: Running) -> None:
    made = await make(here, mapping={"company": "firm"}, open_answers=["size"])
    assert (await here.client.post(made["url"], json={"email": "a@b.example", "org": "Engines"})).status_code == 202
    answer = await change(here, made, mapping={"company": "org"}, name="Renamed", quiet=True)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["name"], answer.json()["open_answers"]) == ("Renamed", ["size"])
    assert (await here.client.post(made["url"], json={"email": "a@b.example", "org": "Engines"})).status_code == 202
    before, after = (read(one.record) for one in here.publisher.records)
    assert isinstance(before, SubmissionReceived)
    assert isinstance(after, SubmissionReceived)
    assert (before.traits.company, after.traits.company) == (None, "Engines")
    assert (before.quiet, after.quiet) == (False, True)


@pytest.mark.parametrize(
    "values",
    [
        *({}, {"name": ""}, {"name": None}, {"mapping": None}, {"vendor": "tally"}, {"secret": "x"}, {"access_token": "a b"}),
        *({"allowed_origins": ["acme.example"]}, {"allowed_origins": ["https://a.example/path"]}, {"allowed_origins": ["*"]}),
        *(
            {"form": {"fields": []}},
            {"form": {"fields": [{"name": "a", "label": "A", "type": "select"}]}},
            {"form": {"css": "x"}},
        ),
        {"form": {"fields": [{"name": "a", "label": "A"}, {"name": "A", "label": "B"}]}},
        *({"mapping": {target: "a"}} for target in ("E-mail", "answers", "answers.", "kind", "")),
        {"mapping": {"email": " "}},
        *({"name": "a\x00"}, {"mapping": {"email": "\x00"}}, {"open_answers": ["\x00"]}, {"form": {"title": "\x00"}}),
    ],
    ids=str,
)
async def test_a_change_that_makes_no_sense_is_refused(here: Running, values: dict[str, Any]) -> None:
    made = await make(here)
    answer = await change(here, made, **values)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_a_change_may_name_the_version_that_it_is_made_to(here: Running) -> None:
    made, headers = await make(here), here.token("manager")
    path = f"/v1/sources/{made['id']}"

    async def rename(name: str, if_match: str) -> httpx2.Response:
        return await here.client.patch(path, json={"name": name}, headers=headers | {"If-Match": if_match})

    first = await rename("first", '"1"')
    assert (first.status_code, first.headers["etag"], first.json()["version"]) == (200, '"2"', 2)
    late = await rename("late", '"1"')
    assert (late.status_code, late.headers["etag"]) == (412, '"2"')
    assert (await rename("any", "*")).status_code == 200
    assert (await rename("x", '"nonsense"')).status_code == 422
    both = await asyncio.gather(rename("a", '"3"'), rename("b", '"3"'))
    assert sorted(answer.status_code for answer in both) == [200, 412]


async def test_what_is_not_there_is_not_found(here: Running) -> None:
    headers, path = here.token("manager"), "/v1/sources/src_unknown"
    for odd in ("%00", "a%20b", "x" * 101):
        assert (await here.client.delete(f"/v1/sources/{odd}", headers=headers)).status_code == 422
        assert (await here.client.get(f"/f/{odd}")).status_code == 422
    answers = [
        await here.client.patch(path, json={"name": "x"}, headers=headers),
        await here.client.delete(path, headers=headers),
        await here.client.post(f"{path}/rotate-secret", json={}, headers=headers),
        await here.client.post(f"{path}/preview", json={"body": "{}"}, headers=headers),
        await here.client.get("/f/src_unknown"),
        await here.client.get("/f/src_unknown.js"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6


async def test_a_replaced_secret_is_good_for_the_overlap_and_no_longer(here: Running) -> None:
    made = await make(here, secret="first-secret", signed=True)
    path, headers = f"/v1/sources/{made['id']}/rotate-secret", here.token("manager")
    assert await signed(here, made, "first-secret") == 202
    rotated = (await here.client.post(path, json={}, headers=headers)).json()
    assert rotated["secret"] != "first-secret"
    assert rotated["old_secret_until"] is not None
    assert [await signed(here, made, secret) for secret in ("first-secret", rotated["secret"], "guess")] == [202, 202, 401]
    await here.services.pool.execute(
        "update forms.sources set old_secret_until = now() - interval '1 second' where id = $1", made["id"]
    )
    await change(here, made, name="so that it is read again")
    assert [await signed(here, made, secret) for secret in ("first-secret", rotated["secret"])] == [401, 202]
    again = (await here.client.post(path, json={"secret": "third-secret", "overlap_hours": 0}, headers=headers)).json()
    assert (again["secret"], again["old_secret_until"]) == ("third-secret", None)
    assert [await signed(here, made, secret) for secret in (rotated["secret"], "third-secret")] == [401, 202]


async def test_an_overlap_that_ended_ends_also_where_the_source_is_still_cached(here: Running) -> None:
    made = await make(here, secret="first-secret", signed=True)
    path = f"/v1/sources/{made['id']}/rotate-secret"
    await here.client.post(path, json={"overlap_hours": 0.3 / 3600}, headers=here.token("manager"))
    assert await signed(here, made, "first-secret") == 202
    await asyncio.sleep(0.4)
    assert await signed(here, made, "first-secret") == 401


async def test_a_secret_that_is_made_up_can_be_used(here: Running) -> None:
    made = await make(here, vendor="standard_webhooks", signed=True)
    assert made["secret"].startswith("whsec_")
    answer = await here.client.post(
        "/v1/sources", json={"name": "x", "vendor": "sendgrid", "secret": "no key"}, headers=here.token("manager")
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "secret"


async def test_a_deleted_source_is_gone_for_its_sender_and_from_the_list(here: Running) -> None:
    made = await make(here)
    assert (await here.client.post(made["url"], json={"email": "a@b.example"})).status_code == 202
    headers = here.token("manager")
    assert (await here.client.delete(f"/v1/sources/{made['id']}", headers=headers)).status_code == 204
    gone = await here.client.post(made["url"], json={"email": "a@b.example"})
    assert gone.status_code == 410
    assert gone.headers["content-type"] == "application/problem+json"
    listed = (await here.client.get("/v1/sources", headers=headers)).json()["items"]
    assert made["id"] not in {one["id"] for one in listed}
    assert (await here.client.delete(f"/v1/sources/{made['id']}", headers=headers)).status_code == 404
    assert (await here.client.get(f"/f/{made['id']}")).status_code == 404
    left = await Sources.of(here.services).load(made["id"])
    assert left is not None
    assert made["secret"].encode() not in left.secrets
    assert len(here.publisher.records) == 1


async def test_a_preview_tells_the_fields_and_their_places_and_publishes_nothing(here: Running) -> None:
    made = await make(here)
    asked = {"body": '{"data": {"mail": "a@b.example", "org": "Engines", "how many?": 3}}', "mapping": {"company": "data.org"}}
    path = f"/v1/sources/{made['id']}/preview"
    answer = await here.client.post(path, json=asked, headers=here.token("manager"))
    assert answer.status_code == 200, answer.text
    [found] = answer.json()["submissions"]
    assert found["fields"] == {"kind": "lead", "email": "a@b.example", "company": "Engines", "answers": {"how many?": 3}}
    assert found["places"] == {"email": ["data.mail"], "company": ["data.org"], "answers.how many?": ["data.how many?"]}
    for bad, field in (("{", "body"), ('{"a": "\\u0000"}', "body/a")):
        refused = await here.client.post(path, json={"body": bad}, headers=here.token("manager"))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == field
    assert here.publisher.records == []


async def test_credentials_are_sealed_named_and_taken_away(here: Running) -> None:
    made = await make(here, vendor="meta_lead_ads", access_token="very-secret-token", verify_token="verify-me")
    assert made["credentials"] == ["access_token", "verify_token"]
    stored = await here.services.pool.fetchval("select credentials from forms.sources where id = $1", made["id"])
    assert b"very-secret-token" not in stored
    query = "hub.mode=subscribe&hub.challenge=42&hub.verify_token="
    assert (await here.client.get(f"{made['url']}?{query}verify-me")).text == "42"
    assert (await here.client.get(f"{made['url']}?{query}{made['secret']}")).text == "42"
    assert (await here.client.get(f"{made['url']}?{query}guess")).status_code == 403
    assert (await here.client.get(f"{made['url']}?{query}")).status_code == 403
    changed = await change(here, made, verify_token=None)
    assert changed.json()["credentials"] == ["access_token"]
    loaded = await Sources.of(here.services).load(made["id"])
    assert loaded is not None
    assert loaded.credentials == {"access_token": "very-secret-token"}


async def test_only_named_pages_may_post_and_read_the_answer(here: Running) -> None:
    made = await make(here, allowed_origins=[PAGE])
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = await here.client.options(made["url"], headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert preflight.headers["access-control-allow-headers"] == "content-type"
    posted = await here.client.post(made["url"], json={"email": "a@b.example"}, headers={"Origin": PAGE})
    assert posted.status_code == 202
    assert posted.headers["access-control-allow-origin"] == PAGE
    assert posted.headers["vary"] == "Origin"
    unread = await here.client.post(made["url"], content=b"{", headers={"Origin": PAGE, "Content-Type": "application/json"})
    assert (unread.status_code, unread.headers["access-control-allow-origin"]) == (400, PAGE)
    for origin in ("https://evil.example", "null", PAGE + ".evil.example"):
        refused = await here.client.post(made["url"], json={"email": "a@b.example"}, headers={"Origin": origin})
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
        assert (await here.client.options(made["url"], headers=asked | {"Origin": origin})).status_code == 403
    assert (await here.client.post(made["url"], json={"email": "a@b.example"})).status_code == 202
    assert len(here.publisher.records) == 2


async def test_a_source_that_names_no_page_lets_all_of_them_post(here: Running) -> None:
    made = await make(here)
    posted = await here.client.post(made["url"], json={"email": "a@b.example"}, headers={"Origin": "https://any.example"})
    assert posted.status_code == 202
    assert "access-control-allow-origin" not in posted.headers


async def test_a_captured_reference_waits_to_be_fetched_and_is_listed(here: Running) -> None:
    case, document = captured("meta_lead_ads"), given("meta_lead_ads")
    made = await make(here, vendor="meta_lead_ads", secret=document["signature"]["secret"])
    for _ in range(2):
        answer = await here.client.post(made["url"], content=case.body, headers=case.headers)
        assert answer.status_code == 200, answer.text
    listed = (await here.client.get(f"/v1/sources/{made['id']}/fetches", headers=here.token("analyst"))).json()["items"]
    assert [(one["state"], one["attempts"]) for one in listed] == [("waiting", 0)]
    first = read(here.publisher.records[0].record)
    assert isinstance(first, SubmissionReceived)
    assert (first.kind, listed[0]["submission_id"]) == ("reference", first.submission_id)
    assert "1123581321345589" in (await person(here)).raw
