"""POST /v1/track: who may tell us what, and what becomes of it. Over a table in memory."""

import json
from typing import Any

import pytest

from infra.activities.publishing import ActivityWriter
from infra.gateway.direct import Answer
from infra.gateway.problems import Problem
from producers.tracking.sites import STALE_SECONDS_MAX, Sites
from producers.tracking.track import BODY_BYTES_MAX, PREFIX, Track
from schemas.activities import ActivityReceived
from tests.infra.gateway.fakes import MemoryKeyring, MemoryPublisher

pytestmark = pytest.mark.asyncio
NOW = 1_795_000_000.0
SHOP = "https://shop.example"
BODY = json.dumps(
    {"visitor": "visitor-0123456789", "views": [{"id": "view-0123456789abcdef", "url": f"{SHOP}/a?mail=ada"}]}
).encode()


class Pool:
    """The table of sources."""

    def __init__(self) -> None:
        self.rows = {
            "site": {"vendor": "generic", "origins": json.dumps([SHOP])},
            "open": {"vendor": "generic", "origins": "[]"},
        }
        self.away = False
        self.asked = 0

    async def fetchrow(self, _sql: str, source_id: str, timeout: float) -> Any:  # noqa: ASYNC109 - asyncpg's name
        assert timeout > 0
        self.asked += 1
        if self.away:
            raise ConnectionRefusedError
        return self.rows.get(source_id)


class Limits:
    """Refuses addresses or sources."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refused = ""

    def check_address(self, address: str) -> None:
        self._check(address)

    def check_source(self, source_id: str) -> None:
        self._check(source_id)

    def _check(self, key: str) -> None:
        self.asked.append(key)
        if key == self.refused:
            raise Problem(429, "rate-limited", "Too many requests", headers={"Retry-After": "1"})


class Rig:
    def __init__(self) -> None:
        self.pool, self.publisher, self.limits, self.clock = Pool(), MemoryPublisher(), Limits(), [0.0]
        writer = ActivityWriter(MemoryKeyring(), self.publisher, 6, now=lambda: NOW)
        sites = Sites(self.pool, now=lambda: self.clock[0])
        self.track = Track(sites, writer, "https://leads.example", limits=self.limits, now=lambda: NOW)  # type: ignore[arg-type]

    async def post(self, body: bytes = BODY, source: str = "site", **headers: str) -> Answer:
        return await self.track.answer(PREFIX + source, headers, body, ("203.0.113.9", 40_000), lambda _answer: None)

    async def asgi(self, method: str, *chunks: bytes, source: str = "site", **headers: str) -> tuple[int, dict[str, str]]:
        waiting, sent = list(chunks), list[dict[str, Any]]()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": PREFIX + source, "headers": named, "client": ("203.0.113.9", 4)}
        await self.track(scope, receive, send)
        return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def document(answer: Answer) -> Any:
    return json.loads(answer.body)


async def test_what_a_page_saw_is_stored_before_it_is_answered() -> None:
    rig = Rig()
    answer = await rig.post(origin=SHOP)
    assert (answer.status, answer.body) == (204, b"")
    assert (b"access-control-allow-origin", SHOP.encode()) in answer.headers
    (published,) = rig.publisher.records
    assert ActivityReceived.model_validate_json(published.record.value).activity.path == "/a"
    assert b"203.0.113.9" not in published.record.value
    assert b"mail=ada" not in published.record.value


async def test_in_pieces_it_is_the_same() -> None:
    rig = Rig()
    assert (await rig.asgi("POST", BODY[:10], BODY[10:], origin=SHOP))[0] == 204
    assert len(rig.publisher.records) == 1


@pytest.mark.parametrize(
    ("source", "origin", "status"),
    [
        ("site", SHOP, 204),
        ("site", "https://evil.example", 403),
        ("site", "https://leads.example", 204),
        ("open", "https://anywhere.example", 204),
        ("nobody", SHOP, 404),
        ("../x", SHOP, 404),
    ],
)
async def test_only_pages_that_the_source_names_may_tell(source: str, origin: str, status: int) -> None:
    rig = Rig()
    assert (await rig.post(source=source, origin=origin)).status == status
    assert len(rig.publisher.records) == (status == 204)


async def test_a_browser_that_asks_beforehand_is_answered_for_named_pages_alone() -> None:
    rig = Rig()
    status, headers = await rig.asgi("OPTIONS", origin=SHOP)
    assert (status, headers["access-control-allow-origin"], headers["access-control-allow-methods"]) == (204, SHOP, "POST")
    assert (await rig.asgi("OPTIONS", origin="https://evil.example"))[0] == 403
    assert (await rig.asgi("GET", origin=SHOP))[0] == 405


async def test_what_can_not_be_read_is_refused_by_name() -> None:
    rig = Rig()
    assert (await rig.post(b"{")).status == 400
    answer = await rig.post(b'{"visitor": "visitor-0123456789", "views": [{"id": "view-0123456789abcdef"}]}')
    assert answer.status == 422
    assert document(answer)["errors"][0]["field"] == "views.0.url"
    assert (await rig.post(b" " * (BODY_BYTES_MAX + 1))).status == 413
    assert (await rig.asgi("POST", b" " * BODY_BYTES_MAX, b" ", b""))[0] == 413
    assert rig.publisher.records == []


async def test_limits_are_those_of_intake() -> None:
    rig = Rig()
    await rig.post()
    assert rig.limits.asked == ["203.0.113.9", "site"]
    rig.limits.refused = "site"
    answer = await rig.post()
    assert answer.status == 429
    assert (b"retry-after", b"1") in answer.headers


async def test_while_kafka_is_away_the_page_is_told_to_try_again() -> None:
    rig = Rig()
    rig.publisher.away = True
    answer = await rig.post()
    assert answer.status == 503
    assert b"retry-after" in dict(answer.headers)


async def test_a_source_is_remembered_for_a_while_also_without_postgresql() -> None:
    rig = Rig()
    await rig.post()
    await rig.post()
    assert rig.pool.asked == 1
    rig.pool.away = True
    rig.clock[0] = 10.0
    assert (await rig.post()).status == 204
    rig.clock[0] = STALE_SECONDS_MAX + 1.0
    assert (await rig.post()).status == 503
