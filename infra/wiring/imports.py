"""What imports need of their neighbours: rows read and written as forms' submissions are, and the lag of the log's readers."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from infra.crypto.keyring import Keyring
from infra.gateway.ids import SubmissionIds
from infra.kafka.ports import Outgoing
from infra.kafka.publisher import Publisher
from infra.wiring import host
from producers.forms.adapters.generic import understand
from producers.forms.publishing import Raw, SubmissionWriter
from producers.forms.reading import names
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import Origin
from schemas import topics
from schemas.envelope import Envelope
from schemas.submissions import ErasureRequested

if TYPE_CHECKING:
    from infra.storage.files import FileStore
    from producers.imports.service import Imports

VENDOR: Final = "csv"
LOOKS_MAX: Final = 3
GROUPS: Final = ("answers", "campaign", "consents")
FIELDS: Final = frozenset(
    {"email", "name", "first_name", "last_name", "phone", "company", "country", "consent", "page_url", "submitted_at"}
)
_NAMED: Final = ("email", "phone", "consent", "submitted_at")
_LAG: Final = """
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

    async def publish(self, row: Any, raw: str, *, source_id: str, submission_id: str, actor: str, quiet: bool) -> None:
        """A row that is published twice is one delivery."""
        await self._writer.publish(
            row,
            Origin(VENDOR, source_id, quiet=quiet, actor=actor),
            Raw(raw, "text/csv"),
            submission_id=submission_id,
            delivery=self._hash("delivery", f"{source_id}|{submission_id}"),
        )

    async def erase(self, lead: str, *, command_id: str, actor: str) -> None:
        """The way of every erasure."""
        asked = ErasureRequested(lead=lead, command_id=command_id, actor=actor, reason="its import was undone")
        envelope = Envelope(command_id, asked.TYPE, "work", datetime.now(UTC), subject=lead)
        record = Outgoing(lead.encode(), envelope.headers(), asked.model_dump_json().encode())
        number = topics.partition(lead, topics.SUBMISSIONS.partitions(self._partitions))
        await self._publisher.publish(topics.SUBMISSIONS, number, record)


class LogLag:
    """Implements producers.imports.ports.Lag, by everybody's watermarks."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def __call__(self) -> int:
        """0 while nobody has read anything."""
        for _ in range(LOOKS_MAX):
            try:
                return await self._look()
            except asyncpg.UndefinedTableError:
                # A read model that was built anew has just taken the other's place.
                continue
        return 0

    async def _look(self) -> int:
        schemas = [row["nspname"] for row in await self._pool.fetch(_LAG)]
        if not schemas:
            return 0
        marks = " union all ".join(f'select topic_id, partition, position from "{schema}".watermarks' for schema in schemas)
        behind = await self._pool.fetchval(
            f"""select max(gap) from (
                select topic_id, partition, max(position) - min(position) as gap from ({marks}) as m group by 1, 2) as gaps"""
        )
        return int(behind or 0)


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
    return Imports(pool, SealedFiles(files, keyring), rows, ids, LogLag(pool))


async def keep_importing(has: host.Base, files: "FileStore | None", stop: asyncio.Event) -> None:
    """The worker's part, until `stop`."""
    service = imports(has.settings, has.pool, has.keyring, has.producer, files)
    if service is None:
        return
    from producers.imports.job import keep_running  # noqa: PLC0415

    await keep_running(service, stop)
