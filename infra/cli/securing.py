"""`leadflow certificate|keys`: certificates for a machine of one's own, and the keys that everything is sealed with."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.common import fail, out
from infra.cli.servers import DataDir
from infra.tls import development


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(certificate)


def certificate(
    data: DataDir = Path(".leadflow"),
    name: Annotated[list[str] | None, typer.Option("--name", help="A host name or address; repeat it for several.")] = None,
) -> None:
    """Make a certificate for development, signed by an authority made for it alone, and say how to use it."""
    names = tuple(name or development.NAMES)
    folder = data.absolute() / "tls"
    try:
        written = development.write(folder, development.issue(names))
    except FileExistsError as there:
        fail(f"{there.filename} is there already; remove {folder} to have another certificate")
    except (ValueError, OSError) as unusable:
        fail(f"no certificate for {', '.join(names)}: {unusable}", 2)
    out.print(f"LEADFLOW_TLS__CERTIFICATE_FILE={written.certificate}", soft_wrap=True)
    out.print(f"LEADFLOW_TLS__KEY_FILE={written.key}", soft_wrap=True)
    out.print(f"LEADFLOW_TLS__CA_FILE={written.ca}", soft_wrap=True)
