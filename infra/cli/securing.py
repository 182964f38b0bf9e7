"""`leadflow certificate|keys`: certificates for a machine of one's own, and the keys that everything is sealed with."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.common import fail, out, run, settings
from infra.cli.servers import DataDir
from infra.crypto.rotation import StillRotating
from infra.crypto.rotation import rotate as rotate_keys
from infra.crypto.seal import WrongKey
from infra.crypto.wrapping import Masters
from infra.gateway.services import master_key, previous_master_key
from infra.settings import Settings
from infra.tls import development
from infra.wiring import host

keys = typer.Typer(no_args_is_help=True, help="The keys that personal data is sealed with.")


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


@keys.command()
def rotate() -> None:
    """Wrap every key anew under LEADFLOW_CRYPTO__MASTER_KEY. May be stopped anywhere and begun again; processes go on meanwhile.

    First make LEADFLOW_CRYPTO__PREVIOUS_MASTER_KEY the new one in every process, then swap the two, so that all know both; then
    run this, and drop the previous one.
    """
    given = settings()
    if given.crypto.previous_master_key is None:
        fail("set LEADFLOW_CRYPTO__PREVIOUS_MASTER_KEY to the master key that is being replaced", 2)
    try:
        count = run(_rotate(given))
    except (StillRotating, WrongKey) as stopped:
        fail(str(stopped))
    out.print(f"{count} keys were wrapped anew; nothing is left under the previous master key")


async def _rotate(given: Settings) -> int:
    async with host.base(given, "cli", pool_size=1) as has:
        return await rotate_keys(has.pool, Masters(master_key(given), previous_master_key(given)))
