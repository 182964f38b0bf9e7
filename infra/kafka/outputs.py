"""Records that a consumer publishes: every output has a cause, and is numbered by it."""

from infra.kafka.ports import Changes, Destination, Log, Outgoing
from schemas.envelope import Envelope, SequenceNumber, derived_id
from schemas.message import Message, to_json
from schemas.topics import partition


class Outputs:
    """Collects the outputs of one batch into its changes. One per batch, used in the log's order."""

    __slots__ = ("_changes", "_log", "_name", "_nth", "_number", "_offset", "_origin")

    def __init__(self, name: str, version: int, topic_id: str, number: int, changes: Changes, log: Log) -> None:
        self._name, self._number, self._changes, self._log = name, number, changes, log
        self._origin = f"{name}.{version}@{topic_id}/{number}"
        self._offset, self._nth = -1, 0

    def add(self, message: Message, cause: Envelope, offset: int) -> None:
        """Publish `message` under the record at `offset`, whose envelope is `cause`."""
        self._nth = self._nth + 1 if self._offset == offset else 0
        self._offset = offset
        envelope = Envelope(
            id=derived_id(cause.id, self._name, self._nth),
            type=message.TYPE,
            source=self._name,
            occurred_at=cause.occurred_at,
            subject=message.lead,
            origin=self._origin,
            sequence=SequenceNumber(offset, self._nth),
            trace=cause.trace,
        )
        key = message.key()
        number = self._number if key is None else partition(key, self._log.partitions(message.TOPIC.name))
        record = Outgoing(None if key is None else key.encode(), envelope.headers(), to_json(message))
        self._changes.outbox.setdefault(Destination(message.TOPIC.name, number), []).append(record)
