import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from infra.auth.roles import User
from infra.gateway import live as live_module
from infra.gateway import stream as stream_module
from infra.gateway.live import QUEUE_MAX, Client, Live, TooManyClients, TooManyOfOne
from infra.gateway.stream import events
from infra.redis.client import open_client
from infra.settings import Settings
from tests.infra.auth.logins import log_in
from tests.infra.gateway import offline
from tests.infra.gateway.running import Running, demo_users, running

pytestmark = pytest.mark.asyncio
ADMIN = User("u1", "a@example.com", "A", "admin")
REP = User("u2", "r@example.com", "R", "rep", "p1")


def change(offset: int, **more: object) -> bytes:
    return json.dumps(
        {"lead": "l1", "version": offset, "partition": 2, "offset": offset, "types": ["lead.scored.v1"], "owner": None, **more}
    ).encode()


def hub(erased: list[str] | None = None) -> Live:
    told: list[str] = [] if erased is None else erased
    return Live(offline.NoStore(), "p:", told.append)  # type: ignore[arg-type]


async def still() -> bool:
    return True


async def test_every_client_hears_every_change_in_order() -> None:
    live = hub()
    clients = [live.join(ADMIN), live.join(REP)]
    for offset in range(3):
        live.publish(change(offset))
    for client in clients:
        assert [one.cursor for one in await client.changes(0)] == ["2-0", "2-1", "2-2"]
        assert await client.changes(0.01) == []


async def test_a_client_that_does_not_keep_up_loses_the_oldest_and_is_told() -> None:
    live = hub()
    slow = live.join(ADMIN)
    for offset in range(QUEUE_MAX + 5):
        live.publish(change(offset))
    assert slow.lost
    found = await slow.changes(0)
    assert len(found) == QUEUE_MAX
    assert found[0].cursor == "2-5"


async def test_a_change_that_names_its_owner_is_kept_from_other_reps() -> None:
    live = hub()
    admin, rep = live.join(ADMIN), live.join(REP)
    for owner in ("p1", "p2", None):
        live.publish(change(1, owner=owner))
    assert len(await admin.changes(0)) == 3
    assert len(await rep.changes(0)) == 2


async def test_a_change_that_names_no_owner_is_for_those_who_see_all() -> None:
    live = hub()
    admin, rep = live.join(ADMIN), live.join(REP)
    live.publish(b'{"lead": "l1", "partition": 2, "offset": 1}')
    assert (len(await admin.changes(0)), len(await rep.changes(0))) == (1, 0)


async def test_what_is_no_change_is_left_out_and_an_erased_lead_is_forgotten() -> None:
    erased: list[str] = []
    live = hub(erased)
    client = live.join(ADMIN)
    for raw in (b"{", b"[]", b"{}", b'{"partition": "x", "offset": 1}'):
        live.publish(raw)
    assert await client.changes(0.01) == []
    live.publish(change(1, types=["lead.erased.v1"]))
    assert erased == ["l1"]


async def test_clients_are_bounded_and_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "CLIENTS_MAX", 1)
    live = hub()
    client = live.join(ADMIN)
    with pytest.raises(TooManyClients):
        live.join(ADMIN)
    live.leave(client)
    live.leave(live.join(ADMIN))
    assert len(live) == 0


async def test_a_stream_says_resync_first_then_changes_and_a_heartbeat_when_nothing_happens() -> None:
    live = hub()
    client = live.join(ADMIN)
    client.must_resync()
    live.publish(change(7))
    stream = events(live, client, 60, 0.01, still)
    assert await anext(stream) == b"retry: 2000\n\n"
    assert await anext(stream) == b"event: resync\ndata: {}\n\nid: 2-7\nevent: lead.changed\ndata: " + change(7) + b"\n\n"
    assert (await anext(stream)).startswith(b":")
    await stream.aclose()  # type: ignore[attr-defined]
    assert len(live) == 0


async def test_a_stream_ends_with_its_token_and_with_the_server() -> None:
    live = hub()
    assert len([part async for part in events(live, live.join(ADMIN), 0.02, 0.01, still)]) >= 2
    client = live.join(ADMIN)
    stream = events(live, client, 60, 60, still)
    await anext(stream)
    live.close()
    assert len([part async for part in stream]) <= 1
    assert len([part async for part in events(live, live.join(ADMIN), 60, 60, still)]) == 1
    assert len(live) == 0


async def test_a_stream_ends_with_its_session_and_no_other_does() -> None:
    live = hub()
    eve, dan = (live.join(User("u2", "", "", "rep", "p1", session=session)) for session in ("s1", "s2"))
    stream = events(live, eve, 60, 60, still)
    await anext(stream)
    live.publish(change(1))
    live.end({"s1", "s3"})
    assert [part async for part in stream] == [], "not even what was waiting"
    assert not dan.closed
    assert len(live) == 1


async def test_a_stream_ends_when_its_reader_is_found_to_be_allowed_no_longer_however_busy_it_is() -> None:
    live, asked = hub(), 0

    async def stands() -> bool:
        nonlocal asked
        asked += 1
        return asked < 3

    client, parts = live.join(ADMIN), 0
    async with asyncio.timeout(5):
        async for _ in events(live, client, 60, 0.01, stands):
            parts += 1
            live.publish(change(parts))
            await asyncio.sleep(0.001)
    assert asked == 3
    assert len(live) == 0


async def test_of_one_user_only_so_many_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "CLIENTS_OF_ONE_MAX", 2)
    live = hub()
    first, _ = live.join(REP), live.join(REP)
    with pytest.raises(TooManyOfOne):
        live.join(REP)
    live.join(ADMIN)
    for _ in range(2):
        live.leave(first)
    live.join(REP)
    with pytest.raises(TooManyOfOne):
        live.join(REP)


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


async def told(here: Running, offset: int) -> None:
    """Publish a change until somebody hears it."""
    channel = here.services.settings.redis.prefix + "live"
    for _ in range(500):
        if await here.services.redis.publish(channel, change(offset)):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody listens")


async def heard(client: Client) -> str:
    async with asyncio.timeout(5):
        while not (found := await client.changes(1)):
            client.lost = False
    client.lost = False
    return found[0].cursor


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as found:
        yield found


@pytest.mark.integration
async def test_changes_come_from_redis_and_a_cut_connection_means_resync(here: Running) -> None:
    client = here.services.live.join(ADMIN)
    redis = here.services.redis
    await told(here, 3)
    assert await heard(client) == "2-3"
    await redis.client_kill_filter(_type="pubsub")
    await until(lambda: client.lost)
    client.lost = False
    await told(here, 4)
    assert await heard(client) == "2-4"
    here.services.live.leave(client)


@pytest.mark.integration
async def test_the_stream_over_http(here: Running) -> None:
    sent: list[dict[str, object]] = []
    enough = asyncio.Event()

    async def send(message: dict[str, object]) -> None:
        sent.append(message)
        if b"lead.changed" in bytes(message.get("body", b"")):  # type: ignore[call-overload]
            enough.set()

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    token = here.token("rep", "p1")["Authorization"].removeprefix("Bearer ")
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/stream",
        "query_string": f"access_token={token}".encode(),
        "headers": [(b"last-event-id", b"2-1")],
        "app": None,
        "http_version": "1.1",
    }
    task = asyncio.create_task(here.gateway(scope, receive, send))
    await until(lambda: len(here.services.live) > 0)
    here.services.live.publish(change(9))
    async with asyncio.timeout(10):
        await enough.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert sent[0]["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in sent[0]["headers"]  # type: ignore[operator]
    assert b"resync" in b"".join(bytes(message.get("body", b"")) for message in sent[1:])  # type: ignore[call-overload]
    assert len(here.services.live) == 0


@pytest.mark.integration
async def test_an_api_key_may_listen_too_and_a_full_house_says_when_to_come_back(
    here: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await here.client.post("/v1/auth/keys", json={"name": "tv", "role": "analyst"}, headers=here.token("admin"))
    monkeypatch.setattr(live_module, "CLIENTS_MAX", 0)
    full = await here.client.get("/v1/stream", headers={"Authorization": f"Bearer {made.json()['key']}"})
    assert full.status_code == 503
    assert full.headers["retry-after"] == "30"


@pytest.mark.integration
async def test_a_user_with_too_many_streams_is_told_to_close_one(here: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "CLIENTS_OF_ONE_MAX", 0)
    refused = await here.client.get("/v1/stream", headers=here.token("rep"))
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (429, "too-many-streams")
    assert refused.headers["retry-after"] == "30"


@asynccontextmanager
async def streaming(here: Running, headers: dict[str, str]) -> AsyncIterator[asyncio.Task[None]]:
    """An open stream, and the task that ends with it."""
    before = len(here.services.live)

    async def send(message: dict[str, object]) -> None:
        del message

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/v1/stream", "query_string": b"", "headers": given, "http_version": "1.1"}
    task = asyncio.create_task(here.gateway(scope, receive, send))
    await until(lambda: len(here.services.live) > before)
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.integration
async def test_a_stream_ends_when_its_user_logs_out_or_is_disabled(here: Running) -> None:
    pool = here.services.pool
    (user,) = [user for user in await demo_users(here.services) if user.role == "rep"]
    for last in ("logout", "disabled"):
        token = (await log_in(here)).json()["access_token"]
        async with streaming(here, {"Authorization": f"Bearer {token}"}) as stream, asyncio.timeout(5):
            if last == "logout":
                await here.client.post("/v1/auth/logout")
            else:  # by another process, which only the table knows of
                await pool.execute("update auth.families set revoked_at = now() where user_id = $1", user.id)
            await stream
    assert len(here.services.live) == 0


@pytest.mark.integration
async def test_a_stream_ends_when_its_key_is_revoked(here: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "HEARTBEAT_SECONDS", 0.05)
    admin = here.token("admin")
    made = (await here.client.post("/v1/auth/keys", json={"name": "tv", "role": "analyst"}, headers=admin)).json()
    async with streaming(here, {"Authorization": f"Bearer {made['key']}"}) as stream, asyncio.timeout(5):
        await asyncio.sleep(0.2)
        assert not stream.done()
        await here.client.delete(f"/v1/auth/keys/{made['id']}", headers=admin)
        await stream


@pytest.mark.integration
async def test_a_reader_that_went_before_the_beginning_leaves_no_place_taken(here: Running) -> None:
    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        raise ConnectionResetError

    given = [(b"authorization", here.token("admin")["Authorization"].encode())]
    scope = {"type": "http", "method": "GET", "path": "/v1/stream", "query_string": b"", "headers": given, "http_version": "1.1"}
    with contextlib.suppress(BaseExceptionGroup, RuntimeError):
        await here.gateway(scope, gone, send)
    assert len(here.services.live) == 0


async def test_without_redis_the_listener_keeps_trying() -> None:
    async with Live(open_client("redis://127.0.0.1:1/0", name="test"), "p:") as live:
        client = live.join(ADMIN)
        await until(lambda: client.lost)
