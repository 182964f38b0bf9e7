"""Consume and decode, nothing else, on the log that the chain left behind.

Ours is the runtime's own subscriber settings and `admit` (positions, re-sent records, envelope, every body as its message class).
Beside it bare FastStream batch subscribers: one that reads values with msgspec, one with the very same pydantic classes.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from benchmarks.deployment import Deployment
from benchmarks.results import Result, Results
from infra.kafka.batch import admit
from infra.kafka.ports import Record, Watermark
from infra.kafka.reading import reader
from infra.kafka.subscriber import RECORDS_PER_POLL_MAX, _pass_decoder, _pass_parser
from infra.wiring.host import settle_memory
from schemas.message import registry
from schemas.topics import EVENTS

try:
    import msgspec
except ImportError:  # the pydantic peer stays
    msgspec = None

STAGE = "consume + decode leads.events"
WAIT_SECONDS_MAX = 120.0
Work = Callable[[Sequence[Any]], None]


async def run(made: Deployment, results: Results, rounds: int) -> None:
    """Each in turn, over the whole topic."""
    async with reader(made.settings.kafka, EVENTS) as log:
        total = sum((await log.ends()).values())
    peers: list[tuple[str, Work]] = [("FastStream batch + same pydantic classes", _pydantic())]
    if msgspec is not None:
        peers.append(("FastStream batch + msgspec", _msgspec()))
    settle_memory()  # as in our processes; the peers have it here too
    for _ in range(rounds):
        own = await _measured(made, results, "ours (admit)", _admit(), total)
        for who, work in peers:
            other = await _measured(made, results, who, work, total)
            if own.ratio is None:
                results.compare(own, other)
            else:
                own.more[f"x {who}"] = own.value / other.value


async def _measured(made: Deployment, results: Results, who: str, work: Work, total: int) -> Result:
    settings = made.settings.kafka
    broker = KafkaBroker(settings.bootstrap, logger=None)
    done, seen = asyncio.Event(), 0
    started = cpu = 0.0

    @broker.subscriber(
        settings.prefix + EVENTS.name,
        group_id=f"{settings.prefix}decode-{uuid.uuid4()}",
        batch=True,
        max_records=RECORDS_PER_POLL_MAX,
        batch_timeout_ms=10,
        ack_policy=AckPolicy.MANUAL,
        auto_offset_reset="earliest",
        fetch_max_bytes=16 * 1024 * 1024,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        parser=_pass_parser,
        decoder=_pass_decoder,
    )
    async def handle(message: KafkaMessage) -> None:
        nonlocal seen, started, cpu
        if not seen:
            started, cpu = time.perf_counter(), time.process_time()
        work(message.raw_message)
        seen += len(message.raw_message)
        if seen >= total:
            done.set()

    await broker.start()
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await done.wait()
        seconds, spent = time.perf_counter() - started, time.process_time() - cpu
    finally:
        await broker.stop()
    return results.add(Result(STAGE, who, total / seconds, "records/s", spent / total * 1e6, more={"records": total}))


def _admit() -> Work:
    watermarks: dict[int, Watermark] = {}

    def work(raw: Sequence[Any]) -> None:
        parts: dict[int, list[Record]] = {}
        for r in raw:
            parts.setdefault(r.partition, []).append(Record(r.partition, r.offset, r.timestamp, r.key, r.headers, r.value or b""))
        for number, records in parts.items():
            batch = admit(number, "bench", records, watermarks.get(number, Watermark()), lambda _: True)
            watermarks[number] = batch.watermark

    return work


def _pydantic() -> Work:
    def work(raw: Sequence[Any]) -> None:
        for r in raw:
            cls = registry.get(dict(r.headers)["ce_type"].decode())
            if cls is not None:
                cls.model_validate_json(r.value)

    return work


def _msgspec() -> Work:
    # Typed where every message has it, the rest as plain JSON: the cheapest decode that still yields values.
    decoder = msgspec.json.Decoder(dict)

    def work(raw: Sequence[Any]) -> None:
        for r in raw:
            dict(r.headers)["ce_type"].decode()
            decoder.decode(r.value)

    return work
