"""The four processes: gateway, consume, project, work. Each is stateless: more of them is how a deployment grows."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from prometheus_client import REGISTRY
from redis.exceptions import RedisError

from infra.documents import store as documents
from infra.kafka.ports import LogUnavailable, StoreUnavailable
from infra.observability import logs
from infra.observability.serving import Watchers, serving
from infra.postgres.pool import UNAVAILABLE
from infra.settings import Settings
from infra.wiring import discovery, host, retention
from infra.wiring.reapply import reapply

log = structlog.get_logger("process")

PATIENCE_SECONDS: Final = 60.0
"""How long servers may be away before a process gives up; whoever started it then says why, and starts it again."""
PAUSE_SECONDS_MIN: Final = 0.5
PAUSE_SECONDS_MAX: Final = 5.0


def run(settings: Settings, name: str, main: Callable[[Settings], Awaitable[None]]) -> None:
    """Run one process to its end, on uvloop."""
    import uvloop  # noqa: PLC0415 - the command line starts faster without it

    logs.configure(settings.telemetry, name)
    uvloop.run(_run(settings, main))


async def _run(settings: Settings, main: Callable[[Settings], Awaitable[None]]) -> None:
    """Begin again while a server is away: it comes back sooner than a process is started anew."""
    stop = host.stop_event()
    host.STOP.set(stop)
    trouble_since: float | None = None
    pause = PAUSE_SECONDS_MIN
    while True:
        began = time.monotonic()
        try:
            return await main(settings)
        except Exception as error:
            now = time.monotonic()
            if trouble_since is None or now - began > PATIENCE_SECONDS:
                trouble_since, pause = now, PAUSE_SECONDS_MIN
            if not is_away(error) or now - trouble_since > PATIENCE_SECONDS:
                raise
            if stop.is_set():
                return None
            log.warning("a server is away", error=type(error).__name__, begins_again_in_seconds=pause)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
                return None
        pause = min(PAUSE_SECONDS_MAX, 2 * pause)


def is_away(error: BaseException) -> bool:
    """Whether a server, and not we, is the trouble."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_away(one) for one in error.exceptions)
    away = (LogUnavailable, StoreUnavailable, KafkaError, RedisError, *UNAVAILABLE)
    return isinstance(error, away) and not isinstance(error, host.PortTaken)


async def consume(settings: Settings, names: Sequence[str] = ()) -> None:
    """Host consumers. Raises UnknownName, TopicRemade, and what else must end it."""
    stop = host.stop_event()
    async with host.base(settings, "consume") as has:
        steps = host.consumer_steps(has, names)
        await reapply(has)  # nothing is decided for a person whom a restored backup brought back
        host.settle_memory()
        with _metrics(has):
            await host.run_steps(has, steps, stop, host.consumer_jobs(has, names))


async def project(settings: Settings, names: Sequence[str] = ()) -> None:
    """Host read models, and the job that indexes what they marked."""
    stop = host.stop_event()
    async with host.base(settings, "project") as has:
        steps = host.projection_steps(has, names)
        host.settle_memory()
        with _metrics(has):
            await host.run_steps(has, steps, stop, host.projection_jobs(has, names))


async def work(settings: Settings) -> None:
    """Act on the world: effects, and documents on their way into the log."""
    from infra.wiring.files import keep_forgetting, open_files  # noqa: PLC0415 - files and mail are of no concern to the others
    from infra.wiring.imports import keep_importing  # noqa: PLC0415
    from infra.wiring.redrive import keep_repairing  # noqa: PLC0415
    from infra.wiring.work import worker  # noqa: PLC0415

    stop = host.stop_event()
    async with host.base(settings, "work") as has:
        log.info("ready")
        files = open_files(settings)
        with _metrics(has):
            async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
                if files is not None:
                    stack.push_async_callback(files.close)
                tasks.create_task((await worker(has)).run(stop))
                tasks.create_task(documents.keep_sending(has.pool, has.producer, stop))
                tasks.create_task(retention.keep_tidy(has, stop))
                for jobs in discovery.producer_jobs().values():
                    for job in jobs(has):
                        tasks.create_task(job(stop))
                tasks.create_task(keep_importing(has, files, stop))
                tasks.create_task(keep_repairing(has, stop))
                tasks.create_task(keep_forgetting(has.pool, has.keyring, files, stop))


@contextlib.contextmanager
def _metrics(has: host.Base) -> Iterator[None]:
    port = has.settings.telemetry.metrics_port
    if port is None:
        yield
        return
    # Of a runtime that begins again the meters are made anew; what folders measure themselves is the process's.
    has.meters.registry.register(REGISTRY)
    with serving(port, has.meters.registry, Watchers(has.settings.telemetry.metrics_token)):
        yield
