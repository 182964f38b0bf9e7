"""Publishing single records (gateway, worker): acks=all, idempotent, bounded in time and memory. One a process.

librdkafka gathers, frames and sends them in threads of its own (docs/adr/0026). They are few at a time and sealed for the most
part, so that compressing would take longer than writing them.
"""

import asyncio
import contextlib
import functools
from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as Client

from infra.kafka.connecting import librdkafka
from infra.kafka.ports import LogUnavailable, Outgoing
from infra.kafka.publisher import Position, Waiting
from infra.settings import Kafka
from schemas.topics import RECORD_BYTES_MAX, Topic

GATHER_MS: Final = 2
"""A request costs as much as ten records in one; but who posts one after the other waits for this each time."""
POLL_SECONDS: Final = 0.001
"""How soon an acknowledgement is seen. Nothing is looked for while nothing is awaited."""
TROUBLED_SECONDS: Final = 1.0
"""After a failure, how soon a record is tried again. Until one has arrived, all others are refused at once instead of waiting."""
STOP_SECONDS: Final = 3.0
RECONNECT_MS_MAX: Final = 1_000
REQUEST_BYTES_MAX: Final = 2 * RECORD_BYTES_MAX


class Singles:
    """See the module. Not thread-safe."""

    def __init__(self, settings: Kafka, pending_bytes_max: int) -> None:
        self._settings = settings
        self._pending_bytes_max = pending_bytes_max
        self._pending_bytes = self._pending = 0
        self._client: Client | None = None
        self._poll_timer: asyncio.TimerHandle | None = None
        self._troubled: dict[tuple[str, int], float] = {}
        """Topic and partition of a record that was not acknowledged -> when the next one may try (the loop's time)."""
        self._lost = False
        """Whether the client can go on no more, because it lost track of its sequence."""
        self._settled = asyncio.Event()
        self._closing: asyncio.Future[object] | None = None

    @property
    def pending_bytes(self) -> int:
        """Bytes taken and not settled yet."""
        return self._pending_bytes

    def connect(self) -> None:
        """Begin to, so that the first record need not wait for it (0.1 to 0.5 s). Raises BadSettings."""
        if self._client is None:
            self._connected()

    async def publish(self, topic: Topic, partition: int, record: Outgoing) -> Position:
        """See publisher.Publisher."""
        future: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self.send(topic, partition, record, future)
        return await future

    async def publish_all(self, topic: Topic, records: Sequence[tuple[int, Outgoing]]) -> list[Position]:
        """See publisher.Publisher."""
        together = _Together(len(records))
        for nth, (partition, record) in enumerate(records):
            try:
                self.send(topic, partition, record, _One(together, nth))
            except LogUnavailable as away:
                together.end(len(records) - nth, away)
                break
        return await together.all

    def send(self, topic: Topic, partition: int, record: Outgoing, waiting: Waiting) -> None:
        """See publisher.Publisher."""
        name, size = self._settings.prefix + topic.name, len(record.value) + 256
        if self._pending_bytes + size > self._pending_bytes_max:
            raise LogUnavailable(f"{self._pending_bytes} bytes wait for Kafka already")
        if self._lost:
            raise LogUnavailable("Kafka's client can't go on, and is being replaced")
        if self._troubled:
            self._try_again((name, partition))
        client, told = self._client or self._connected(), functools.partial(self._told, waiting, size)
        try:
            client.produce(name, record.value, record.key, partition, told, headers=list(record.headers))
        except (BufferError, KafkaException) as refused:
            if isinstance(refused, KafkaException):
                self._heard(refused.args[0])
            raise LogUnavailable(f"Kafka's client does not take it: {refused}") from refused
        self._pending += 1
        self._pending_bytes += size
        self._poll_soon()

    async def stop(self) -> None:
        """Refuse what waits, close."""
        if self._client is not None and self._pending:
            self._settled.clear()
            self._client.purge(blocking=False)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._settled.wait()
        if self._poll_timer is not None:
            self._poll_timer.cancel()
        self._close()
        if self._closing is not None:
            await self._closing

    def _try_again(self, destination: tuple[str, int]) -> None:
        """One record tries; raises LogUnavailable for the others, and while it is too soon."""
        due, now = self._troubled.get(destination), asyncio.get_running_loop().time()
        if due is None:
            return
        if now < due:
            raise LogUnavailable("Kafka did not acknowledge the last record, and is being tried again")
        self._troubled[destination] = now + self._settings.publish_timeout_seconds + TROUBLED_SECONDS

    def _told(self, waiting: Waiting, size: int, error: KafkaError | None, message: Message) -> None:
        """What became of one record."""
        self._pending -= 1
        self._pending_bytes -= size
        if error is None:
            if self._troubled:
                self._troubled.pop(_destination(message), None)
            if not waiting.done():
                waiting.set_result(Position(message.partition() or 0, message.offset() or 0))
            return
        self._heard(error)
        self._troubled[_destination(message)] = asyncio.get_running_loop().time() + TROUBLED_SECONDS
        if not waiting.done():
            waiting.set_exception(LogUnavailable(f"Kafka did not acknowledge: {error.name()}"))

    def _heard(self, error: KafkaError) -> None:
        """What the client meets; the rest it settles by itself."""
        if self._client is not None and not self._lost and (error.fatal() or error.code() == KafkaError._FATAL):
            self._lost = True
            self._client.purge(blocking=False)
            self._poll_soon()

    def _poll_soon(self) -> None:
        if self._poll_timer is None:
            self._poll_timer = asyncio.get_running_loop().call_later(POLL_SECONDS, self._poll)

    def _poll(self) -> None:
        self._poll_timer = None
        if self._client is not None:
            self._client.poll(0)
        if self._pending:
            self._poll_soon()
            return
        self._settled.set()
        if self._lost:
            self._close()

    def _close(self) -> None:
        """Of use to nobody any more, and to be waited for by nobody. The next record makes another."""
        client, self._client, self._lost = self._client, None, False
        if client is not None:
            self._closing = asyncio.get_running_loop().run_in_executor(None, client.close)

    def _connected(self) -> Client:
        """Connects by itself, again and again."""
        milliseconds = round(self._settings.publish_timeout_seconds * 1000)
        self._client = Client(
            {
                **librdkafka(self._settings),
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": GATHER_MS,
                "compression.type": "none",
                "message.max.bytes": REQUEST_BYTES_MAX,
                "message.timeout.ms": milliseconds,
                # A broker that doesn't answer is left, so that the next record finds another, or it again.
                "socket.timeout.ms": milliseconds,
                "error_cb": self._heard,
                "reconnect.backoff.max.ms": RECONNECT_MS_MAX,
                # Refused records say why; what its threads meet in between is of no use to anybody.
                "log_level": 0,
            }
        )
        return self._client


class _Together:
    """Several that are waited for as one: all their positions, or the first refusal, once the last of them is settled."""

    def __init__(self, count: int) -> None:
        self.positions: list[Position] = [Position(0, 0)] * count
        self.all: asyncio.Future[list[Position]] = asyncio.get_running_loop().create_future()
        self._left = count
        self._away: LogUnavailable | None = None
        self.end(0)

    def end(self, count: int, away: LogUnavailable | None = None) -> None:
        """So many more are settled."""
        self._left -= count
        self._away = self._away or away
        if self._left or self.all.done():
            return
        if self._away is None:
            self.all.set_result(self.positions)
        else:
            self.all.set_exception(self._away)


class _One:
    """One of them."""

    __slots__ = ("_nth", "_together")

    def __init__(self, together: _Together, nth: int) -> None:
        self._together, self._nth = together, nth

    def done(self) -> bool:
        """Whether nobody waits any more."""
        return self._together.all.cancelled()

    def set_result(self, position: Position) -> None:
        """This one's."""
        self._together.positions[self._nth] = position
        self._together.end(1)

    def set_exception(self, away: LogUnavailable) -> None:
        """None has all then."""
        self._together.end(1, away)


def _destination(message: Message) -> tuple[str, int]:
    return message.topic() or "", message.partition() or 0
