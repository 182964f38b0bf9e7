"""`leadflow topics`: the catalogue and Kafka."""

import typer
from rich.table import Table

from infra.cli.common import out, run, settings
from infra.kafka import admin
from schemas import topics

app = typer.Typer(no_args_is_help=True, help="The topic catalogue, and its topics in Kafka.")


@app.command("list")
def list_() -> None:
    """What the catalogue holds."""
    table = Table("topic", "carries", "key", "kept", "partitions", box=None)
    given = settings()
    for topic in topics.CATALOGUE.values():
        kept = "for ever" if topic.retention_ms is None else f"{topic.retention_ms // topics.DAY_MS} days"
        table.add_row(topic.name, topic.carries, topic.key, kept, str(topic.partitions(given.kafka.partitions)))
    out.print(table)


@app.command()
def apply() -> None:
    """Create the topics that Kafka lacks."""
    made = run(admin.apply(settings().kafka))
    out.print(f"made: {', '.join(made)}" if made else "all topics are there")
