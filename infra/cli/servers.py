"""`leadflow up|seed`: everything on this machine."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.common import explain, fail, out
from infra.local.errors import LocalServersError
from infra.wiring.secrets import UnreadableSecret

DataDir = Annotated[Path, typer.Option("--data", help="Folder for data, logs and secrets.", envvar="LEADFLOW_DATA_DIR")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(up)


def up(
    data: DataDir = Path(".leadflow"),
    demo: Annotated[bool, typer.Option(help="Demo users, a fictional company's history, and a trickle of new leads.")] = True,
    trickle: Annotated[bool, typer.Option(help="New demo leads every few seconds.")] = True,
) -> None:
    """Start servers and processes, keep them running, stop cleanly on Ctrl-C."""
    from infra.wiring import up as wired  # noqa: PLC0415 - the other commands start faster without it

    try:
        asyncio.run(wired.up(wired.Options(data.absolute(), demo, trickle), lambda line: out.print(line, soft_wrap=True)))
    except (LocalServersError, wired.NotReady, UnreadableSecret) as failed:
        fail(str(failed))
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        fail(sentence)
