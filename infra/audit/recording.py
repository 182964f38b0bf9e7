"""Around the API: whoever asks for a change is written down with what came of it, in this one place.

Every request under /v1 but GET, HEAD and OPTIONS makes an entry before it is answered, if somebody is recognised behind it; so do
those of which a handler says that they count (`note`): logins, resets, exports. What nobody known asked in vain is not kept.
A request that is cut off has an entry too: it may have been done. Every answer has an `X-Request-Id`, which the entry has too.
"""

import asyncio
import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import asyncpg
import orjson
import structlog
from fastapi import Request
from prometheus_client import Counter

from infra.audit.store import NOBODY, Entry, Outcome, write
from infra.gateway.addresses import Addresses
from infra.postgres.pool import UNAVAILABLE

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]

PREFIX: Final = "/v1/"
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOST: Final = Counter("leadflow_audit_lost_total", "Entries that could not be written, and stand in the log alone")
NAMED_BYTES_MAX: Final = 64 * 1024
WRITE_SECONDS_MAX: Final = 5.0
CUT_OFF: Final = orjson.dumps({"type": "timeout"})
"""As far as an entry tells what a request is answered with that took too long."""
_NAME: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
_HIDDEN: Final = "?"
"""Stands for what is no name of ours, and may be anything."""
log = structlog.get_logger("audit")


@dataclass(slots=True)
class Note:
    """What a handler knows better than the address that was asked."""

    counts: bool = False
    actor: str | None = None
    object: str | None = None


def note(request: Request, *, actor: str | None = None, object: str | None = None) -> None:  # noqa: A002 - the word of the field
    """This request counts, whoever is behind it. `actor` for who isn't logged in (yet), `object` as in Entry."""
    kept: Note | None = request.scope.setdefault("state", {}).get("audit")
    if kept is not None:
        kept.counts = True
        kept.actor = actor or kept.actor
        kept.object = object or kept.object


async def counts(request: Request) -> None:
    """Dependency for reading that is written down, such as an export: `dependencies=[Depends(counts)]`."""
    note(request)


class Audited:
    """ASGI middleware, the innermost: what others refuse before it was not asked."""

    def __init__(self, app: Any, *, pool: asyncpg.Pool, addresses: Addresses) -> None:
        self._app = app
        self._pool = pool
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        answer = _Answer(self, scope, send)
        try:
            await self._app(scope, receive, answer.send)
        except asyncio.CancelledError:
            if not answer.written:
                await self.write(scope, 503, CUT_OFF)
            raise
        except Exception:
            if answer.start is None:
                await self.write(scope, 500, b"")
            raise

    async def write(self, scope: Scope, status: int, body: bytes) -> None:
        """An entry, if this request makes one."""
        state = scope["state"]
        known, said = state.get("user"), state["audit"]
        if not said.counts and (scope["method"] in READING or known is None):
            return
        entry = Entry(
            actor=said.actor or (NOBODY if known is None else known.id),
            action=getattr(scope.get("route"), "name", None) or "unknown",
            object=said.object or _object(scope, body if status == 201 else b""),
            outcome=_outcome(status),
            status=status,
            detail=_problem(body) if status >= 400 else "",
            request_id=state["request_id"],
            address=self._addresses.of(scope),
        )
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await write(self._pool, entry)
        except UNAVAILABLE as away:
            LOST.inc()
            log.critical(
                "audit entry lost", error=type(away).__name__, actor=entry.actor, action=entry.action, object=entry.object
            )


class _Answer:
    """Holds an answer's head back until its body says what it is about, and the entry is written."""

    def __init__(self, audited: Audited, scope: Scope, send: Any) -> None:
        self._audited = audited
        self._scope = scope
        self._send = send
        self.start: Message | None = None
        self.written = False
        """What there is to be written down is."""
        self._sent = False
        state = scope.setdefault("state", {})
        state["request_id"] = str(uuid4())
        state["audit"] = Note()

    async def send(self, message: Message) -> None:
        """ASGI."""
        if message["type"] == "http.response.start":
            self.start = message
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", self._scope["state"]["request_id"].encode())]
            if not self._is_said_by_its_body(message):
                await self._begin(b"")
            return
        if not self._sent:
            await self._begin(message.get("body", b""))
        await self._send(message)

    async def _begin(self, body: bytes) -> None:
        assert self.start is not None  # noqa: S101 - a body follows a head
        self._sent = True
        await self._audited.write(self._scope, self.start["status"], body)
        self.written = True
        await self._send(self.start)

    @staticmethod
    def _is_said_by_its_body(start: Message) -> bool:
        """What was made, and why not: both are short JSON that comes in one piece."""
        headers = dict(start["headers"])
        short = int(headers.get(b"content-length", NAMED_BYTES_MAX + 1)) <= NAMED_BYTES_MAX
        return short and b"json" in headers.get(b"content-type", b"") and (start["status"] == 201 or start["status"] >= 400)


def _outcome(status: int) -> Outcome:
    return "done" if status < 400 else "refused" if status < 500 else "failed"


def _object(scope: Scope, body: bytes) -> str:
    """`/v1/leads/{lead}/notes` -> `leads/<id>`; for what was made, its collection and the id in the answer."""
    template = str(getattr(scope.get("route"), "path", "") or "")
    found = list(_PARAMETER.finditer(template))
    if found:
        values = scope.get("path_params", {})
        named = _PARAMETER.sub(lambda match: _name(values.get(match[1])), template[: found[-1].end()])
        return named.removeprefix(PREFIX)
    made = _field(body, "id")
    return f"{template.removeprefix(PREFIX)}/{_name(made)}" if made else ""


def _name(value: object) -> str:
    text = str(value)
    return text if _NAME.fullmatch(text) else _HIDDEN


def _problem(body: bytes) -> str:
    """The last part of a problem's type."""
    return _name(str(_field(body, "type") or "").rpartition("/")[2]).replace(_HIDDEN, "")


def _field(body: bytes, name: str) -> object:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document.get(name) if isinstance(document, dict) else None
