"""`leadflow documents`: rules, templates and teams."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from infra.audit.store import CLI, Entry, write
from infra.cli.common import fail, out, run, settings
from infra.documents import store
from infra.postgres.pool import open_pool
from infra.settings import Settings
from infra.wiring import discovery

app = typer.Typer(no_args_is_help=True, help="Versioned documents: scoring rules, teams, templates.")


@app.command()
def kinds() -> None:
    """Which kinds there are."""
    for kind, cls in sorted(discovery.document_kinds().items()):
        out.print(f"{kind:16} {(cls.__doc__ or '').strip().splitlines()[0]}")


@app.command()
def publish(
    kind: str,
    file: Annotated[Path, typer.Argument(help="JSON file with the body.", exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option(help="Name within the kind.")] = "default",
) -> None:
    """Check a document and publish its next version into the log."""
    cls = discovery.document_kinds().get(kind)
    if cls is None:
        fail(f"there is no kind {kind!r}; `leadflow documents kinds` lists them", 2)
    try:
        body = cls.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except ValidationError as invalid:
        lines = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in invalid.errors())
        fail(f"{file}: {lines}", 2)
    except ValueError as broken:
        fail(f"{file} is not JSON: {broken}", 2)
    version = run(_publish(settings(), kind, name, body.model_dump(mode="json")))
    out.print(f"{kind}/{name} is at version {version}; `leadflow work` puts it into every partition of the log")


async def _publish(given: Settings, kind: str, name: str, body: dict[str, Any]) -> int:
    pool = await open_pool(given.postgres, name="cli", size=1)
    try:
        version = await store.publish(pool, kind, name, body, actor="cli", partitions=given.kafka.partitions)
        await write(pool, Entry(CLI, "publish_document", f"documents/{kind}/{name}/{version}"))
        return version
    finally:
        await pool.close()
