"""`leadflow gateway|consume|project|work`: the processes."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from infra.cli.common import explain, fail, settings
from infra.settings import Settings
from infra.wiring import processes

Names = Annotated[list[str] | None, typer.Argument(help="Which ones; all of them if none is named.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(gateway)
    app.command()(consume)
    app.command()(project)
    app.command()(work)


def gateway() -> None:
    """Serve HTTP: intake, commands, read models, the dashboard and the docs."""
    from infra.wiring import gateway as wired  # noqa: PLC0415 - FastAPI is of no concern to the others

    _host("gateway", wired.serve)


def consume(names: Names = None) -> None:
    """Host consumers: identity, leads, scoring, routing, ..."""
    _host("consume", lambda given: processes.consume(given, names or ()))


def project(names: Names = None) -> None:
    """Host read models: history, lead_list, lead_search."""
    _host("project", lambda given: processes.project(given, names or ()))


def work() -> None:
    """Act on the world: send what passed the gate."""
    _host("work", processes.work)


def _host(name: str, main: Callable[[Settings], Awaitable[None]]) -> None:
    given = settings()
    try:
        processes.run(given, name, main)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        fail(f"{name}: {sentence}")
