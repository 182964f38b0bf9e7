"""Intake as a bare ASGI app, over a table of sources in memory."""

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple

from infra.gateway.direct import Answer
from infra.gateway.ids import SubmissionIds
from infra.gateway.leases import IntakeLimits
from producers.forms.intake import PREFIX, Intake
from producers.forms.publishing import SubmissionWriter
from producers.forms.schemes import scheme_of
from producers.forms.source_cache import SourceCache
from producers.forms.sources import IntakeSource
from producers.forms.translate import Origin
from tests.infra.gateway.fakes import MemoryKeyring, MemoryPublisher

NOW = 1_795_000_000.0
SECRET = b"generic-form-secret-1"


def source(id_: str = "src_1", vendor: str = "generic", *, signed: bool = False, **more: Any) -> IntakeSource:
    """A source as the table has it."""
    secrets, mapping, credentials = more.pop("secrets", (SECRET,)), more.pop("mapping", {}), more.pop("credentials", {})
    origin = Origin(vendor, id_, **more)
    return IntakeSource(id_, vendor, signed, secrets, scheme_of(vendor), mapping, origin, credentials=credentials)


class Table:
    """Sources by id; `away` makes it unreachable. Counts what is asked."""

    def __init__(self, *sources: IntakeSource) -> None:
        self.sources = {one.id: one for one in sources}
        self.away = False
        self.asked = 0

    async def load(self, source_id: str) -> IntakeSource | None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionRefusedError
        return self.sources.get(source_id)


class Reply(NamedTuple):
    """What the app sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Rig:
    """An intake app with everything that it talks to; `clock` is its time."""

    def __init__(self, *sources: IntakeSource, limits: IntakeLimits | None = None) -> None:
        self.clock = [NOW]
        self.cache_clock = [0.0]
        self.table = Table(*sources)
        self.publisher = MemoryPublisher()
        self.keyring = MemoryKeyring()
        self.ids = SubmissionIds(b"secret")
        cache = SourceCache(self.table, now=lambda: self.cache_clock[0])  # type: ignore[arg-type]
        writer = SubmissionWriter(self.keyring, self.publisher, 6, now=lambda: self.clock[0])
        url = "https://leads.example.com/"
        self.app = Intake(cache, writer, self.ids, self.keyring.hash, url, now=lambda: self.clock[0], limits=limits)
        self.read = 0

    async def post(
        self, body: bytes | list[bytes], source_id: str = "src_1", *, query: str = "", method: str = "POST", **headers: str
    ) -> Reply | None:
        """One request; header names with underscores. None if the app answered nothing."""
        chunks = body if isinstance(body, list) else [body]
        sent: list[dict[str, Any]] = []
        waiting = list(chunks)

        async def receive() -> dict[str, Any]:
            if not waiting:
                return {"type": "http.disconnect"}
            chunk = waiting.pop(0)
            self.read += len(chunk)
            more = bool(waiting) if chunks[-1] != b"" or len(chunks) == 1 else True
            return {"type": "http.request", "body": chunk, "more_body": more}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": PREFIX + source_id, "query_string": query.encode(), "headers": named}
        await self.app(scope, receive, send)
        if not sent:
            return None
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], answered, b"".join(message["body"] for message in sent[1:]))

    async def whole(self, body: bytes, source_id: str = "src_1", *, query: str = "", **headers: str) -> Reply:
        """A POST as the server hands it over when it came whole."""
        target = PREFIX + source_id + (f"?{query}" if query else "")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        replied: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        answering = self.app.answer(target, named, body, ("203.0.113.9", 40_000), replied.set_result)
        answer = await (replied if answering is None else answering)
        return Reply(answer.status, {name.decode(): value.decode() for name, value in answer.headers}, answer.body)


def given(vendor: str) -> dict[str, Any]:
    """A vendor's request as it was captured."""
    folder = Path(__file__).parent / "given"
    case: dict[str, Any] = json.loads((folder / f"{vendor}.json").read_text())
    return case
