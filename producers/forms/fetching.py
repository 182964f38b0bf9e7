"""forms.fetches -> the vendor's API -> leads.submissions: what was only named becomes a submission of its own.

A fetched submission has the id and the delivery of its fetch: one that is published twice, because a worker died in between, is
recognised.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from infra.gateway.ids import SubmissionIds
from infra.gateway.outgoing import Answer, NoAnswer, Outgoing, Refused
from infra.kafka.ports import LogUnavailable
from producers.forms.adapters import adapter
from producers.forms.adapters.hubspot import contact_path
from producers.forms.adapters.meta_lead_ads import lead_path
from producers.forms.fetches import Fetch, Fetches
from producers.forms.payload import BadPayload, check
from producers.forms.publishing import Raw, SubmissionWriter
from producers.forms.sources import STORE_AWAY, IntakeSource, Sources
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import HashOf

log = structlog.get_logger("fetching")

POLL_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 5.0
FORGET_SECONDS: Final = 3_600.0
RETRY_AFTER_SECONDS_MAX: Final = 3_600.0
VALUES_MAX: Final = 20_000
# It becomes part of an address.
_OBJECT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
PATHS: Final[Mapping[str, Callable[[str], str]]] = {
    "meta_lead_ads": lead_path,
    "meta": lead_path,
    "hubspot": contact_path,
}
"""Vendor -> object's id to the path that tells the object."""


class Failed(Exception):
    """Why a fetch did not work, in words that name nobody."""

    def __init__(self, why: str, *, again: bool = True, after_seconds: float | None = None) -> None:
        super().__init__(why)
        self.again = again
        self.after_seconds = after_seconds


class Fetcher:
    """Works off what is due. `bases` are the addresses of the vendors' APIs."""

    def __init__(
        self,
        fetches: Fetches,
        sources: Sources,
        outgoing: Outgoing,
        writer: SubmissionWriter,
        ids: SubmissionIds,
        hashed: HashOf,
        bases: Mapping[str, str],
    ) -> None:
        self._fetches = fetches
        self._sources = sources
        self._outgoing = outgoing
        self._writer = writer
        self._ids = ids
        self._hashed = hashed
        self._bases = bases

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        forgets_at = 0.0
        while not stop.is_set():
            pause = POLL_SECONDS
            try:
                if time.monotonic() >= forgets_at:
                    await self._fetches.forget()
                    forgets_at = time.monotonic() + FORGET_SECONDS
                if await self.once():
                    continue
            except (LogUnavailable, *STORE_AWAY) as away:
                # Nothing is lost: what was taken is taken again when its lease has ended.
                log.warning("fetching waits", error=type(away).__name__)
                pause = AWAY_SECONDS
            try:
                async with asyncio.timeout(pause):
                    await stop.wait()
            except TimeoutError:
                continue

    async def once(self) -> int:
        """Work off some; returns how many were due. Raises LogUnavailable, and what asyncpg raises."""
        taken = await self._fetches.take()
        ended = await asyncio.gather(*(self._work(fetch) for fetch in taken), return_exceptions=True)
        trouble = next((one for one in ended if isinstance(one, BaseException)), None)
        if trouble is not None:
            raise trouble
        return len(taken)

    async def _work(self, fetch: Fetch) -> None:
        try:
            submission_id = await self._fetched(fetch)
        except Failed as failed:
            log.info("a fetch failed", source=fetch.source_id, attempt=fetch.attempts, why=str(failed))
            await self._fetches.failed(fetch, str(failed), again=failed.again, after_seconds=failed.after_seconds)
        except LogUnavailable:
            await self._fetches.release(fetch)
            raise
        else:
            await self._fetches.done(fetch, submission_id)

    async def _fetched(self, fetch: Fetch) -> str:
        """The id of the submission that it became. Raises Failed."""
        source = await self._sources.load(fetch.source_id)
        if source is None or source.deleted:
            raise Failed("the source was taken away", again=False)
        answer = await self._asked(source, fetch)
        try:
            payload = check(answer.body, "application/json", VALUES_MAX)
            text = answer.body.decode()
        except (BadPayload, UnicodeDecodeError):
            raise Failed("the answer can't be read") from None
        parsed = adapter(source.vendor).translate(payload, source.mapping)
        if parsed.kind == "ignored" or parsed.reference is not None:
            raise Failed("the answer tells nobody")
        submission_id = self._ids.derived(f"fetch|{fetch.id}")
        await self._writer.publish(
            _as_news(parsed, fetch),
            source.origin,
            Raw(text, "application/json"),
            submission_id=submission_id,
            delivery=self._hashed("delivery", f"{source.id}|fetched|{fetch.delivery}"),
        )
        return submission_id

    async def _asked(self, source: IntakeSource, fetch: Fetch) -> Answer:
        base, path = self._bases.get(source.vendor), PATHS.get(source.vendor)
        if base is None or path is None:
            raise Failed(f"nobody knows where to ask {source.vendor}", again=False)
        if _OBJECT_ID.fullmatch(fetch.object_id) is None:
            raise Failed("what was named can't be an object's id", again=False)
        token = source.credentials.get("access_token")
        if token is None:
            raise Failed("the source has no access token: set one")
        try:
            answer = await self._outgoing.get(f"{base.rstrip('/')}{path(fetch.object_id)}", {"Authorization": f"Bearer {token}"})
        except Refused as refused:
            raise Failed(str(refused)) from None
        except NoAnswer as none:
            raise Failed(str(none)) from None
        if answer.status != 200:
            raise Failed(f"it answered {answer.status}", after_seconds=_retry_after(answer))
        return answer


def _as_news(parsed: ParsedSubmission, fetch: Fetch) -> ParsedSubmission:
    """A contact that only changed is news of somebody known."""
    if fetch.kind == "lead_update" and parsed.kind == "lead":
        return parsed.model_copy(update={"kind": "lead_update"})
    return parsed


def _retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "")
    return min(float(text), RETRY_AFTER_SECONDS_MAX) if text.isascii() and text.isdigit() and len(text) < 10 else None
