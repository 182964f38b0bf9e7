"""IMAP -> mailbox -> leads.activities

A batch is told first and remembered afterwards, and an activity's id follows from the mail's Message-ID. So a reader that was
killed, another one beside it, or a server that has numbered its mails anew, tells some mails again, and they are recognised.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Counter as Metric

from infra.activities.publishing import ActivityWriter
from infra.crypto.keyring import Keyring
from infra.kafka.ports import LogUnavailable
from infra.postgres.pool import UNAVAILABLE
from infra.settings import Mailbox
from producers.mailbox.imap import UNREACHABLE, CannotRead, Fetched, Folder, opened
from producers.mailbox.known import Known
from producers.mailbox.mails import Mail, read
from producers.mailbox.positions import Position, Positions
from producers.mailbox.translate import Told, asks_about, told

MAILS_AT_ONCE: Final = 25
BATCHES_MAX: Final = 40
"""Of one connection; the rest is for the next one."""
LOOK_BACK: Final = timedelta(days=14)
"""How far back a mailbox is read that was never read, or whose mails have new numbers."""
PAUSE_SECONDS_MAX: Final = 900.0
MAILS: Final = Metric("leadflow_mailbox_mails_total", "Mails of the mailbox by what they were", ("verdict",))
_AWAY: Final[tuple[type[Exception], ...]] = (CannotRead, *UNREACHABLE, *UNAVAILABLE, LogUnavailable)

log = structlog.get_logger("mailbox")


@dataclass(slots=True)
class _Batch:
    """Mails, and the UID up to which there are no others."""

    folder_validity: int
    last: int
    mails: list[Fetched] = field(default_factory=list)


class Reader:
    """Reads one folder of one mailbox."""

    def __init__(
        self,
        mailbox: Mailbox,
        positions: Positions,
        known: Known,
        writer: ActivityWriter,
        keyring: Keyring,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._mailbox = mailbox
        self._positions = positions
        self._known = known
        self._writer = writer
        self._keyring = keyring
        self._now = now
        self.name = f"{mailbox.username}@{mailbox.host}:{mailbox.port}/{mailbox.folder}"

    async def run(self, stop: asyncio.Event) -> None:
        """Look every `poll_seconds`, less often while the server or a store is away, until `stop`."""
        failures = 0
        while not stop.is_set():
            try:
                await self.look(stop)
                failures = 0
                await self._positions.looked(self.name, None)
            except _AWAY as away:
                failures += 1
                # The text of an IMAP server's answer may quote mails.
                problem = str(away) if isinstance(away, CannotRead) else type(away).__name__
                log.warning("mailbox_waits", error=problem, failures=failures)
                with suppress(*UNAVAILABLE):
                    await self._positions.looked(self.name, problem)
            pause = self._mailbox.poll_seconds * 2.0 ** min(failures, 10)
            await _wait(stop, min(pause, max(PAUSE_SECONDS_MAX, self._mailbox.poll_seconds)))

    async def look(self, stop: asyncio.Event | None = None) -> Counter[str]:
        """Tell what is new, batch by batch; what it was, counted. Raises what _AWAY names."""
        counted: Counter[str] = Counter()
        context = opened(self._mailbox)
        folder = await asyncio.to_thread(context.__enter__)
        try:
            position = await self._position(folder)
            for _ in range(BATCHES_MAX):
                batch = await asyncio.to_thread(_fetch, folder, position.uid + 1)
                counted += await self._tell(batch.mails)
                if batch.last > position.uid:
                    position = Position(batch.folder_validity, batch.last)
                    await self._positions.advance(self.name, position)
                if not batch.mails or (stop is not None and stop.is_set()):
                    break
        finally:
            await asyncio.to_thread(context.__exit__, None, None, None)
        return counted

    async def _position(self, folder: Folder) -> Position:
        known = await self._positions.of(self.name)
        if known is not None and known.uid_validity == folder.uid_validity:
            return known
        if known is not None:
            log.warning("mailbox_numbered_anew", before=known.uid_validity, now=folder.uid_validity)
        first = await asyncio.to_thread(folder.since, (self._now() - LOOK_BACK).date())
        return Position(folder.uid_validity, first - 1)

    async def _tell(self, mails: list[Fetched]) -> Counter[str]:
        """All of a batch with two questions to the database and one round trip to Kafka."""
        read_mails = [(one, await asyncio.to_thread(_read, one)) for one in mails]
        sent = await self._known.sent([id_ for _, mail in read_mails if mail is not None for id_ in asks_about(mail)])
        senders = {self._hash(mail.sender) for _, mail in read_mails if mail is not None and mail.sender is not None}
        leads = await self._known.leads(sorted(senders))
        verdicts = [
            Told("unreadable") if mail is None else told(mail, self._source_id, one.received_at, sent, leads, self._hash)
            for one, mail in read_mails
        ]
        await self._writer.publish([activity for one in verdicts for activity in one.activities])
        for one in verdicts:
            MAILS.labels(one.verdict).inc()
        return Counter(one.verdict for one in verdicts)

    @property
    def _source_id(self) -> str:
        """Not of which server: a mailbox that has moved holds the same mails."""
        return "mailbox"

    def _hash(self, address: str) -> str:
        return self._keyring.hash("email", address)


def _fetch(folder: Folder, first: int) -> _Batch:
    uids, last = folder.uids(first, MAILS_AT_ONCE)
    found = (folder.fetch(uid) for uid in uids)
    return _Batch(folder.uid_validity, last, [one for one in found if one is not None])


def _read(fetched: Fetched) -> Mail | None:
    """None for a mail that the parser can't stand: one that a stranger broke on purpose must not stop the others."""
    try:
        return read(fetched.raw)
    except Exception as unforeseen:  # whatever the library makes of it
        log.warning("mail_unreadable", uid=fetched.uid, error=type(unforeseen).__name__)
        return None


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
