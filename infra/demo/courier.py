"""How the demo talks to the gateway: signed, a bounded number of requests at a time, each tried a bounded number of times."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2
import orjson

from infra.demo.forms import Vendor
from infra.demo.simulator import DemoSubmission

CONCURRENCY: Final = 20
ATTEMPTS_MAX: Final = 8
BACK_OFF_SECONDS: Final = 0.25
BACK_OFF_SECONDS_MAX: Final = 5.0

Sleep = Callable[[float], Awaitable[None]]


class SeedingFailed(Exception):
    """The demo could not be put in; the message says what to do."""


class Made(NamedTuple):
    """A source that exists, with what is needed to write to it."""

    id: str
    secret: str


@dataclass(slots=True)
class Summary:
    """What a run did. `refused` counts answers by status (0: none came); `unprocessed` submissions became no lead in time."""

    sources_made: int = 0
    sent: int = 0
    accepted: int = 0
    retries: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    commands: int = 0
    unprocessed: int = 0


class Memory:
    """What makes a second run the same as the first: seed, now, sources, followed_up. Kept under `demo` among others' keys."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.others = self._read()
        self.demo: dict[str, Any] = self.others.get("demo", {})

    def save(self) -> None:
        """Whole or not at all, and readable by its owner alone, because it holds secrets of sources."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.touch(mode=0o600)
        beside.write_bytes(orjson.dumps({**self._read(), "demo": self.demo}, option=orjson.OPT_INDENT_2))
        beside.replace(self._path)

    def _read(self) -> dict[str, Any]:
        kept: dict[str, Any] = orjson.loads(self._path.read_bytes()) if self._path.exists() else {}
        return kept


class Courier:
    """Sends requests, a bounded number at a time, each a bounded number of times."""

    def __init__(
        self, client: httpx2.AsyncClient, summary: Summary, *, concurrency: int = 20, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._client = client
        self._gate = asyncio.Semaphore(concurrency)
        self._sleep = sleep
        self.summary = summary

    async def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """The answer; asked again where the server was busy (429, 503) or away. Raises SeedingFailed when it stays so."""
        reason = ""
        for attempt in range(ATTEMPTS_MAX):
            wait = min(BACK_OFF_SECONDS * 2**attempt, BACK_OFF_SECONDS_MAX)
            try:
                async with self._gate:
                    answer = await self._client.request(method, url, **options)
            except httpx2.TransportError as away:
                reason = f"{type(away).__name__} {away}".strip()
            else:
                if answer.status_code not in (429, 503):
                    return answer
                reason = f"status {answer.status_code}"
                stated = answer.headers.get("retry-after", "")
                wait = min(float(stated), BACK_OFF_SECONDS_MAX) if stated.isdigit() else wait
            self.summary.retries += 1
            await self._sleep(wait)
        raise SeedingFailed(f"{method} {url}: no answer after {ATTEMPTS_MAX} attempts ({reason}); is the gateway up and ready?")

    async def submit(self, made: Made, submission: DemoSubmission) -> str | None:
        """Post one submission, signed; its id, or None where it was refused."""
        self.summary.sent += 1
        headers = {"content-type": submission.content_type, **signed(submission.vendor, made.secret, submission.body)}
        answer = await self.send("POST", f"/v1/intake/{made.id}", content=submission.body, headers=headers)
        if answer.is_success:
            self.summary.accepted += 1
            return answer.headers.get("x-submission-id")
        self.summary.refused[answer.status_code] = self.summary.refused.get(answer.status_code, 0) + 1
        return None

    async def gather(self, work: Iterable[Awaitable[Any]]) -> list[Any]:
        """All results in order; the first failure ends the rest."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(item)) for item in work]
        return [task.result() for task in tasks]


def signed(vendor: Vendor, secret: str, body: bytes) -> dict[str, str]:
    """The vendor's signature header over the raw body."""
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    if vendor == "typeform":
        return {"typeform-signature": "sha256=" + base64.b64encode(digest).decode()}
    return {"x-signature-256": "sha256=" + digest.hex()}


async def _awaited(item: Awaitable[Any]) -> Any:
    return await item
