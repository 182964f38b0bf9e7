"""`leadflow migrate|rollback|migration`: the schema."""

from typing import Annotated

import typer

from infra.cli.common import fail, out, run, settings
from infra.postgres import database, migrate
from infra.wiring.files import make_bucket


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="migrate")(upgrade)
    app.command()(rollback)
    app.command()(migration)


def upgrade() -> None:
    """Bring the database to the newest revision of every folder; make it, and the bucket for files, if it is not there."""
    given = settings()
    run(database.ensure(given.postgres))
    run(make_bucket(given))
    done = run(migrate.upgrade(given.postgres))
    out.print(f"applied: {', '.join(done)}" if done else "the database is up to date")


def rollback() -> None:
    """Undo the revision that was applied last."""
    undone = run(migrate.rollback(settings().postgres))
    out.print(f"undone: {', '.join(undone)}" if undone else "there is nothing to undo")


def migration(
    folder: Annotated[str, typer.Argument(help="Whose: a folder with migrations, such as `scoring`.")],
    message: Annotated[str, typer.Argument(help="What it does.")],
) -> None:
    """Make an empty migration in a folder."""
    try:
        made = migrate.make(folder, message)
    except migrate.UnknownFolder as unknown:
        fail(str(unknown), 2)
    out.print(str(made))
