"""Read models: every record of the log applied once, in the transaction that moves the watermark.

A projection is handed whole batches, decoded and with `personal` opened, and writes its own tables with the connection it is
given. It publishes nothing to the log.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from infra.crypto.codec import open_person
from infra.crypto.keyring import Keyring, MissingKey
from infra.crypto.seal import WrongKey
from infra.kafka.batch import Batch
from infra.kafka.fold import BREATH_MS, Documents, Reject, RetryLater
from infra.kafka.ports import Changes, Log, Outgoing, Record, StoredDocument, Transaction
from infra.kafka.step import Begin, Result
from schemas.envelope import Envelope
from schemas.events import LeadErased
from schemas.message import Frozen, Message
from schemas.topics import Topic

MISSING_KEY_RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ProjectedRecord:
    """One record of the log.

    Attributes:
        body: None for a type that this code does not know.
        person: the opened `personal`; None where there is none, and for erased leads.
    """

    record: Record
    envelope: Envelope
    body: Message | None
    person: Frozen | None


@dataclass(slots=True)
class ProjectionBatch:
    """Records of one or several partitions, each in its order, none seen before.

    Attributes:
        news: what `apply` found that listeners are to be told after the commit.
    """

    records: list[ProjectedRecord] = field(default_factory=list)
    news: list[bytes] = field(default_factory=list)


async def _nothing(_batch: ProjectionBatch) -> None:
    return None


@dataclass(frozen=True)
class Projection:
    """A read model, declared.

    Attributes:
        name: group id and folder; PostgreSQL schema unless `schema` says another (a rebuild beside the live one).
        apply: writes a batch, set-based, with the connection of the transaction.
        after_commit: tells listeners; may be lost, never repeated.
        opens: whether it needs `personal` opened.
        backlog: tables of work still to be done, which say nothing of what the read model holds.
        breath_ms: as a fold's.
    """

    name: str
    reads: Topic
    apply: Callable[[Any, ProjectionBatch], Awaitable[None]]
    after_commit: Callable[[ProjectionBatch], Awaitable[None]] = _nothing
    opens: bool = True
    backlog: tuple[str, ...] = ()
    breath_ms: int = BREATH_MS
    version: int = 1
    schema: str = ""

    def __post_init__(self) -> None:
        if not self.schema:
            object.__setattr__(self, "schema", self.name)


@dataclass(frozen=True, slots=True)
class _Applied(Result):
    """With what was applied, of all partitions of the transaction: listeners are told of it after the commit."""

    projected: ProjectionBatch


class ProjectionStep:
    """Runs one Projection. Implements Step."""

    def __init__(self, projection: Projection, keyring: Keyring | None) -> None:
        self.projection = projection
        self.name = projection.name
        self.reads = projection.reads
        self.breath_ms = projection.breath_ms
        self._keyring = keyring

    def wants(self, type_: str) -> bool:  # noqa: ARG002 - a read model keeps a mark of everything
        """Everything: re-sent records are told by their origin, whatever their type."""
        return True

    def restore(self, documents: Sequence[StoredDocument]) -> Documents:  # noqa: ARG002
        """A read model decides nothing."""
        return Documents()

    async def recall(self, log: Log, begin: Begin) -> None:
        """Nothing: read again, the same records say the same."""

    def concerns(self, batch: Batch) -> bool:
        """Every record that can be read."""
        return any(entry.envelope is not None for entry in batch.entries)

    def tick(self, now_ms: int) -> Outgoing | None:  # noqa: ARG002
        """No timers."""
        return None

    async def run(self, transaction: Transaction, batches: Sequence[Batch], log: Log) -> Sequence[Result]:  # noqa: ARG002
        """See Step."""
        projected = ProjectionBatch()
        entries = [entry for batch in batches for entry in batch.entries]
        sealed = [
            lead
            for entry in entries
            if self.projection.opens
            and entry.body is not None
            and entry.body.personal is not None
            and (lead := entry.body.sealed_by()[0]) is not None
        ]
        keys = await self._keys(sealed) if sealed else {}
        for entry in entries:
            if entry.envelope is None:
                continue
            person = _opened(entry.body, keys) if keys else None
            projected.records.append(ProjectedRecord(entry.record, entry.envelope, entry.body, person))
        if projected.records:
            await self.projection.apply(transaction.connection, projected)
        return [_Applied(Changes(), batch.documents, projected) for batch in batches]

    async def committed(self, batches: Sequence[Batch], results: Sequence[Result]) -> None:
        """Tell who listens."""
        applied = results[0]
        if self._keyring is not None:
            for batch in batches:
                for entry in batch.entries:
                    if isinstance(entry.body, LeadErased):
                        self._keyring.forget(entry.body.lead)
        if isinstance(applied, _Applied) and applied.projected.records:
            await self.projection.after_commit(applied.projected)

    async def _keys(self, leads: list[Any]) -> dict[str, Any]:
        if self._keyring is None:
            raise TypeError(f"{self.name} opens personal data and was given no keyring")
        try:
            return await self._keyring.lead_keys(sorted(set(leads)))
        except MissingKey as missing:
            # Neither a key nor an entry in the ledger of erasures: going on would lose a person silently.
            raise RetryLater(str(missing), MISSING_KEY_RETRY_SECONDS) from missing


def _opened(body: Message | None, keys: dict[Any, Any]) -> Frozen | None:
    if body is None or body.personal is None:
        return None
    lead, shape = body.sealed_by()
    key = keys.get(lead)
    if key is None or lead is None or shape is None:
        return None
    try:
        return open_person(key, body.personal, lead, shape)
    except (WrongKey, ValidationError) as broken:
        raise Reject(f"personal can't be opened: {type(broken).__name__}") from broken
