"""A process that hosts consumers or projections until it is told to stop, or has to."""

import asyncio
import contextlib
import ctypes
import gc
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import orjson
import structlog
from redis.asyncio import Redis

from infra.crypto.keyring import Keyring, NotStored
from infra.crypto.seal import WrongKey
from infra.dead_letters import store as dead_letters
from infra.effects import gate
from infra.kafka.connecting import open_broker
from infra.kafka.folding import FoldStep
from infra.kafka.pg_store import PgStore
from infra.kafka.ports import Answer
from infra.kafka.producer import Producer
from infra.kafka.projection import ProjectionStep
from infra.kafka.step import Step
from infra.kafka.subscriber import Subscriber
from infra.observability.metrics import Meters
from infra.postgres.pool import open_pool
from infra.redis.client import open_client, publish_many
from infra.settings import BadSettings, Settings
from infra.wiring import discovery

log = structlog.get_logger("host")

POOL_SIZE = 16
KEY_POOL_SIZE = 4
GARBAGE_THRESHOLDS = (50_000, 20, 100)
MEMORY_KEPT_BYTES = 64 * 1024 * 1024
MEMORY_TAKEN_BYTES = 4 * 1024 * 1024
_M_TRIM_THRESHOLD, _M_TOP_PAD = -1, -2


class UnknownName(Exception):
    """There is no consumer or projection of that name."""


class PortTaken(OSError):
    """Somebody listens there already."""


def need_port(settings: Settings) -> None:
    """That the gateway may listen where it is to. Raises PortTaken."""
    given = settings.gateway
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((given.host, given.port))
        except OSError as taken:
            sentence = f"port {given.port} on {given.host} is in use; stop what listens there, or set LEADFLOW_GATEWAY__PORT"
            raise PortTaken(sentence) from taken


@dataclass(frozen=True)
class Base:
    """What every process needs."""

    settings: Settings
    pool: asyncpg.Pool
    redis: Redis
    keyring: Keyring
    producer: Producer
    meters: Meters


@asynccontextmanager
async def base(settings: Settings, process: str, *, pool_size: int = POOL_SIZE) -> AsyncIterator[Base]:
    """Connected to PostgreSQL and ready to connect to the rest; everything closed afterwards. Raises BadSettings."""
    from infra.gateway.services import master_key, previous_master_key  # noqa: PLC0415 - heavy for a consumer

    try:
        master, previous = master_key(settings), previous_master_key(settings)
    except ValueError as unusable:
        raise BadSettings(str(unusable)) from unusable
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.postgres, name=process, size=pool_size)
        stack.push_async_callback(_close_pool, pool)
        keys = await open_pool(settings.postgres, name=f"{process}-keys", size=KEY_POOL_SIZE)
        stack.push_async_callback(_close_pool, keys)
        redis = open_client(settings.redis, name=process)
        stack.push_async_callback(redis.aclose)
        producer = Producer(settings.kafka, pending_bytes_max=settings.gateway.pending_bytes_max)
        stack.push_async_callback(producer.stop)
        keyring = Keyring(keys, master, previous)
        try:
            await keyring.open()
        except (WrongKey, NotStored) as wrong:
            raise BadSettings(str(wrong)) from wrong
        yield Base(settings, pool, redis, keyring, producer, Meters())


def settle_memory() -> None:
    """Once everything is imported and built: half a million objects that stay are not to be searched for garbage ever again.

    Batches make and drop hundreds of thousands of short-lived objects, few of them in cycles; with Python's own thresholds a
    consumer spends half of its time looking.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    _keep_memory()


def _keep_memory() -> None:
    """What one batch leaves the next one takes. glibc would hand it back, and have it cleared anew each time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, MEMORY_KEPT_BYTES)
        mallopt(_M_TOP_PAD, MEMORY_TAKEN_BYTES)


async def _close_pool(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except TimeoutError:
        pool.terminate()


STOP: ContextVar[asyncio.Event | None] = ContextVar("stop", default=None)
"""The event of a process that begins again after servers were away: one for all its beginnings, so that no signal is lost."""


def stop_event() -> asyncio.Event:
    """Set by SIGINT and SIGTERM."""
    known = STOP.get()
    if known is not None:
        return known
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    return stop


def consumer_steps(has: Base, names: Sequence[str]) -> list[tuple[Step, str]]:
    """(step, PostgreSQL schema) of the named consumers, all of them if none is named. Raises UnknownName."""
    known = discovery.consumer_names()
    _check(names, known, "consumer")
    wanted = set(names or known)
    found: list[tuple[Step, str]] = []
    for make in discovery.step_makers().values():
        found.extend((step, step.name.replace(".", "_")) for step in make(has.keyring) if step.name in wanted)
    announce = partial(_announce, has)
    folds = [fold for fold in discovery.folds() if fold.name in wanted]
    found.extend((FoldStep(fold, announce if fold.answers else None), fold.schema) for fold in folds)
    return found


def projection_steps(has: Base, names: Sequence[str]) -> list[tuple[Step, str]]:
    """As consumer_steps, for read models."""
    makers = discovery.projection_makers()
    _check(names, list(makers), "projection")
    found: list[tuple[Step, str]] = []
    for name in names or makers:
        projection = makers[name](announce=partial(_tell, has))
        found.append((ProjectionStep(projection, has.keyring), projection.schema))
    return found


def consumer_jobs(has: Base, names: Sequence[str]) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """Background work of the named consumers; a folder's is done beside any of its folds."""
    folders = {name.partition(".")[0] for name in names}
    return [job for folder, jobs in discovery.consumer_jobs().items() if not names or folder in folders for job in jobs(has)]


def projection_jobs(has: Base, names: Sequence[str]) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """Background work of the named read models."""
    return [job for name, jobs in discovery.projection_jobs().items() if not names or name in names for job in jobs(has)]


def _check(names: Sequence[str], known: Sequence[str], what: str) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownName(f"there is no {what} named {', '.join(unknown)}; there are: {', '.join(known)}")


async def _announce(has: Base, answers: Sequence[Answer]) -> None:
    await publish_many(
        has.redis, f"{has.settings.redis.prefix}outcomes", [orjson.dumps([answer.command_id for answer in answers])]
    )


async def _tell(has: Base, messages: Sequence[bytes]) -> None:
    await publish_many(has.redis, f"{has.settings.redis.prefix}live", messages)


def store_of(has: Base, step: Step, schema: str) -> PgStore:
    """The PostgreSQL store of one consumer."""
    bury = partial(_bury, has, step)
    return PgStore(has.pool, schema, topic=step.reads.name, plan=gate.plan, bury=bury)


async def _bury(has: Base, step: Step, connection: Any, letters: Any) -> None:
    await dead_letters.add(connection, letters, consumer=step.name, topic=step.reads.name, keyring=has.keyring)


async def run_steps(
    has: Base,
    steps: Sequence[tuple[Step, str]],
    stop: asyncio.Event,
    beside: Sequence[Callable[[asyncio.Event], Awaitable[None]]] = (),
) -> None:
    """Host steps until `stop`. Raises what ended them otherwise (a re-made topic, a bug in the runtime)."""
    await has.keyring.dead_letter_key()
    broker = open_broker(has.settings.kafka)
    subscribers = [
        Subscriber(broker, has.settings.kafka, step, store_of(has, step, schema), has.producer, has.meters)
        for step, schema in steps
    ]
    over = asyncio.Event()  # not `stop`: a process whose servers were away begins again, unless it was told to stop
    tasks = [asyncio.ensure_future(work(over)) for work in beside]
    waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(stop.wait()), *tasks]
    waiting.extend(subscriber.fatal for subscriber in subscribers)
    try:
        await broker.start()
        for subscriber in subscribers:
            subscriber.start_idling()
        log.info("ready", running=[step.name for step, _ in steps])
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
    finally:
        over.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await broker.stop()
        for subscriber in subscribers:
            await subscriber.stop()
            subscriber.fatal.cancel()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
