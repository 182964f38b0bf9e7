"""What imports need of their neighbours: rows read and written as forms' submissions are, and the lag of the log's readers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from infra.crypto.keyring import Keyring
from infra.gateway.ids import SubmissionIds
from infra.kafka.fold import BREATH_MS
from infra.kafka.ports import Outgoing
from infra.kafka.publisher import Publisher
from infra.kafka.reading import Ends, ends_of
from infra.settings import Kafka
from infra.wiring import discovery, host
from producers.forms.adapters.generic import understand
from producers.forms.publishing import Raw, Ready, SubmissionWriter
from producers.forms.reading import names
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import Origin
from producers.imports.ports import Asked, Behind, Outbound
from schemas import topics
from schemas.envelope import Envelope
from schemas.message import LeadId
from schemas.submissions import ErasureRequested

if TYPE_CHECKING:
    from infra.storage.files import FileStore
    from producers.imports.service import Imports

VENDOR: Final = "csv"
LOOKS_MAX: Final = 3
UNSAID_MAX: Final = 100
STILL_SECONDS: Final = 20.0
"""Who is behind for so long without a step has stopped: nobody waits for them."""
GROUPS: Final = ("answers", "campaign", "consents")
FIELDS: Final = frozenset(
    {"email", "name", "first_name", "last_name", "phone", "company", "country", "consent", "page_url", "submitted_at"}
)
_NAMED: Final = ("email", "phone", "consent", "submitted_at")
_READERS: Final = """
    select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relname = 'watermarks' and c.relkind in ('r', 'p') and right(n.nspname, 5) <> '_next'
"""


class FormRows:
    """Implements producers.imports.ports.Rows."""

    def __init__(self, keyring: Keyring, publisher: Publisher, partitions: int) -> None:
        self._writer = SubmissionWriter(keyring, publisher, partitions)
        self._hash = keyring.hash
        self._publisher, self._partitions = publisher, partitions

    def proposed(self, column: str) -> str | None:
        """By the same words as a form's fields."""
        identity = names.identity(column)
        if identity is not None:
            return identity
        campaign = names.campaign_parameter(column)
        if campaign is not None:
            return f"campaign.{campaign}"
        purpose = names.consent_purpose(column)
        if purpose is None or purpose == "opt_out":
            return None
        return f"consents.{purpose}" if purpose else "consent"

    def accepts(self, target: str) -> bool:
        """A field, or something of a group."""
        group, _, name = target.partition(".")
        return target in FIELDS or (group in GROUPS and bool(name.strip()))

    def read(self, values: Mapping[str, str]) -> tuple[ParsedSubmission, list[tuple[str, str]]]:
        """Nothing is guessed: what isn't mapped isn't there."""
        cells = list(values.values())
        mapping = {target: f"[{index}]" for index, target in enumerate(values)}
        parsed = understand([], cells, mapping, {})
        wrong = [(name, "can't be read") for name in _NAMED if name in values and getattr(parsed, name) is None]
        wrong += [
            (target, "is neither yes nor no")
            for target in values
            if target.startswith("consents.") and target.removeprefix("consents.") not in parsed.consents
        ]
        if not (parsed.email or parsed.phone or parsed.name):
            wrong.append(("row", "has neither an e-mail address nor a phone number nor a name"))
        return parsed, wrong

    async def publish(self, rows: Sequence[Outbound], *, source_id: str, actor: str, quiet: bool) -> None:
        """A row that is published twice is one delivery."""
        ready = [
            Ready(
                one.row, Raw(one.raw, "text/csv"), one.submission_id, self._hash("delivery", f"{source_id}|{one.submission_id}")
            )
            for one in rows
        ]
        await self._writer.publish_all(ready, Origin(VENDOR, source_id, quiet=quiet, actor=actor))

    async def erase(self, lead: str, *, source_id: str, command_id: str, actor: str) -> Asked:
        """The way of every erasure."""
        asked = ErasureRequested(
            lead=LeadId(lead), command_id=command_id, actor=actor, reason="its import was undone", only_source=source_id
        )
        envelope = Envelope(command_id, asked.TYPE, "work", datetime.now(UTC), subject=lead)
        record = Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode())
        number = topics.partition(lead, topics.SUBMISSIONS.partitions(self._partitions))
        return Asked(*await self._publisher.publish(topics.SUBMISSIONS, number, record))


class LogLag:
    """Implements producers.imports.ports.Lag, by the ends of all topics and everybody's watermarks."""

    def __init__(self, pool: asyncpg.Pool, settings: Kafka) -> None:
        self._pool, self._settings = pool, settings

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Behind]:
        """See the port. Waits for nobody who is paused, waits itself, or has stood still for STILL_SECONDS."""
        async with ends_of(self._settings, list(topics.CATALOGUE.values())) as (ids, ends):
            yield _Readers(self._pool, ends, ids.get(self._settings.prefix + topics.EVENTS.name, "")).behind


async def _nobody(_messages: Sequence[bytes]) -> None:
    return None


class _Readers:
    """Whoever reads, and since when each has stood where it stands.

    What people see at once says with every record how far it is. Others gather records for a while, or pass what is none of
    their business and say so within a second: they may be UNSAID_MAX records further than they say.
    """

    def __init__(self, pool: asyncpg.Pool, ends: Callable[[], Awaitable[Ends]], log_id: str) -> None:
        self._pool, self._ends, self._log_id = pool, ends, log_id
        self._schemas: list[str] = []
        models = [make(announce=_nobody) for make in discovery.projection_makers().values()]
        self._prompt = {model.schema for model in models if model.breath_ms <= BREATH_MS}
        self._stand: dict[tuple[str, int], tuple[int, float]] = {}

    async def behind(self) -> int:
        """0 while nobody has read anything."""
        for _ in range(LOOKS_MAX):
            try:
                marks = await self._marks()
                break
            except asyncpg.UndefinedTableError:
                # A read model that was built anew has just taken the other's place.
                self._schemas = []
        else:
            return 0
        ends, now, gap = await self._ends(), time.monotonic(), 0
        for mark in marks:
            place, position = (mark["name"], mark["partition"]), mark["position"]
            before, since = self._stand.get(place, (-1, now))
            since = since if before == position else now
            self._stand[place] = (position, since)
            unsaid = UNSAID_MAX if mark["topic_id"] == self._log_id and mark["name"] not in self._prompt else 0
            if now - since < STILL_SECONDS:
                gap = max(gap, ends.get((mark["topic_id"], mark["partition"]), 0) - position - unsaid)
        return gap

    async def _marks(self) -> list[asyncpg.Record]:
        if not self._schemas:
            self._schemas = [row["nspname"] for row in await self._pool.fetch(_READERS)]
        if not self._schemas:
            return []
        marks = [
            f"""select '{name}' as name, topic_id, partition, position from "{name}".watermarks
                where not paused and waiting_offset is null"""
            for name in self._schemas
        ]
        found: list[asyncpg.Record] = await self._pool.fetch(" union all ".join(marks))
        return found


def imports(
    settings: Any, pool: asyncpg.Pool, keyring: Keyring, publisher: Publisher, files: "FileStore | None"
) -> "Imports | None":
    """The service; None where there is no S3."""
    if files is None:
        return None
    from infra.storage.sealing import SealedFiles  # noqa: PLC0415 - of no concern without S3
    from producers.imports.service import Imports  # noqa: PLC0415

    ids = SubmissionIds(keyring.secret("submission ids"))
    rows = FormRows(keyring, publisher, settings.kafka.partitions)
    return Imports(pool, SealedFiles(files, keyring), rows, ids, LogLag(pool, settings.kafka))


async def keep_importing(has: host.Base, files: "FileStore | None", stop: asyncio.Event) -> None:
    """The worker's part, until `stop`."""
    service = imports(has.settings, has.pool, has.keyring, has.producer, files)
    if service is None:
        return
    from producers.imports.job import keep_running  # noqa: PLC0415

    await keep_running(service, stop)
