"""Seeding, against a hand-written gateway that keeps what it is sent."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from infra.demo.courier import ATTEMPTS_MAX, Courier, Memory, SeedingFailed, Summary, signed
from infra.demo.seeding import SOURCES, run, seed, send_arrivals, sources
from infra.demo.simulator import simulate, trickle
from producers.forms.adapters import translate
from producers.forms.payload import check
from producers.forms.signatures import SCHEMES, verify

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class Gateway:
    """Answers as the real one does where the demo asks."""

    def __init__(self) -> None:
        self.sources: list[dict[str, Any]] = []
        self.submissions: dict[tuple[str, str], str] = {}
        self.quiet: dict[str, bool] = {}
        self.posts = 0
        self.commands: dict[str, tuple[str, dict[str, Any]]] = {}
        self.busy: list[int | Exception] = []
        self.pending = 2
        self.logins: list[dict[str, str]] = []
        self.credentials: set[str] = set()
        self.commands_answer = 200

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url="http://gateway.example", transport=httpx2.MockTransport(self.answer))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if self.busy:
            trouble = self.busy.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return httpx2.Response(trouble, headers={"retry-after": "1"} if trouble == 503 else {})
        path = request.url.path
        if path == "/v1/auth/login":
            self.logins.append(orjson.loads(request.content))
            return httpx2.Response(200, json={"access_token": "token", "token_type": "bearer", "expires_in": 900})
        if not path.startswith("/v1/intake/"):
            self.credentials.add(request.headers.get("authorization", ""))
        if path == "/v1/sources":
            return self.on_sources(request)
        if path.startswith("/v1/intake/"):
            return self.on_intake(request, path.removeprefix("/v1/intake/"))
        if path.startswith("/v1/submissions/"):
            self.pending -= 1
            lead = None if self.pending >= 0 else "lead-" + path.rpartition("/")[2]
            return httpx2.Response(200, json={"id": path, "status": "processed", "lead_id": lead})
        self.commands[request.headers["idempotency-key"]] = (path, orjson.loads(request.content))
        return httpx2.Response(self.commands_answer, json={})

    def on_sources(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json={"items": [{"id": item["id"], "name": item["name"]} for item in self.sources]})
        made = {"id": f"source-{len(self.sources)}", **orjson.loads(request.content)}
        self.sources.append(made)
        return httpx2.Response(201, json=made)

    def on_intake(self, request: httpx2.Request, source_id: str) -> httpx2.Response:
        source = next(item for item in self.sources if item["id"] == source_id)
        headers = {name.lower(): value for name, value in request.headers.items()}
        verify(SCHEMES[source["vendor"]], [source["secret"].encode()], headers, request.content, 0, "POST", str(request.url))
        found = translate(source["vendor"], check(request.content, headers["content-type"]), {})
        assert found.vendor_event_id is not None
        self.posts += 1
        id_ = self.submissions.setdefault((source_id, found.vendor_event_id), f"s{len(self.submissions)}")
        self.quiet[id_] = source["quiet"]
        return httpx2.Response(202, json={"submission_id": id_}, headers={"x-submission-id": id_})


async def no_sleep(_: float) -> None:
    """Time is not the subject here."""


async def put_in(gateway: Gateway, memory: Path, now: datetime = NOW, **options: Any) -> Summary:
    async with gateway.client() as client:
        return await seed(client, memory, now, **{"leads": 40, "companies": 12, "sleep": no_sleep, **options})


@pytest.mark.asyncio
async def test_a_first_run_makes_the_sources_and_sends_all_of_the_history_quietly(tmp_path: Path) -> None:
    gateway = Gateway()
    summary = await put_in(gateway, tmp_path / "demo.json")
    history = list(simulate(7, 180, 12, 40, NOW))
    assert summary.sources_made == len(SOURCES) == len(gateway.sources)
    assert summary.sent == summary.accepted == len(history) == len(gateway.submissions)
    assert set(gateway.quiet.values()) == {True}
    assert all(source["signed"] and source["open_answers"] for source in gateway.sources)
    assert summary.refused == {}


@pytest.mark.asyncio
async def test_follow_ups_reach_the_leads_that_their_submissions_became(tmp_path: Path) -> None:
    gateway = Gateway()
    summary = await put_in(gateway, tmp_path / "demo.json")
    followed = [item.follow_up for item in simulate(7, 180, 12, 40, NOW) if item.follow_up is not None]
    expected = sum(1 + len(told.statuses) + len(told.notes) for told in followed)
    assert summary.commands == expected == len(gateway.commands)
    assert summary.unprocessed == 0
    paths = {path.rpartition("/")[2] for path, _ in gateway.commands.values()}
    assert paths == {"assign", "status", "notes"}
    assert all(path.startswith("/v1/leads/lead-s") for path, _ in gateway.commands.values())


@pytest.mark.asyncio
async def test_a_second_run_sends_the_same_and_changes_nothing(tmp_path: Path) -> None:
    gateway = Gateway()
    first = await put_in(gateway, tmp_path / "demo.json")
    submissions, commands = dict(gateway.submissions), dict(gateway.commands)
    second = await put_in(gateway, tmp_path / "demo.json", LATER, random_seed=99)
    assert gateway.submissions == submissions
    assert gateway.commands == commands
    assert (second.sources_made, second.commands) == (0, 0)
    assert second.sent == first.sent


@pytest.mark.asyncio
async def test_a_run_that_was_cut_off_goes_on_with_the_same_idempotency_keys(tmp_path: Path) -> None:
    gateway = Gateway()
    await put_in(gateway, tmp_path / "demo.json")
    memory = Memory(tmp_path / "demo.json")
    memory.demo["followed_up"] = False
    memory.save()
    commands = dict(gateway.commands)
    summary = await put_in(gateway, tmp_path / "demo.json")
    assert summary.commands == len(commands)
    assert gateway.commands == commands


@pytest.mark.asyncio
async def test_what_others_keep_in_the_file_stays_and_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.write_bytes(orjson.dumps({"base_url": "http://127.0.0.1:8000/"}))
    await put_in(Gateway(), path)
    kept = orjson.loads(path.read_bytes())
    assert kept["base_url"] == "http://127.0.0.1:8000/"
    assert kept["demo"]["followed_up"] is True
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.asyncio
async def test_a_busy_or_absent_gateway_is_asked_again_with_patience(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.busy = [503, 429, httpx2.ConnectError("refused")]
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    summary = await put_in(gateway, tmp_path / "demo.json", sleep=sleep)
    assert summary.retries == 3
    assert waits[:3] == [1.0, 0.5, 1.0]
    assert summary.accepted == summary.sent


@pytest.mark.asyncio
async def test_a_gateway_that_stays_away_ends_the_run_with_a_readable_reason(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.busy = [503] * ATTEMPTS_MAX
    with pytest.raises(SeedingFailed, match=r"GET /v1/sources: no answer after 8 attempts \(status 503\)"):
        await put_in(gateway, tmp_path / "demo.json")


@pytest.mark.asyncio
async def test_one_failure_among_many_is_told_as_one(tmp_path: Path) -> None:
    gateway = Gateway()
    await put_in(gateway, tmp_path / "demo.json")
    sent: list[int] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if "/v1/intake/" in request.url.path:
            sent.append(1)
            raise httpx2.ReadTimeout("too slow")
        return gateway.answer(request)

    client = httpx2.AsyncClient(base_url="http://gateway.example", transport=httpx2.MockTransport(answer))
    async with client:
        with pytest.raises(SeedingFailed, match=r"/v1/intake/.*ReadTimeout too slow"):
            await seed(client, tmp_path / "demo.json", NOW, leads=40, companies=12, sleep=no_sleep)
    assert sent


@pytest.mark.asyncio
async def test_a_refused_login_is_told_with_the_answer(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.busy = [401]
    with pytest.raises(SeedingFailed, match=r"GET /v1/sources: 401"):
        await put_in(gateway, tmp_path / "demo.json")


@pytest.mark.asyncio
async def test_sources_without_their_secrets_are_not_made_twice(tmp_path: Path) -> None:
    gateway = Gateway()
    await put_in(gateway, tmp_path / "demo.json")
    with pytest.raises(SeedingFailed, match="its secret is not in"):
        await put_in(gateway, tmp_path / "other.json")


@pytest.mark.asyncio
async def test_a_reset_server_gets_its_sources_again(tmp_path: Path) -> None:
    await put_in(Gateway(), tmp_path / "demo.json")
    fresh = Gateway()
    summary = await put_in(fresh, tmp_path / "demo.json")
    assert summary.sources_made == len(SOURCES)
    assert len(fresh.submissions) == summary.sent
    assert summary.commands == len(fresh.commands) > 0


@pytest.mark.asyncio
async def test_refusals_are_counted_by_status_and_nothing_stops(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.commands_answer = 422
    summary = await put_in(gateway, tmp_path / "demo.json")
    assert summary.commands == 0
    assert summary.refused == {422: len(gateway.commands)}
    async with gateway.client() as client:
        courier = Courier(client, Summary(), sleep=no_sleep)
        made = await sources(courier, Memory(tmp_path / "demo.json"))
        gateway.busy = [413]
        item = next(simulate(7, 180, 12, 40, NOW))
        assert await courier.submit(made["typeform"] if item.vendor == "typeform" else made["website"], item) is None
        assert courier.summary.refused == {413: 1}


@pytest.mark.asyncio
async def test_a_lead_that_does_not_appear_is_left_for_the_next_run(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.pending = 1_000_000
    summary = await put_in(gateway, tmp_path / "demo.json", leads=3)
    assert summary.commands == 0
    assert summary.unprocessed > 0
    assert Memory(tmp_path / "demo.json").demo["followed_up"] is False


@pytest.mark.asyncio
async def test_the_trickle_goes_to_the_live_sources_and_outlives_a_gateway_that_is_away(tmp_path: Path) -> None:
    gateway = Gateway()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with gateway.client() as client:
        courier = Courier(client, Summary(), sleep=no_sleep)
        made = await sources(courier, Memory(tmp_path / "demo.json"))
        gateway.busy = [503] * ATTEMPTS_MAX
        await send_arrivals(courier, made, itertools.islice(trickle(3), 10), lambda: NOW, sleep)
    assert len(waits) == 10
    assert len(gateway.submissions) == 9
    assert set(gateway.quiet.values()) == {False}
    assert courier.summary.refused == {0: 1}


def test_signatures_are_those_of_the_vendors() -> None:
    digest = hmac.digest(b"secret", b"body", hashlib.sha256)
    assert signed("typeform", "secret", b"body") == {"typeform-signature": "sha256=" + base64.b64encode(digest).decode()}
    assert signed("generic", "secret", b"body") == {"x-signature-256": "sha256=" + digest.hex()}


def users_in(path: Path) -> Path:
    path.write_bytes(orjson.dumps({"users": {"admin": {"email": "admin@quayline.example", "password": "secret"}}}))
    return path


@pytest.mark.asyncio
async def test_a_run_logs_in_puts_the_history_in_and_trickles(tmp_path: Path) -> None:
    gateway, said = Gateway(), list[str]()
    memory = users_in(tmp_path / "demo.json")
    live = 0

    async def sleep(seconds: float) -> None:
        nonlocal live
        live += seconds >= 6
        if live > 5:
            raise asyncio.CancelledError

    transport = httpx2.MockTransport(gateway.answer)
    with pytest.raises(asyncio.CancelledError):
        await run("http://gateway.example", memory, said.append, trickle=True, leads=30, transport=transport, sleep=sleep)
    assert gateway.logins == [{"email": "admin@quayline.example", "password": "secret"}]
    assert gateway.credentials == {"Bearer token"}
    assert list(gateway.quiet.values()).count(False) == 5
    assert said == [
        "Demo: the leads of half a year are coming in",
        f"Demo: {len(gateway.submissions) - 5} submissions are in, {len(gateway.commands)} follow-ups done",
        "Demo: a new lead every few seconds",
    ]


@pytest.mark.asyncio
async def test_the_next_run_finds_the_history_in(tmp_path: Path) -> None:
    gateway, said = Gateway(), list[str]()
    memory = users_in(tmp_path / "demo.json")
    transport = httpx2.MockTransport(gateway.answer)
    for _ in range(2):
        await run("http://gateway.example", memory, said.append, trickle=False, leads=30, transport=transport, sleep=no_sleep)
    assert len(said) == 2
    assert gateway.posts == len(gateway.submissions)
    began = Memory(memory).demo["now"]
    await run(
        "http://g.example",
        memory,
        said.append,
        trickle=False,
        leads=30,
        transport=httpx2.MockTransport(Gateway().answer),
        sleep=no_sleep,
    )
    assert len(said) == 4, "a server that was reset gets it again"
    assert Memory(memory).demo["now"] > began


@pytest.mark.asyncio
async def test_troubles_are_told(tmp_path: Path) -> None:
    gateway, said = Gateway(), list[str]()
    gateway.commands_answer, gateway.pending = 422, 300
    transport = httpx2.MockTransport(gateway.answer)
    memory = users_in(tmp_path / "demo.json")
    await run("http://gateway.example", memory, said.append, trickle=False, leads=30, transport=transport, sleep=no_sleep)
    assert f"({len(gateway.commands)} answered 422" in said[-1]


@pytest.mark.asyncio
async def test_without_an_admin_to_log_in_as_the_run_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SeedingFailed, match="names no admin"):
        await run("http://gateway.example", tmp_path / "demo.json", print, trickle=False)
