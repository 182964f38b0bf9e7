"""Everything on one machine, as `make run` starts it: vendors' requests, commands, a browser, erasure, and a restart."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.laptop import Laptop, start, until

pytestmark = pytest.mark.e2e

GIVEN = Path(__file__).parents[1] / "producers" / "forms" / "given"
DASHBOARD = Path(__file__).parents[2] / "dashboard"
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path("/tmp") / f"leadflow-e2e-{uuid.uuid4().hex[:8]}"
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def laptop(folder: Path) -> Iterator[Laptop]:
    started = start(folder, "--no-trickle")
    yield started
    if started.process.poll() is None:
        started.stop()


@pytest.fixture
def api(laptop: Laptop) -> Iterator[httpx2.Client]:
    with laptop.client() as client:
        yield client


def _source(api: httpx2.Client, vendor: str, **more: Any) -> dict[str, str]:
    answer = api.post("/v1/sources", json={"name": f"{vendor} {uuid.uuid4().hex[:6]}", "vendor": vendor, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


def _path(url: str) -> str:
    return httpx2.URL(url).path


def _processed(api: httpx2.Client, submission_id: str) -> str:
    """The lead that a submission became part of, once it is in the read model."""

    def look() -> Any:
        answer = api.get(f"/v1/submissions/{submission_id}")
        assert answer.status_code == 200, answer.text
        return answer.json().get("lead_id")

    lead = until(look, f"submission {submission_id} becomes part of a lead")
    until(lambda: api.get(f"/v1/leads/{lead}").status_code == 200, "the lead is in the list")
    return str(lead)


@pytest.mark.parametrize("name", ["typeform", "generic_form"])
def test_a_vendors_request_as_it_is_becomes_a_lead_with_what_it_says(api: httpx2.Client, name: str) -> None:
    case = json.loads((GIVEN / f"{name}.json").read_text())
    source = _source(api, case["vendor"], secret=case["signature"]["secret"], signed=True)
    body = (case.get("body_raw") or case["body"]).encode()
    path = _path(source["url"])
    answer = api.post(path, content=body, headers=case["headers"])
    assert answer.is_success, answer.text
    lead = api.get(f"/v1/leads/{_processed(api, answer.headers['x-submission-id'])}").json()
    expect = case["expect"]
    for field in ("email", "name", "company", "consent", "campaign", "answers"):
        assert lead[field] == expect[field], field
    assert lead["phone"] == expect["phone"]
    assert lead["first_name"] == expect.get("first_name")

    changed = bytearray(body)
    changed[len(changed) // 2] ^= 1
    assert api.post(path, content=bytes(changed), headers=case["headers"]).status_code == 401

    again = api.post(path, content=body, headers=case["headers"])
    assert again.is_success
    status = until(
        lambda: (
            (found := api.get(f"/v1/submissions/{again.headers['x-submission-id']}").json())["status"] != "received" and found
        ),
        "the repeat is decided",
    )
    assert (status["status"], status["lead_id"]) == ("duplicate", lead["id"])


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"a": "\\u0000"}', "application/json", 422),
        (b'{"n": 1e999}', "application/json", 422),
        (b'{"n": 123456789012345678901234567890}', "application/json", 422),
        (b"[" * 200 + b"]" * 200, "application/json", 422),
        (b'{"a": "' + b"x" * (1024 * 1024) + b'"}', "application/json", 413),
        (b"\xff\xfe", "application/json", 400),
    ],
)
def test_bad_input_is_refused_with_a_problem_and_publishes_nothing(
    api: httpx2.Client, body: bytes, content_type: str, status: int
) -> None:
    source = _source(api, "generic", signed=False)
    answer = api.post(_path(source["url"]), content=body, headers={"content-type": content_type})
    assert answer.status_code in {status, 400, 422} if status in {400, 422} else answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["title"]
    assert problem["type"].startswith("https://")


def test_one_idempotency_key_in_parallel_is_one_lead(api: httpx2.Client) -> None:
    key = uuid.uuid4().hex
    body = {"email": f"idem.{key[:8]}@acme.example", "name": "Ida Empotent"}

    def create(_: int) -> httpx2.Response:
        return api.post("/v1/leads", json=body, headers={"idempotency-key": key})

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(create, range(2)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert done, [answer.text for answer in answers]
    # The other one was in flight (409), or has the same outcome.
    assert {answer.status_code for answer in answers} <= {201, 200, 202, 409}
    again = api.post("/v1/leads", json=body, headers={"idempotency-key": key})
    assert again.is_success, again.text
    assert {answer.json()["id"] for answer in [*done, again]} == {done[0].json()["id"]}
    other = api.post("/v1/leads", json={**body, "name": "Somebody Else"}, headers={"idempotency-key": key})
    assert other.status_code == 422

    def listed() -> Any:
        return api.get("/v1/leads", params={"q": body["email"]}).json()["items"]

    assert len(until(listed, "the lead is in the list")) == 1


def test_two_edits_with_one_etag_are_one_edit_and_one_412(api: httpx2.Client) -> None:
    made = api.post("/v1/leads", json={"email": f"etag.{uuid.uuid4().hex[:8]}@acme.example", "quiet": True}).json()
    lead = f"/v1/leads/{made['id']}"
    until(lambda: api.get(lead).status_code == 200, "the lead is in the list")
    etag = api.get(lead).headers["etag"]  # a quiet lead: routing doesn't give it an owner, and so a version, meanwhile

    def edit(company: str) -> int:
        return api.patch(lead, json={"company": company}, headers={"if-match": etag}).status_code

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(edit, ["One", "Two"])) == [200, 412]


def test_a_rep_sees_own_and_unassigned_leads_alone(laptop: Laptop, api: httpx2.Client) -> None:
    person = "bruno-keller"
    made = api.post("/v1/leads", json={"email": f"other.{uuid.uuid4().hex[:8]}@acme.example", "quiet": True}).json()
    assert api.post(f"/v1/leads/{made['id']}/assign", json={"owner": person}).is_success
    until(lambda: api.get(f"/v1/leads/{made['id']}").json().get("owner") == person, "it is assigned")
    with laptop.client("rep") as rep:
        assert rep.get(f"/v1/leads/{made['id']}").status_code in {403, 404}
        assert rep.post(f"/v1/leads/{made['id']}/erase", json={"reason": "no"}).status_code == 403
    assert httpx2.get(f"{laptop.base_url}/v1/leads").status_code == 401


def test_the_docs_and_probes_are_there_and_load_nothing_from_elsewhere(laptop: Laptop, api: httpx2.Client) -> None:
    for path in ("/docs", "/openapi.json", "/asyncapi", "/asyncapi.json", "/healthz", "/readyz", "/metrics", "/"):
        answer = api.get(path)
        assert answer.status_code == 200, path
        if "html" in answer.headers["content-type"]:
            assert "//cdn" not in answer.text
            assert "unpkg" not in answer.text


def test_the_demo_history_comes_in_and_writes_to_nobody(laptop: Laptop, api: httpx2.Client) -> None:
    until(lambda: "submissions are in" in laptop.log_text(), "the history is in", seconds=180)
    overview = api.get("/v1/overview").json()
    assert overview["leads_total"] > 400
    found = api.get("/v1/search", params={"q": "logistics"})
    assert found.status_code == 200, found.text


@pytest.mark.skipif(not any(Path(path).exists() for path in BROWSERS) and "CHROMIUM_PATH" not in os.environ, reason="no browser")
def test_the_journey_in_a_real_browser(laptop: Laptop) -> None:
    done = subprocess.run(
        ["npx", "playwright", "test"],
        cwd=DASHBOARD,
        env={**os.environ, "LEADFLOW_DEMO": str(laptop.demo_json), "LEADFLOW_BASE_URL": laptop.base_url, "CI": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_a_restart_keeps_everything(laptop: Laptop, folder: Path) -> None:
    with laptop.client() as api:
        before = api.get("/v1/overview").json()["leads_total"]
    assert laptop.stop() == 0
    again = start(folder, "--no-trickle")
    try:
        with again.client() as api:
            assert api.get("/v1/overview").json()["leads_total"] == before
    finally:
        again.stop()
