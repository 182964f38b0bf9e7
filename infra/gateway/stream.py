"""GET /v1/stream: server-sent events about leads that changed.

Each event has an `id` (the position in the log), but a reconnecting client is simply told to `resync`: it fetches what it
shows again, which is right whatever was missed. A stream ends with the access token or API key that opened it, and with its
session at the latest a second later; what else its reader may do no longer is noticed at the next heartbeat.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from infra.auth.dependencies import forbidden, unauthorized, user_of
from infra.auth.roles import Permission, User
from infra.auth.tokens import BadToken
from infra.gateway import metrics
from infra.gateway.live import Client, Live, TooManyClients, TooManyOfOne
from infra.gateway.problems import Problem
from infra.gateway.services import Services, Used

router = APIRouter(tags=["live"])
HEARTBEAT_SECONDS: Final = 15.0
API_KEY_STREAM_SECONDS_MAX: Final = 3_600.0
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_RETRY: Final = {"Retry-After": "30"}
_RESYNC: Final = b"event: resync\ndata: {}\n\n"
_HEARTBEAT: Final = b": still here\n\n"


class EventStream(StreamingResponse):
    """For the API description."""

    media_type = "text/event-stream"


class _Heard(EventStream):
    """Calls `left` at its end, also where nobody was there any more to hear its beginning."""

    def __init__(self, content: AsyncIterator[bytes], left: Callable[[], None]) -> None:
        super().__init__(content, headers=HEADERS)
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()


@router.get("/v1/stream", response_class=EventStream)
async def stream(
    request: Request,
    given: Used,
    access_token: Annotated[str | None, Query(description="For EventSource, which can't send headers")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """`lead.changed` events as they happen, `resync` when some may have been missed, a comment every 15 s."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    token = credential.strip() if scheme.lower() == "bearer" else access_token
    if not token:
        raise unauthorized("Send Authorization: Bearer, or ?access_token=.")
    user = await user_of(given, token)
    if not user.may(Permission.LEADS_READ):
        raise forbidden(f"The role {user.role} lacks the permission {Permission.LEADS_READ.value}.")
    try:
        client = given.live.join(user)
    except TooManyClients:
        raise Problem(503, "busy", "Too many live clients", headers=_RETRY) from None
    except TooManyOfOne:
        detail = "You have as many streams open as anybody may: close one."
        raise Problem(429, "too-many-streams", "Too many streams", detail, headers=_RETRY) from None
    if last_event_id is not None:
        client.must_resync()
    found = events(given.live, client, _lifetime(given, token), HEARTBEAT_SECONDS, lambda: _stands(given, token, user))
    return _Heard(found, lambda: given.live.leave(client))


async def _stands(given: Services, token: str, user: User) -> bool:
    """Whether the credential still stands for who it stood for. While that can't be asked it does."""
    try:
        return await user_of(given, token) == user
    except Problem as problem:
        return problem.status == 503


def _lifetime(given: Services, token: str) -> float:
    try:
        return given.tokens.read(token).expires_at - time.time()
    except BadToken:
        return API_KEY_STREAM_SECONDS_MAX  # an API key, which was just looked up


async def events(
    live: Live, client: Client, seconds: float, heartbeat_seconds: float, stands: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """The stream of one client, for at most `seconds`; it leaves when the stream ends. `stands` is asked at every heartbeat."""
    begun = time.monotonic()
    ends, look = begun + seconds, begun + heartbeat_seconds
    metrics.LIVE_CLIENTS.inc()
    try:
        yield b"retry: 2000\n\n"
        while (left := ends - time.monotonic()) > 0:
            changes = await client.changes(min(heartbeat_seconds, left))
            if client.closed:
                break
            if time.monotonic() >= look:
                if not await stands():
                    break
                look = time.monotonic() + heartbeat_seconds
            parts = [b"id: %b\nevent: lead.changed\ndata: %b\n\n" % (change.cursor.encode(), change.data) for change in changes]
            if client.lost:
                client.lost = False
                parts.insert(0, _RESYNC)
            yield b"".join(parts) or _HEARTBEAT
    finally:
        live.leave(client)
        metrics.LIVE_CLIENTS.dec()
