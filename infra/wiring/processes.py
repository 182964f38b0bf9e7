"""The four processes: gateway, consume, project, work. Each is stateless: more of them is how a deployment grows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from prometheus_client import start_http_server

from infra.documents import store as documents
from infra.observability import logs
from infra.settings import Settings
from infra.wiring import host

log = structlog.get_logger("process")


def run(settings: Settings, name: str, main: Callable[[Settings], Awaitable[None]]) -> None:
    """Run one process to its end, on uvloop."""
    import uvloop  # noqa: PLC0415 - the command line starts faster without it

    logs.configure(settings.telemetry, name)
    uvloop.run(_run(settings, main))


async def _run(settings: Settings, main: Callable[[Settings], Awaitable[None]]) -> None:
    await main(settings)


async def consume(settings: Settings, names: Sequence[str] = ()) -> None:
    """Host consumers. Raises UnknownName, TopicRemade, and what else must end it."""
    stop = host.stop_event()
    async with host.base(settings, "consume") as has:
        _serve_metrics(has)
        steps = host.consumer_steps(has, names)
        host.settle_memory()
        await host.run_steps(has, steps, stop)


async def project(settings: Settings, names: Sequence[str] = ()) -> None:
    """Host read models, and the job that indexes what they marked."""
    stop = host.stop_event()
    async with host.base(settings, "project") as has:
        _serve_metrics(has)
        steps = host.projection_steps(has, names)
        host.settle_memory()
        await host.run_steps(has, steps, stop, host.projection_jobs(has, names))


async def work(settings: Settings) -> None:
    """Act on the world: effects, and documents on their way into the log."""
    from infra.wiring.work import worker  # noqa: PLC0415 - mail is of no concern to the others

    stop = host.stop_event()
    async with host.base(settings, "work") as has:
        _serve_metrics(has)
        log.info("ready")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task((await worker(has)).run(stop))
            tasks.create_task(documents.keep_sending(has.pool, has.producer, stop))


def _serve_metrics(has: host.Base) -> None:
    port = has.settings.telemetry.metrics_port
    if port is not None:
        start_http_server(port, registry=has.meters.registry)
