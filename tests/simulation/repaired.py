"""The runtime with the repairs that it still waits for, so that the simulation can look past them."""

from collections.abc import Sequence

from infra.kafka.partition import Partition
from infra.kafka.ports import Record


class Repaired(Partition):
    """A hint of a gap is over as soon as the partition is sought, or goes on without a gap."""

    async def work(self, records: Sequence[Record]) -> None:
        """See Partition."""
        if any(record.offset == self._watermark.position for record in records):
            self._gap_at = -1
        await super().work(records)

    async def _resume(self) -> None:
        self._gap_at = -1
        await super()._resume()
