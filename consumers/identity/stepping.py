"""What both steps of identity leave out of infra.kafka.step.Step: they decide by no documents, set no timers and tell nobody."""

from collections.abc import Sequence

from infra.kafka.batch import Batch
from infra.kafka.fold import Documents
from infra.kafka.ports import Outgoing, StoredDocument
from infra.kafka.step import Result


class Plain:
    """The parts of a Step that are the same for both."""

    def restore(self, documents: Sequence[StoredDocument]) -> Documents:  # noqa: ARG002 - Step's
        """Decides by no documents."""
        return Documents()

    def concerns(self, batch: Batch) -> bool:
        """Whatever is wanted."""
        return any(entry.body is not None for entry in batch.entries)

    def tick(self, now_ms: int) -> Outgoing | None:  # noqa: ARG002 - Step's
        """No timers."""
        return None

    async def committed(self, batches: Sequence[Batch], results: Sequence[Result]) -> None:
        """Nobody listens here: `leads` has the last word."""
