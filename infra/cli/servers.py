"""`leadflow up|seed|env`: everything on this machine."""

import asyncio
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from infra.cli.common import explain, fail, out
from infra.local.errors import LocalServersError
from infra.settings import environment_of
from infra.wiring.secrets import UnreadableSecret

DataDir = Annotated[Path, typer.Option("--data", help="Folder for data, logs and secrets.", envvar="LEADFLOW_DATA_DIR")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(up)
    app.command()(seed)
    app.command()(env)


def up(
    data: DataDir = Path(".leadflow"),
    demo: Annotated[bool, typer.Option(help="Demo users, a fictional company's history, and a trickle of new leads.")] = True,
    trickle: Annotated[bool, typer.Option(help="New demo leads every few seconds.")] = True,
) -> None:
    """Start servers and processes, keep them running, stop cleanly on Ctrl-C."""
    from infra.wiring import up as wired  # noqa: PLC0415 - the other commands start faster without it

    _told(lambda: asyncio.run(wired.up(wired.Options(data.absolute(), demo, trickle), _say)))


def seed(data: DataDir = Path(".leadflow")) -> None:
    """Demo data, through the intake of the gateway that is running; what is in already is not sent again."""
    from infra.wiring import up as wired  # noqa: PLC0415 - as above

    _told(lambda: asyncio.run(wired.seed(wired.Options(data.absolute()), _say)))


def env(data: DataDir = Path(".leadflow")) -> None:
    """The settings of what runs here, for a shell: `source <(leadflow env)`. There are secrets among them."""
    from infra.wiring import up as wired  # noqa: PLC0415 - as above

    def tell() -> None:
        for name, value in environment_of(wired.beside(wired.Options(data.absolute()))).items():
            typer.echo(f"export {name}={shlex.quote(value)}")

    _told(tell)


def _say(line: str) -> None:
    out.print(line, soft_wrap=True)


def _told(main: Callable[[], None]) -> None:
    """Run it; what can go wrong is a sentence."""
    from infra.demo.seeding import SeedingFailed  # noqa: PLC0415 - as above
    from infra.wiring.up import NotReady  # noqa: PLC0415 - as above

    try:
        main()
    except (LocalServersError, NotReady, UnreadableSecret, SeedingFailed, httpx2.HTTPError) as failed:
        fail(str(failed))
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        fail(sentence)
